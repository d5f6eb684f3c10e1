"""`churn retention` on a small shop in files."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from churn.__main__ import run
from churn.data.simulate import make_shop
from churn.retention.periods import retention_series

CONFIG = {
    "name": "shop",
    "timezone": "UTC",
    "data_end": "2025-08-20",
    "sources": {
        "orders": {"path": "data/orders.parquet"},
        "customers": {"path": "data/customers.parquet", "segments": ["country", "segment"]},
    },
    "definition": {"active_days": 120, "horizon_days": 45},
    "retention": {"every": "quarter", "year_starts_in": 2, "rolling_days": 60},
}


@pytest.fixture(scope="module")
def little():
    return make_shop(customers=200, seed=5, days=700, end="2025-08-20")


@pytest.fixture(scope="module")
def config(little, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("retention")
    little.write(folder / "data")
    (folder / "shop.yaml").write_text(yaml.safe_dump(CONFIG))
    return str(folder / "shop.yaml")


def told(capsys, *arguments: str) -> dict:
    assert run(["retention", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_configured_period_and_year_and_another_on_request(config, capsys):
    found = told(capsys, config)
    assert found["every"] == "quarter"
    assert {p["period_start"][5:] for p in found["periods"]} <= {"02-01", "05-01", "08-01", "11-01"}
    assert told(capsys, config, "--every", "month")["every"] == "month"


def test_a_saved_log_gives_the_same_series(config, capsys):
    saved = Path(config).with_name("saved.yaml")
    saved.write_text(yaml.safe_dump({**CONFIG, "log": {"path": "log"}}))
    assert run(["ingest", str(saved)]) == 0
    capsys.readouterr()
    for more in ([], ["--by", "country"], ["--by", "channel", "--as-of", "2025-06-10"]):
        assert told(capsys, str(saved), *more) == told(capsys, config, *more)


def test_by_a_segment_and_a_channel(config, little, capsys):
    found = told(capsys, config, "--by", "segment")
    assert found["by"] == "segment"
    for i, p in enumerate(found["periods"]):
        for name in ("S", "E", "N", "lost", "new", "reactivated", "retained"):
            assert sum(group[i][name] for group in found["groups"].values()) == p[name]
    assert run(["retention", config, "--by", "channel"]) == 0
    assert "Rate by channel" in capsys.readouterr().out
    assert run(["retention", config, "--by", "colour"]) == 1
    err = " ".join(capsys.readouterr().err.split())
    assert "Allowed: country, segment, channel, last_channel" in err


def test_dates_cut_the_series_and_a_night_sees_less(config, capsys):
    found = told(capsys, config, "--every", "month", "--from", "2025-01-15", "--to", "2025-04-01")
    assert [p["period_start"] for p in found["periods"]] == ["2025-02-01", "2025-03-01"]
    last = told(capsys, config, "--every", "month", "--as-of", "2025-03-10")["periods"][-1]
    assert (last["period_start"], last["running"], last["so_far"]) == ("2025-03-01", True, "2025-03-10")
    assert run(["retention", config, "--as-of", "2026-01-01"]) == 1
    assert "The cutoff lies outside the data" in capsys.readouterr().err
    assert run(["retention", config, "--from", "2025-08-02"]) == 1
    assert "or other dates" in " ".join(capsys.readouterr().err.split())


def test_rolling_periods_by_days_and_step(config, capsys):
    starts = [
        p["period_start"] for p in told(capsys, config, "--every", "rolling", "--step", "10")["periods"]
    ]
    assert starts[-2:] == ["2025-06-11", "2025-06-21"]
    starts = [p["period_start"] for p in told(capsys, config, "--every", "rolling", "--days", "7")["periods"]]
    assert starts[-2:] == ["2025-07-14", "2025-08-13"]
    assert run(["retention", config, "--days", "7"]) == 1
    assert "--days and --step are for rolling periods" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("by", [[], ["--by", "segment"]])
def test_the_frame_and_the_picture_are_written(config, little, by, tmp_path, capsys):
    csv, plot = tmp_path / "series.csv", tmp_path / "series.svg"
    assert run(["retention", config, *by, "--csv", str(csv), "--plot", str(plot)]) == 0
    assert f"Written to {csv}." in capsys.readouterr().out
    frame = pd.read_csv(csv)
    assert (frame["S"] - frame["lost"] + frame["new"] + frame["reactivated"] == frame["E"]).all()
    assert set(frame["group"].dropna() if by else []) == (set(little.customers["segment"]) if by else set())
    first = plot.read_bytes()
    assert first.startswith(b"<?xml")
    assert run(["retention", config, *by, "--plot", str(plot)]) == 0
    assert plot.read_bytes() == first
    capsys.readouterr()


def test_a_picture_of_no_kind_is_told_before_the_work(capsys):
    assert run(["retention", "nowhere.yaml", "--plot", "series.doc"]) == 1
    err = " ".join(capsys.readouterr().err.split())
    assert "Allowed: .png, .svg, .pdf. Name a file such as retention.svg." in err


def test_three_counts_have_no_periods(capsys):
    counts = ["--start", "10", "--end", "9", "--new", "2"]
    assert run(["retention", *counts, "--by", "country", "--every", "month"]) == 1
    err = " ".join(capsys.readouterr().err.split())
    assert "Three counts have no periods or groups. Given: --every, --by." in err
    assert run(["retention", "--by", "country"]) == 1
    assert "There is nothing to compute from. Given: --by." in " ".join(capsys.readouterr().err.split())


def test_the_rate_of_three_counts(capsys):
    assert run(["retention", "--start", "1000", "--end", "900", "--new", "200"]) == 0
    assert capsys.readouterr().out.startswith("Retention: 70.0 %   churn: 30.0 %")


def test_ids_of_groups_cannot_be_formulas_in_the_csv(tmp_path, capsys):
    orders = pd.DataFrame({"customer": ["a", "a"], "time": ["2024-01-01", "2024-06-01"], "amount": 1})
    orders.to_csv("orders.csv", index=False)
    pd.DataFrame({"customer": ["a"], "kind": ["=1+1"]}).to_csv("customers.csv", index=False)
    sources = {"orders": {"path": "orders.csv"}, "customers": {"path": "customers.csv", "segments": ["kind"]}}
    settings = {**CONFIG, "sources": sources, "data_end": None, "retention": {}}
    Path("c.yaml").write_text(yaml.safe_dump(settings))
    assert run(["retention", "c.yaml", "--by", "kind", "--csv", "out.csv"]) == 0
    assert "'=1+1" in Path("out.csv").read_text()


def test_json_is_the_series_of_python(config, little, capsys):
    history = little.history()
    found = told(capsys, config, "--every", "month")
    series = retention_series(history, 120)
    assert found["periods"] == json.loads(io.StringIO(json.dumps(series.to_dict())).read())["periods"]


def test_what_earlier_nights_expected(config, capsys):
    assert run(["retention", config, "--expected"]) == 0
    assert "No earlier night is on record" in capsys.readouterr().out
    assert run(["retention", config, "--expected", "--by", "country"]) == 1
    assert "--by does not go with --expected" in " ".join(capsys.readouterr().err.split())
