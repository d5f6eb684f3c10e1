import json

import pytest

from churn import __main__

CONFIG = """
name: corner
timezone: UTC
sources:
  orders: {path: orders.csv}
  customers: {path: customers.csv, segments: [country]}
definition: {active_days: 120, horizon_days: 45}
training: {max_snapshots: 3}
features: {python: [mine.py]}
economics: {contact_cost: 1, offer_cost: 5, saved_value: 60, save_chance: 0.3, capacity: 40}
"""
MINE = """
import churn
BIG = 30.0


def large(amounts):
    return amounts > BIG


@churn.signal("big_share", tables=["orders"], meaning="share of large orders", unit="share")
def big_share(orders, as_of):
    return large(orders["amount"]).groupby(orders["customer"]).mean()
"""


@pytest.fixture
def config(shop, tmp_path):
    tables = shop.tables()
    for name in ("orders", "customers"):
        tables[name].to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "mine.py").write_text(MINE)
    file = tmp_path / "corner.yaml"
    file.write_text(CONFIG)
    return file


def run(*words):
    return __main__.run([str(w) for w in words])


def test_prints_the_verdict_first_and_writes_tables_and_pictures(config, tmp_path, capsys):
    """Two processes, with a function of the user's own from a file."""
    assert run("backtest", config, "--cutoffs", 2, "--quick") == 0
    out = capsys.readouterr().out
    assert out.split("\n")[0].startswith(("The model", "USE THE BASELINE", "DO NOT"))
    assert "Profit per round of contact" in out
    assert "Lead time" in out
    assert "What each group of signals adds" not in out
    assert "Of the 40 riskiest" in out
    assert "Tables and pictures written to churn-output/corner/backtest" in out
    written = {f.name for f in (tmp_path / "churn-output" / "corner" / "backtest").iterdir()}
    assert {
        "backtest.json",
        "figures.csv",
        "profit_by_depth.csv",
        "profit_by_depth.png",
        "auc_by_cutoff.png",
    } <= written


def test_json_for_a_script(config, tmp_path, capsys):
    cutoff = "2025-08-01"
    assert run("backtest", config, "--cutoff", cutoff, "--quick", "--json", "--jobs", 1, "--out", "b") == 0
    found = json.loads(capsys.readouterr().out)
    assert [f["cutoff"] for f in found["folds"]] == [cutoff]
    assert found["folder"] == "b"
    assert found["economics_missing"] == []


def test_cutoffs_are_named_or_counted(config, capsys):
    assert run("backtest", config, "--cutoff", "2025-08-01", "--last") == 1
    err = capsys.readouterr().err
    assert "--cutoff names the cutoffs" in err
    assert "--cutoff with --last" in err
    assert "Traceback" not in err
