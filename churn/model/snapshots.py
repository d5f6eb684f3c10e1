"""Stacked training snapshots: population x shared cutoffs, with features from before and labels from after.

The spine comes from who was active at each cutoff, never from who has events afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from churn.data.history import DAY_US, History
from churn.definition import Definition
from churn.errors import ModelError
from churn.features.compute import feature_matrices
from churn.features.signal import Signal


@dataclass(frozen=True)
class Snapshots:
    """Rows of several cutoffs on top of each other, oldest cutoff first.

    Attributes
    ----------
    X : numpy.ndarray of float64, shape (n_rows, n_signals)
        Signals; NaN is unknown.
    y : numpy.ndarray of float64, shape (n_rows,)
        1 churned, 0 stayed.
    customer : numpy.ndarray of int64, shape (n_rows,)
        Positions in `History.customers`.
    cutoff : numpy.ndarray of int64, shape (n_rows,)
        The instant of each row's snapshot.
    neither : dict of int to int
        By cutoff, how many customers were left out because they neither churned nor stayed: those who were lost
        within the gap, before the label window began, and those whom a table of labels does not name.
    """

    X: np.ndarray
    y: np.ndarray
    customer: np.ndarray
    cutoff: np.ndarray
    neither: dict[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.y)

    @property
    def cutoffs(self) -> np.ndarray:
        """The distinct cutoffs, ascending."""
        return np.unique(self.cutoff)

    def until(self, last_cutoff: int) -> Snapshots:
        """Return the rows with cutoffs up to and including one."""
        return self._where(
            self.cutoff <= last_cutoff, {c: n for c, n in self.neither.items() if c <= last_cutoff}
        )

    def at(self, cutoff: int) -> Snapshots:
        """Return the rows of one cutoff."""
        return self._where(self.cutoff == cutoff, {c: n for c, n in self.neither.items() if c == cutoff})

    def _where(self, rows: np.ndarray, neither: dict[int, int]) -> Snapshots:
        return Snapshots(self.X[rows], self.y[rows], self.customer[rows], self.cutoff[rows], neither)


def training_cutoffs(
    history: History,
    definition: Definition,
    test_cutoff: int,
    *,
    step_days: int,
    max_snapshots: int,
    history_days: int | None = None,
) -> list[int]:
    """Return the cutoffs to learn from, oldest first.

    They lie `step_days` apart, backwards from the last one whose label window ends by the test cutoff (purge:
    what a label saw must have been known when the test cutoff came), and leave at least `lookback_days` of
    history before the oldest, so that its population is complete. A shorter `history_days` gives snapshots from which
    the customers of long ago are missing: worth it where the history is short. A definition that brings cutoffs
    of its own (`Definition.cutoffs`) is learnt from at those of them that meet both, the newest `max_snapshots`.

    Raises
    ------
    ModelError
        The history holds fewer than three such cutoffs.
    """
    needed = definition.lookback_days if history_days is None else history_days
    start = history.start_known_at(test_cutoff)  # older orders that come to light later change nothing
    earliest = start + needed * DAY_US
    own = definition.cutoffs(history)
    if own is not None:
        return _own_cutoffs(history, definition, test_cutoff, own, (earliest, needed), max_snapshots)
    cutoffs: list[int] = []
    latest = history.midnight(test_cutoff - definition.window_us)  # the midnight at or before: never too late
    for k in range(max_snapshots):
        cutoff = history.days_before(latest, k * step_days)
        if cutoff < earliest:
            break
        cutoffs.append(cutoff)
    if len(cutoffs) < 3:
        days = (test_cutoff - start) / DAY_US
        raise ModelError(
            "The history is too short to learn from",
            given=f"{days:.0f} days of orders before the test cutoff {history.date(test_cutoff)}, room for "
            f"{len(cutoffs)} training snapshot{'' if len(cutoffs) == 1 else 's'}",
            allowed=f"at least 3 snapshots: {needed} days to see who is active, "
            f"{definition.window_us // DAY_US} days of outcome and {2 * step_days} days between",
            fix="Shorten active_days, horizon_days, step_days or training.history_days, or bring more history.",
            code="short-history",
        )
    return cutoffs[::-1]


def _own_cutoffs(
    history: History,
    definition: Definition,
    test_cutoff: int,
    own: np.ndarray,
    since: tuple[int, int],
    most: int,
) -> list[int]:
    earliest, needed = since
    fits = own[(own >= earliest) & (own + definition.window_us <= test_cutoff)]
    if len(fits) < 3:
        raise ModelError(
            "There are too few cutoffs to learn from",
            given=f"{len(own)} from {history.date(int(own[0]))} to {history.date(int(own[-1]))}, of which {len(fits)} "
            f"lie {definition.window_us // DAY_US} days or more before the test cutoff {history.date(test_cutoff)} and "
            f"{needed} days or more after the first order",
            allowed="at least 3 of them",
            fix="Bring labels of more cutoffs, choose a later test cutoff, or shorten active_days.",
            code="short-history",
        )
    return [int(c) for c in fits[-most:]]


def build_snapshots(
    history: History,
    definition: Definition,
    cutoffs: Sequence[int],
    signals: Sequence[Signal],
    *,
    known_at: int | None = None,
) -> Snapshots:
    """Compute features and labels at each cutoff and stack them; who neither churned nor stayed is left out.

    With `known_at`, outcomes whose window ends by that instant are read from the rows that were known then: what was
    recorded later could not be learnt from.
    """
    by_then = None if known_at is None else history.known_at(known_at)
    populations, ys, neither = [], [], {}
    for cutoff in cutoffs:
        population = definition.population(history.as_of(cutoff))
        seen = by_then if by_then is not None and definition.is_mature(by_then, cutoff) else history
        y = definition.labels(seen, cutoff, population)
        known = ~np.isnan(y)
        neither[cutoff] = int(len(y) - known.sum())
        populations.append(population[known])
        ys.append(y[known])
    xs = feature_matrices(history, cutoffs, populations, signals)
    at = [np.full(len(p), c, dtype=np.int64) for c, p in zip(cutoffs, populations, strict=True)]
    return Snapshots(
        np.concatenate(xs), np.concatenate(ys), np.concatenate(populations), np.concatenate(at), neither
    )
