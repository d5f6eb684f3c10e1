"""The same code on real data; skipped, saying why, where the data are absent."""

import json
from pathlib import Path

import pytest

import churn
from churn.__main__ import run

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def retail(retail_data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHURN_DATA", str(retail_data))
        config = churn.read_config(ROOT / "configs" / "online_retail.yaml")
        return churn.load_history(config)


def test_lines_that_do_not_count_are_counted(retail):
    aside = {f.message: f.rows for f in retail.checks.findings if f.action == "set aside"}
    assert aside == {
        "invoice line without a customer": 235_287,
        "invoice line at a price of zero or below": 70,
    }
    assert len(retail.logs["orders"]) == 36_969
    assert retail.customers.dtype.kind == "i"


def test_last_mature_cutoff_is_half_a_day_early(retail):
    d = churn.Inactivity(180, 60)
    assert retail.date(d.last_mature_cutoff(retail)) == "2011-10-10"


def test_train_and_score_as_of_an_earlier_day(retail):
    """On a development cutoff: better than the rules of thumb, and the list makes sense."""
    import datetime as dt

    from churn.config import TrainingSettings

    d = churn.Inactivity(180, 60)
    training = churn.train(
        retail, d, settings=TrainingSettings(test_cutoff=dt.date(2011, 6, 12), max_snapshots=8), track=False
    )
    metrics = training.model.evaluation.metrics
    assert training.model.beats_baselines
    assert 0.74 < metrics["model"]["auc"].value < 0.82, "above: a leak; below: something broke"
    result = churn.score(training.model, retail, "2011-06-12")
    assert len(result.active) == 2631
    assert result.retention.expected_rate == pytest.approx(0.897, abs=0.03), (
        "the actual rate of the next 60 days"
    )
    assert (result.at_risk["reason_1"] != "").all()


def test_tickets_before_sign_up_are_reported_and_used(retail_data, monkeypatch, capsys):
    monkeypatch.setenv("CHURN_DATA", str(retail_data))
    assert run(["check", str(ROOT / "configs" / "ravenstack.yaml"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    finding = next(f for f in report["findings"] if f["code"] == "before-joined")
    assert (finding["table"], finding["action"], finding["rows"]) == ("tickets", "note", 1077)
    assert len(finding["examples"]) == 3
    used = next(t for t in report["tables"] if t["table"] == "tickets")
    assert (used["rows_read"], used["rows_used"]) == (2000, 2000)
