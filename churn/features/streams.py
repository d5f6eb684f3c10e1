"""Some rows of a log in the order of one of their times: running sums, and each customer's last rows."""

from __future__ import annotations

import numpy as np

from churn.features.exact import Array, Running, fixed_point, joined


class Stream:
    """Rows of a log that pass a filter, in the order of an instant.

    Parameters
    ----------
    time : numpy.ndarray of int64, shape (n_rows,)
        Ascending.
    customer : numpy.ndarray of int, shape (n_rows,)
        Positions.
    rows : numpy.ndarray of int or slice
        Where the rows are in the log.
    n : int
        Customers.
    """

    def __init__(self, time: Array, customer: Array, rows: Array | slice, n: int) -> None:
        self.time, self.rows, self.n = time, rows, n
        self.customer = customer.astype(np.intp, copy=False)  # what bincount works with, converted once
        self.offsets: set[int] = set()  # how far before a cutoff the edges of windows lie
        self.marks: set[int] = set()  # edges that do not move with the cutoff
        self._counts = Running(self.customer, None, n)
        self._totals: dict[str, tuple[Running, Running | None]] = {}
        self._values: dict[str, Array] = {}
        self._order: tuple[Array, Array] | None = None
        self._first: Array | None = None
        self._last = 0, np.full(n, -1, dtype=np.intp)

    def end(self, instant: int) -> int:
        """Return how many rows lie before an instant."""
        return int(np.searchsorted(self.time, instant, side="left"))

    def at(self, name: str, column: Array, position: Array) -> Array:
        """Return a column of the log at positions of this stream; NaN at -1."""
        if name not in self._values:
            self._values[name] = np.append(column[self.rows], np.nan)  # -1 is the last element
        return self._values[name].take(position, mode="wrap")

    def count(self, start: int | None, end: int) -> Array:
        """Return the rows per customer from one position to another; from the first when `start` is None."""
        return _between(self._counts, start, end)

    def total(self, name: str, column: Array, start: int | None, end: int) -> Array:
        """Return the sum of a column per customer between two positions."""
        if name not in self._totals:
            units, billionths = fixed_point(column[self.rows])
            fine = None if billionths is None else Running(self.customer, billionths, self.n)
            self._totals[name] = Running(self.customer, units, self.n), fine
        whole, rest = self._totals[name]
        return joined(_between(whole, start, end), None if rest is None else _between(rest, start, end))

    def _sequence(self) -> tuple[Array, Array]:
        """Return the positions ordered by customer, then time, and where each customer begins."""
        if self._order is None:
            order = stable_order(self.customer, self.n)
            counts = np.bincount(self.customer, minlength=self.n)
            self._order = order, np.concatenate([[0], np.cumsum(counts)])
        return self._order

    def last(self, end: int, back: int = 0) -> Array:
        """Return each customer's last position before `end`, or that many before it; -1 without one."""
        if back:
            order, start = self._sequence()
            at = start[:-1] + self.count(None, end).astype(np.intp) - 1 - back
            return np.where(at >= start[:-1], order[np.maximum(at, 0)], -1) if len(order) else at * 0 - 1
        done, last = self._last
        if end < done:
            done, last = 0, np.full(self.n, -1, dtype=np.intp)
        if end > done:
            last = last.copy()
            last[self.customer[done:end]] = np.arange(done, end)  # of repeated customers the last one stays
            self._last = end, last
        return last

    def first(self, begin: int, end: int) -> Array:
        """Return each customer's first position in ``[begin, end)``; -1 without one."""
        if begin:
            order, start = self._sequence()
            at = start[:-1] + self.count(None, begin).astype(np.intp)
            have = at < start[:-1] + self.count(None, end).astype(np.intp)
            return np.where(have, order[np.minimum(at, len(order) - 1)], -1)
        if self._first is None:
            self._first = np.full(self.n, len(self.time), dtype=np.intp)
            self._first[self.customer[::-1]] = np.arange(len(self.time))[::-1]
        return np.where(self._first < end, self._first, -1)

    def of_customers(self, who: Array, end: int) -> Array:
        """Return the positions before `end` of some customers, given as a mask; ascending."""
        return np.flatnonzero(who[self.customer[:end]])

    def rows_until(self, other: Stream) -> Array:
        """For each row: how many rows of another stream the same customer has up to and at its time."""
        position = np.searchsorted(other.time, self.time, side="right")
        at = position + np.arange(len(self.time))  # in both together, in time order, the others first
        mine = np.zeros(len(self.time) + len(other.time), dtype=bool)
        mine[at] = True
        customer = np.empty(len(mine), dtype=np.intp)
        customer[mine], customer[~mine] = self.customer, other.customer
        order = stable_order(customer, self.n)
        counted = np.empty(len(mine))
        counted[order] = np.cumsum(~mine[order])
        before = np.bincount(other.customer, minlength=self.n)
        return np.asarray(counted[at] - (np.cumsum(before) - before)[self.customer])

    def keep(self, instants: set[int]) -> None:
        """Forget running sums that no later cutoff needs."""
        ends = {self.end(i) for i in instants}
        self._counts.keep(ends)
        for parts in self._totals.values():
            for running in parts:
                if running is not None:
                    running.keep(ends)


def _between(running: Running, start: int | None, end: int) -> Array:
    return running.upto(end) - running.upto(start) if start else running.upto(end)


def stable_order(keys: Array, n: int) -> Array:
    """Return the stable order of small integers below `n`: NumPy sorts 16 bits at a time by counting.

    Examples
    --------
    >>> import numpy as np
    >>> stable_order(np.array([1, 0, 1, 0]), 2).tolist()
    [1, 3, 0, 2]
    """
    order = np.argsort((keys & 0xFFFF).astype(np.uint16), kind="stable")
    if n > 0x10000:
        order = order[np.argsort((keys[order] >> 16).astype(np.uint16), kind="stable")]
    return order
