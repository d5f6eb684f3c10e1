"""The regularised logistic model over all signals, as data: how each column is scaled, and its weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_LOOSE = 100.0  # size of the marks of the levels: so large that the penalty does not hold them


@dataclass(frozen=True)
class Linear:
    """A logistic model whose columns are made from the signals.

    Each column is one signal after the signed logarithm, kept within what was usual in training, standardised, with
    0 where it is not known; or a mark that it is not known; or, for a category, a mark of one value.

    Attributes
    ----------
    signal : tuple of int
        The signal that each column comes from.
    kind : tuple of str
        ``value``, ``missing`` or ``is`` (a category's value).
    category : tuple of float
        The value that an ``is`` column marks.
    low, high : tuple of float
        Each column is kept within these, so that nothing is extrapolated; in log units.
    centre, scale : tuple of float
        Of each column before its weight.
    weight : tuple of float
        Log-odds per standard deviation.
    base : float
        Log-odds where every column is at its centre.
    """

    signal: tuple[int, ...]
    kind: tuple[str, ...]
    category: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    base: float

    def log_odds(self, X: np.ndarray) -> np.ndarray:
        """Return log-odds of shape (n_rows,)."""
        # Not a product of matrices: that would round otherwise for one row and for many, and by the number of threads.
        return np.asarray(self.base + np.einsum("ij,j->i", self.columns(X), np.asarray(self.weight)))

    def contributions(self, X: np.ndarray) -> np.ndarray:
        """Return what each signal adds to the log-odds, shape (n_rows, n_signals + 1), the base last."""
        out = np.zeros((len(X), X.shape[1] + 1))
        parts = self.columns(X) * np.asarray(self.weight)
        for i, s in enumerate(self.signal):
            out[:, s] += parts[:, i]
        out[:, -1] = self.base
        return out

    def columns(self, X: np.ndarray) -> np.ndarray:
        """Return the columns of shape (n_rows, n_columns), scaled."""
        raw = raw_columns(X, self.signal, self.kind, self.category)
        kept = np.clip(raw, np.asarray(self.low), np.asarray(self.high))
        scaled = (kept - np.asarray(self.centre)) / np.asarray(self.scale)
        return np.asarray(np.nan_to_num(scaled, nan=0.0))

    def importance(self, n_signals: int) -> np.ndarray:
        """Return the sum of the absolute weights of each signal's columns."""
        return np.bincount(self.signal, np.abs(self.weight), n_signals)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in self.__dict__.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Linear:
        """Read what `to_dict` wrote."""
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**values)


def raw_columns(
    X: np.ndarray, signal: tuple[int, ...], kind: tuple[str, ...], category: tuple[float, ...]
) -> np.ndarray:
    """Return the columns before scaling; an unknown value is NaN."""
    out = np.empty((len(X), len(signal)))
    for i, (s, k, c) in enumerate(zip(signal, kind, category, strict=True)):
        values = X[:, s]
        if k == "missing":
            out[:, i] = np.isnan(values)
        elif k == "is":
            out[:, i] = values == c
        else:
            out[:, i] = np.sign(values) * np.log1p(np.abs(values))
    return out


def fit_linear(
    X: np.ndarray,
    y: np.ndarray,
    categories: Mapping[int, int],
    *,
    strengths: Sequence[float],
    groups: np.ndarray | None = None,
    most_rows: int = 100_000,
    seed: int = 0,
) -> dict[float, Linear]:
    """Fit the logistic model with an L2 penalty, once per strength of it.

    Parameters
    ----------
    X : numpy.ndarray of shape (n_rows, n_signals)
        Signals; NaN is unknown.
    y : numpy.ndarray of shape (n_rows,)
        Labels.
    categories : mapping of int to int
        Positions of category signals and how many values each has.
    strengths : sequence of float
        Of the penalty, half its factor times the sum of the squared weights; more is smoother.
    groups : numpy.ndarray of shape (n_rows,), optional
        The cutoff of each row. Each gets a level of its own while fitting, so that the weights tell customers of one
        cutoff apart and do not learn how the base rate drifted; `base` is the mean level.
    most_rows : int, default 100,000
        A random part of so many rows is used where there are more.
    seed : int, default 0
        Of that part.

    Returns
    -------
    dict of float to Linear
        By strength, without columns that do not vary. Columns are kept between the 0.5th and the 99.5th percentile.
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if len(y) > most_rows:
        part = np.sort(np.random.default_rng(seed).choice(len(y), most_rows, replace=False))
        X, y, groups = X[part], y[part], None if groups is None else groups[part]
    signal, kind, category = _columns_of(X, categories)
    raw = raw_columns(X, signal, kind, category)
    low, high = _usual(raw, np.array([k != "value" for k in kind], dtype=bool))
    np.clip(raw, low, high, out=raw)
    known = ~np.isnan(raw)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, raw, 0.0).sum(axis=0) / count
    raw -= centre
    raw[~known] = 0.0
    scale = np.sqrt((raw**2).sum(axis=0) / count)
    keep = np.flatnonzero(scale > 1e-9)
    columns = raw[:, keep] / scale[keep]
    levels = np.zeros((len(y), 0))
    if groups is not None:
        levels = _LOOSE * (groups[:, None] == np.unique(groups)).astype(np.float64)
    design = np.concatenate([columns, levels], axis=1)
    found = {}
    for strength in strengths:
        model = LogisticRegression(C=1 / strength, solver="newton-cholesky", max_iter=100)
        with threadpool_limits(1, "blas"):  # the same bits whatever the number of threads
            fitted = model.fit(design, y)
        weights, of_levels = np.split(fitted.coef_[0], [len(keep)])
        found[strength] = Linear(
            tuple(signal[i] for i in keep),
            tuple(kind[i] for i in keep),
            tuple(0.0 if np.isnan(category[i]) else category[i] for i in keep),
            tuple(low[keep].tolist()),
            tuple(high[keep].tolist()),
            tuple(centre[keep].tolist()),
            tuple(scale[keep].tolist()),
            tuple(weights.tolist()),
            float(fitted.intercept_[0]) + (_LOOSE * float(of_levels.mean()) if len(of_levels) else 0.0),
        )
    return found


def _usual(raw: np.ndarray, marks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the 0.5th and 99.5th percentile of each column's known values; 0 and 1 for marks."""
    low, high = np.zeros(raw.shape[1]), np.ones(raw.shape[1])
    for i in np.flatnonzero(~marks):
        values = raw[:, i]
        values = values[~np.isnan(values)]
        if len(values):
            low[i], high[i] = np.percentile(values, [0.5, 99.5])
    return low, high


def _columns_of(
    X: np.ndarray, categories: Mapping[int, int]
) -> tuple[tuple[int, ...], tuple[str, ...], tuple[float, ...]]:
    columns: list[tuple[int, str, float]] = []
    for s in range(X.shape[1]):
        if s in categories:
            columns += [(s, "is", float(v)) for v in range(categories[s])]
            continue
        columns.append((s, "value", np.nan))
        if 0 < np.isnan(X[:, s]).sum() < len(X):
            columns.append((s, "missing", np.nan))
    signal, kind, category = zip(*columns, strict=True) if columns else ((), (), ())
    return signal, kind, category
