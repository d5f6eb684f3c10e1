"""``churn campaign power``: from numbers, from a policy, and wrong command lines."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from churn.campaigns.sizing.power import power
from churn.cli import app
from churn.errors import ParameterError


def run(*arguments):
    result = CliRunner().invoke(app, ["campaign", "power", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_numbers_alone_are_enough():
    text = run("--customers", 2000, "--base-rate", 0.3, "--effect", 0.03).stdout
    assert text.strip() == str(power(2000, 0.3, effect=0.03))


def test_tables_pictures_and_json(tmp_path):
    result = run(
        "--customers",
        2000,
        "--base-rate",
        0.3,
        "--share",
        0.2,
        "--csv",
        tmp_path / "a.csv",
        "--plot",
        tmp_path / "a.svg",
        "--json",
    )
    assert json.loads(result.stdout)["share"] == 0.2
    assert len(pd.read_csv(tmp_path / "a.csv")) == 5
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")


def test_a_policy_names_its_customers(tmp_path):
    rows = [f"=C{n},0.{n % 9 + 1},100" for n in range(300)]
    (tmp_path / "scores.csv").write_text("customer,churn_probability,spend_if_staying\n" + "\n".join(rows))
    (tmp_path / "p.yaml").write_text(
        "campaign: winter\nscores: scores.csv\nstart: 2026-01-05\nconsent: {required: false}\n"
        "actions:\n  - {name: call, kind: call, channel: phone, cost: 1, save_chance: 0.2}\n"
    )
    found = json.loads(run(tmp_path / "p.yaml", "--share", 0.5, "--json").stdout)
    assert found["share"] == 0.5
    assert found["customers"] <= 300
    assert not (tmp_path / "campaigns.db").exists()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((), "nothing to go by"),
        (("--customers", 5), "nothing to go by"),
        (("--customers", 5, "--base-rate", 0.2, "--days", 30), "--days is for a POLICY"),
        (("p.yaml", "--customers", 5), "not both"),
    ],
)
def test_wrong_command_lines_are_told(arguments, match):
    with pytest.raises(ParameterError, match=match):
        CliRunner().invoke(app, ["campaign", "power", *map(str, arguments)], catch_exceptions=False)
