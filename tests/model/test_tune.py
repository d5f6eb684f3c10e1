from __future__ import annotations

import builtins

import numpy as np
import pytest

from churn.config import TrainingSettings
from churn.data.history import DAY_US
from churn.errors import ParameterError
from churn.model.boost import PARAMETERS
from churn.model.predictor import probability
from churn.model.snapshots import Snapshots
from churn.model.tune import tune

RNG = np.random.default_rng(3)
N = 1500


def snapshot(cutoff: int) -> Snapshots:
    X = RNG.normal(size=(N, 3))
    y = (RNG.random(N) < probability(X[:, 0] * X[:, 1])).astype(float)
    return Snapshots(X, y, np.arange(N), np.full(N, cutoff * DAY_US))


EARLY, NEWEST = snapshot(0), snapshot(60)


@pytest.fixture(scope="module")
def three(model):
    return [s for s in model.signals if not s.categories][:3]


def run(three, **settings):
    return tune(EARLY, NEWEST, three, TrainingSettings(threads=1, **settings), np.zeros(N))


def test_the_best_trial_wins_and_the_defaults_are_the_first(three):
    parameters, trials = run(three, tune_trials=4)
    assert [t["number"] for t in trials] == [0, 1, 2, 3]
    assert all(trials[0]["params"][k] == PARAMETERS[k] for k in trials[0]["params"])
    best = min(trials, key=lambda t: t["value"])
    assert {k: parameters[k] for k in best["params"]} == best["params"]
    assert parameters["objective"] == "binary"
    assert len({t["value"] for t in trials}) == 4


def test_the_same_seed_tries_the_same(three):
    first, second = (run(three, tune_trials=3)[1] for _ in range(2))
    assert [t["value"] for t in first] == [t["value"] for t in second]
    assert [t["params"] for t in first] == [t["params"] for t in second]


def test_the_budget_of_time_ends_it_after_the_first_trial(three):
    assert len(run(three, tune_trials=50, tune_minutes=1e-9)[1]) == 1


def test_without_optuna_it_says_what_to_install(three, monkeypatch):
    real = builtins.__import__

    def no_optuna(name, *args, **kwargs):
        if name == "optuna":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_optuna)
    with pytest.raises(ParameterError, match=r"needs Optuna.*churn-signals\[tune\]"):
        run(three, tune_trials=2)
