"""The measures signals are made of: small frozen expressions over the rows of a log."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.data.history import DAY_US
from churn.features.signal import Array, Both, Calculation, Known, Measure, Needs, Where, reads


@dataclass(frozen=True)
class Count:
    """Rows in ``[T - days, T - until)``; all before T when `days` is left out."""

    log: str
    days: float | None = None
    until: float = 0.0
    where: Where | None = None
    by: str = "time"

    def compute(self, ex: Calculation) -> Array:
        return ex.count(self.log, self.where, self.days, self.until, self.by)

    def needs(self) -> Needs:
        return reads(self.log, self.by, where=self.where)


@dataclass(frozen=True)
class Total:
    """Sum of a number column over the rows; unknown values count as nothing."""

    log: str
    column: str
    days: float | None = None
    until: float = 0.0
    where: Where | None = None

    def compute(self, ex: Calculation) -> Array:
        return ex.total(self.log, self.column, self.where, self.days, self.until)

    def needs(self) -> Needs:
        return reads(self.log, self.column, where=self.where)


@dataclass(frozen=True)
class Mean:
    """Mean of a number column over the rows where it is known, in units of `per`; NaN when there are none."""

    log: str
    column: str
    days: float | None = None
    until: float = 0.0
    where: Where | None = None
    by: str = "time"
    per: float = 1.0

    def compute(self, ex: Calculation) -> Array:
        known: Where = Known(self.column) if self.where is None else Both(self.where, Known(self.column))
        span = (self.days, self.until, self.by)
        total, count = ex.total(self.log, self.column, known, *span), ex.count(self.log, known, *span)
        return divide(total, count * self.per)

    def needs(self) -> Needs:
        return reads(self.log, self.column, self.by, where=self.where)


@dataclass(frozen=True)
class Last:
    """A number column on the customer's last row, or on that many rows before it; NaN when there is none.

    The last row is the one of the latest event or, with `by`, of the latest of that instant.
    """

    log: str
    column: str
    where: Where | None = None
    by: str = "time"
    back: int = 0

    def compute(self, ex: Calculation) -> Array:
        return ex.last(self.log, self.column, self.where, self.by, self.back)

    def needs(self) -> Needs:
        return reads(self.log, self.column, self.by, where=self.where)


@dataclass(frozen=True)
class Since:
    """Days from the last (or the first) row to the cutoff; NaN when there is none."""

    log: str
    where: Where | None = None
    first: bool = False
    by: str = "time"

    def compute(self, ex: Calculation) -> Array:
        find = ex.first if self.first else ex.last
        return (ex.instant - find(self.log, self.by, self.where, by=self.by)) / DAY_US

    def needs(self) -> Needs:
        return reads(self.log, self.by, where=self.where)


@dataclass(frozen=True)
class Ahead:
    """Days from the cutoff to a planned time on the customer's last row that has one; below 0 when it has passed."""

    log: str
    column: str

    def compute(self, ex: Calculation) -> Array:
        return (ex.last(self.log, self.column, Known(self.column)) - ex.instant) / DAY_US

    def needs(self) -> Needs:
        return reads(self.log, self.column)


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
class Plus:
    """The sum of two measures."""

    one: Measure
    other: Measure

    def compute(self, ex: Calculation) -> Array:
        return ex.value(self.one) + ex.value(self.other)

    def needs(self) -> Needs:
        return self.one.needs() | self.other.needs()


@dataclass(frozen=True)
class Minus:
    """One measure less another."""

    one: Measure
    other: Measure

    def compute(self, ex: Calculation) -> Array:
        return ex.value(self.one) - ex.value(self.other)

    def needs(self) -> Needs:
        return self.one.needs() | self.other.needs()


@dataclass(frozen=True)
class Tenure:
    """Days since the customer joined or, where that is unknown or later, since the first order."""

    def compute(self, ex: Calculation) -> Array:
        first = ex.value(Since("orders", first=True))
        return np.fmax(first, (ex.instant - ex.joined()) / DAY_US)

    def needs(self) -> Needs:
        return reads("orders")


@dataclass(frozen=True)
class Rate:
    """Rows per 30 days over the last `days`, as far as the customer was there (at least 30 days)."""

    log: str
    days: float
    where: Where | None = None

    def compute(self, ex: Calculation) -> Array:
        there = np.clip(ex.value(Tenure()), min(30.0, self.days), self.days)
        return 30.0 * ex.count(self.log, self.where, self.days) / there

    def needs(self) -> Needs:
        return reads(self.log, where=self.where) | reads("orders")


@dataclass(frozen=True)
class Exposure:
    """Days before the recent ones that the customer has been there, at most `earlier_days`; NaN below 30."""

    recent_days: float
    earlier_days: float

    def compute(self, ex: Calculation) -> Array:
        days = np.minimum(ex.value(Tenure()) - self.recent_days, self.earlier_days)
        return np.where(days >= 30, days, np.nan)

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
            ex.count(self.log, self.where, days, until)
            if self.column is None
            else ex.total(self.log, self.column, self.where, days, until)
            for days, until in ((self.recent_days, 0.0), (span, self.recent_days))
        )
        exposure = ex.value(Exposure(self.recent_days, self.earlier_days))
        usual = earlier * (self.recent_days / exposure)
        np.putmask(usual, earlier <= 0, np.nan)
        return np.maximum(1 - recent / usual, -3.0)

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
    where: Where | None = None

    def compute(self, ex: Calculation) -> Array:
        edges = [(self.bucket_days * (k + 1), self.bucket_days * k) for k in range(self.buckets)]
        slope, mean = np.zeros(ex.customers), np.zeros(ex.customers)
        middle = (self.buckets - 1) / 2
        spread = sum((k - middle) ** 2 for k in range(self.buckets))
        for k, (days, until) in enumerate(edges):  # bucket 0 is the newest
            values = (
                ex.count(self.log, self.where, days, until)
                if self.column is None
                else ex.total(self.log, self.column, self.where, days, until)
            )
            slope += values * ((middle - k) / spread)
            mean += values / self.buckets
        there = ex.value(Tenure()) >= self.buckets * self.bucket_days
        return divide(slope, np.where(there & (mean > 0), mean, np.nan))

    def needs(self) -> Needs:
        return reads(self.log, self.column, where=self.where) | reads("orders")


@dataclass(frozen=True)
class FadingRate:
    """Rate per 30 days in which a row's weight halves every `half_life_days`."""

    log: str
    half_life_days: float
    where: Where | None = None

    def compute(self, ex: Calculation) -> Array:
        total = ex.fading(self.log, self.half_life_days, self.where)
        return total * (30.0 * np.log(2) / self.half_life_days)

    def needs(self) -> Needs:
        return reads(self.log, where=self.where)


@dataclass(frozen=True)
class CountAfter:
    """Rows of a log after the customer's last row of another; NaN where there is no such row."""

    log: str
    after: str
    after_where: Where | None = None

    def compute(self, ex: Calculation) -> Array:
        return ex.count_after(self.log, self.after, self.after_where)

    def needs(self) -> Needs:
        return reads(self.log) | reads(self.after, where=self.after_where)


def divide(top: Array, bottom: Array) -> Array:
    """Divide without warnings; NaN where the divisor is 0 or unknown."""
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.divide(top, bottom)
    np.putmask(out, np.broadcast_to(np.equal(bottom, 0), out.shape), np.nan)
    return out
