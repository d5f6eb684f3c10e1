"""The signal: a small immutable value that says what is measured, where, over which days, and what it means.

A signal holds a *measure*: a frozen expression such as `Count("orders", days=90)`. Measures are values too,
so equal parts of different signals are computed once (see `executor`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Literal, Protocol, get_args

import numpy as np

from churn.data.history import DAY_US, NEVER, View
from churn.features.facts import Facts, columns_of

LABEL = "label:"  # before the name of a text column: its codes are wanted
Array = np.ndarray
Needs = frozenset[tuple[str, str | None]]

Unit = Literal[
    "orders",
    "days",
    "hours",
    "tickets",
    "events",
    "returns",
    "surveys",
    "amount",
    "share",
    "ratio",
    "score",
    "units",
    "per 30 days",
    "probability",
    "category",
    "count",
    "rank",
]
Warns = Literal["high", "low", "either"]
UNITS: tuple[str, ...] = get_args(Unit)
WARNINGS: tuple[str, ...] = get_args(Warns)


class Measure(Protocol):
    """Anything that gives one number per customer; NaN is "not known"."""

    def compute(self, ex: Calculation) -> Array:
        """Return float64 of shape (n_customers,)."""
        ...

    def needs(self) -> Needs:
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
        rhythm, volume, product, service, engagement, account, relative or own.
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

    @property
    def window_days(self) -> float | None:
        """The days it looks back, where its measure has one window."""
        days: float | None = getattr(self.measure, "days", None)
        return days

    @property
    def formula(self) -> str:
        """The measure as an expression, as `churn.signal` takes it."""
        return formula(self.measure)

    @property
    def sources(self) -> tuple[str, ...]:
        """The tables it is read from."""
        return tuple(sorted({log for log, _ in self.measure.needs()}))


class Calculation(Protocol):
    """What a measure may ask at one cutoff; every array has one value per customer and must not be changed.

    Rows are those with their instant in ``[T - days, T - until)``, all before T without `days`. The instant is
    the log's own time or, with `by`, another one such as ``resolved``: then rows without it do not count.
    """

    instant: int
    customers: int

    def value(self, measure: Measure) -> Array:
        """Return another measure's value, computed once."""
        ...

    def count(
        self,
        log: str,
        where: Where | None = None,
        days: float | None = None,
        until: float = 0.0,
        by: str = "time",
    ) -> Array:
        """Return the number of rows."""
        ...

    def total(
        self,
        log: str,
        column: str,
        where: Where | None = None,
        days: float | None = None,
        until: float = 0.0,
        by: str = "time",
    ) -> Array:
        """Return the sum of a column over the rows where it is known."""
        ...

    def last(
        self, log: str, column: str, where: Where | None = None, by: str = "time", back: int = 0
    ) -> Array:
        """Return a column of the last row, or of that many rows before it; NaN without one."""
        ...

    def first(
        self, log: str, column: str, where: Where | None = None, days: float | None = None, by: str = "time"
    ) -> Array:
        """Return a column of the first row; NaN without one."""
        ...

    def fading(self, log: str, half_life_days: float, where: Where | None = None) -> Array:
        """Return the sum over rows of a weight that halves every half-life, 1 at the cutoff."""
        ...

    def count_after(self, log: str, after: str, where: Where | None = None) -> Array:
        """Return the rows of a log later than the last row of another; NaN where there is no such row."""
        ...

    def joined(self) -> Array:
        """Return when customers joined, in microseconds; NaN where that is unknown or not before T."""
        ...

    def segment(self, column: str) -> tuple[Array, tuple[str, ...]]:
        """Return the codes of a segment column, -1 unknown, and its labels."""
        ...

    def labels(self, log: str, column: str) -> tuple[str, ...] | None:
        """Return the labels of a text column, in which `last` gives positions; None for a number column."""
        ...

    def pooled(self, pool: Pool) -> Array:
        """Return figures of all customers together."""
        ...

    def call(self, measure: Measure, function: Callable[[View], Array]) -> Array:
        """Return what a function makes of the log as it was known at T."""
        ...


