"""Sums that do not depend on the order of adding, so that windows can be had by subtraction.

A number is kept as its whole part and its billionths, both integers: float64 adds integers without rounding up to
2^53, so a sum over any rows, taken in any order or as a difference of two other sums, has the same bits.
"""

from __future__ import annotations

import bisect

import numpy as np

Array = np.ndarray
_BILLION = 1e9


def fixed_point(values: Array) -> tuple[Array, Array | None]:
    """Split numbers into whole parts and billionths; unknown and infinite values count as nothing.

    Returns
    -------
    tuple of (numpy.ndarray, numpy.ndarray or None)
        Whole parts and billionths as integer-valued float64; None where all numbers are whole.

    Examples
    --------
    >>> import numpy as np
    >>> whole, rest = fixed_point(np.array([12.34, -0.5, np.nan]))
    >>> whole.tolist(), rest.tolist()
    ([12.0, -0.0, 0.0], [340000000.0, -500000000.0, 0.0])
    """
    known = values if np.isfinite(values).all() else np.where(np.isfinite(values), values, 0.0)
    whole = np.trunc(known)
    if np.array_equal(whole, known):
        return whole, None
    rest = known - whole
    rest *= _BILLION
    return whole, np.rint(rest, out=rest)


def joined(whole: Array, rest: Array | None) -> Array:
    """Put whole parts and billionths together again."""
    return whole if rest is None else whole + rest / _BILLION


class Running:
    """Sums per customer over the first rows of a stream, for any number of rows; nothing is added up twice.

    Parameters
    ----------
    customer : numpy.ndarray of int, shape (n_rows,)
        Whom each row belongs to.
    weights : numpy.ndarray of float64 or None
        Integer-valued; None counts the rows.
    n : int
        Customers.
    """

    def __init__(self, customer: Array, weights: Array | None, n: int) -> None:
        self._customer, self._weights, self._n = customer, weights, n
        self._marks = [0]
        self._sums = {0: np.zeros(n)}

    def upto(self, end: int) -> Array:
        """Return the sums over the rows before position `end`; do not change the array."""
        found = self._sums.get(end)
        if found is None:
            found = self._sums[end] = self._from_nearest(end)
            bisect.insort(self._marks, end)
        return found

    def _from_nearest(self, end: int) -> Array:
        i = bisect.bisect(self._marks, end)
        before = self._marks[i - 1]
        after = self._marks[i] if i < len(self._marks) else None
        if after is not None and after - end < end - before:
            return self._sums[after] - self._over(end, after)
        return self._sums[before] + self._over(before, end)

    def _over(self, start: int, end: int) -> Array:
        rows = slice(start, end)
        weights = None if self._weights is None else self._weights[rows]
        return np.bincount(self._customer[rows], weights=weights, minlength=self._n)

    def keep(self, ends: set[int]) -> None:
        """Forget the sums at other positions, but for the last one."""
        last = self._marks[-1]
        self._marks = [m for m in self._marks if m in ends or m in (0, last)]
        self._sums = {m: self._sums[m] for m in self._marks}
