"""The signal: a small immutable value that says what is measured, where, over which days, and what it means.

A signal holds a *measure*: a frozen expression such as `Count("orders", days=90)`. Measures are values too,
so equal parts of different signals are computed once (see `compute.Executor`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from churn.data.history import DAY_US, HOUR_US, NEVER, Category, EventLog, View

Array = np.ndarray

Unit = Literal[
    "orders",
    "days",
    "hours",
    "tickets",
    "events",
    "returns",
    "amount",
    "share",
    "ratio",
    "score",
    "units",
    "per 30 days",
    "probability",
    "category",
    "count",
]
Warns = Literal["high", "low", "either"]


class Measure(Protocol):
    """Anything that gives one number per customer; NaN is "not known"."""

    def compute(self, ex: Calculation) -> Array:
        """Return float64 of shape (n_customers,)."""
        ...

    def needs(self) -> frozenset[tuple[str, str | None]]:
        """Return the (log, column) pairs it reads."""
        ...


@dataclass(frozen=True)
class Signal:
    """One signal of the catalogue.

    Attributes
    ----------
    name : str
        Unique; the unit and window are part of it, e.g. ``orders_count_90d``.
    family : str
        rhythm, volume, returns, service, engagement or account.
    topic : str
        What a reason about it is about; signals of one topic are told as one reason.
    measure : Measure
        How it is computed.
    unit : str
        What one unit of it is.
    meaning : str
        In words, with what an unknown value means where it can be unknown.
    warns : {"high", "low", "either"}
        Which direction points to leaving.
    categories : tuple of str
        For a category signal: its values; the number is the position in it, NaN any other value.
    """

    name: str
    family: str
    topic: str
    measure: Measure
    unit: Unit
    meaning: str
    warns: Warns
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Is:
    """Rows whose category column has one value."""

    column: str
    value: str

    def mask(self, log: EventLog, view: View, settings: Mapping[str, float]) -> Array:
        category = log.categories[self.column]
        if self.value not in category.labels:
            return np.zeros(len(log), dtype=bool)
        return category.codes == category.labels.index(self.value)

    def needs(self) -> tuple[str, ...]:
        return (self.column,)


@dataclass(frozen=True)
class Known:
    """Rows whose category column has any value."""

    column: str

    def mask(self, log: EventLog, view: View, settings: Mapping[str, float]) -> Array:
        return log.categories[self.column].codes >= 0

    def needs(self) -> tuple[str, ...]:
        return (self.column,)


@dataclass(frozen=True)
class Rule:
    """Rows picked by one of the named rules in `RULES`."""

    name: str

    def mask(self, log: EventLog, view: View, settings: Mapping[str, float]) -> Array:
        return RULES[self.name][0](log, view, settings)

    def needs(self) -> tuple[str, ...]:
        return RULES[self.name][1]


Where = Is | Known | Rule


class Calculation(Protocol):
    """What a measure may ask of the executor."""

    view: View
    settings: Mapping[str, float]

    def value(self, measure: Measure) -> Array:
        """Return another measure's value, computed once."""
        ...

    def rows(self, log: str, where: Where | None, days: float | None, until: float) -> Rows:
        """Return the rows of a log that pass a filter within ``[T - days, T - until)``."""
        ...


@dataclass(frozen=True)
class Rows:
    """Some rows of a log: a slice or positions, with the customers they belong to."""

    log: EventLog
    pick: slice | Array
    customer: Array
    n: int

    def column(self, name: str) -> Array:
        """Return a number column of these rows."""
        return self.log.numbers[name][self.pick]

    def count(self) -> Array:
        """Rows per customer."""
        return np.bincount(self.customer, minlength=self.n).astype(np.float64)

    def total(self, values: Array) -> Array:
        """Sum of known values per customer."""
        return np.bincount(self.customer, weights=np.nan_to_num(values), minlength=self.n)

    def last(self, values: Array) -> Array:
        """Value of each customer's last row; rows are in time order, and the last write wins."""
        out = np.full(self.n, np.nan)
        out[self.customer] = values
        return out

    def first(self, values: Array) -> Array:
        """Value of each customer's first row."""
        out = np.full(self.n, np.nan)
        out[self.customer[::-1]] = values[::-1]
        return out


def answered_at(log: EventLog) -> Array:
    """When each ticket was answered: first reply or resolution, whichever came first; `NEVER` if neither."""
    found = [log.instants[c] for c in ("first_reply", "resolved") if c in log.instants]
    return np.minimum.reduce(found) if found else np.full(len(log), NEVER, dtype=np.int64)


def _ignored(log: EventLog, view: View, settings: Mapping[str, float]) -> Array:
    # Ignored: a complaint without an answer within N days, and the N days have fully elapsed before the cutoff.
    patience_end = log.time + round(settings["ignored_after_days"] * DAY_US)
    return (
        (log.numbers["is_complaint"] > 0) & (patience_end < view.instant) & (answered_at(log) > patience_end)
    )


def _open(log: EventLog, view: View, settings: Mapping[str, float]) -> Array:
    return log.instants["resolved"] == NEVER


def _unanswered(log: EventLog, view: View, settings: Mapping[str, float]) -> Array:
    return answered_at(log) == NEVER


def _complaint(log: EventLog, view: View, settings: Mapping[str, float]) -> Array:
    return log.numbers["is_complaint"] > 0


def _unanswered_complaint(log: EventLog, view: View, settings: Mapping[str, float]) -> Array:
    return _complaint(log, view, settings) & _unanswered(log, view, settings)


def _answered(log: EventLog, view: View, settings: Mapping[str, float]) -> Array:
    return answered_at(log) != NEVER


def _resolved(log: EventLog, view: View, settings: Mapping[str, float]) -> Array:
    return log.instants["resolved"] != NEVER


def _rated(log: EventLog, view: View, settings: Mapping[str, float]) -> Array:
    return ~np.isnan(log.numbers["satisfaction"])


# name: (mask, the columns it needs beside the rows themselves); "answer" is there with first_reply or resolved.
RULES: dict[str, tuple[Callable[[EventLog, View, Mapping[str, float]], Array], tuple[str, ...]]] = {
    "complaint": (_complaint, ("is_complaint",)),
    "ignored complaint": (_ignored, ("is_complaint", "answer")),
    "unanswered complaint": (_unanswered_complaint, ("is_complaint", "answer")),
    "open": (_open, ("resolved",)),
    "unanswered": (_unanswered, ("first_reply",)),
    "answered": (_answered, ("first_reply",)),
    "resolved": (_resolved, ("resolved",)),
    "rated": (_rated, ("satisfaction",)),
}


def hours_to(log: EventLog, column: str) -> Array:
    """Hours from a ticket's opening to its answer or resolution; NaN where that has not happened."""
    instant = answered_at(log) if column == "first_reply" else log.instants[column]
    return np.where(instant == NEVER, np.nan, (instant - log.time) / HOUR_US)


def category_values(category: Category, labels: tuple[str, ...]) -> Array:
    """Return positions in `labels` for a category column; NaN where the value is not among them."""
    position = {label: float(i) for i, label in enumerate(labels)}
    lookup = np.array([position.get(label, np.nan) for label in category.labels] + [np.nan])
    return lookup[category.codes]
