"""`churn retention` with --cohorts, --survival and --purchases, on a small shop in files."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from churn.__main__ import run
from churn.cli.cohorts import KINDS, which_kind
from churn.data.simulate import make_shop
from churn.definition import Inactivity
from churn.errors import ParameterError
from churn.retention.cohorts import cohorts
from churn.retention.purchases import purchases
from churn.retention.survival import survival

RULE = Inactivity(120, 45)
END = "2025-08-20"


@pytest.fixture(scope="module")
def little():
    return make_shop(customers=200, seed=5, days=700, end=END)


@pytest.fixture(scope="module")
def config(little, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("cohorts")
    little.write(folder / "data")
    settings = {
        "name": "shop",
        "timezone": "UTC",
        "data_end": END,
        "sources": {
            "orders": {"path": "data/orders.parquet"},
            "returns": {"path": "data/returns.parquet"},
            "customers": {"path": "data/customers.parquet", "segments": ["country"]},
        },
        "definition": {"active_days": 120, "horizon_days": 45},
        "retention": {"every": "rolling", "year_starts_in": 4},
        "log": {"path": "log"},
    }
    (folder / "shop.yaml").write_text(yaml.safe_dump(settings))
    assert run(["ingest", str(folder / "shop.yaml")]) == 0
    return str(folder / "shop.yaml")


def told(capsys, *arguments: str) -> dict:
    capsys.readouterr()
    assert run(["retention", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_each_prints_what_python_gives(config, little, capsys):
    history = little.history()
    assert told(capsys, config, "--cohorts") == cohorts(history, RULE, "month").to_dict()
    more = ["--every", "quarter", "--measure", "ordered", "--by", "country", "--as-of", "2025-05-17"]
    found = told(capsys, config, "--cohorts", *more)
    assert (found["measure"], found["every"], found["running_until"]) == ("ordered", "quarter", "2025-05-17")
    assert found["cohorts"][0]["cohort"] == "2024-04-01"
    assert sorted(found["groups"]) == sorted(set(history.segments["country"].labels))
    found = told(capsys, config, "--survival")
    assert all(name.endswith("-04-01") for name in found["groups"])  # the fiscal year of the configuration
    assert found["total"] == survival(history, RULE).to_dict()["total"]
    assert told(capsys, config, "--purchases") == purchases(history, RULE).to_dict()


def test_the_screen_the_table_and_the_picture(config, capsys, tmp_path):
    for kind, title in (
        ("cohorts", "Cohorts by month"),
        ("survival", "Survival"),
        ("purchases", "Purchases by month"),
    ):
        csv, plot = tmp_path / f"{kind}.csv", tmp_path / f"{kind}.svg"
        assert run(["retention", config, f"--{kind}", "--csv", str(csv), "--plot", str(plot)]) == 0
        assert title in capsys.readouterr().out
        assert len(pd.read_csv(csv)) > 5
        assert plot.read_text().startswith("<?xml")


def test_what_does_not_go_together_is_told(config, capsys):
    for arguments, said in (
        (["--cohorts", "--purchases"], "Given: --cohorts and --purchases"),
        (["--cohorts", "--from", "2025-01-01"], "--from does not go with --cohorts"),
        (["--survival", "--every", "month"], "Allowed: --by, --as-of"),
        (["--purchases", "--by", "country"], "--by does not go with --purchases"),
        (
            ["--measure", "ordered"],
            "--measure does not go with the retention series. Allowed: with --cohorts",
        ),
        (["--cohorts", "--every", "rolling"], "rolling ones overlap"),
        (["--cohorts", "--as-of", "2031-01-01"], "The cutoff lies outside the data"),
    ):
        assert run(["retention", config, *arguments]) == 1
        assert said in " ".join(capsys.readouterr().err.split())
    assert run(["retention", "--start", "10", "--end", "9", "--new", "1", "--cohorts"]) == 1
    assert "--cohorts" in capsys.readouterr().err


def test_which_kind_is_none_without_a_flag():
    none = dict.fromkeys(KINDS, False)
    assert which_kind(none, {"every": "month", "measure": None}) is None
    assert which_kind({**none, "survival": True}, {"every": None, "by": "country"}) == "survival"
    with pytest.raises(ParameterError, match="--step does not go with --survival"):
        which_kind({**none, "survival": True}, {"step": 3})
