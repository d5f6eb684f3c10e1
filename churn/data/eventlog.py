"""One table's events, columnar and in time order, with the former versions of rows that were corrected.

Instants are int64 microseconds since 1970-01-01 UTC. `NEVER` stands for "has not happened".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
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
        former = self._former(instant)
        return self.take(rows) if former is None else self.take(rows)._merge(former, rows)

    def _former(self, instant: int) -> EventLog | None:
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
        taken = replace(
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
        if isinstance(rows, slice) and "order_days" in self.__dict__:
            # What is known of the sequence up to a row does not depend on later rows: share it.
            taken.__dict__["order_days"] = tuple(a[rows] for a in self.order_days)
        return taken

    @cached_property
    def order_days(self) -> tuple[np.ndarray, np.ndarray]:
        """For each row: is it the customer's first on its local day, and the days since the day before it.

        The gap is NaN on a customer's first row and on further rows of a day. Needs `numbers["day"]`.
        """
        day = self.numbers["day"]
        by_customer = np.argsort(self.customer, kind="stable")
        c, d = self.customer[by_customer], day[by_customer]
        same = np.zeros(len(c), dtype=bool)
        same[1:] = c[1:] == c[:-1]
        step = np.zeros(len(c))
        step[1:] = d[1:] - d[:-1]
        first = ~same | (step > 0)
        gap = np.where(same & (step > 0), step, np.nan)
        first_of_day, gap_days = np.empty(len(c), dtype=bool), np.empty(len(c))
        first_of_day[by_customer], gap_days[by_customer] = first, gap
        return first_of_day, gap_days


def _there(values: np.ndarray | None) -> np.ndarray:
    assert values is not None  # former versions exist only where `recorded` does
    return values
