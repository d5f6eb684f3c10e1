"""Tuning of LightGBM's parameters with Optuna, within a budget of trials and minutes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from churn.config import TrainingSettings
from churn.errors import ParameterError
from churn.features.signal import Signal
from churn.model.boost import PARAMETERS, find_trees
from churn.model.calibrate import recentred_loss
from churn.model.snapshots import Snapshots
from churn.progress import report


def tune(
    early: Snapshots,
    newest: Snapshots,
    signals: Sequence[Signal],
    settings: TrainingSettings,
    levels: np.ndarray,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Try parameters on the earlier snapshots and keep those that predict the newest training snapshot best.

    The defaults are the first trial, so the result is never worse than they are on that snapshot; whether it is
    better on later ones is for the held-out cutoff to tell.

    Parameters
    ----------
    early, newest : Snapshots
        What to fit on, and the later snapshot to judge by.
    signals : sequence of Signal
        What the columns are.
    levels : numpy.ndarray of shape (n_early,)
        The level of each earlier row's cutoff, in log-odds.
    settings : TrainingSettings
        ``tune_trials``, ``tune_minutes``, seed, threads.

    Returns
    -------
    parameters : dict
        The best parameters, complete.
    trials : list of dict
        ``number``, ``value`` (recentred log loss), ``seconds``, ``trees`` and ``params`` of each.

    Raises
    ------
    ParameterError
        Optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise ParameterError(
            "Tuning needs Optuna, which is not installed",
            given=f"training.tune_trials: {settings.tune_trials}",
            fix='Install it with pip install "churn-signals[tune]", or set training.tune_trials to 0.',
            code="no-optuna",
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=settings.seed))
    study.enqueue_trial({k: PARAMETERS[k] for k in _space(None)})
    trials: list[dict[str, Any]] = []
    end = time.monotonic() + 60 * (settings.tune_minutes or float("inf"))
    for number in range(settings.tune_trials):
        report("Tuning", number, settings.tune_trials)
        if number and time.monotonic() >= end:
            break
        start, trial = time.monotonic(), study.ask()
        chosen = {**PARAMETERS, **_space(trial)}
        count, found = find_trees(
            early, newest, signals, settings, chosen, levels, what=f"Trial {number + 1}"
        )
        value = recentred_loss(found.log_odds(newest.X, threads=settings.threads), newest.y)
        study.tell(trial, value)
        trials.append(
            {
                "number": number,
                "value": value,
                "seconds": round(time.monotonic() - start, 2),
                "trees": count,
                "params": dict(trial.params),
            }
        )
    report("Tuning", settings.tune_trials, settings.tune_trials)
    return {**PARAMETERS, **min(trials, key=lambda t: float(t["value"]))["params"]}, trials


def _space(trial: Any) -> dict[str, Any]:
    """Return what a trial tries; without a trial, the names alone."""
    names = (
        "num_leaves",
        "min_data_in_leaf",
        "feature_fraction",
        "bagging_fraction",
        "lambda_l2",
        "extra_trees",
    )
    if trial is None:
        return dict.fromkeys(names)
    return {
        "num_leaves": trial.suggest_int("num_leaves", 4, 63, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 10, 400, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.1, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
        "lambda_l2": trial.suggest_float("lambda_l2", 0.1, 100.0, log=True),
        "extra_trees": trial.suggest_categorical("extra_trees", [True, False]),
    }
