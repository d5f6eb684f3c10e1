"""`churn score` on a saved log: the night's folder and one customer on demand."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from churn.cli import app
from churn.errors import ParameterError


@pytest.fixture(scope="module")
def place(saved_shop, model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("score")
    model.save(folder / "models" / "shop" / "champion")
    tables = ("orders", "returns", "tickets", "interactions")
    sources = {t: {"path": getattr(saved_shop.sources, t).path} for t in tables}
    customers = {
        "path": saved_shop.sources.customers.path,
        "segments": ["country", "segment"],
        "contact": ["email"],
    }
    config = {
        "name": "shop",
        "timezone": "UTC",
        "data_end": str(saved_shop.data_end.date()),
        "sources": {**sources, "customers": customers},
        "definition": {"active_days": 120, "horizon_days": 45},
        "log": {"path": str(saved_shop.log.path)},
    }
    (folder / "churn.yaml").write_text(yaml.safe_dump(config))
    return folder


def score(place, *arguments):
    shown = CliRunner().invoke(app, ["score", str(place / "churn.yaml"), "--to", "none", *arguments])
    assert shown.exit_code == 0, shown.output
    return shown


@pytest.fixture(scope="module")
def written(place):
    return json.loads(score(place, "--json").stdout)


def test_the_nights_folder_with_its_report(written, place):
    folder = Path(written["folder"])
    names = {p.name for p in folder.iterdir()}
    assert {"report.html", "digest.md", "retention.json", "timeline.parquet", "context.json"} <= names
    assert written["run"].startswith(written["as_of"])


def test_one_customer_is_scored_as_in_the_night_and_nothing_is_written(written, place):
    before = {p: p.stat().st_mtime_ns for p in place.rglob("*") if p.is_file()}
    first = written["customers"][0]
    one = json.loads(score(place, "--customer", first["customer"], "--json").stdout)
    everyone = pd.read_parquet(Path(written["folder"]) / "scores.parquet").set_index("customer")
    assert one["churn_probability"] == everyone.loc[first["customer"], "churn_probability"]
    assert (one["rank"], one["listed"]) == (1, written["listed"])
    shown = score(place, "--customer", first["customer"])
    assert f"rank 1 of {written['listed']:,} listed" in shown.stdout
    assert {p: p.stat().st_mtime_ns for p in place.rglob("*") if p.is_file()} == before


def test_a_second_run_without_report_has_the_same_id_and_drops_the_old_report(written, place):
    again = score(place, "--no-report")
    assert "report.html" not in again.stdout
    folder = Path(written["folder"])
    assert not (folder / "report.html").exists()
    assert json.loads((folder / "summary.json").read_text())["run"] == written["run"]


def test_an_unknown_customer_is_told(place):
    shown = CliRunner().invoke(app, ["score", str(place / "churn.yaml"), "--customer", "nobody"])
    assert shown.exit_code != 0
    assert "no customer 'nobody'" in str(shown.exception)


@pytest.mark.parametrize(
    "option",
    [
        ["--to", "csv"],
        ["--out", "night"],
        ["--no-record"],
        ["--no-report"],
        ["--top", "3"],
        ["--list-by", "odds"],
    ],
)
def test_what_one_customer_alone_does_not_have_is_refused_and_not_dropped(place, option):
    shown = CliRunner().invoke(app, ["score", str(place / "churn.yaml"), "--customer", "C000001", *option])
    assert isinstance(shown.exception, ParameterError)
    assert f"--customer with {option[0]}" in str(shown.exception)
