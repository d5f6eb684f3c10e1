"""What a part of the signals or of the rows adds: the model of a fold fitted again without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from churn.config import TrainingSettings
from churn.definition import Definition
from churn.errors import ChurnError
from churn.features.signal import Signal
from churn.model.fit import fit, level_shifts
from churn.model.fold import Fold

# Groups across families that users ask about: name, which signals belong.
GROUPS: Mapping[str, Callable[[Signal], bool]] = {
    "all of tickets": lambda s: "tickets" in s.sources,
    "ignored complaints": lambda s: "ignored" in s.name,
}
CUSTOMER_SHARES = (0.1, 0.25, 0.5)
SNAPSHOT_COUNTS = (3, 6, 12, 24)


def groups_of(signals: Sequence[Signal]) -> dict[str, np.ndarray]:
    """Return the groups that are left out one at a time: each family, tickets, ignored complaints.

    Parameters
    ----------
    signals : sequence of Signal
        The columns.

    Returns
    -------
    dict of str to numpy.ndarray of bool, shape (n_signals,)
        Which columns belong; only groups that are there and are not everything.

    Examples
    --------
    >>> from churn.features.catalogue import catalogue, full_schema
    >>> list(groups_of(catalogue(full_schema())))[-2:]
    ['all of tickets', 'ignored complaints']
    """
    found = {f: np.array([s.family == f for s in signals]) for f in dict.fromkeys(s.family for s in signals)}
    found |= {name: np.array([belongs(s) for s in signals]) for name, belongs in GROUPS.items()}
    return {name: those for name, those in found.items() if those.any() and not those.all()}


def refit(
    fold: Fold,
    definition: Definition,
    settings: TrainingSettings,
    *,
    keep: np.ndarray | None = None,
    rows: np.ndarray | None = None,
) -> np.ndarray | None:
    """Fit the model of a fold again on some of its signals or rows and predict its test rows.

    Parameters
    ----------
    fold : Fold
        From `fit_at`.
    definition, settings : Definition, TrainingSettings
        Those of the fold.
    keep : numpy.ndarray of bool, shape (n_signals,), optional
        The columns that are kept.
    rows : numpy.ndarray of bool, shape (n_learn,), optional
        The training rows that are kept.

    Returns
    -------
    numpy.ndarray of shape (n_test,) or None
        Churn probabilities; None where there is too little left to fit.
    """
    keep = np.ones(len(fold.signals), dtype=bool) if keep is None else keep
    rows = np.ones(len(fold.learn), dtype=bool) if rows is None else rows
    part = fold.learn
    learn = replace(
        part, X=part.X[rows][:, keep], y=part.y[rows], customer=part.customer[rows], cutoff=part.cutoff[rows]
    )
    signals = tuple(s for s, kept in zip(fold.signals, keep, strict=True) if kept)
    if min(learn.y.sum(), len(learn) - learn.y.sum()) == 0:
        return None
    try:
        fitted = fit(learn, definition, signals, settings)
    except ChurnError:
        return None
    shift = fold.forecast.shift
    if (
        not rows.all()
    ):  # it is a shift from the mean level of all training cutoffs; a part of them has another
        z = fitted.predictor.log_odds(part.X[:, keep], threads=settings.threads)
        shift += float(np.mean(list(level_shifts(part, z).values())))
    return np.asarray(fitted.predictor.predict(fold.test.X[:, keep], shift=shift, threads=settings.threads))


def without_groups(
    fold: Fold, definition: Definition, settings: TrainingSettings, step: Callable[[], None]
) -> dict[str, np.ndarray]:
    """Return the predictions of models fitted without each group of signals."""
    out = {}
    for name, those in groups_of(fold.signals).items():
        p = refit(fold, definition, settings, keep=~those)
        if p is not None:
            out[name] = p
        step()
    return out


def with_less(
    fold: Fold, definition: Definition, settings: TrainingSettings, step: Callable[[], None]
) -> dict[str, np.ndarray]:
    """Return the predictions of models fitted on a part of the customers, and on the newest snapshots only.

    The customers of a smaller part are among those of a larger one.
    """
    customer, cutoffs = fold.learn.customer, fold.learn.cutoffs
    place = np.random.default_rng(settings.seed).permutation(int(customer.max()) + 1)
    shares = np.argsort(np.argsort(place[np.unique(customer)])) / len(np.unique(customer))
    share_of = shares[np.unique(customer, return_inverse=True)[1]]
    parts = {f"{100 * s:.0f} % of the customers": share_of < s for s in CUSTOMER_SHARES}
    parts |= {
        f"the newest {k} snapshots": fold.learn.cutoff >= cutoffs[-k]
        for k in SNAPSHOT_COUNTS
        if k < len(cutoffs)
    }
    out = {}
    for name, rows in parts.items():
        p = refit(fold, definition, settings, rows=rows)
        if p is not None:
            out[name] = p
        step()
    for _ in range(len(CUSTOMER_SHARES) + len(SNAPSHOT_COUNTS) - len(parts)):
        step()
    return out
