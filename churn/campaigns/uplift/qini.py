"""Qini curves, uplift at a depth and profit of rankings, with paired intervals, from effects under known chances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from churn.campaigns.uplift.rows import Array

DEPTHS = np.arange(101) / 100  # of the curves
_CELLS = 250_000  # of a weight matrix held at once: it stays in the processor's cache


class Ranking:
    """One order of contacting, against effects that are unbiased row by row.

    Parameters
    ----------
    score : numpy.ndarray of shape (n_rows,)
        Highest first. Of equal scores any order is as likely, so they share what they bring: a constant is random.
    """

    def __init__(self, score: Array) -> None:
        self.order = np.argsort(-score, kind="stable")
        ranked = score[self.order]
        self.last = np.flatnonzero(np.concatenate([ranked[1:] != ranked[:-1], [True]]))

    def reached(self, amounts: Array, weights: Array, depths: Array) -> Array:
        """Return the sum of amounts down to each depth, per row of all rows.

        Parameters
        ----------
        amounts : numpy.ndarray of shape (n_rows,)
            Such as effects, or effects times value less cost.
        weights : numpy.ndarray of shape (n_rows, k)
            How often each row counts, by resample.
        depths : numpy.ndarray of shape (n_depths,)
            Shares of all rows, 0 to 1.

        Returns
        -------
        numpy.ndarray of shape (n_depths, k)
        """
        order, last = self.order, self.last
        w = weights[order]
        got = np.cumsum(w * amounts[order][:, None], axis=0)[last]
        rows = np.cumsum(w, axis=0)[last]
        edge, sums = np.zeros(len(last) + 1), np.zeros(len(last) + 1)
        out = np.empty((len(depths), weights.shape[1]))
        for j in range(weights.shape[1]):
            total = rows[-1, j]
            edge[1:], sums[1:] = rows[:, j] / total, got[:, j] / total
            out[:, j] = np.interp(depths, edge, sums)
        return out


def curve(score: Array, effects: Array) -> Array:
    """Return the Qini curve: customers kept by contacting so large a share, per customer of all, at `DEPTHS`.

    Parameters
    ----------
    score : numpy.ndarray of shape (n_rows,)
        Highest is contacted first; equal ones share.
    effects : numpy.ndarray of shape (n_rows,)
        From `Rows.effects`.

    References
    ----------
    Radcliffe (2007), Using control groups to target on predicted lift: the curve. Gutierrez and Gérardy (2017), Causal
    inference and uplift modelling: its form under known chances.

    Examples
    --------
    >>> curve(np.array([2.0, 1.0]), np.array([1.0, 0.0]))[[0, 25, 50, 100]].tolist()
    [0.0, 0.25, 0.5, 0.5]
    """
    return Ranking(score).reached(effects, np.ones((len(score), 1)), DEPTHS)[:, 0]


def area(of_curve: Array) -> Array:
    """Return the area under curves at `DEPTHS` (AUUC), over the first axis."""
    return np.asarray(np.trapezoid(of_curve, DEPTHS, axis=0))


def qini(of_curve: Array) -> Array:
    """Return the Qini coefficient: the area between curves at `DEPTHS` and contacting at random.

    It is not divided by the best possible area, which outcomes of 0 and 1 put out of anybody's reach
    (Devriendt, Van Belle, Guns and Verbeke 2020); so it has a unit, customers kept per customer, and 0 means random.
    """
    return np.asarray(area(of_curve) - of_curve[-1] / 2)


def resamples(customer: Array, count: int, seed: int) -> Iterator[tuple[slice, Array]]:
    """Yield bootstrap weights of shape (n_rows, k), some resamples at a time; a customer is drawn with all his rows."""
    rng = np.random.default_rng(seed)
    people, code = np.unique(customer, return_inverse=True)
    n = len(people)
    step = max(1, min(count, _CELLS // max(n, len(customer), 1)))
    for start in range(0, count, step):
        now = min(step, count - start)
        drawn = rng.integers(0, n, (now, n)) + np.arange(now)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=now * n).reshape(now, n).T.astype(np.float64)
        yield slice(start, start + now), np.ascontiguousarray(counts)[code]


@dataclass(frozen=True, eq=False)
class Measured:
    """What rankings bring, by resample; the first resample is the rows as they are.

    Attributes
    ----------
    curves : dict of str to numpy.ndarray of shape (101, 1 + n_resamples)
        Customers kept per customer, by ranking.
    profits : dict of str to numpy.ndarray of shape (101, 1 + n_resamples)
        Profit per customer, by ranking.
    """

    curves: Mapping[str, Array]
    profits: Mapping[str, Array]


def measure(
    rankings: Mapping[str, Array],
    effects: Array,
    profit: Array,
    customer: Array,
    *,
    count: int = 400,
    seed: int = 0,
) -> Measured:
    """Measure rankings on the same rows and the same resamples, so that their differences are paired.

    Parameters
    ----------
    rankings : mapping of str to numpy.ndarray of shape (n_rows,)
        Scores by name.
    effects, profit : numpy.ndarray of shape (n_rows,)
        Customers kept, and money earned, by contacting a row; unbiased row by row.
    customer : numpy.ndarray of shape (n_rows,)
        Whose row it is.
    count, seed : int, optional
        Of the bootstrap.
    """
    made = {name: Ranking(score) for name, score in rankings.items()}
    curves = {name: np.empty((len(DEPTHS), count + 1)) for name in made}
    profits = {name: np.empty((len(DEPTHS), count + 1)) for name in made}

    def add(where: slice, weights: Array) -> None:
        for name, ranking in made.items():
            curves[name][:, where] = ranking.reached(effects, weights, DEPTHS)
            profits[name][:, where] = ranking.reached(profit, weights, DEPTHS)

    add(slice(0, 1), np.ones((len(effects), 1)))
    for which, weights in resamples(customer, count, seed):
        add(slice(which.start + 1, which.stop + 1), weights)
    return Measured(curves, profits)


def interval(values: Array, alpha: float = 0.05) -> tuple[float, float, float]:
    """Return the value on the rows themselves and the percentile interval of the resamples.

    Parameters
    ----------
    values : numpy.ndarray of shape (1 + n_resamples,)
        As in `Measured`.
    alpha : float, optional
        What is left outside.
    """
    low, high = np.quantile(values[1:], [alpha / 2, 1 - alpha / 2])
    return float(values[0]), float(low), float(high)


def at(depths: Sequence[float]) -> list[int]:
    """Return the positions of depths in `DEPTHS`, rounded to whole percent."""
    return [round(100 * d) for d in depths]
