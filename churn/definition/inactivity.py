"""Churn by silence: no order within the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from churn.data.history import DAY_US, EventLog, History, View
from churn.definition.base import Definition, check_days


@dataclass(frozen=True)
class Inactivity(Definition):
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
    active_days: int
    horizon_days: int
    gap_days: int = 0

    def __post_init__(self) -> None:
        for name, least in (("active_days", 1), ("horizon_days", 1), ("gap_days", 0)):
            check_days(name, getattr(self, name), least)

    @property
    def lookback_days(self) -> int:
        """Days of history that the population needs: those within which an order makes a customer active."""
        return self.active_days

    def population(self, view: View) -> np.ndarray:
        """Return the positions of the customers active at the view's cutoff, ascending; int64."""
        return active_customers(view, self.active_days)

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
        gap = f", leaving the first {self.gap_days} days free to act" if self.gap_days else ""
        return (
            f"active = an order in the last {self.active_days} days; "
            f"churn = no order in the next {self.horizon_days} days{gap}"
        )


def active_customers(view: View, active_days: int) -> np.ndarray:
    """Return the positions of the customers with an order in ``[T - active_days, T)``, ascending."""
    return np.flatnonzero(is_active(view.logs["orders"], view.customers, view.instant, active_days))


def is_active(orders: EventLog, customers: int, instant: int, active_days: int) -> np.ndarray:
    """Tell of each customer whether there is an order in ``[instant - active_days, instant)``."""
    first, last = np.searchsorted(orders.time, [instant - active_days * DAY_US, instant], side="left")
    active = np.zeros(customers, dtype=bool)
    active[orders.customer[first:last]] = True
    return active
