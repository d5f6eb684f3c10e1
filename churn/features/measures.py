"""The measures signals are made of: small frozen expressions over the rows of a log."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from churn.data.history import DAY_US, NEVER
from churn.features.signal import (
    Array,
    Calculation,
    Is,
    Known,
    Measure,
    Where,
    category_values,
    hours_to,
)

Needs = frozenset[tuple[str, str | None]]


def reads(log: str, *columns: str | None, where: Where | None = None) -> Needs:
    """Say that a measure reads a log and some of its columns, those of a filter too."""
    filtered = where.needs() if where else ()
    return frozenset({(log, None), *((log, c) for c in (*columns, *filtered) if c)})


@dataclass(frozen=True)
class Count:
    """Rows in ``[T - days, T - until)``; all before T when `days` is left out."""

    log: str
    days: float | None = None
    until: float = 0.0
    where: Where | None = None

    def compute(self, ex: Calculation) -> Array:
        return ex.rows(self.log, self.where, self.days, self.until).count()

    def needs(self) -> Needs:
        return reads(self.log, where=self.where)


@dataclass(frozen=True)
class Total:
    """Sum of a number column over the rows; unknown values count as nothing."""

    log: str
    column: str
    days: float | None = None
    until: float = 0.0

    def compute(self, ex: Calculation) -> Array:
        rows = ex.rows(self.log, None, self.days, self.until)
        return rows.total(rows.column(self.column))

    def needs(self) -> Needs:
        return reads(self.log, self.column)


@dataclass(frozen=True)
class Mean:
    """Mean of a number column over the rows where it is known; NaN when there are none."""

    log: str
    column: str
    days: float | None = None
    until: float = 0.0
    where: Where | None = None

    def compute(self, ex: Calculation) -> Array:
        rows = ex.rows(self.log, self.where, self.days, self.until)
        values = rows.column(self.column)
        known = np.bincount(rows.customer, weights=~np.isnan(values), minlength=rows.n)
        return divide(rows.total(values), known)

    def needs(self) -> Needs:
        return reads(self.log, self.column, where=self.where)


@dataclass(frozen=True)
class Last:
    """A number column on the customer's last row; NaN when there is none.

    The last row is the one of the latest event or, with `by`, of the latest of that instant.
    """

    log: str
    column: str
    where: Where | None = None
    by: str | None = None

    def compute(self, ex: Calculation) -> Array:
        rows = ex.rows(self.log, self.where, None, 0.0)
        if self.by is None:
            return rows.last(rows.column(self.column))
        order = np.argsort(rows.log.instants[self.by][rows.pick], kind="stable")
        out = np.full(rows.n, np.nan)
        out[rows.customer[order]] = rows.column(self.column)[order]
        return out

    def needs(self) -> Needs:
        return reads(self.log, self.column, self.by, where=self.where)


@dataclass(frozen=True)
class Since:
    """Days from the last (or the first) row to the cutoff; NaN when there is none."""

    log: str
    where: Where | None = None
    first: bool = False

    def compute(self, ex: Calculation) -> Array:
        rows = ex.rows(self.log, self.where, None, 0.0)
        time = rows.log.time[rows.pick]
        days = (ex.view.instant - time) / DAY_US
        return rows.first(days) if self.first else rows.last(days)

    def needs(self) -> Needs:
        return reads(self.log, where=self.where)


@dataclass(frozen=True)
class Hours:
    """Hours from a ticket's opening to its first answer or resolution: mean, or that of the last such ticket."""

    column: str
    where: Where
    days: float | None = None
    last: bool = False

    def compute(self, ex: Calculation) -> Array:
        rows = ex.rows("tickets", self.where, self.days, 0.0)
        hours = hours_to(rows.log, self.column)[rows.pick]
        return rows.last(hours) if self.last else divide(rows.total(hours), rows.count())

    def needs(self) -> Needs:
        return reads("tickets", self.column, where=self.where)


@dataclass(frozen=True)
class Ratio:
    """One measure over another; NaN where the second is 0."""

    top: Measure
    bottom: Measure

    def compute(self, ex: Calculation) -> Array:
        return divide(ex.value(self.top), ex.value(self.bottom))

    def needs(self) -> Needs:
        return self.top.needs() | self.bottom.needs()


@dataclass(frozen=True)
class Tenure:
    """Days since the customer joined or, where that is unknown or later, since the first order."""

    def compute(self, ex: Calculation) -> Array:
        first = ex.value(Since("orders", first=True))
        joined = ex.view.joined
        if joined is None:
            return first
        days = np.where(joined == NEVER, np.nan, (ex.view.instant - joined) / DAY_US)
        return np.fmax(first, days)

    def needs(self) -> Needs:
        return reads("orders")


