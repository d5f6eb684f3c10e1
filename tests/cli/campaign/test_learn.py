"""The command on a real ledger and a saved log."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

import churn
from churn import __main__
from churn.campaigns import load_uplift
from churn.campaigns.uplift import learners
from tests.campaigns.uplift.trials import recorded


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch):
    monkeypatch.setattr(learners, "TREES", 10)


@pytest.fixture
def place(history, shop, tmp_path):
    """A folder with data, configuration, policy, and a ledger with two campaigns without an effect."""
    rng = np.random.default_rng(1)
    tables = shop.tables()
    tables["orders"].to_parquet(tmp_path / "orders.parquet")
    config = {
        "name": "corner",
        "timezone": "UTC",
        "sources": {"orders": {"path": "orders.parquet"}},
        "definition": {"active_days": 120, "horizon_days": 45},
        "features": {"windows": [90]},
    }
    (tmp_path / "corner.yaml").write_text(yaml.safe_dump(config))
    parts = []
    for name, start in (("one", "2025-03-01"), ("two", "2025-06-01")):
        ids = churn.compute_features(history, start).index[:400].astype(str)
        n = len(ids)
        parts.append(
            pd.DataFrame(
                {
                    "campaign": name,
                    "customer": ids,
                    "arm": np.where(rng.permutation(n) < 0.4 * n, "holdout", "treated"),
                    "action": "call",
                    "start": start,
                    "churn_probability": rng.uniform(0.2, 0.8, n),
                    "value": 50.0,
                    "cost": 2.0,
                    "uplift": 0.1,
                    "share": 0.6,
                }
            )
        )
    assignments = pd.concat(parts, ignore_index=True)
    came = assignments[["campaign", "customer"]].assign(retained=rng.integers(0, 2, len(assignments)) * 1.0)
    url = recorded((assignments, came), tmp_path)
    policy = {
        "campaign": "next",
        "config": "corner.yaml",
        "ledger": url,
        "start": "2026-01-05",
        "uplift": "model",
        "actions": [{"name": "call", "kind": "call", "channel": "phone", "cost": 2, "save_chance": 0.2}],
    }
    (tmp_path / "next.yaml").write_text(yaml.safe_dump(policy))
    return tmp_path


def run(*words):
    return __main__.run([str(w) for w in words])


def test_verdict_comes_first_and_model_picture_and_numbers_are_written(place, capsys):
    assert (
        run("campaign", "learn", place / "next.yaml", "--no-track", "--plot", "q.svg", "--csv", "q.csv") == 0
    )
    text = capsys.readouterr().out
    assert text.startswith("The uplift model is ")
    assert "Written to q.svg." in text
    assert (place / "q.svg").read_text().startswith("<?xml")
    assert list(pd.read_csv(place / "q.csv")) == ["ranking", "depth", "kept_per_1000"]
    model = load_uplift(place / "model")
    assert model.said == text.splitlines()[0]
    assert list(model.actions) == ["call"]


def test_json_holds_the_judgement(place, capsys):
    url = f"sqlite:///{place / 'campaigns.db'}"
    words = ("--ledger", url, "--config", place / "corner.yaml", "--campaign", "one", "--out", place / "m")
    assert run("campaign", "learn", *words, "--no-track", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["campaigns"] == ["one"]
    assert found["judgement"]["by_time"] is False
    assert found["run_id"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "It is not said where the past campaigns are"),
        (("next.yaml", "--depth", "30"), "The depth is no share of the customers"),
        (("next.yaml", "--campaign", "none"), "The ledger does not know the campaign 'none'"),
        (("next.yaml", "--plot", "q.txt"), "ending of no picture"),
    ],
)
def test_mistakes_are_told(place, capsys, words, said):
    assert run("campaign", "learn", *words, "--no-track") != 0
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (place / "model").exists()
