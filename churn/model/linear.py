"""The regularised logistic model over all signals, as data: how each column is scaled, and its weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Linear:
    """A logistic model whose columns are made from the signals.

    Each column is one signal after the signed logarithm, standardised, with 0 where it is not known; or a mark
    that it is not known; or, for a category, a mark of one value.

    Attributes
    ----------
    signal : tuple of int
        The signal that each column comes from.
    kind : tuple of str
        ``value``, ``missing`` or ``is`` (a category's value).
    category : tuple of float
        The value that an ``is`` column marks.
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
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    base: float

    def log_odds(self, X: np.ndarray) -> np.ndarray:
        """Return log-odds of shape (n_rows,)."""
        return np.asarray(self.base + self.columns(X) @ np.asarray(self.weight))

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
        scaled = (raw - np.asarray(self.centre)) / np.asarray(self.scale)
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
    strength: float,
    weights: np.ndarray | None = None,
) -> Linear:
    """Fit the logistic model with an L2 penalty.

    Parameters
    ----------
    X : numpy.ndarray of shape (n_rows, n_signals)
        Signals; NaN is unknown.
    y : numpy.ndarray of shape (n_rows,)
        Labels.
    categories : mapping of int to int
        Positions of category signals and how many values each has.
    strength : float
        The penalty on squared weights, as if it were so many rows' worth of log-likelihood; more is smoother.
    weights : numpy.ndarray of shape (n_rows,), optional
        Weights of the rows.

    Returns
    -------
    Linear
        Without columns that do not vary.
    """
    from sklearn.linear_model import LogisticRegression

    signal: list[int] = []
    kind: list[str] = []
    category: list[float] = []
    for s in range(X.shape[1]):
        values = [float(v) for v in range(categories[s])] if s in categories else [np.nan]
        for v in values:
            signal.append(s)
            kind.append("is" if s in categories else "value")
            category.append(v)
        if s not in categories and 0 < np.isnan(X[:, s]).sum() < len(X):
            signal.append(s)
            kind.append("missing")
            category.append(np.nan)
    raw = raw_columns(X, tuple(signal), tuple(kind), tuple(category))
    known = ~np.isnan(raw)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, raw, 0.0)
    centre = filled.sum(axis=0) / count
    scale = np.sqrt(np.where(known, (raw - centre) ** 2, 0.0).sum(axis=0) / count)
    keep = np.flatnonzero(scale > 1e-9)
    columns = np.where(known, (raw - centre) / np.where(scale > 1e-9, scale, 1.0), 0.0)[:, keep]
    fitted = LogisticRegression(C=1 / strength, max_iter=500, tol=1e-5).fit(columns, y, weights)
    return Linear(
        tuple(signal[i] for i in keep),
        tuple(kind[i] for i in keep),
        tuple(0.0 if np.isnan(category[i]) else category[i] for i in keep),
        tuple(centre[keep].tolist()),
        tuple(scale[keep].tolist()),
        tuple(fitted.coef_[0].tolist()),
        float(fitted.intercept_[0]),
    )
