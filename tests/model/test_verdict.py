from dataclasses import replace

import numpy as np
import pytest

from churn.config import EconomicsSettings
from churn.model.economics import profit
from churn.model.evaluate import Estimate, Judged, evaluate
from churn.model.suspicion import Suspicion
from churn.model.verdict import backtest_verdict, best_baseline, training_verdict


@pytest.fixture(scope="module")
def case():
    rng = np.random.default_rng(0)
    p = rng.beta(2, 3, 8000)
    y = (rng.random(8000) < p).astype(float)
    return y, p, rng.permutation(p)


def verdict(y, model, baseline, **more):
    e = evaluate(y, {"model": model, "recency": baseline}, resamples=100)
    return backtest_verdict(e, [e], **more)


def test_ranking_goes_by_the_intervals(case):
    y, p, blind = case
    assert verdict(y, p, blind).startswith("The model beats every simple baseline: AUC 0.")
    assert verdict(y, blind, p).startswith("DO NOT USE IT: a simple baseline ranks better")
    assert verdict(y, p, p).startswith("USE THE BASELINE: the model is no better than a simple one")
    dim = np.clip(p**6, 1e-6, 1)  # the same ranking as p, worse probabilities
    assert verdict(y, dim, blind).startswith(
        "The model ranks better than every simple baseline, its probabilities"
    )
    nearly = p.copy()
    nearly[:3] = 1 - y[:3]
    assert verdict(y, p, nearly).split(":")[0] in (
        "The model is level with the best simple baseline, perhaps a little better",
        "The model ranks better than every simple baseline, its probabilities are not surely better",
    )


@pytest.mark.parametrize(
    ("shift", "words"),
    [(0, "face value"), (0.045, "roughly right"), (0.2, "too high"), (-0.2, "too low")],
)
def test_probabilities_go_by_the_error_beyond_chance(case, shift, words):
    y, p, blind = case
    assert words in verdict(y, np.clip(p + shift, 0.001, 0.999), blind)


def test_suspicions_come_first(case):
    y, p, blind = case
    s = Suspicion("crm:score", "single-signal", "", Estimate(0.2, 0.1, 0.3))
    said = verdict(y, p, blind, suspicions=[s, replace(s, what="model")])
    assert said.startswith("DO NOT BELIEVE THESE FIGURES before crm:score, the model is checked")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (60, "earned money, and more than"),
        (10**7, "not surely more than contacting everybody"),
        (6, "no contact pays"),
    ],
)
def test_money(case, value, words):
    y, p, blind = case
    settings = EconomicsSettings(contact_cost=3, offer_cost=5, saved_value=value, save_chance=0.3)
    part = Judged("", y, {"model": p, "recency": blind}, np.arange(len(y)))
    assert words in verdict(y, p, blind, profit=profit([part], settings, resamples=100))


def test_references_are_no_baselines(case):
    y, p, blind = case
    e = evaluate(y, {"model": blind, "recency": blind, "the best possible": p}, resamples=20)
    assert best_baseline(e) == "recency"


def test_training_names_what_was_left_out(case):
    y, p, blind = case
    e = evaluate(y, {"model": p, "recency": blind}, resamples=100)
    said = training_verdict(e, True, {"bgnbd": "it needs orders"})
    assert said.startswith("The model beats the simple baselines on the held-out cutoff")
    assert said.endswith(" Left out: bgnbd, as it needs orders.")
    assert training_verdict(e, False).startswith("NOT PROMOTED")
    same = evaluate(y, {"model": p, "recency": p}, resamples=20)
    assert "not surely" in training_verdict(same, True)
