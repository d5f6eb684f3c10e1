"""`churn campaign measure`: what it prints, writes and refuses, with real files and a real ledger."""

import json

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from churn.campaigns.ledger import open_ledger
from churn.campaigns.measurement.measuring import plan_folder
from churn.campaigns.policy import read_policy
from churn.cli import app
from tests.campaigns.approved_campaign import deliver, planned

runner = CliRunner()


@pytest.fixture
def place(tmp_path):
    """A folder with a policy, a configuration, orders, and a campaign that was delivered."""
    call = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
    settings = {"campaign": "winter", "config": "shop.yaml", "start": "2026-01-05", "actions": [call],
                "holdout": {"share": 0.25}}  # fmt: skip
    (tmp_path / "winter.yaml").write_text(yaml.safe_dump(settings))
    config = {
        "name": "shop",
        "timezone": "UTC",
        "data_end": "2026-02-10",
        "sources": {"orders": {"path": "orders.csv"}},
        "definition": {"active_days": 100, "horizon_days": 30},
    }
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(config))
    policy = read_policy(tmp_path / "winter.yaml")
    plan = planned(policy)
    rows = plan.customers[["customer"]].assign(time="2025-12-01", amount=20.0)
    later = rows.head(120).assign(time="2026-01-10")
    pd.concat([rows, later]).to_csv(tmp_path / "orders.csv", index=False)
    with open_ledger(policy) as ledger:
        ledger.approve(plan)
        deliver(ledger)
    plan_folder(policy).mkdir(parents=True)
    return tmp_path


def run(*args):
    return runner.invoke(app, ["campaign", "measure", *map(str, args)], catch_exceptions=False)


def test_it_prints_the_result_and_writes_the_page_and_the_picture(place):
    found = run(place / "winter.yaml", "--plot", place / "effects.svg")
    assert found.exit_code == 0
    assert "Of 100 customers, contacting kept 80 who would have left" in found.output
    assert "MLflow run " in found.output
    assert (place / "plans" / "winter" / "measurement.html").is_file()
    assert (place / "effects.svg").read_text().startswith("<?xml")


def test_early_is_no_error_and_json_is_json(place):
    found = run(place / "winter.yaml", "--as-of", "2026-01-06", "--json", "--no-track")
    assert found.exit_code == 0
    assert json.loads(found.stdout)["status"] == "not enough data"
    assert "MLflow" not in found.stderr


def test_outcomes_of_ones_own_and_all_campaigns_together(place):
    rows = pd.DataFrame({"customer": [f"C{i}" for i in range(200)], "retained": 1})
    rows.to_csv(place / "came.csv", index=False)
    found = run(place / "winter.yaml", "--outcomes", place / "came.csv", "--no-track")
    assert "No effect can be shown" in found.output
    together = run(place / "winter.yaml", "--all", "--json")
    assert json.loads(together.stdout)["campaigns"][0]["campaign"] == "winter"


def test_mistakes_are_told_with_what_to_do(place):
    for args, said in [
        (["--all", "--as-of", "2026-01-06"], "--all takes the campaigns"),
        (["--plot", "effects.txt"], "ending of no picture"),
        (["--as-of", "soon"], "--as-of is not a date"),
        (["--outcomes", "not.csv"], "There is no file"),
    ]:
        with pytest.raises(Exception, match=said) as error:
            run(place / "winter.yaml", *args)
        assert type(error.value).__module__ == "churn.errors"
