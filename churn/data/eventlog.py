"""One table's events, columnar and in time order, with the former versions of rows that were corrected.

Instants are int64 microseconds since 1970-01-01 UTC. `NEVER` stands for "has not happened".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

NEVER = int(np.iinfo(np.int64).max)
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Category:
    """A dictionary-coded text column: `codes` (int32, -1 unknown) point into `labels`."""

    codes: np.ndarray
    labels: tuple[str, ...]


@dataclass(frozen=True)
class EventLog:
    """One table's events in time order.

    Attributes
    ----------
    name : str
        The contract's table.
    time : numpy.ndarray of int64, shape (n_events,)
        Instants, ascending; ties stay in the source's order.
    customer : numpy.ndarray of int32, shape (n_events,)
        Positions in `History.customers`.
    numbers : dict of str to numpy.ndarray of float64
        Measures such as amount; NaN is unknown.
    instants : dict of str to numpy.ndarray of int64
        Further times such as first_reply; `NEVER` where it has not happened.
    categories : dict of str to Category
        Text columns such as channel.
    recorded : numpy.ndarray of int64 or None
        When each row became known, where that was given.
    earlier : EventLog or None
        Former versions of rows that were corrected, in time order, with the labels of this log. Only tables
        with a key and `recorded_at` have them: without it nobody can tell when which version was known.
    replaced : numpy.ndarray of int64 or None
        In `earlier`: the instant from which the newer version is known.
    place : numpy.ndarray of int64 or None
        In `earlier`: how many rows of the main log come before each row, so that ties keep the source's order.
    """

    name: str
    time: np.ndarray
    customer: np.ndarray
    numbers: dict[str, np.ndarray] = field(default_factory=dict)
    instants: dict[str, np.ndarray] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    recorded: np.ndarray | None = None
    earlier: EventLog | None = None
    replaced: np.ndarray | None = None
    place: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.time)

    def known_before(self, instant: int) -> EventLog:
        """Return the rows that had happened and were known strictly before an instant, in their version of then."""
        end = int(np.searchsorted(self.time, instant, side="left"))
        all_known = self.recorded is None or bool((self.recorded[:end] < instant).all())
        rows = slice(0, end) if all_known else np.flatnonzero(_there(self.recorded)[:end] < instant)
        former = self.former(instant)
        return self.take(rows) if former is None else self.take(rows)._merge(former, rows)

    def former(self, instant: int) -> EventLog | None:
        """Return the former versions that were the valid ones at an instant, or None where there is none."""
        log = self.earlier
        if log is None:
            return None
        valid = (log.time < instant) & (_there(log.recorded) < instant) & (_there(log.replaced) >= instant)
        return log.take(np.flatnonzero(valid)) if valid.any() else None

    def _merge(self, former: EventLog, rows: Any) -> EventLog:
        """Put former versions where they belong among these rows of the main log."""
        kept = np.arange(rows.stop) if isinstance(rows, slice) else rows
        at = np.searchsorted(kept, _there(former.place), side="left")

        def merge(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
            return np.insert(mine, at, theirs)

        return replace(
            self,
            time=merge(self.time, former.time),
            customer=merge(self.customer, former.customer),
            numbers={k: merge(v, former.numbers[k]) for k, v in self.numbers.items()},
            instants={k: merge(v, former.instants[k]) for k, v in self.instants.items()},
            categories={
                k: Category(merge(v.codes, former.categories[k].codes), v.labels)
                for k, v in self.categories.items()
            },
            recorded=merge(_there(self.recorded), _there(former.recorded)),
        )

    def take(self, rows: Any) -> EventLog:
        """Return some of the rows, without former versions."""
        return replace(
            self,
            time=self.time[rows],
            customer=self.customer[rows],
            numbers={k: v[rows] for k, v in self.numbers.items()},
            instants={k: v[rows] for k, v in self.instants.items()},
            categories={k: Category(v.codes[rows], v.labels) for k, v in self.categories.items()},
            recorded=None if self.recorded is None else self.recorded[rows],
            earlier=None,
            replaced=None if self.replaced is None else self.replaced[rows],
            place=None if self.place is None else self.place[rows],
        )

    def of_customers(self, rows: np.ndarray, code: np.ndarray) -> EventLog:
        """Return ascending rows with their customers coded anew, and the former versions of those who have a code.

        `code` holds each customer's new position, below 0 for those who are left out.
        """
        taken = self.take(rows)
        earlier = self.earlier
        if earlier is not None:
            former = earlier.take(np.flatnonzero(code[earlier.customer] >= 0))
            place = np.searchsorted(rows, _there(former.place), side="left")
            earlier = replace(former, customer=code[former.customer], place=place)
        return replace(taken, customer=code[taken.customer], earlier=earlier)


def _there(values: np.ndarray | None) -> np.ndarray:
    assert values is not None  # former versions exist only where `recorded` does
    return values
