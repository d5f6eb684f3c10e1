"""What kinds of churn share in which a customer is whoever ordered lately."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from churn.data.history import DAY_US, NEVER, EventLog
from churn.definition.base import Definition, check_days
from churn.definition.stretches import Stretches

NO_ROW = -NEVER


@dataclass(frozen=True)
class ByOrders(Definition):
    """A definition whose population at a cutoff T is every customer with an order in ``[T - active_days, T)``.

    Raises
    ------
    ParameterError
        A value is not a whole number of days in its range.
    """

    active_days: int
    horizon_days: int
    gap_days: int = 0

    def __post_init__(self) -> None:
        for name, least in (("active_days", 1), ("horizon_days", 1), ("gap_days", 0)):
            check_days(name, getattr(self, name), least)

    @property
    def tables(self) -> tuple[str, ...]:
        """The logs that tell who is active: the orders."""
        return ("orders",)

    @property
    def lookback_days(self) -> int:
        """Days of history that the population needs: those within which an order makes a customer active."""
        return self.active_days

    def active(self, logs: Mapping[str, EventLog], customers: int, instant: int) -> np.ndarray:
        """Tell of each customer whether there is an order in ``[instant - active_days, instant)``."""
        return is_active(logs["orders"], customers, instant, self.active_days)

    def seen(self, logs: Mapping[str, EventLog], customers: int, instant: int) -> np.ndarray:
        """Tell of each customer whether there is any order before an instant."""
        return seen_before(logs["orders"], customers, instant)

    def doing(self, logs: Mapping[str, EventLog]) -> EventLog:
        """Return the orders."""
        return logs["orders"]

    @property
    def unseen_means(self) -> str:
        """What a customer is who was never active so far."""
        return "no order yet"

    def first_seen(self, logs: Mapping[str, EventLog], customers: int) -> np.ndarray:
        """Return the instant of each customer's first order, `NEVER` without."""
        return first_row(logs["orders"], customers)

    def active_at(
        self, logs: Mapping[str, EventLog], customers: int, instants: Iterable[int]
    ) -> Iterator[np.ndarray]:
        """Yield what `active` tells at each of some ascending instants, in one pass over the orders."""
        for instant, last in last_rows(logs["orders"], customers, instants):
            yield last >= instant - self.active_days * DAY_US

    def stretches(self, logs: Mapping[str, EventLog]) -> Stretches:
        """Return the `active_days` after each order."""
        orders = logs["orders"]
        return Stretches(orders.customer, orders.time, orders.time + self.active_days * DAY_US)

    @property
    def active_means(self) -> str:
        """What makes a customer active, in words."""
        return f"an order in the last {self.active_days} days"

    @property
    def lost_means(self) -> str:
        """What makes an active customer no longer active, in words."""
        return f"no order for {self.active_days} days"


def is_active(rows: EventLog, customers: int, instant: int, active_days: int) -> np.ndarray:
    """Tell of each customer whether there is a row in ``[instant - active_days, instant)``."""
    first, last = np.searchsorted(rows.time, [instant - active_days * DAY_US, instant], side="left")
    active = np.zeros(customers, dtype=bool)
    active[rows.customer[first:last]] = True
    return active


def seen_before(rows: EventLog, customers: int, instant: int) -> np.ndarray:
    """Tell of each customer whether there is any row before an instant."""
    seen = np.zeros(customers, dtype=bool)
    seen[rows.customer[: np.searchsorted(rows.time, instant, side="left")]] = True
    return seen


def first_row(rows: EventLog, customers: int) -> np.ndarray:
    """Return the instant of each customer's first row, `NEVER` without."""
    first = np.full(customers, NEVER)
    first[rows.customer[::-1]] = rows.time[::-1]  # of repeated indices the last assignment stays
    return first


def last_rows(rows: EventLog, customers: int, instants: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each of some ascending instants with every customer's last row before it, `NO_ROW` without.

    The array is the same one every time, and changes with the next step.
    """
    last, done = np.full(customers, NO_ROW), 0
    for instant in instants:
        end = int(np.searchsorted(rows.time, instant, side="left"))
        last[rows.customer[done:end]] = rows.time[done:end]  # in time order: the last one stays
        done = max(done, end)
        yield instant, last
