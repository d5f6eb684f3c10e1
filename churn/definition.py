"""What churn means here: who counts as a customer, over which horizon, and when the outcome is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.data.history import DAY_US, EventLog, History, View
from churn.errors import ParameterError


@dataclass(frozen=True)
class Inactivity:
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

    active_days: int
    horizon_days: int
    gap_days: int = 0

    def __post_init__(self) -> None:
        for name, least in (("active_days", 1), ("horizon_days", 1), ("gap_days", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ParameterError(
                    f"{name} is not a length",
                    given=repr(value),
                    allowed=f"whole days from {least}",
                    fix=f"Set {name} to such a number.",
                )

    @property
    def window_us(self) -> int:
        """Microseconds from the cutoff to the end of the label window."""
        return (self.gap_days + self.horizon_days) * DAY_US

    def population(self, view: View) -> np.ndarray:
        """Return the positions of the customers active at the view's cutoff, ascending; int64."""
        return active_customers(view, self.active_days)

    def is_mature(self, history: History, cutoff: int) -> bool:
        """Tell whether the label window ends at or before the end of the data."""
        return cutoff + self.window_us <= history.data_end

    def last_mature_cutoff(self, history: History) -> int:
        """Return the latest local midnight whose label window lies within the data."""
        return history.midnight(history.data_end - self.window_us)

    def labels(self, history: History, cutoff: int, population: np.ndarray) -> np.ndarray:
        """Return 1.0 for those of the population who churned after the cutoff, else 0.0.

        Raises
        ------
        ParameterError
            The label window reaches beyond the end of the data.
        """
        if not self.is_mature(history, cutoff):
            raise ParameterError(
                f"The outcome of {history.date(cutoff)} is not known yet",
                given=f"the label window ends on {history.date(cutoff + self.window_us)}, the data on "
                f"{history.date(history.data_end)}",
                allowed=f"cutoffs up to {history.date(self.last_mature_cutoff(history))}",
                fix="Choose an earlier cutoff or shorten the horizon.",
                code="immature",
            )
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
