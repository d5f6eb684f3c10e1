"""LightGBM on stacked snapshots: the number of trees from a later snapshot, then all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from churn.config import TrainingSettings
from churn.definition import Definition
from churn.features.signal import Signal
from churn.model.snapshots import Snapshots
from churn.progress import report

PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 15,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "metric": "None",
    "verbose": -1,
    "deterministic": True,
    "force_row_wise": True,
}
MOST_TREES = 600
PATIENCE = 50


def fit_trees(
    learn: Snapshots, definition: Definition, signals: Sequence[Signal], settings: TrainingSettings
) -> tuple[str, ...]:
    """Fit boosters on all snapshots; return them in LightGBM's text format.

    The number of trees is found by early stopping on the newest snapshot, with a model fitted on those whose
    labels end by it.
    """
    trees = find_trees(learn, definition, signals, settings)
    return (_fit(learn, signals, settings, trees).model_to_string(),)


def find_trees(
    learn: Snapshots, definition: Definition, signals: Sequence[Signal], settings: TrainingSettings
) -> int:
    """Return the number of trees that predicts the newest snapshot best, once its base rate is known."""
    import lightgbm

    newest = int(learn.cutoffs[-1])
    earlier = [int(c) for c in learn.cutoffs if c + definition.window_us <= newest]
    if (
        not earlier
    ):  # a short history: the oldest snapshot stands in, its labels overlap the newest's features
        earlier = [int(learn.cutoffs[0])]
    part, watched = learn.until(earlier[-1]), learn.at(newest)
    train_set = _dataset(part, signals)
    report("Finding the number of trees", 0, MOST_TREES)

    booster = lightgbm.train(
        _parameters(settings),
        train_set,
        MOST_TREES,
        valid_sets=[lightgbm.Dataset(watched.X, watched.y, reference=train_set)],
        feval=_recentred_log_loss,
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            _progress("Finding the number of trees"),
        ],
    )
    return max(int(booster.best_iteration), 10)


def _fit(learn: Snapshots, signals: Sequence[Signal], settings: TrainingSettings, trees: int) -> Any:
    import lightgbm

    callbacks = [_progress("Fitting the model")]
    return lightgbm.train(_parameters(settings), _dataset(learn, signals), trees, callbacks=callbacks)


def _progress(what: str) -> Any:
    def tell(env: Any) -> None:
        if env.iteration % 10 == 0:
            report(what, env.iteration, env.end_iteration)

    return tell


def _dataset(part: Snapshots, signals: Sequence[Signal]) -> Any:
    import lightgbm

    return lightgbm.Dataset(
        part.X,
        part.y,
        feature_name=[f"s{i}" for i in range(len(signals))],
        categorical_feature=[i for i, s in enumerate(signals) if s.categories],
        free_raw_data=True,
    )


def _parameters(settings: TrainingSettings) -> dict[str, Any]:
    return {**PARAMETERS, "seed": settings.seed, "num_threads": settings.threads}


def _recentred_log_loss(predicted: np.ndarray, data: Any) -> tuple[str, float, bool]:
    y = np.asarray(data.get_label())
    p = np.clip(predicted, 1e-9, 1 - 1e-9)
    raw, shift = np.log(p / (1 - p)), 0.0
    for _ in range(4):  # Newton steps towards a mean prediction equal to the observed share
        q = 1 / (1 + np.exp(-(raw + shift)))
        shift -= (q.mean() - y.mean()) / max(float((q * (1 - q)).mean()), 1e-9)
    z = raw + shift
    return "recentred_log_loss", float(np.mean(np.logaddexp(0, z) - y * z)), False
