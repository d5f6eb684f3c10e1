"""``churn campaign plan``: a policy in, a folder out."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from churn.cli import app
from churn.errors import DataError, MissingFileError

POLICY = """
campaign: winter
scores: s.csv
start: 2026-01-05
consent: {required: false}
actions:
  - {name: call, kind: call, channel: phone, cost: 6, save_chance: 0.2}
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "winter.yaml").write_text(POLICY)
    rows = "".join(f"C{i},0.6,100\n" for i in range(40))
    (tmp_path / "s.csv").write_text(f"customer,churn_probability,spend_if_staying\n{rows}")
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, ["campaign", "plan", *map(str, arguments)])


def test_it_writes_the_plan_and_says_what_to_do_next(place):
    found = run(place / "winter.yaml")
    assert found.exit_code == 0, found.output
    assert "36 customers to contact" in found.stdout
    assert "churn campaign approve" in found.stdout
    assert sorted(p.name for p in (place / "plans" / "winter").iterdir()) == [
        "contacts.csv",
        "customers.parquet",
        "plan.html",
        "plan.json",
    ]
    assert not (place / "campaigns.db").exists()


def test_json_is_the_summary(place):
    found = json.loads(run(place / "winter.yaml", "--json").stdout)
    assert found["arms"] == {"treated": 36, "holdout": 4, "global holdout": 0}
    assert found["folder"].endswith("winter")


def test_other_scores_and_another_folder(place):
    (place / "other.csv").write_text("customer,churn_probability,spend_if_staying\nA,0.9,100\n")
    found = run(place / "winter.yaml", "--scores", place / "other.csv", "--out", place / "there", "--json")
    assert json.loads(found.stdout)["customers"] == 1
    assert (place / "there" / "plan.json").is_file()
    assert not (place / "plans").exists()


def test_a_mistake_is_told_and_nothing_is_written(place):
    (place / "s.csv").write_text("customer,churn_probability\nA,73\n")
    assert isinstance(run(place / "winter.yaml").exception, DataError)
    assert isinstance(run(place / "none.yaml").exception, MissingFileError)
    assert not (place / "plans").exists()
