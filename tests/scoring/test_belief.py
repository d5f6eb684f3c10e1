import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import churn
from churn.config import EconomicsSettings
from churn.files import write_json
from churn.model.backtest import Backtest, FoldResult
from churn.model.economics import profit
from churn.model.evaluate import Estimate, Judged, evaluate_parts
from churn.model.leadtime import LeadTime
from churn.model.verdict import backtest_verdict
from churn.scoring.belief import believe, read_backtest


@pytest.fixture(scope="module")
def found(model):
    return believe(model)


@pytest.fixture
def backtest(model):
    rng = np.random.default_rng(0)
    y = (rng.random(400) < 0.3).astype(float)
    good = np.clip(0.2 + 0.4 * y + rng.normal(0, 0.1, 400), 0.01, 0.99)
    parts = [
        Judged(c, y, {"model": good, "prevalence": np.full(400, 0.3)}, np.arange(400))
        for c in ("2025-01-01", "2025-03-01")
    ]
    each, pooled = evaluate_parts(parts, resamples=20)
    economics = EconomicsSettings(contact_cost=1, offer_cost=2, saved_value=50, save_chance=0.3)
    earned = profit(parts, economics, resamples=20)
    folds = [FoldResult(p.cutoff, e, {}) for p, e in zip(parts, each, strict=True)]
    return Backtest(
        model.definition.describe(),
        folds,
        pooled,
        backtest_verdict(pooled, each),
        profit=earned,
        ablation=pooled,
    )


def test_it_is_fit_for_json(found, tmp_path):
    write_json(tmp_path / "model.json", found)
    assert json.loads((tmp_path / "model.json").read_text()) == json.loads(json.dumps(found))


def test_the_verdict_says_whether_it_beats_the_baselines_and_whether_to_trust_its_numbers(model, found):
    ranking, probabilities = found["verdict"]
    assert model.beats_baselines is found["beats_baselines"] is True
    assert ranking.startswith("The model")
    assert "of the best baseline" in ranking
    assert probabilities.startswith("Its probabilities")
    worse = believe(replace(model, beats_baselines=False))
    assert worse["verdict"][0].startswith("NOT PROMOTED: the model does not beat")


def test_every_bin_has_an_interval_around_what_was_seen(found):
    bins = found["calibration"]
    assert sum(b["rows"] for b in bins) == found["judged"]["rows"]
    assert all(b["low"] <= b["observed"] <= b["high"] for b in bins)
    assert all(b["low"] < b["high"] for b in bins)


def test_the_wilson_interval_is_the_published_one(model):
    e = replace(model.evaluation, calibration=[{"predicted": 0.1, "observed": 0.1, "rows": 10}])
    (bin_,) = believe(replace(model, evaluation=e))["calibration"]
    # Wilson 1927, for 1 of 10.
    assert (round(bin_["low"], 4), round(bin_["high"], 4)) == (0.0179, 0.4042)


def test_the_model_comes_first_then_the_best_baseline(found):
    names = [b["predictor"] for b in found["baselines"]]
    aucs = [b["figures"]["auc"]["value"] for b in found["baselines"]]
    assert names[0] == "model"
    assert aucs[1] == max(aucs[1:])
    assert found["baselines"][0]["lead"] is None
    lead = found["baselines"][1]["lead"]["auc"]["value"]
    assert lead == pytest.approx(aucs[0] - aucs[1])
    assert found["baselines"][1]["words"] != names[1]


def test_the_forecast_of_spend_says_whether_it_beats_the_own_mean(model, found):
    assert found["spend"]["method"] == model.spend.method
    assert found["spend"]["said"].startswith("The forecast of spend ")
    assert "the customer's own mean" in found["spend"]["said"]
    assert believe(replace(model, spend=replace(model.spend, evaluation=None)))["spend"]["said"] == ""
    assert believe(replace(model, spend=None))["spend"] is None


