"""What a fitted model is, as data: trees, weights of a linear model, slope and shift. Everything adds up in log-odds.

The log-odds of churn are ``slope * (weight * mean of the trees + (1 - weight) * linear) + shift``; so the contributions
of the signals, which both parts give, add up to the score exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from churn.errors import ModelError
from churn.model.linear import Linear


@dataclass(frozen=True)
class Predictor:
    """A fitted model.

    Attributes
    ----------
    trees : tuple of str
        Boosters in LightGBM's text format, one per seed; their log-odds are averaged. May be empty.
    linear : Linear or None
        The regularised logistic model over all signals.
    weight : float
        The trees' share in the blend; 1 without a linear part, 0 without trees.
    slope, shift : float
        The calibration: factor of the log-odds, and what is added to them.
    """

    trees: tuple[str, ...] = ()
    linear: Linear | None = None
    weight: float = 1.0
    slope: float = 1.0
    shift: float = 0.0

    @cached_property
    def boosters(self) -> tuple[Any, ...]:
        """The LightGBM boosters."""
        import lightgbm

        try:
            return tuple(lightgbm.Booster(model_str=text) for text in self.trees)
        except lightgbm.basic.LightGBMError as error:
            raise ModelError(
                f"The model's trees cannot be read: {error}",
                fix="Copy the bundle again from where it was made, or train again.",
                code="damaged",
            ) from None

    def log_odds(self, X: np.ndarray, *, threads: int = 2) -> np.ndarray:
        """Return the log-odds of churn of shape (n_rows,), before any shift of the base rate."""
        z = np.zeros(len(X))
        for booster in self.boosters if len(X) else ():  # LightGBM fails on no rows
            z += self.weight / len(self.boosters) * booster.predict(X, raw_score=True, num_threads=threads)
        if self.linear is not None:
            z += (1 - self.weight) * self.linear.log_odds(X)
        return np.asarray(self.slope * z + self.shift)

    def predict(self, X: np.ndarray, *, shift: float = 0.0, threads: int = 2) -> np.ndarray:
        """Return churn probabilities of shape (n_rows,); `shift` moves all log-odds, see `churn.model.baserate`."""
        return probability(self.log_odds(X, threads=threads) + shift)

    def contributions(self, X: np.ndarray, *, shift: float = 0.0, threads: int = 2) -> np.ndarray:
        """Return what each signal adds to the log-odds, shape (n_rows, n_signals + 1).

        The last column is the base: what is left without any signal. A row's sum is the log-odds of `predict`.
        """
        out = np.zeros((len(X), X.shape[1] + 1))
        for booster in self.boosters if len(X) else ():
            part = booster.predict(X, pred_contrib=True, num_threads=threads)
            out += self.weight / len(self.boosters) * np.asarray(part)
        if self.linear is not None:
            out += (1 - self.weight) * self.linear.contributions(X)
        out *= self.slope
        out[:, -1] += self.shift + shift
        return out

    def importance(self, n_signals: int) -> np.ndarray:
        """Return each signal's share of the trees' gain, or of the linear weights where there are no trees."""
        gain = np.zeros(n_signals)
        for booster in self.boosters:
            gain += np.asarray(booster.feature_importance("gain"), dtype=np.float64)
        if not self.trees and self.linear is not None:
            gain = self.linear.importance(n_signals)
        return gain / gain.sum() if gain.sum() else gain

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the trees as plain values."""
        return {
            "trees": len(self.trees),
            "linear": None if self.linear is None else self.linear.to_dict(),
            "weight": self.weight,
            "slope": self.slope,
            "shift": self.shift,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], trees: tuple[str, ...]) -> Predictor:
        """Read what `to_dict` wrote, with the texts of the trees."""
        linear = None if data["linear"] is None else Linear.from_dict(data["linear"])
        return cls(trees, linear, data["weight"], data["slope"], data["shift"])


def probability(z: np.ndarray) -> np.ndarray:
    """Return probabilities of log-odds.

    Examples
    --------
    >>> probability(np.array([0.0, 2.0])).round(3).tolist()
    [0.5, 0.881]
    """
    from scipy.special import expit

    return np.asarray(expit(z))


def to_log_odds(p: np.ndarray) -> np.ndarray:
    """Return the log-odds of probabilities, kept within what a double tells apart.

    Examples
    --------
    >>> to_log_odds(np.array([0.5, 0.9])).round(3).tolist()
    [0.0, 2.197]
    """
    from scipy.special import logit

    return np.asarray(logit(np.clip(p, 1e-9, 1 - 1e-9)))
