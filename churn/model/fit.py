"""Fits a model on training snapshots, choosing by what predicts later ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from churn.config import TrainingSettings
from churn.definition import Definition
from churn.features.signal import Signal
from churn.model.baserate import shift_to
from churn.model.boost import PARAMETERS, find_trees, fit_trees
from churn.model.calibrate import find_slope, recentred_losses, surely_better
from churn.model.linear import Linear, fit_linear
from churn.model.predictor import Predictor
from churn.model.snapshots import Snapshots
from churn.progress import report

# Measured on parts of three data sets, see decision 12: below so many customers (or so many who ever did the rarer
# thing) trees add nothing to the logistic model; up to the second number half of each is the safest.
FEWEST_CUSTOMERS, FEWEST_OF_THE_RARER = 200, 50
FEW_CUSTOMERS = 2000
_FEWEST_TO_CHOOSE_BY = 5  # who churned and who stayed in the rows that candidates are fitted on
STRENGTHS = (100.0, 1000.0, 10_000.0)
WEIGHTS = (1.0, 0.75, 0.5, 0.25)
# In a short history the month of the first order tells the cutoffs apart, and then the weight of a month is the drift
# of the base rate. Trees see little of it; to the logistic model it did harm, so it gets no column there.
_STANDS_FOR_TIME = ("first_order_month",)
SEEDS, ROWS_FOR_SEEDS = 3, 60_000


@dataclass(frozen=True)
class Fitted:
    """A fitted model and how it came about.

    Attributes
    ----------
    predictor : Predictor
        The model.
    facts : dict
        What was chosen and why, as plain values: ``trees`` (per booster), ``parameters``, ``kind``, ``chosen``
        (a sentence), ``weight``, ``slope``, ``strength``, ``later`` (recentred log loss of each candidate on
        the newest training snapshot, by a model that had not seen it).
    """

    predictor: Predictor
    facts: dict[str, Any] = field(default_factory=dict)


def fit(
    learn: Snapshots, definition: Definition, signals: Sequence[Signal], settings: TrainingSettings
) -> Fitted:
    """Fit a model on training snapshots; nothing else is seen.

    Every cutoff has a level of its own while fitting, so the model learns what tells the customers of one cutoff
    apart, and not how the base rate drifted: the model gets the mean level, and `churn.model.baserate` forecasts from
    it. Candidates are fitted on the snapshots whose labels end by the newest one, and compared on it by log loss after
    recentring. What wins is fitted again on all snapshots.

    Parameters
    ----------
    learn : Snapshots
        Rows of the training cutoffs.
    definition : Definition
        What churn means.
    signals : sequence of Signal
        What the columns are.
    settings : TrainingSettings
        Seed, threads, tuning.

    Returns
    -------
    Fitted
        Trees, the logistic model over all signals, or their blend; on few customers the logistic model alone.
    """
    categories = {
        i: 0 if s.name in _STANDS_FOR_TIME else len(s.categories)
        for i, s in enumerate(signals)
        if s.categories
    }
    early, before, newest = split_later(learn, definition)
    few, customers = too_few_for_trees(learn), len(np.unique(learn.customer))

    def linears_of(part: Snapshots, strengths: Sequence[float]) -> dict[float, Linear]:
        return fit_linear(
            part.X, part.y, categories, strengths=strengths, groups=part.cutoff, seed=settings.seed
        )

    report("Fitting the logistic model")
    linears = {s: Predictor(linear=found, weight=0.0) for s, found in linears_of(early, STRENGTHS).items()}
    later = {
        f"logistic_{s:g}": float(recentred_losses(p.log_odds(newest.X), newest.y).mean())
        for s, p in linears.items()
    }
    strength = min(STRENGTHS, key=lambda s: later[f"logistic_{s:g}"])
    linear = linears[strength]
    parameters: dict[str, Any] = {}
    trees: tuple[str, ...] = ()
    counts: list[int] = []
    weight = 0.0
    trials: list[dict[str, Any]] = []
    if not few:
        parameters = dict(PARAMETERS)
        levels = levels_of(early, linear.log_odds(early.X))
        if settings.tune_trials:
            from churn.model.tune import tune

            parameters, trials = tune(early, newest, signals, settings, levels)
        count, alone = find_trees(early, newest, signals, settings, parameters, levels)
        zt, zl = alone.log_odds(newest.X, threads=settings.threads), linear.log_odds(newest.X)
        blends = {w: recentred_losses(w * zt + (1 - w) * zl, newest.y) for w in WEIGHTS}
        later |= {f"trees_{w:g}": float(losses.mean()) for w, losses in blends.items()}
        best = min(WEIGHTS, key=lambda w: blends[w].mean())
        weight = 0.5 if customers < FEW_CUSTOMERS else 1.0
        weight = best if surely_better(blends[best], blends[weight]) else weight
        linear = Predictor(alone.trees, linear.linear if weight < 1 else None, weight)
        seeds = SEEDS if len(learn) <= ROWS_FOR_SEEDS else 1
        counts = [count] * seeds
    final = linears_of(learn, [strength])[strength]
    if not few:
        levels = levels_of(learn, final.log_odds(learn.X))
        trees = fit_trees(learn, signals, settings, parameters, levels, count, seeds)
    slope = find_slope(
        None if before is None else (linear.log_odds(before.X, threads=settings.threads), before.y),
        (linear.log_odds(newest.X, threads=settings.threads), newest.y),
    )
    predictor = Predictor(trees, final if weight < 1 else None, weight, slope)
    shifts = level_shifts(learn, predictor.log_odds(learn.X, threads=settings.threads))
    predictor = replace(predictor, shift=float(np.mean(list(shifts.values()))))
    facts = {
        "kind": "logistic" if few else "trees" if weight == 1 else "blend",
        "trees": counts,
        "parameters": {k: v for k, v in parameters.items() if k != "verbose"},
        "strength": strength if weight < 1 else None,
        "weight": weight,
        "slope": slope,
        "later": later,
        "chosen": _chosen(few, weight, slope, learn),
        **({"trials": trials} if trials else {}),
    }
    return Fitted(predictor, facts)


def split_later(learn: Snapshots, definition: Definition) -> tuple[Snapshots, Snapshots | None, Snapshots]:
    """Return the snapshots whose labels end by the newest, the oldest one between the two, and the newest.

    In a short history, where no label ends by the newest snapshot, the oldest snapshot stands in for the first part.
    Where hardly anybody churned in it (or stayed), everything before the newest does, and at worst everything.
    """
    cutoffs = [int(c) for c in learn.cutoffs]
    newest = cutoffs[-1]
    known = [c for c in cutoffs if c + definition.window_us <= newest] or cutoffs[:1]
    between = [c for c in cutoffs if known[-1] < c < newest]
    early, before = learn.until(known[-1]), learn.at(between[0]) if between else None
    for wider in (learn.until(cutoffs[max(len(cutoffs) - 2, 0)]), learn):
        if min((early.y == 1).sum(), (early.y == 0).sum()) < _FEWEST_TO_CHOOSE_BY:
            early, before = wider, None
    return early, before, learn.at(newest)


def level_shifts(part: Snapshots, z: np.ndarray) -> dict[int, float]:
    """Return for each cutoff what to add to its rows' log-odds so that their mean is the share who churned."""
    shifts = {}
    for cutoff in part.cutoffs:
        rows = part.cutoff == cutoff
        shifts[int(cutoff)] = shift_to(z[rows], float(part.y[rows].mean()))
    return shifts


