"""The rules of thumb a model must beat: recency, and logistic regression on recency, frequency and money."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from churn.errors import ModelError
from churn.features.signal import Signal

# name: (what it is, the signals it looks at)
BASELINES: dict[str, tuple[str, tuple[str, ...]]] = {
    "recency": ("days since the last order alone", ("recency_days",)),
    "rfm_logistic": (
        "logistic regression on recency, frequency and money",
        ("recency_days", "orders_count_365d", "orders_count", "amount_365d", "amount_mean", "tenure_days"),
    ),
}

Predictor = Callable[[np.ndarray], np.ndarray]


def fit_baseline(name: str, X: np.ndarray, y: np.ndarray, signals: Sequence[Signal]) -> Predictor:
    """Fit a baseline on the same rows as the model.

    Parameters
    ----------
    name : str
        A key of `BASELINES`.
    X : numpy.ndarray of shape (n_rows, n_signals)
        All signals; the baseline picks its own.
    y : numpy.ndarray of shape (n_rows,)
        Labels.
    signals : sequence of Signal
        What the columns of `X` are.

    Returns
    -------
    callable
        From a matrix with the same columns to churn probabilities.

    Raises
    ------
    ModelError
        One of its signals is not in the catalogue used.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    names = [s.name for s in signals]
    missing = [n for n in BASELINES[name][1] if n not in names]
    if missing:
        raise ModelError(
            f"The baseline {name} needs the signal {missing[0]}",
            fix="Keep it in the catalogue; a model is always held against its baselines.",
        )
    columns = [names.index(n) for n in BASELINES[name][1]]
    # Counts, days and amounts are skewed; amounts may be negative, so the logarithm keeps the sign.
    pipeline = make_pipeline(
        FunctionTransformer(_signed_log), StandardScaler(), LogisticRegression(max_iter=1000)
    )
    pipeline.fit(X[:, columns], y)

    def predict(matrix: np.ndarray) -> np.ndarray:
        return np.asarray(pipeline.predict_proba(matrix[:, columns])[:, 1])

    return predict


def _signed_log(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))
