"""LightGBM on stacked snapshots: the number of trees from a later snapshot, then all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from churn.config import TrainingSettings
from churn.features.signal import Signal
from churn.model.calibrate import recentred_loss
from churn.model.predictor import Predictor, to_log_odds
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
    "extra_trees": True,
    "metric": "None",
    "verbose": -1,
    "deterministic": True,
    "force_row_wise": True,
}
MOST_TREES = 600
PATIENCE = 50


def fit_trees(
    learn: Snapshots,
    signals: Sequence[Signal],
    settings: TrainingSettings,
    parameters: Mapping[str, Any],
    levels: np.ndarray,
    count: int,
    seeds: int = 1,
) -> tuple[str, ...]:
    """Fit boosters of so many trees on all rows, one per seed; return them in LightGBM's text format.

    `levels` are log-odds that each row starts from, its cutoff's level: the trees learn what tells customers of one
    cutoff apart, and not how the base rate drifted.
    """
    import lightgbm

    out = []
    for k in range(seeds):
        data = _dataset(learn, signals, levels)  # a new one, because the seed is in its binning too
        chosen = {**parameters, "seed": settings.seed + k, "num_threads": settings.threads}
        what = "Fitting the model" if seeds == 1 else f"Fitting the model, seed {k + 1} of {seeds}"
        out.append(lightgbm.train(chosen, data, count, callbacks=[_progress(what)]).model_to_string())
    return tuple(out)


def find_trees(
    early: Snapshots,
    newest: Snapshots,
    signals: Sequence[Signal],
    settings: TrainingSettings,
    parameters: Mapping[str, Any],
    levels: np.ndarray,
    *,
    what: str = "Finding the number of trees",
) -> tuple[int, Predictor]:
    """Return how many trees predict the newest snapshot best once its base rate is known, and these trees."""
    import lightgbm

    train_set = _dataset(early, signals, levels)
    report(what, 0, MOST_TREES)
    booster = lightgbm.train(
        {**parameters, "seed": settings.seed, "num_threads": settings.threads},
        train_set,
        MOST_TREES,
        valid_sets=[lightgbm.Dataset(newest.X, newest.y, reference=train_set)],
        feval=_recentred_log_loss,
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False), _progress(what)],
    )
    count = max(int(booster.best_iteration), 10)
    return count, Predictor((booster.model_to_string(num_iteration=count),))


def _progress(what: str) -> Any:
    def tell(env: Any) -> None:
        if env.iteration % 10 == 0:
            report(what, env.iteration, env.end_iteration)

    return tell


def _dataset(part: Snapshots, signals: Sequence[Signal], levels: np.ndarray) -> Any:
    import lightgbm

    return lightgbm.Dataset(
        part.X,
        part.y,
        init_score=levels,
        feature_name=[f"s{i}" for i in range(len(signals))],
        categorical_feature=[i for i, s in enumerate(signals) if s.categories],
        free_raw_data=True,
    )


def _recentred_log_loss(predicted: np.ndarray, data: Any) -> tuple[str, float, bool]:
    return "recentred_log_loss", recentred_loss(to_log_odds(predicted), np.asarray(data.get_label())), False
