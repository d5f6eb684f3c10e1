"""Churn by an event: an account that is closed, a contract that is given up, a ticket that says goodbye."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from churn.data.contracts import nearest
from churn.data.history import DAY_US, EventLog, History
from churn.definition.base import Definition, Staying, check_days, check_words, log_of
from churn.definition.orders import NO_ROW, first_row, is_active, last_rows, seen_before
from churn.definition.stretches import Stretches
from churn.errors import ParameterError

# The tables that may hold leaving events, and the column that says what a row is.
EVENT_COLUMNS = {"subscriptions": "event", "interactions": "kind", "tickets": "category"}
_ACTIVE_IN = ("orders", "returns", "tickets", "interactions", "surveys", "subscriptions")


@dataclass(frozen=True)
class LeavingEvent(Definition):
    """Churn by an event that means leaving, such as a closed account.

    A customer is active at an instant u with a row of `active_in` in ``[u - active_days, u)``, unless gone; gone is
    whoever has a leaving event before u and no row of `active_in` after it. Leaving events are no such rows
    themselves. At a cutoff T the population is every active customer, by what was known before T. A customer of the
    population churns with a leaving event in ``[T + gap_days, T + gap_days + horizon_days)``; whoever is gone at
    ``T + gap_days`` left before the label window and counts neither way.

    Parameters
    ----------
    active_days : int
        A customer is active while the last row of `active_in` is at most this old; days, at least 1.
    horizon_days : int
        Length of the label window; days, at least 1.
    gap_days : int, default 0
        Days between the cutoff and the label window, kept free to act in.
    table : {"subscriptions", "interactions", "tickets"}, default "subscriptions"
        The table with the events; `event`, `kind` or `category` says what a row is.
    left_when : sequence of str
        Values of that column that mean leaving; needed.
    active_in : str, default "orders"
        The table whose rows make a customer active.

    Raises
    ------
    ParameterError
        A value is not a whole number of days in its range, a table is unknown, or `left_when` is empty.

    Examples
    --------
    >>> LeavingEvent(90, 30, table="interactions", left_when=("account_closed",)).describe()
    "active = a row of orders in the last 90 days and not left since; churn = 'account_closed' in the next 30 days"
    """

    kind: ClassVar[str] = "event"
    active_days: int
    horizon_days: int
    gap_days: int = 0
    table: str = "subscriptions"
    left_when: tuple[str, ...] = ()
    active_in: str = "orders"

    def __post_init__(self) -> None:
        for name, least in (("active_days", 1), ("horizon_days", 1), ("gap_days", 0)):
            check_days(name, getattr(self, name), least)
        object.__setattr__(self, "left_when", check_words("left_when", self.left_when))
        for name, allowed in (("table", tuple(EVENT_COLUMNS)), ("active_in", _ACTIVE_IN)):
            if getattr(self, name) not in allowed:
                raise ParameterError(
                    f"{name} is not a table of events",
                    given=repr(getattr(self, name)),
                    allowed=", ".join(allowed),
                    fix="Use one of these.",
                )
        if not self.left_when:
            raise ParameterError(
                "left_when names no event that means leaving",
                allowed=f"values of {self.table}.{EVENT_COLUMNS[self.table]}",
                fix="Name them, such as left_when: [closed].",
            )

    @property
    def tables(self) -> tuple[str, ...]:
        """The logs that tell who is active."""
        return tuple(dict.fromkeys((self.active_in, self.table)))

    @property
    def lookback_days(self) -> int:
        """Days of history that the population needs: those within which a row makes a customer active."""
        return self.active_days

    def active(self, logs: Mapping[str, EventLog], customers: int, instant: int) -> np.ndarray:
        """Tell of each customer whether there is a row in the last `active_days` and no leaving event since."""
        return is_active(self.doing(logs), customers, instant, self.active_days) & ~self._gone(
            logs, customers, instant
        )

    def seen(self, logs: Mapping[str, EventLog], customers: int, instant: int) -> np.ndarray:
        """Tell of each customer whether there is any row of `active_in` before an instant."""
        return seen_before(self.doing(logs), customers, instant)

    def doing(self, logs: Mapping[str, EventLog]) -> EventLog:
        """Return the rows that make a customer active; leaving events are no such rows."""
        log = log_of(self, logs, self.active_in)
        return log if self.active_in != self.table else log.take(np.flatnonzero(~self._mask(log)))

    def first_seen(self, logs: Mapping[str, EventLog], customers: int) -> np.ndarray:
        """Return the instant of each customer's first row of `active_in`, `NEVER` without."""
        return first_row(self.doing(logs), customers)

    def active_at(
        self, logs: Mapping[str, EventLog], customers: int, instants: Iterable[int]
    ) -> Iterator[np.ndarray]:
        """Yield what `active` tells at each of some ascending instants, in one pass over the rows."""
        instants = list(instants)
        doing = last_rows(self.doing(logs), customers, instants)
        leaving = last_rows(self._events(logs), customers, instants)
        for (instant, did), (_, left) in zip(doing, leaving, strict=True):
            gone = (left >= did) & (left != NO_ROW)
            yield (did >= instant - self.active_days * DAY_US) & ~gone

    def stretches(self, logs: Mapping[str, EventLog]) -> Stretches:
        """Return the `active_days` after each row of `active_in`, up to the next leaving event."""
        import pandas as pd

        doing, events = self.doing(logs), self._events(logs)
        rows = pd.DataFrame({"customer": doing.customer, "time": doing.time})
        left = pd.DataFrame({"customer": events.customer, "time": events.time, "left": events.time})
        following = pd.merge_asof(rows, left, on="time", by="customer", direction="forward")["left"]
        end = doing.time + self.active_days * DAY_US
        gone = following.notna().to_numpy()
        # A leaving event at the instant of the row ends it before it began. Floats hold instants up to the year 2255.
        end[gone] = np.minimum(end[gone], following[gone].astype("int64"))
        return Stretches(doing.customer, doing.time, end)

    def outcomes(self, history: History, cutoff: int, population: np.ndarray) -> np.ndarray:
        """Return 1.0 for those with a leaving event in the label window, NaN for those gone before it."""
        n, start = len(history.customers), cutoff + self.gap_days * DAY_US
        events = self._events(history.logs)
        first, last = np.searchsorted(events.time, [start, cutoff + self.window_us], side="left")
        left = np.zeros(n, dtype=bool)
        left[events.customer[first:last]] = True
        gone = self._gone(history.logs, n, start)
        return np.where(gone, np.nan, left.astype(np.float64))[population]

    @property
    def unseen_means(self) -> str:
        """What a customer is who was never active so far."""
        return "no order yet" if self.active_in == "orders" else f"no {self.active_in} yet"

    @property
    def active_means(self) -> str:
        """What makes a customer active, in words."""
        return f"a row of {self.active_in} in the last {self.active_days} days and not left since"

    @property
    def lost_means(self) -> str:
        """What makes an active customer no longer active, in words."""
        return f"{self._named}, or no row of {self.active_in} for {self.active_days} days"

    @property
    def churn_means(self) -> str:
        """What the probability is of, in words."""
        return f"{self._named} within the horizon"

    @property
    def _named(self) -> str:
        return " or ".join(map(repr, self.left_when))

    def describe(self) -> str:
        """Say the definition in one sentence."""
        return f"active = {self.active_means}; churn = {self._named} in the next {self.horizon_days} days{self._to_act}"

    def staying(self, churn_probability: np.ndarray, recency_days: np.ndarray) -> Staying:  # noqa: ARG002
        """Return None: who does not leave may still fall silent, and that is not foreseen."""
        return None, (
            f"the model foresees {self._named}, and not whether there will be rows of {self.active_in} that keep a "
            "customer active"
        )

    def _mask(self, log: EventLog) -> np.ndarray:
        """Tell which rows of the event table are leaving events."""
        column = EVENT_COLUMNS[self.table]
        category = log.categories.get(column)
        labels = category.labels if category is not None else ()
        known = [i for i, label in enumerate(labels) if label in self.left_when]
        if category is None or not known:
            near = nearest(self.left_when[0], labels)
            raise ParameterError(
                f"No row of {self.table} has the {column} that definition.left_when names",
                given=f"{self._named}; the data have {', '.join(labels[:12]) or 'none'}",
                fix=f"Did you mean {near!r}?"
                if near
                else f"Map `{column}`, and name its values as they are in the data.",
                code="no-such-event",
            )
        return np.isin(category.codes, known)

    def _events(self, logs: Mapping[str, EventLog]) -> EventLog:
        log = log_of(self, logs, self.table)
        return log.take(np.flatnonzero(self._mask(log)))

    def _gone(self, logs: Mapping[str, EventLog], customers: int, instant: int) -> np.ndarray:
        left, did = (
            next(last_rows(log, customers, [instant]))[1] for log in (self._events(logs), self.doing(logs))
        )
        return (left >= did) & (left != NO_ROW)