def levels_of(part: Snapshots, z: np.ndarray) -> np.ndarray:
    """Return for each row the level of its cutoff in log-odds, once what tells its customers apart is known."""
    shifts, centre = level_shifts(part, z), float(z.mean())
    levels = np.array([shifts[int(c)] for c in part.cutoffs])[np.searchsorted(part.cutoffs, part.cutoff)]
    return np.asarray(np.round(levels + centre, 6))  # the last bits are the machine's


def too_few_for_trees(learn: Snapshots) -> bool:
    """Tell whether there are too few customers, or too few who ever churned or ever stayed, for trees."""
    rarer = min(len(np.unique(learn.customer[learn.y == v])) for v in (0.0, 1.0))
    return len(np.unique(learn.customer)) < FEWEST_CUSTOMERS or rarer < FEWEST_OF_THE_RARER


def _share(weight: float) -> str:
    return f"{100 * weight:.0f} %"


def _chosen(few: bool, weight: float, slope: float, learn: Snapshots) -> str:
    if few:
        customers = len(np.unique(learn.customer))
        said = (
            f"Too few customers for trees ({customers:,}; from {FEWEST_CUSTOMERS} on they learn more)"
            if customers < FEWEST_CUSTOMERS
            else f"Too few customers ever churned, or ever stayed, for trees (from {FEWEST_OF_THE_RARER} on they help)"
        )
        said += ": the regularised logistic model over all signals is used"
    elif weight == 1:
        said = "Trees alone: a blend with the logistic model was not surely better on later data"
    else:
        said = f"A blend of {_share(weight)} trees and {_share(1 - weight)} logistic model"
    if slope != 1:
        said += f"; log-odds times {slope:.2f}, which helped on later data"
    return f"{said}."
