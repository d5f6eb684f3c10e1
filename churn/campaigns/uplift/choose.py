"""Which learner: by later campaigns, or across customers where there is one; the same for choosing and judging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from churn.campaigns.uplift.actions import fit_actions
from churn.campaigns.uplift.learners import KINDS, folds_of
from churn.campaigns.uplift.qini import area, curve
from churn.campaigns.uplift.rows import Array, Rows
from churn.progress import report

LATER = 0.2  # of the rows, at least, are in the campaigns that judge
FOLDS = 3
MOST_STRETCH = 2.0  # an S-learner sees less than there is; more than this is chance

Split = tuple[Array, Array]


@dataclass(frozen=True)
class Fitting:
    """How learners are fitted."""

    categories: tuple[int, ...] = ()
    seed: int = 0
    threads: int = 1


@dataclass(frozen=True, eq=False)
class Unseen:
    """What a learner says of rows that it did not learn from.

    Attributes
    ----------
    mean : numpy.ndarray of shape (n_rows,)
        The action's mean effect; the assumed effect where the action was not seen.
    deviation : numpy.ndarray of shape (n_rows,)
        How far it says each customer is from that.
    """

    mean: Array
    deviation: Array


def splits_of(rows: Rows, seed: int = 0) -> tuple[list[Split], bool]:
    """Return positions to learn from and positions to judge on, and whether these are later campaigns.

    The last campaigns with at least `LATER` of the rows judge. Where there is only one campaign, each of `FOLDS` parts
    of its customers is judged by what the others taught.
    """
    present = np.unique(rows.campaign)
    if len(present) > 1:
        for first in present[:0:-1]:
            later = rows.campaign >= first
            if later.mean() >= LATER or first == present[1]:
                return [(np.flatnonzero(~later), np.flatnonzero(later))], True
    fold = folds_of(rows.customer, FOLDS, seed)
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)], False


def unseen(kind: str, rows: Rows, splits: Sequence[Split], fitting: Fitting) -> Unseen:
    """Return what learners of a kind say of the judged rows; shape (n_rows,), NaN for the rows that nobody judges."""
    mean, deviation = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    for learn, judge in splits:
        fitted = fit_actions(
            kind,
            rows.take(learn),
            categories=fitting.categories,
            seed=fitting.seed,
            threads=fitting.threads,
        )
        mean[judge], deviation[judge] = rows.assumed[judge], 0.0
        for code, action in fitted.items():
            where = judge[rows.action[judge] == code]
            if len(where):
                mean[where] = action.shrunk
                deviation[where] = action.deviation(rows.X[where], rows.risk[where], fitting.threads)
    return Unseen(mean, deviation)


def slope_of(found: Unseen, effects: Array, rows: Rows) -> float:
    """Return by what to multiply the differences so that they hold on unseen rows, 0 to `MOST_STRETCH`.

    The best linear predictor within each experiment: below 1 a learner saw more than there is, above 1 less.

    References
    ----------
    Chernozhukov, Demirer, Duflo and Fernández-Val (2018), Generic machine learning inference on heterogeneous
    treatment effects: the best linear predictor.
    """
    known = np.isfinite(found.deviation)
    kept = rows.take(known)
    d, e = found.deviation[known].copy(), effects[known].copy()
    for _, _, where in kept.experiments():
        d[where] -= d[where].mean()
        e[where] -= e[where].mean()
    spread = float((d * d).sum())
    return float(np.clip((d * e).sum() / spread, 0.0, MOST_STRETCH)) if spread > 1e-12 * len(d) else 0.0


@dataclass(frozen=True, eq=False)
class Choice:
    """The learner that was chosen, and how far the differences of each held.

    Attributes
    ----------
    kind : str
        The one with the largest area under its profit curve.
    slopes, areas : dict of str to float
        By kind.
    """

    kind: str
    slopes: Mapping[str, float]
    areas: Mapping[str, float]


def choose(rows: Rows, fitting: Fitting, kinds: Sequence[str] = KINDS, *, what: str = "") -> Choice:
    """Choose a learner by the area under the profit curve on rows that none of them learnt from."""
    splits, _ = splits_of(rows, fitting.seed)
    judged = np.sort(np.concatenate([judge for _, judge in splits]))
    effects = rows.effects()
    slopes, areas = {}, {}
    for done, kind in enumerate(kinds):
        report(what or "Choosing a learner", done, len(kinds))
        found = unseen(kind, rows, splits, fitting)
        slopes[kind] = slope_of(found, effects, rows)
        score = earning(found, slopes[kind], rows)[judged]
        profit = effects[judged] * rows.value[judged] - rows.cost[judged]
        areas[kind] = float(area(curve(score, profit)))
    best = max(kinds, key=lambda k: (round(areas[k], 12), -list(kinds).index(k)))
    return Choice(best, slopes, areas)


def earning(found: Unseen, slope: float, rows: Rows) -> Array:
    """Return the profit that is expected of contacting each row, shape (n_rows,)."""
    return np.asarray((found.mean + slope * found.deviation) * rows.value - rows.cost)
