"""Amounts of money that add up without rounding, so that sums do not depend on how customers are parted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.features.exact import fixed_point

_BILLION = 10**9


@dataclass(frozen=True)
class Money:
    """Amounts as whole parts and billionths; two arrays of integers of the same shape.

    Examples
    --------
    >>> Money.of(np.array([0.1, 0.2, -0.3, 1e6])).sum()
    1000000.0
    """

    whole: np.ndarray
    rest: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> Money:
        """Take amounts; unknown ones count as nothing."""
        whole, rest = fixed_point(values)
        whole_ = whole.astype(np.int64)
        return cls(whole_, np.zeros_like(whole_) if rest is None else rest.astype(np.int64))

    @classmethod
    def none(cls, *shape: int) -> Money:
        """Return amounts of nothing."""
        return cls(np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64))

    def __getitem__(self, at: np.ndarray | slice) -> Money:
        return Money(self.whole[at], self.rest[at])

    def __add__(self, other: Money) -> Money:
        carry, rest = np.divmod(self.rest + other.rest, _BILLION)
        return Money(self.whole + other.whole + carry, rest)

    def by(self, group: np.ndarray, groups: int) -> Money:
        """Return the sum of each group."""
        # As floats, which hold the sums of some nine million billionths exactly; more rows go in pieces.
        out = Money.none(groups)
        for start in range(0, max(len(group), 1), 1 << 22):
            rows = slice(start, start + (1 << 22))
            whole, rest = (
                np.bincount(group[rows], weights=a[rows], minlength=groups).astype(np.int64)
                for a in (self.whole, self.rest)
            )
            out = out + Money(whole, rest)
        return out

    def where(self, condition: np.ndarray, other: Money) -> Money:
        """Return these amounts where a condition holds, and others elsewhere."""
        return Money(np.where(condition, self.whole, other.whole), np.where(condition, self.rest, other.rest))

    @property
    def values(self) -> np.ndarray:
        """The amounts as floats."""
        return self.whole + self.rest / _BILLION

    def billionths(self) -> int:
        """Return the exact sum, in billionths."""
        return int(self.whole.sum()) * _BILLION + int(self.rest.sum())

    def sum(self) -> float:
        """Return the sum, rounded once."""
        return self.billionths() / _BILLION


def amount(billionths: int) -> float:
    """Return what so many billionths are, rounded once.

    Examples
    --------
    >>> amount(1_500_000_000)
    1.5
    """
    return billionths / _BILLION
