"""The stretches of time in which rows make customers active, and when a customer was first lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.data.eventlog import NEVER


@dataclass(frozen=True)
class Stretches:
    """Stretches ``(start, end]``: a customer is active at an instant u where ``start < u <= end`` for one of them.

    Attributes
    ----------
    customer : numpy.ndarray of int, shape (n_stretches,)
        Whose they are.
    start, end : numpy.ndarray of int64, shape (n_stretches,)
        Instants, in the order of `start`; `end` is `NEVER` where nothing ends it. One that ends where it starts is
        empty.
    """

    customer: np.ndarray
    start: np.ndarray
    end: np.ndarray

    def lives(self, customers: int, until: int) -> tuple[np.ndarray, np.ndarray]:
        """Return when each customer was first active, and when first lost.

        Parameters
        ----------
        customers : int
            How many there are.
        until : int
            Up to when is looked.

        Returns
        -------
        tuple of (numpy.ndarray, numpy.ndarray), each of int64 and shape (customers,)
            The start of the first stretch, `NEVER` where there is none before `until`; and the end of the stretches
            that join it without a break, `NEVER` where the customer is still active at `until`. Who comes back
            later was lost all the same.
        """
        import pandas as pd

        keep = (self.end > self.start) & (self.start < until)
        every = bool(keep.all())
        customer, start, end = (a if every else a[keep] for a in (self.customer, self.start, self.end))
        began = np.full(customers, NEVER)
        began[customer[::-1]] = start[::-1]  # of repeated indices the last assignment stays
        reach = pd.Series(end)
        if (end[1:] < end[:-1]).any():  # else the last one reaches furthest, as after orders
            reach = reach.groupby(customer, sort=False).cummax()
        before = reach.groupby(customer, sort=False).shift(fill_value=NEVER).to_numpy()
        lost = np.full(customers, NEVER)
        lost[customer] = reach.to_numpy()  # without a break: what the last one reaches
        broken = np.flatnonzero(start > before)[::-1]
        lost[customer[broken]] = before[broken]
        return began, np.where(lost < until, lost, NEVER)
