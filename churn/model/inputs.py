"""What the tables hold by a cutoff: taken down at training, and held against every night's data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churn.data.history import DAY_US, NEVER, EventLog, History, hide_outcomes
from churn.definition import Definition

WINDOW_DAYS = 365  # in which the usual pace of a table is looked for
RECENT_DAYS = 30  # whose rows tell what is usually known of a row
_KEPT = 200  # values of a text column that are taken down
Seen = Mapping[tuple[str, str], Collection[str]]


@dataclass
class Column:
    """The values of one text column: rows by value, and of values not seen before: active customers who have one."""

    rows: dict[str, int] = field(default_factory=dict)
    customers: int = 0


@dataclass
class Table:
    """What one table holds.

    Attributes
    ----------
    rows, recent : int
        Known rows before the cutoff: all, and those of the last `RECENT_DAYS`.
    last : int or None
        The last row's instant.
    by_age : numpy.ndarray of int64, shape (WINDOW_DAYS,)
        Rows by age in whole days.
    unknown : dict of str to int
        By column, recent rows without a value.
    values : dict of str to Column
        By text column.
    """

    rows: int = 0
    recent: int = 0
    last: int | None = None
    by_age: np.ndarray = field(default_factory=lambda: np.zeros(WINDOW_DAYS, dtype=np.int64))
    unknown: dict[str, int] = field(default_factory=dict)
    values: dict[str, Column] = field(default_factory=dict)


class InputTally:
    """Counts what the tables hold before a cutoff, part by part.

    Parameters
    ----------
    definition : Definition
        Says who is active.
    cutoff : int
        The instant T; only what was known before it counts.
    seen : mapping of (str, str) to collection of str, optional
        By table and text column, the values that were seen before; active customers with any other are counted.

    Attributes
    ----------
    tables : dict of str to Table
        By name; ``customers`` has the segments as text columns, with `seen` counted over the active customers.

    Examples
    --------
    >>> import churn
    >>> history = churn.make_shop(customers=50, seed=1).history()
    >>> tally = InputTally(churn.Inactivity(180, 60), history.closing)
    >>> tally.add(history)
    >>> sorted(tally.tables), tally.tables["orders"].rows == len(history.logs["orders"])
    (['customers', 'interactions', 'orders', 'returns', 'tickets'], True)
    """

    def __init__(self, definition: Definition, cutoff: int, seen: Seen | None = None) -> None:
        self.definition, self.cutoff, self.seen = definition, cutoff, seen
        self.tables: dict[str, Table] = {}

    def add(self, part: History) -> None:
        """Count the rows of a part."""
        known = {name: log.known_before(self.cutoff) for name, log in part.logs.items()}
        active = self.definition.active(known, len(part.customers), self.cutoff)
        for name, log in known.items():
            self._add_log(self.tables.setdefault(name, Table()), name, log, active)
        for name, segment in part.segments.items():
            column = self.tables.setdefault("customers", Table()).values.setdefault(name, Column())
            who = np.arange(len(active)) if self.seen is None else np.flatnonzero(active)
            self._add_values(column, ("customers", name), segment.codes[who], segment.labels, who, active)

    def _add_log(self, table: Table, name: str, log: EventLog, active: np.ndarray) -> None:
        t = self.cutoff
        table.rows += len(log)
        if len(log):
            table.last = max(int(log.time[-1]), table.last or int(log.time[-1]))
        start = int(np.searchsorted(log.time, t - WINDOW_DAYS * DAY_US, side="left"))
        table.by_age += np.bincount((t - log.time[start:] - 1) // DAY_US, minlength=WINDOW_DAYS)
        start = int(np.searchsorted(log.time, t - RECENT_DAYS * DAY_US, side="left"))
        recent = hide_outcomes(log.take(slice(start, None)), t)
        table.recent += len(recent)
        empty = {k: np.isnan(v) for k, v in recent.numbers.items()}
        empty |= {k: v == NEVER for k, v in recent.instants.items()}
        empty |= {k: v.codes < 0 for k, v in recent.categories.items()}
        for column, values in empty.items():
            table.unknown[column] = table.unknown.get(column, 0) + int(values.sum())
        for column, category in log.categories.items():
            place = table.values.setdefault(column, Column())
            self._add_values(place, (name, column), category.codes, category.labels, log.customer, active)

    def _add_values(
        self,
        column: Column,
        where: tuple[str, str],
        codes: np.ndarray,
        labels: tuple[str, ...],
        who: np.ndarray,
        active: np.ndarray,
    ) -> None:
        rows = np.bincount(codes[codes >= 0], minlength=len(labels))
        for i in np.flatnonzero(rows):
            column.rows[labels[i]] = column.rows.get(labels[i], 0) + int(rows[i])
        if self.seen is None or where not in self.seen:
            return
        new = [i for i in np.flatnonzero(rows) if labels[i] not in self.seen[where]]
        if new:
            column.customers += int(active[np.unique(who[np.isin(codes, new)])].sum())

    def to_dict(self) -> dict[str, Any]:
        """Return what is kept with a model: of each table the rows, unknown shares and most frequent values."""
        return {
            name: {
                "rows": table.rows,
                "recent": table.recent,
                "unknown": {c: n / table.recent for c, n in sorted(table.unknown.items()) if table.recent},
                "values": {c: _most(column.rows) for c, column in sorted(table.values.items())},
            }
            for name, table in sorted(self.tables.items())
        }


def inputs_at(history: History, definition: Definition, cutoff: int) -> dict[str, Any]:
    """Return what the tables of a history hold before a cutoff, to be kept with a model."""
    tally = InputTally(definition, cutoff)
    tally.add(history)
    return tally.to_dict()


def seen_values(inputs: Mapping[str, Any]) -> dict[tuple[str, str], frozenset[str]]:
    """Return the values by table and text column that `inputs_at` took down, of columns where it kept them all.

    Examples
    --------
    >>> seen_values({"orders": {"values": {"channel": {"web": 12}}}})
    {('orders', 'channel'): frozenset({'web'})}
    """
    return {
        (table, column): frozenset(values)
        for table, facts in inputs.items()
        for column, values in facts["values"].items()
        if len(values) < _KEPT
    }


def _most(rows: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(rows.items(), key=lambda item: (-item[1], item[0]))[:_KEPT])
