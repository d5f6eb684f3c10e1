"""Measures of a customer's own rhythm: gaps between order days, and how late the next order is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.features.measures import Count, Since, Tenure, divide
from churn.features.pooled import GapPool, gap_sums
from churn.features.signal import GAPS, Above, Array, Calculation, Needs, Pool, reads

_PRIOR_GAPS = 2.0  # how many gaps of the whole base a customer's own rhythm is mixed with
_MOST_SHAPE = 50.0  # a rhythm more regular than this is not told apart


@dataclass(frozen=True)
class OrderDays:
    """Different local days with an order in the last `days`; all before T when left out."""

    days: float | None = None

    def compute(self, ex: Calculation) -> Array:
        days = ex.count("orders", Above("order_day"), self.days)
        # The window may begin amid a day whose first order lies before it: that day counts too.
        return days + np.nan_to_num(1 - ex.first("orders", "order_day", None, self.days))

    def needs(self) -> Needs:
        return reads("orders", "order_day")


@dataclass(frozen=True)
class GapSpread:
    """Standard deviation of the gaps between order days; NaN with fewer than two gaps."""

    def compute(self, ex: Calculation) -> Array:
        count, _, squares = gap_sums(ex)
        return np.sqrt(divide(squares, np.where(count >= 2, count - 1, np.nan)))

    def needs(self) -> Needs:
        return reads("orders", "gap")


@dataclass(frozen=True)
class GapMedian:
    """Median of the customer's last gaps between order days, at most `most` of them; NaN without one."""

    most: int = 9

    def compute(self, ex: Calculation) -> Array:
        last = np.sort(recent_gaps(ex, self.most), axis=1)  # NaN goes last
        known = np.clip(ex.count("orders", GAPS), 1, self.most).astype(np.intp)
        row = np.arange(len(last))
        return (last[row, (known - 1) // 2] + last[row, known // 2]) / 2

    def needs(self) -> Needs:
        return reads("orders", "gap")


@dataclass(frozen=True)
class RecentGaps:
    """Mean of the customer's last gaps over the mean of all gaps; NaN with fewer than one gap more than that."""

    last: int = 3

    def compute(self, ex: Calculation) -> Array:
        count, total, _ = gap_sums(ex)
        mean = recent_gaps(ex, self.last).mean(axis=1)
        return np.where(count > self.last, divide(mean, divide(total, count)), np.nan)

    def needs(self) -> Needs:
        return reads("orders", "gap")


def recent_gaps(ex: Calculation, most: int) -> Array:
    """Return the last gaps, newest first, of shape (n_customers, most); NaN where there are fewer."""
    return np.stack([ex.last("orders", "gap", GAPS, back=k) for k in range(most)], axis=1)


@dataclass(frozen=True)
class UsualGap:
    """The customer's mean gap in days, mixed with two gaps of the base's mean so that few orders do not mislead.

    Own mean of n gaps, base mean m: (sum of own gaps + 2 m) / (n + 2).
    """

    def compute(self, ex: Calculation) -> Array:
        count, total, _ = gap_sums(ex)
        pool = ex.pooled(GapPool())
        base = pool[1] / pool[0] if pool[0] else np.nan
        return (total + _PRIOR_GAPS * base) / (count + _PRIOR_GAPS)

    def pools(self) -> tuple[Pool, ...]:
        return (GapPool(),)

    def needs(self) -> Needs:
        return reads("orders", "gap")


@dataclass(frozen=True)
class GapVariance:
    """Variance of the customer's gaps in days^2, mixed with two gaps of the base's."""

    def compute(self, ex: Calculation) -> Array:
        count, _, squares = gap_sums(ex)
        pool = ex.pooled(GapPool())
        base = (pool[3] + pool[4] / 1e9) / pool[5] if pool[5] else np.nan
        return (squares + _PRIOR_GAPS * base) / (np.maximum(count - 1, 0) + _PRIOR_GAPS)

    def pools(self) -> tuple[Pool, ...]:
        return (GapPool(),)

    def needs(self) -> Needs:
        return reads("orders", "gap")


@dataclass(frozen=True)
class Overdue:
    """How late the next order is against the customer's usual gap.

    ``ratio``: days since the last order / usual gap; ``days``: their difference, 0 where not yet due;
    ``score``: the difference in standard deviations of the gaps, mixed with the base's spread;
    ``silence``: exp(-ratio), the chance of so long a silence under a Poisson rhythm; ``gamma``: the same under
    a gamma rhythm of the usual gap and its variance, which is more regular than chance or less so.
    """

    part: str

    def compute(self, ex: Calculation) -> Array:
        since, usual = ex.value(Since("orders")), ex.value(UsualGap())
        if self.part == "ratio":
            return divide(since, usual)
        if self.part == "days":
            return np.maximum(since - usual, 0.0)
        if self.part == "silence":
            return np.exp(-divide(since, usual))
        # A customer who orders every day has no spread: half a day keeps the score finite.
        spread = np.maximum(np.sqrt(ex.value(GapVariance())), 0.5)
        if self.part == "score":
            return (since - usual) / spread
        from scipy.special import gammaincc

        shape = np.clip((usual / spread) ** 2, 1 / _MOST_SHAPE, _MOST_SHAPE)
        return np.asarray(gammaincc(shape, shape * divide(since, usual)))

    def pools(self) -> tuple[Pool, ...]:
        return (GapPool(),)

    def needs(self) -> Needs:
        return reads("orders", "gap")


@dataclass(frozen=True)
class ActiveShare:
    """Share of the last 12 stretches of 30 days, as far as the customer was there, that hold an order."""

    def compute(self, ex: Calculation) -> Array:
        held = np.zeros(ex.customers)
        for k in range(12):
            held += ex.value(Count("orders", 30.0 * (k + 1), 30.0 * k)) > 0
        return held / np.clip(np.ceil(ex.value(Tenure()) / 30.0), 1, 12)

    def needs(self) -> Needs:
        return reads("orders")


@dataclass(frozen=True)
class FirstOrderMonth:
    """Calendar month of the customer's first order, 0 for January; NaN without one."""

    def compute(self, ex: Calculation) -> Array:
        day = ex.first("orders", "day")
        month = np.nan_to_num(day).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        return np.where(np.isnan(day), np.nan, month)

    def needs(self) -> Needs:
        return reads("orders", "day")


@dataclass(frozen=True)
class FirstOrder:
    """A number column of the customer's first order; NaN without one, or where it is not known."""

    column: str

    def compute(self, ex: Calculation) -> Array:
        return ex.first("orders", self.column)

    def needs(self) -> Needs:
        return reads("orders", self.column)