@dataclass(frozen=True)
class Decline:
    """How far the recent rate lies under the customer's own earlier rate: 1 - recent rate / earlier rate.

    1 means that nothing is left, 0 no change, negative values growth (down to -3). The earlier rate covers
    the days before the recent window that the customer has been there, at most `earlier_days`; NaN with
    fewer than 30 such days or nothing in them.
    """

    log: str
    column: str | None = None
    recent_days: float = 90.0
    earlier_days: float = 365.0
    where: Where | None = None

    def compute(self, ex: Calculation) -> Array:
        span = self.recent_days + self.earlier_days
        recent, earlier = (
            ex.value(
                Count(self.log, days, until, self.where)
                if self.column is None
                else Total(self.log, self.column, days, until)
            )
            for days, until in ((self.recent_days, 0.0), (span, self.recent_days))
        )
        exposure = np.minimum(ex.value(Tenure()) - self.recent_days, self.earlier_days)
        known = (exposure >= 30) & (earlier > 0)
        rate = divide(earlier, np.where(known, exposure, np.nan))
        return np.maximum(1 - divide(recent / self.recent_days, rate), -3.0)

    def needs(self) -> Needs:
        return reads(self.log, self.column, where=self.where) | reads("orders")


@dataclass(frozen=True)
class MeanDecline:
    """How far the recent mean of a column lies under the customer's own earlier mean; NaN without both."""

    log: str
    column: str
    recent_days: float = 90.0
    earlier_days: float = 365.0

    def compute(self, ex: Calculation) -> Array:
        span = self.recent_days + self.earlier_days
        recent = ex.value(Mean(self.log, self.column, self.recent_days))
        earlier = ex.value(Mean(self.log, self.column, span, self.recent_days))
        return np.maximum(1 - divide(recent, np.where(earlier > 0, earlier, np.nan)), -3.0)

    def needs(self) -> Needs:
        return reads(self.log, self.column)


@dataclass(frozen=True)
class Slope:
    """Least-squares slope per bucket over the last buckets of equal length, relative to their mean.

    -0.2 means: every bucket holds a fifth of the mean less than the one before. NaN for customers who have
    not been there for all buckets, or with nothing in them.
    """

    log: str
    column: str | None = None
    buckets: int = 6
    bucket_days: float = 30.0

    def compute(self, ex: Calculation) -> Array:
        edges = [(self.bucket_days * (k + 1), self.bucket_days * k) for k in range(self.buckets)]
        values = np.stack(
            [
                ex.value(Count(self.log, a, b) if self.column is None else Total(self.log, self.column, a, b))
                for a, b in edges
            ]
        )
        age = np.arange(self.buckets, dtype=np.float64)
        weights = (age.mean() - age) / ((age - age.mean()) ** 2).sum()  # bucket 0 is the newest
        slope = weights @ values
        mean = values.mean(axis=0)
        there = ex.value(Tenure()) >= self.buckets * self.bucket_days
        return divide(slope, np.where(there & (mean > 0), mean, np.nan))

    def needs(self) -> Needs:
        return reads(self.log, self.column) | reads("orders")


@dataclass(frozen=True)
class FadingRate:
    """Rate per 30 days in which a row's weight halves every `half_life_days`."""

    log: str
    half_life_days: float
    where: Where | None = None

    def compute(self, ex: Calculation) -> Array:
        rows = ex.rows(self.log, self.where, None, 0.0)
        age = (ex.view.instant - rows.log.time[rows.pick]) / DAY_US
        weights = np.exp2(-age / self.half_life_days)
        total = np.bincount(rows.customer, weights=weights, minlength=rows.n)
        return total * 30.0 * np.log(2) / self.half_life_days

    def needs(self) -> Needs:
        return reads(self.log, where=self.where)


@dataclass(frozen=True)
class CountAfter:
    """Rows of a log after the customer's last row of another; NaN where there is no such row."""

    log: str
    after: str
    after_where: Where | None = None

    def compute(self, ex: Calculation) -> Array:
        since = ex.value(Since(self.after, self.after_where))
        rows = ex.rows(self.log, None, None, 0.0)
        age = (ex.view.instant - rows.log.time[rows.pick]) / DAY_US
        later = age < since[rows.customer]
        counts = np.bincount(rows.customer[later], minlength=rows.n).astype(np.float64)
        return np.where(np.isnan(since), np.nan, counts)

    def needs(self) -> Needs:
        return reads(self.log) | reads(self.after, where=self.after_where)


@dataclass(frozen=True)
class TopShare:
    """Share of the customer's rows in the most used of some values of a category; NaN where it is never known."""

    log: str
    column: str
    labels: tuple[str, ...]

    def compute(self, ex: Calculation) -> Array:
        counts = [ex.value(Count(self.log, where=Is(self.column, v))) for v in self.labels]
        return divide(np.max(counts, axis=0), ex.value(Count(self.log, where=Known(self.column))))

    def needs(self) -> Needs:
        return reads(self.log, self.column)


@dataclass(frozen=True)
class Segment:
    """Position of the customer's segment value in the signal's categories; NaN for any other value."""

    column: str
    labels: tuple[str, ...] = field(default=())

    def compute(self, ex: Calculation) -> Array:
        category = ex.view.segments.get(self.column)
        if category is None:
            return np.full(ex.view.customers, np.nan)
        return category_values(category, self.labels)

    def needs(self) -> Needs:
        return frozenset({("customers", self.column)})


def divide(top: Array, bottom: Array) -> Array:
    """Divide without warnings; NaN where the divisor is 0 or unknown."""
    out = np.full(np.broadcast(top, bottom).shape, np.nan)
    np.divide(top, bottom, out=out, where=(bottom != 0) & ~np.isnan(bottom))
    return out
