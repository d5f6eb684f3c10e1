"""Who is at risk: the odds of churn against the average odds, which work at any base rate."""

from __future__ import annotations

import numpy as np

BANDS = (
    ("critical", 4.0),
    ("high", 2.0),
    ("elevated", 1.0),
    ("low", 0.0),
)  # from so many times the average odds
LISTED_FROM = 2.0


def odds_of(p: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the odds of each probability, shape (n_rows,), and the odds of their mean.

    Examples
    --------
    >>> odds, average = odds_of(np.array([0.1, 0.1, 0.1, 0.5]))
    >>> odds.round(2).tolist(), average
    ([0.11, 0.11, 0.11, 1.0], 0.25)
    """
    mean = float(p.mean()) if len(p) else 0.0
    return p / np.maximum(1 - p, 1e-12), mean / max(1 - mean, 1e-12)


def bands_of(p: np.ndarray) -> np.ndarray:
    """Return the name of each prediction's band, shape (n_rows,).

    Examples
    --------
    >>> bands_of(np.array([0.1, 0.1, 0.1, 0.5])).tolist()
    ['low', 'low', 'low', 'critical']
    """
    odds, average = odds_of(p)
    return np.select([odds >= k * average for _, k in BANDS], [name for name, _ in BANDS], default="low")


def band_of(p: float, mean: float) -> str:
    """Return the name of one prediction's band, given the mean prediction of all.

    Examples
    --------
    >>> band_of(0.5, 0.2), band_of(0.1, 0.2)
    ('critical', 'low')
    """
    odds, average = p / max(1 - p, 1e-12), mean / max(1 - mean, 1e-12)
    return next((name for name, k in BANDS if odds >= k * average), "low")


def is_listed(p: np.ndarray, threshold: float | None = None) -> np.ndarray:
    """Return which predictions are on the at-risk list, shape (n_rows,).

    Without a threshold these are all from twice the average odds on.

    Examples
    --------
    >>> is_listed(np.array([0.1, 0.1, 0.1, 0.5])).tolist()
    [False, False, False, True]
    """
    if threshold is not None:
        return np.asarray(p >= threshold)
    odds, average = odds_of(p)
    return np.asarray(odds >= LISTED_FROM * average)
