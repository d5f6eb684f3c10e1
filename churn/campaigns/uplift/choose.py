"""Which learner, by customers that it did not learn from; and which campaigns judge what earlier ones taught."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from churn.campaigns.uplift.actions import fit_actions
from churn.campaigns.uplift.learners import KINDS
from churn.campaigns.uplift.rows import Array, Rows, folds_of
from churn.progress import report

EARLIER = 0.1  # of the rows, at least, have taught before a campaign is judged
ORIGINS = 5  # times, at most, that everything is learnt anew to judge what followed
FOLDS = 3
LEAST_EVIDENCE = 2.0  # more than a simpler learner: what chance alone exceeds once in six times
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

    Each campaign judges what those taught that were over when it started, from the first on before which `EARLIER` of
    the rows were known. Many campaigns judge in at most `ORIGINS` groups of about as many rows, each what was known
    when the group's first one started. Where none was over before another, each of `FOLDS` parts of the customers
    judges what the others taught.

    A customer may be in both parts of a split: his earlier outcome was known before the lot drew his later arm, so it
    can tell how he will go on, and not in which arm.

    References
    ----------
    Dawid (1984), Present position and potential developments: the prequential approach.
    """
    present = [int(c) for c in np.unique(rows.campaign)]
    known = {c: int(rows.around(c)[0].sum()) for c in present}
    judged = [c for c in present if known[c] >= EARLIER * len(rows)] or [c for c in present if known[c]]
    if not judged:
        return folds(rows, seed), False
    sizes = np.array([(rows.campaign == c).sum() for c in judged])
    group = np.minimum(ORIGINS * (np.cumsum(sizes) - sizes / 2) // sizes.sum(), ORIGINS - 1)
    if len(judged) <= ORIGINS:
        group = np.arange(len(judged))
    splits = []
    for g in np.unique(group):
        campaigns = [c for c, of in zip(judged, group, strict=True) if of == g]
        learn = np.flatnonzero(rows.around(campaigns[0])[0])
        splits.append((learn, np.flatnonzero(np.isin(rows.campaign, campaigns))))
    return splits, True


def folds(rows: Rows, seed: int = 0) -> list[Split]:
    """Return splits of which each judges another part of the customers."""
    fold = folds_of(rows.customer, FOLDS, seed)
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]


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
        The simplest of those whose differences explain most of the effects of customers left out.
    slopes, evidence : dict of str to float
        By kind; the evidence is the squared t value of the differences.
    """

    kind: str
    slopes: Mapping[str, float]
    evidence: Mapping[str, float]


def choose(rows: Rows, fitting: Fitting, kinds: Sequence[str] = KINDS, *, what: str = "") -> Choice:
    """Choose a learner by how much of the effects it explains, of customers that it did not learn from.

    All rows judge, each by what customers of the other folds taught: one campaign alone would choose by chance. The
    learners come simplest first, and one is taken where its squared t value is above that of the one taken so far by
    more than `LEAST_EVIDENCE`; so a small lead that chance gives to one of many does not count.

    References
    ----------
    Schuler, Baiocchi, Tibshirani and Shah (2018), A comparison of methods for model selection when estimating
    individual treatment effects: the loss on effects chooses best.
    """
    splits = folds(rows, fitting.seed)
    effects = rows.effects()
    slopes, evidence = {}, {}
    for done, kind in enumerate(kinds):
        report(what or "Choosing a learner", done, len(kinds))
        found = unseen(kind, rows, splits, fitting)
        slopes[kind] = slope_of(found, effects, rows)
        evidence[kind] = _evidence(found, effects, rows)
    best = kinds[0]
    for kind in kinds[1:]:
        if evidence[kind] > evidence[best] + LEAST_EVIDENCE:
            best = kind
    return Choice(best, slopes, evidence)


def _evidence(found: Unseen, effects: Array, rows: Rows) -> float:
    """Return the squared t value of the differences, in money, within each experiment; 0 where they point amiss."""
    d, e = found.deviation * rows.value, effects * rows.value
    for _, _, where in rows.experiments():
        d[where] -= d[where].mean()
        e[where] -= e[where].mean()
    if np.abs(d).max() <= 1e-9 * np.abs(rows.value).max():
        return 0.0  # nobody is told apart: what is left of a constant is rounding, which has a t value, too
    noise = float(np.sqrt(((d * e) ** 2).sum()))
    return max(0.0, float((d * e).sum()) / noise) ** 2 if noise > 0 else 0.0


def earning(found: Unseen, slope: float, rows: Rows) -> Array:
    """Return the profit that is expected of contacting each row, shape (n_rows,)."""
    return np.asarray((found.mean + slope * found.deviation) * rows.value - rows.cost)
