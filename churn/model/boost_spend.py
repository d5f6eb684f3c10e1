"""LightGBM for spend: trees that correct a simple forecast, in its logarithm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from churn.errors import ModelError
from churn.features.signal import Signal
from churn.progress import report

# Tweedie with power 1.5 lies between Poisson and gamma: consistent for the mean, and one big order does not rule.
POWER = 1.5
PARAMETERS: dict[str, Any] = {
    "objective": "tweedie",
    "tweedie_variance_power": POWER,
    "learning_rate": 0.1,
    "num_leaves": 8,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "metric": "tweedie",
    "verbose": -1,
    "deterministic": True,
    "force_row_wise": True,
}
MOST_TREES = 200
PATIENCE = 20


def find_spend_trees(
    X: np.ndarray,
    spend: np.ndarray,
    simple: np.ndarray,
    later: tuple[np.ndarray, np.ndarray, np.ndarray],
    signals: Sequence[Signal],
    *,
    seed: int,
    threads: int,
) -> tuple[int, str]:
    """Return the number of trees that predicts later rows (X, spend, simple forecast) best, and those trees."""
    import lightgbm

    data = _dataset(X, spend, simple, signals)
    unit = _unit(spend)
    watched = lightgbm.Dataset(later[0], later[1] / unit, init_score=np.log(later[2] / unit), reference=data)
    booster = lightgbm.train(
        {**PARAMETERS, "seed": seed, "num_threads": threads},
        data,
        MOST_TREES,
        valid_sets=[watched],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return int(booster.best_iteration), booster.model_to_string(num_iteration=booster.best_iteration)


def fit_spend_trees(
    X: np.ndarray,
    spend: np.ndarray,
    simple: np.ndarray,
    signals: Sequence[Signal],
    trees: int,
    *,
    seed: int,
    threads: int,
) -> str:
    """Fit that many trees on top of a simple forecast; return them in LightGBM's text format.

    Parameters
    ----------
    X : numpy.ndarray of shape (n_rows, n_signals)
        Signals.
    spend, simple : numpy.ndarray of shape (n_rows,)
        What came, and the simple forecast of it, above 0. The trees learn the logarithm of the factor between them.
    """
    import lightgbm

    report("Fitting the expected spend")
    data = _dataset(X, spend, simple, signals)
    parameters = {**PARAMETERS, "seed": seed, "num_threads": threads}
    text: str = lightgbm.train(parameters, data, trees).model_to_string()
    return text


def read_spend_trees(text: str) -> Any:
    """Return the booster of a text, or raise a `ModelError`."""
    import lightgbm

    try:
        return lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise ModelError(
            f"The trees of the expected spend cannot be read: {error}",
            fix="Copy the bundle again from where it was made, or train again.",
            code="damaged",
        ) from None


def _unit(spend: np.ndarray) -> float:
    # The Tweedie gradient scales with the root of the currency: in units of the mean, parameters suit any.
    return max(float(spend.mean()), 1e-9)


def _dataset(X: np.ndarray, spend: np.ndarray, simple: np.ndarray, signals: Sequence[Signal]) -> Any:
    import lightgbm

    unit = _unit(spend)
    return lightgbm.Dataset(
        X,
        spend / unit,
        init_score=np.log(simple / unit),
        feature_name=[f"s{i}" for i in range(len(signals))],
        categorical_feature=[i for i, s in enumerate(signals) if s.categories],
        free_raw_data=True,
    )