class Pool(Protocol):
    """Figures of all customers together; a frozen value."""

    def collect(self, ex: Calculation) -> Array:
        """Return integer-valued float64 figures that add up over parts of the customers."""
        ...


@dataclass(frozen=True)
class OfColumn:
    """A filter over one column."""

    column: str

    def reads(self, log: str) -> Iterator[str]:
        yield from columns_of(log, self.column)


@dataclass(frozen=True)
class Is(OfColumn):
    """Rows whose text column has one value."""

    value: str

    def mask(self, facts: Facts, instant: int) -> Array:
        category = facts.category(self.column)
        if self.value not in category.labels:
            return np.zeros(len(facts.log), dtype=bool)
        return category.codes == category.labels.index(self.value)


@dataclass(frozen=True)
class Known(OfColumn):
    """Rows where a column has a value: any text, a number, an instant that has come."""

    def mask(self, facts: Facts, instant: int) -> Array:
        if self.column in facts.log.categories:
            return facts.category(self.column).codes >= 0
        return ~np.isnan(facts.column(self.column))


@dataclass(frozen=True)
class Equals(OfColumn):
    """Rows whose number column is one number."""

    number: float

    def mask(self, facts: Facts, instant: int) -> Array:
        return facts.column(self.column) == self.number


@dataclass(frozen=True)
class Above(OfColumn):
    """Rows whose number column lies above a number; unknown values do not."""

    number: float = 0.0

    def mask(self, facts: Facts, instant: int) -> Array:
        return facts.column(self.column) > self.number


@dataclass(frozen=True)
class Below(OfColumn):
    """Rows whose number column lies below a number; unknown values do not."""

    number: float = 0.0

    def mask(self, facts: Facts, instant: int) -> Array:
        return facts.column(self.column) < self.number


@dataclass(frozen=True)
class Missing(OfColumn):
    """Rows where a time such as `resolved` has not come."""

    def mask(self, facts: Facts, instant: int) -> Array:
        return facts.instant(self.column) == NEVER


@dataclass(frozen=True)
class Unmet(OfColumn):
    """Rows for which a time such as the answer did not come within so many days that have fully elapsed before T."""

    days: float

    def mask(self, facts: Facts, instant: int) -> Array:
        patience_end = facts.log.time + self.settles_us
        return (patience_end < instant) & (facts.instant(self.column) > patience_end)

    @property
    def settles_us(self) -> int:
        """How long after its time a row of this kind is settled."""
        return round(self.days * DAY_US)


@dataclass(frozen=True)
class Both:
    """Rows that pass two filters."""

    one: Where
    other: Where

    def mask(self, facts: Facts, instant: int) -> Array:
        return self.one.mask(facts, instant) & self.other.mask(facts, instant)

    def reads(self, log: str) -> Iterator[str]:
        yield from self.one.reads(log)
        yield from self.other.reads(log)


Where = Is | Known | Equals | Above | Below | Missing | Unmet | Both

GAPS = Known("gap")  # orders that come a known number of days after the order day before


def reads(log: str, *columns: str | None, where: Where | None = None) -> Needs:
    """Say that a measure reads a log and some of its columns, those of a filter too."""
    wanted = [x for c in columns if c for x in columns_of(log, c)]
    wanted += [x for c in (where.reads(log) if where else ()) for x in columns_of(log, c)]
    return frozenset({(log, None), *((log, c) for c in wanted)})


def formula(value: object) -> str:
    """Write a measure or filter as an expression, leaving out what is at its default.

    Examples
    --------
    >>> formula(Both(Above("amount", 100), Is("channel", "web")))
    "Both(Above('amount', 100), Is('channel', 'web'))"
    """
    if isinstance(value, tuple):
        return f"[{', '.join(map(formula, value))}]"
    if not is_dataclass(value):
        return str(getattr(value, "__name__", "function")) if callable(value) else repr(value)
    written, named = [], False
    for f in fields(value):
        given = getattr(value, f.name)
        if f.default is not MISSING and given == f.default:
            named = True  # what follows is named
            continue
        written.append(f"{f.name}={formula(given)}" if named else formula(given))
    return f"{type(value).__name__}({', '.join(written)})"
