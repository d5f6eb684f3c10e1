"""Churn by silence: no order within the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from churn.data.history import DAY_US, History
from churn.definition.base import Staying
from churn.definition.orders import ByOrders


@dataclass(frozen=True)
class Inactivity(ByOrders):
    """Churn by silence: an active customer who places no order within the horizon.

    At a cutoff T the population is every customer with an order in ``[T - active_days, T)``. A customer of
    the population churns when there is no order in ``[T + gap_days, T + gap_days + horizon_days)``. Days
    are 24 hours.

    Parameters
    ----------
    active_days : int
        A customer is active while the last order is at most this old; days, at least 1.
    horizon_days : int
        Length of the label window; days, at least 1.
    gap_days : int, default 0
        Days between the cutoff and the label window, kept free to act in.

    Raises
    ------
    ParameterError
        A value is not a whole number of days in its range.

    Examples
    --------
    >>> Inactivity(active_days=180, horizon_days=60)
    Inactivity(active_days=180, horizon_days=60, gap_days=0)
    >>> Inactivity(180, 0)
    Traceback (most recent call last):
    ...
    churn.errors.ParameterError: horizon_days is not a length. Given: 0. Allowed: whole days from 1. ...
    """

    kind: ClassVar[str] = "inactivity"

    @property
    def churn_means(self) -> str:
        """What the probability is of, in words."""
        return "no order within the horizon"

    def staying(self, churn_probability: np.ndarray, recency_days: np.ndarray) -> Staying:
        """Return how likely each customer has an order in the `active_days` before the label window ends.

        Customers whose last order is recent enough for that are sure to; the others do if they order in the
        window, which has probability 1 - p.
        """
        ahead = self.window_us // DAY_US
        if self.active_days < ahead:
            return None, (
                f"active_days is shorter than the {ahead} days ahead, so an order within them need not leave a "
                "customer active at their end"
            )
        sure = recency_days <= self.active_days - ahead
        note = (
            f"{int(sure.sum()):,} ordered recently enough already, the others count with 1 - their churn "
            "probability."
        )
        if self.gap_days:
            note += f" A lower bound: orders within the gap of {self.gap_days} days are not foreseen."
        return np.where(sure, 1.0, 1 - churn_probability), note

    def outcomes(self, history: History, cutoff: int, population: np.ndarray) -> np.ndarray:
        """Return 1.0 for those of the population without an order in the label window, else 0.0."""
        orders = history.logs["orders"]
        first, last = np.searchsorted(
            orders.time, [cutoff + self.gap_days * DAY_US, cutoff + self.window_us], side="left"
        )
        ordered = np.zeros(len(history.customers), dtype=bool)
        ordered[orders.customer[first:last]] = True
        return (~ordered[population]).astype(np.float64)

    def describe(self) -> str:
        """Say the definition in one sentence."""
        return (
            f"active = an order in the last {self.active_days} days; "
            f"churn = no order in the next {self.horizon_days} days{self._to_act}"
        )