def test_importance_adds_up_by_family_and_by_story(model, found):
    for by in ("families", "stories"):
        blocks = found["importance"][by]
        assert sum(b["share"] for b in blocks) == pytest.approx(1.0)
        assert sum(b["signals"] for b in blocks) == len(model.signal_names)
        assert [b["share"] for b in blocks] == sorted((b["share"] for b in blocks), reverse=True)
    first = found["importance"]["signals"][0]
    assert first["name"] == next(iter(model.importance()))
    assert first["meaning"]
    assert all(1 <= len(b["meanings"]) <= 3 for b in found["importance"]["stories"] if b["share"] > 0)


def test_what_is_not_a_number_becomes_none(model):
    figures = dict(model.evaluation.metrics)
    auc = replace(figures["model"]["auc"], low=float("nan"), high=float("inf"))
    figures["model"] = figures["model"] | {"auc": auc}
    out = believe(replace(model, evaluation=replace(model.evaluation, metrics=figures)))
    assert out["evaluation"]["metrics"]["model"]["auc"] == {"value": auc.value, "low": None, "high": None}


def test_without_a_backtest_there_is_none(model, tmp_path, found):
    assert found["backtest"] is None
    assert believe(model, tmp_path)["backtest"] is None
    assert found["drivers"] is None


def test_a_written_backtest_is_taken_along(model, backtest, tmp_path):
    backtest.write(tmp_path / "backtest")
    out = believe(model, tmp_path / "backtest")["backtest"]
    assert out["verdict"] == backtest.verdict
    assert out["warnings"] == []
    assert out["cutoffs"] == ["2025-01-01", "2025-03-01"]
    depth = out["profit"]["by_depth"]
    assert (len(depth["depth"]), depth["depth"][0], depth["depth"][-1]) == (101, 0.0, 1.0)
    at = depth["depth"].index(0.3)
    assert depth["model"]["value"][at] == pytest.approx(backtest.profit.by_depth["model"][30].value)
    assert {(f["cutoff"], f["predictor"]) for f in out["figures"]} >= {
        ("all", "model"),
        ("2025-03-01", "prevalence"),
    }
    assert out["ablation"][0]["without"] == "prevalence"
    write_json(tmp_path / "model.json", out)


def test_the_lead_time_is_told_in_sentences(backtest, tmp_path):
    share = Estimate(0.2, 0.1, 0.3)
    lead = LeadTime(
        "2025-01-01",
        "2025-02-01",
        40,
        {"before_last": share, "in_time": share, "late": share},
        {"to_established": Estimate(30.0, 20.0, 40.0), "to_last": Estimate(-5.0, -9.0, -1.0)},
        0.25,
        "no order for 45 days",
    )
    replace(backtest, lead=lead).write(tmp_path / "backtest")
    found = read_backtest(tmp_path / "backtest")["lead_time"]
    assert found["said"][0].startswith("Lead time, lists every 7 days")
    assert "the first flag came 30 days" in found["said"][2]
    assert found["left"] == 40


def test_a_backtest_of_another_definition_is_marked(model, backtest, tmp_path):
    replace(backtest, definition="active = something else").write(tmp_path / "backtest")
    out = read_backtest(tmp_path / "backtest", model)
    assert out["warnings"] == ["The backtest is of another definition: active = something else."]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"verdict": "good"}'])
def test_a_backtest_that_cannot_be_read_is_said_and_stops_nothing(tmp_path, text):
    (tmp_path / "backtest.json").write_text(text)
    out = read_backtest(tmp_path)
    assert out["verdict"] is None
    assert "run churn backtest again" in out["warnings"][0]


def test_the_drivers_of_the_night_are_told(model, history):
    scores = churn.score(model, history, "2025-10-01")
    out = believe(model, at_risk=scores.at_risk, reasons=scores.reasons)["drivers"]
    assert out["listed"] == len(scores.at_risk)
    up = scores.reasons[scores.reasons["direction"] == "up"]
    assert {d["story"] for d in out["up"]} == set(up["story"])
    assert sum(d["customers"] for d in out["up"]) == len(up)
    assert isinstance(scores.at_risk, pd.DataFrame)
