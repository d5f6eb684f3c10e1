"""Measures of a customer's own rhythm: gaps between order days, and how late the next order is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.features.measures import Count, Needs, Since, Tenure, divide, reads
from churn.features.signal import Array, Calculation

_PRIOR_GAPS = 2.0  # how many gaps of the whole base a customer's own rhythm is mixed with


@dataclass(frozen=True)
class OrderDays:
    """Different local days with an order in the last `days`; all before T when left out."""

    days: float | None = None

    def compute(self, ex: Calculation) -> Array:
        rows = ex.rows("orders", None, self.days, 0.0)
        first_of_day = rows.log.order_days[0][rows.pick].astype(np.float64)
        days = np.bincount(rows.customer, weights=first_of_day, minlength=rows.n)
        # The window may begin amid a day whose first order lies before it: that day counts too.
        return days + np.nan_to_num(1 - rows.first(first_of_day))

    def needs(self) -> Needs:
        return reads("orders", "day")


@dataclass(frozen=True)
class GapSum:
    """Parts of the statistics of gaps between order days: number, sum, squared deviations from the own mean."""

    part: str

    def compute(self, ex: Calculation) -> Array:
        rows = ex.rows("orders", None, None, 0.0)
        gap = rows.log.order_days[1][rows.pick]
        known = ~np.isnan(gap)
        customer, gap = rows.customer[known], gap[known]
        if self.part == "last":
            out = np.full(rows.n, np.nan)
            out[customer] = gap
            return out
        if self.part == "largest":
            out = np.full(rows.n, -np.inf)
            np.maximum.at(out, customer, gap)
            return np.where(np.isinf(out), np.nan, out)
        weights = {"count": np.ones(len(gap)), "sum": gap}
        if self.part == "squares":
            mean = divide(ex.value(GapSum("sum")), ex.value(GapSum("count")))
            weights["squares"] = (gap - mean[customer]) ** 2
        return np.bincount(customer, weights=weights[self.part], minlength=rows.n)

    def needs(self) -> Needs:
        return reads("orders", "day")


@dataclass(frozen=True)
class GapSpread:
    """Standard deviation of the gaps between order days; NaN with fewer than two gaps."""

    def compute(self, ex: Calculation) -> Array:
        count = ex.value(GapSum("count"))
        return np.sqrt(divide(ex.value(GapSum("squares")), np.where(count >= 2, count - 1, np.nan)))

    def needs(self) -> Needs:
        return reads("orders", "day")


@dataclass(frozen=True)
class UsualGap:
    """The customer's mean gap in days, mixed with two gaps of the base's mean so that few orders do not mislead.

    Own mean of n gaps, base mean m: (sum of own gaps + 2 m) / (n + 2).
    """

    def compute(self, ex: Calculation) -> Array:
        count, total = ex.value(GapSum("count")), ex.value(GapSum("sum"))
        base = total.sum() / count.sum() if count.sum() else np.nan
        return (total + _PRIOR_GAPS * base) / (count + _PRIOR_GAPS)

    def needs(self) -> Needs:
        return reads("orders", "day")


@dataclass(frozen=True)
class Overdue:
    """How late the next order is against the customer's usual gap.

    ``ratio``: days since the last order / usual gap; ``days``: their difference, 0 where not yet due;
    ``score``: the difference in standard deviations of the gaps, mixed with the base's spread;
    ``silence``: exp(-ratio), the chance of so long a silence under a Poisson rhythm.
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
        count, squares = ex.value(GapSum("count")), ex.value(GapSum("squares"))
        freedom = np.maximum(count - 1, 0)
        base = squares.sum() / freedom.sum() if freedom.sum() else np.nan
        variance = (squares + _PRIOR_GAPS * base) / (freedom + _PRIOR_GAPS)
        # A customer who orders every day has no spread: half a day keeps the score finite.
        return (since - usual) / np.maximum(np.sqrt(variance), 0.5)

    def needs(self) -> Needs:
        return reads("orders", "day")


@dataclass(frozen=True)
class ActiveShare:
    """Share of the last 12 stretches of 30 days, as far as the customer was there, that hold an order."""

    def compute(self, ex: Calculation) -> Array:
        counts = np.stack([ex.value(Count("orders", 30.0 * (k + 1), 30.0 * k)) for k in range(12)])
        lived = np.clip(np.ceil(ex.value(Tenure()) / 30.0), 1, 12)
        return (counts > 0).sum(axis=0) / lived

    def needs(self) -> Needs:
        return reads("orders")
