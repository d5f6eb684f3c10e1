"""Measures that compare a customer with all the others.

What is known of all the others is a *pool*: integer figures that can be added over any split of the customers
without rounding, so a customer base computed in parts gives the same bits as one computed at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.features.exact import fixed_point
from churn.features.labels import Segment
from churn.features.measures import Count, divide
from churn.features.signal import GAPS, Array, Calculation, Measure, Needs, Pool, reads

_BASE_DAYS = 365.0  # who ordered in so many days is whom others are compared with
_MANTISSA_BITS = 5  # ranks tell values apart that differ by 3 % or more


def _sums(values: Array, groups: Array | None = None, n: int = 1) -> Array:
    """Return count, whole parts and billionths of the known values, per group."""
    known = ~np.isnan(values)
    whole, rest = fixed_point(values[known])
    at = np.zeros(len(whole), dtype=np.intp) if groups is None else groups[known]
    weights = (None, whole, np.zeros(len(whole)) if rest is None else rest)
    return np.stack([np.bincount(at, weights=w, minlength=n).astype(np.float64) for w in weights])


def _base(ex: Calculation) -> Array:
    return ex.value(Count("orders", _BASE_DAYS)) > 0


@dataclass(frozen=True)
class GapPool:
    """Over all customers: gaps between order days, their sum, and the squares around the own means.

    Figures: number of gaps, their sum; customers, whole parts and billionths of the squares; degrees of freedom.
    """

    def collect(self, ex: Calculation) -> Array:
        count, total, squares = gap_sums(ex)
        freedom = np.maximum(count - 1, 0).sum()
        return np.concatenate([[count.sum(), total.sum()], _sums(squares)[:, 0], [freedom]])


@dataclass(frozen=True)
class RankPool:
    """How many of the customers with an order in the last 365 days have which value."""

    measure: Measure

    def collect(self, ex: Calculation) -> Array:
        values = ex.value(self.measure)
        keys = rank_keys(values[_base(ex) & ~np.isnan(values)])
        return np.bincount(keys, minlength=1 << (12 + _MANTISSA_BITS)).astype(np.float64)


@dataclass(frozen=True)
class MeanPool:
    """Sums of a measure over the customers with an order in the last 365 days, per segment value if one is given."""

    measure: Measure
    segment: Segment | None = None

    def collect(self, ex: Calculation) -> Array:
        values, base = ex.value(self.measure), _base(ex)
        if self.segment is None:
            return _sums(values[base])
        at = ex.value(self.segment)
        base = base & ~np.isnan(at)
        return _sums(values[base], at[base].astype(np.intp), len(self.segment.labels))


def gap_sums(ex: Calculation) -> tuple[Array, Array, Array]:
    """Return number, sum and squared deviations from the own mean of the gaps between order days.

    Gaps are whole days, so the squares come without rounding but for one division.
    """
    count = ex.count("orders", GAPS)
    total, squared = ex.total("orders", "gap", GAPS), ex.total("orders", "gap_squared", GAPS)
    return count, total, (count * squared - total**2) / np.maximum(count, 1)


def rank_keys(values: Array) -> Array:
    """Return integers in the order of the values, equal for values that differ by less than about 3 %.

    Examples
    --------
    >>> import numpy as np
    >>> keys = rank_keys(np.array([-5.0, 0.0, 1.0, 2.0, 100.0, 100.5]))
    >>> bool((np.diff(keys[:5]) > 0).all()), bool(keys[4] == keys[5])
    (True, True)
    """
    bits = np.ascontiguousarray(values + 0.0).view(np.int64)  # + 0.0 makes -0.0 a plain 0
    ordered = np.where(bits < 0, np.bitwise_xor(bits, np.int64(2**63 - 1)), bits)
    return (ordered >> (52 - _MANTISSA_BITS)) + (1 << (11 + _MANTISSA_BITS))


@dataclass(frozen=True)
class Rank:
    """Share of the customers with an order in the last 365 days who have a lower value; equals count half."""

    measure: Measure

    def compute(self, ex: Calculation) -> Array:
        values, counts = ex.value(self.measure), ex.pooled(RankPool(self.measure))
        below = np.cumsum(counts) - counts
        known = ~np.isnan(values)
        keys = rank_keys(np.where(known, values, 0.0))
        share = divide(below[keys] + counts[keys] / 2, counts.sum())
        return np.where(known, share, np.nan)

    def pools(self) -> tuple[Pool, ...]:
        return (RankPool(self.measure),)

    def needs(self) -> Needs:
        return self.measure.needs() | reads("orders")


@dataclass(frozen=True)
class AgainstMean:
    """A measure over its mean among the customers with an order in the last 365 days, or in the own segment."""

    measure: Measure
    segment: Segment | None = None

    def compute(self, ex: Calculation) -> Array:
        values = ex.value(self.measure)
        count, whole, rest = ex.pooled(MeanPool(self.measure, self.segment))
        means = np.append(divide(whole + rest / 1e9, count), np.nan)
        if self.segment is None:
            return divide(values, np.full(len(values), means[0]))
        at = np.nan_to_num(ex.value(self.segment), nan=-1).astype(np.intp)
        return divide(values, means[at])

    def pools(self) -> tuple[Pool, ...]:
        return (MeanPool(self.measure, self.segment),)

    def needs(self) -> Needs:
        own = self.segment.needs() if self.segment else frozenset()
        return self.measure.needs() | own | reads("orders")
