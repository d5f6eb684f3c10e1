"""A line in many signals at once, each times the risk, drawn towards 0 as far as unseen customers ask for.

With thousands of rows and effects of a few points trees chase noise: what one split gains is less than chance moves.
A ridge adds up many weak hints instead. The signals count by their ranks, so that no outlier decides; times the risk,
because who stays anyway cannot be kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from churn.campaigns.uplift.rows import Array, Rows, folds_of

KNOTS = 33  # quantiles of a signal, between which its rank is a line
PENALTIES = tuple(10.0**e for e in range(2, 8))
FOLDS = 4


@dataclass(frozen=True, eq=False)
class Ridge:
    """A fitted ridge, as plain numbers.

    Attributes
    ----------
    knots : tuple of tuple of float
        Per signal its quantiles, each once; none where it is never known.
    middles : tuple of float
        Per signal what stands in where it is not known.
    weights : tuple of float
        Of the risk, of ``4 p (1 - p)``, of ``p ** 2``, and of each signal's rank times the risk.
    start : float
        Added to all.
    """

    knots: tuple[tuple[float, ...], ...]
    middles: tuple[float, ...]
    weights: tuple[float, ...]
    start: float

    def predict(self, X: Array, risk: Array) -> Array:
        """Return the effect, shape (n_rows,)."""
        columns = _columns(_ranks(X, self.knots, self.middles), risk)
        return np.asarray(columns @ np.array(self.weights) + self.start)


def fit_ridge(rows: Rows, residual: Array, seed: int) -> Ridge:
    """Fit to the effects of one action's rows; the penalty is the one that predicts customers left out best.

    References
    ----------
    Hoerl and Kennard (1970), Ridge regression. The effects are those of Athey and Imbens (2016), transformed outcomes
    under a known chance.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # the same bits whatever the number of threads
        return _fitted(rows, residual, seed)


def _fitted(rows: Rows, residual: Array, seed: int) -> Ridge:
    X = np.where(np.isfinite(rows.X), rows.X, np.nan)
    knots, middles = [], []
    for j in range(X.shape[1]):
        known = X[:, j][~np.isnan(X[:, j])]
        places = np.unique(np.quantile(known, np.linspace(0, 1, KNOTS))) if len(known) else np.empty(0)
        knots.append(tuple(float(k) for k in places))
        middles.append(float(np.median(known)) if len(known) else 0.0)
    columns = _columns(_ranks(X, knots, middles), rows.risk)
    effects = residual * rows.signed
    mean, spread = columns.mean(axis=0), columns.std(axis=0)
    spread = np.where(spread > 1e-9, spread, np.inf)  # what is the same for all has no weight
    columns = (columns - mean) / spread
    target = effects - effects.mean()
    fold = folds_of(rows.customer, FOLDS, seed)
    grams = [columns[fold == k].T @ columns[fold == k] for k in range(FOLDS)]
    sums = [columns[fold == k].T @ target[fold == k] for k in range(FOLDS)]
    gram, total = np.sum(grams, axis=0), np.sum(sums, axis=0)

    def solved(g: Array, s: Array, penalty: float) -> Array:
        return np.linalg.solve(g + penalty * np.eye(len(s)), s)

    def missed(penalty: float) -> float:
        error = 0.0
        for k in range(FOLDS):
            b = solved(gram - grams[k], total - sums[k], penalty)
            error += float(b @ grams[k] @ b - 2 * b @ sums[k])  # but for what no penalty changes
        return error

    penalty = min(reversed(PENALTIES), key=missed)  # of equals the strongest
    weights = solved(gram, total, penalty) / spread
    return Ridge(
        tuple(knots),
        tuple(middles),
        tuple(float(w) for w in weights),
        float(effects.mean() - weights @ mean),
    )


def _ranks(X: Array, knots: Sequence[Sequence[float]], middles: Sequence[float]) -> Array:
    out = np.zeros(X.shape)
    for j, (places, middle) in enumerate(zip(knots, middles, strict=True)):
        if len(places) > 1:
            values = np.where(np.isfinite(X[:, j]), X[:, j], middle)
            out[:, j] = np.interp(values, places, np.linspace(-1, 1, len(places)))
    return out


def _columns(ranks: Array, risk: Array) -> Array:
    p = risk[:, None]
    return np.concatenate([p, 4 * p * (1 - p), p * p, ranks * p], axis=1)
