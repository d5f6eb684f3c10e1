"""The log: every event, columnar, ordered by time, and the view of it that cannot see the future.

Instants are int64 microseconds since 1970-01-01 UTC. `NEVER` stands for "has not happened".
"""

from __future__ import annotations

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.calendar import Calendar, Instant, date_text, read_instant
from churn.data.checks import CheckReport
from churn.data.contracts import CONTRACTS
from churn.data.eventlog import DAY_US, HOUR_US, NEVER, Category, EventLog
from churn.display import Rendered, format_count
from churn.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DAY_US",
    "HOUR_US",
    "NEVER",
    "Category",
    "EventLog",
    "History",
    "Instant",
    "View",
    "check_history",
    "date_text",
    "hide_outcomes",
    "read_instant",
]


@dataclass(frozen=True)
class View:
    """What was known strictly before `instant`; code that computes features gets this and nothing else.

    Tickets answered, resolved or rated at or after the instant are open, unanswered and unrated in it; a
    customer who joins later has an unknown joining date.
    """

    instant: int
    customers: int
    logs: Mapping[str, EventLog]
    joined: np.ndarray | None
    segments: Mapping[str, Category]
    timezone: str = "UTC"


@dataclass(frozen=True, repr=False)
class History(Rendered, Calendar):
    """All that is known of the customers: one log per table, and who they are.

    Make one with `churn.load_history` or `churn.make_history`.

    Attributes
    ----------
    customers : pandas.Index of shape (n_customers,)
        Ids as they came, sorted; the logs hold positions in it.
    logs : dict of str to EventLog
        The tables that were given, such as orders and tickets, and tables of ready features.
    joined : numpy.ndarray of int64 or None
        When each customer joined, `NEVER` where unknown.
    segments : dict of str to Category
        Segment columns, one value per customer, taken as known for the whole time.
    contact : dict of str to numpy.ndarray
        Consent and contact fields, for campaigns; never signals.
    timezone : str
        The zone in which dates and days are meant.
    data_end : int
        The end of what is known, exclusive: snapshots whose label window ends later are not mature.
    checks : CheckReport
        What was set aside on the way in.
    labels : EventLog or None
        Outcomes of your own, see `churn.LabelTable`: `time` is the cutoff, ``numbers["churned"]`` the outcome. They
        are no log: nothing that computes signals gets them.
    span : tuple of int or None
        Of a part of a log: the first and the last order's instant of the whole.
    """

    name: str
    customers: pd.Index[Any]
    logs: dict[str, EventLog]
    joined: np.ndarray | None
    segments: dict[str, Category]
    contact: dict[str, np.ndarray]
    timezone: str
    data_end: int
    checks: CheckReport
    labels: EventLog | None = None
    span: tuple[int, int] | None = None

    @property
    def data_start(self) -> int:
        """The first order's instant, of the whole log."""
        return int(self.logs["orders"].time[0]) if self.span is None else self.span[0]

    @property
    def last_order(self) -> int:
        """The last order's instant, of the whole log."""
        return int(self.logs["orders"].time[-1]) if self.span is None else self.span[1]

    def ending(self, data_end: Instant) -> History:
        """Return the history with another end: when the extract was taken.

        Raises
        ------
        ParameterError
            It lies before the last order or in the future.
        """
        given = self.instant(data_end, "data_end")
        fix = "Give the time of the extract, or leave data_end away."
        if given < self.last_order:
            last = self.date(self.last_order)
            raise ParameterError(
                "data_end lies before the last order",
                given=f"{self.date(given)}, the last order is of {last}",
                fix=fix,
            )
        if given > clock.time() * 1_000_000:
            raise ParameterError(
                "data_end lies in the future, so customers who can still order would be counted as lost",
                given=self.date(given),
                fix=fix,
            )
        return replace(self, data_end=given)

    def as_of(self, cutoff: Instant | int) -> View:
        """Return what was known strictly before a cutoff.

        Parameters
        ----------
        cutoff : date, datetime or str
            T: rows with ``time < T`` are seen and, where given, ``recorded_at < T``.

        Returns
        -------
        View
            The logs up to T, with what was answered or resolved afterwards masked.
        """
        t = self.instant(cutoff)
        logs = {name: hide_outcomes(log.known_before(t), t) for name, log in self.logs.items()}
        joined = None if self.joined is None else np.where(self.joined < t, self.joined, NEVER)
        return View(t, len(self.customers), logs, joined, self.segments, self.timezone)

    def known_at(self, cutoff: int) -> History:
        """Return the history that could be loaded at a cutoff: its rows as they were known then, and no later ones.

        For outcomes only: former versions of corrected rows are gone, so an earlier cutoff's signals want the whole.
        """
        span = None if self.span is None else (self.span[0], min(self.span[1], cutoff - 1))
        return replace(self, logs=dict(self.as_of(cutoff).logs), data_end=cutoff, span=span)

    def start_known_at(self, cutoff: int) -> int:
        """Return the first order's instant, of those known before a cutoff; the cutoff where there is none."""
        orders = self.logs["orders"].known_before(cutoff)
        return int(orders.time[0]) if len(orders) else cutoff

    def fingerprint(self) -> dict[str, Any]:
        """Return rows, time range and a hash of each log, to tell whether two runs saw the same data."""
        import joblib

        # Positions mean nothing without the ids, so these go into every hash.
        return {
            name: {
                "rows": len(log),
                "first": self.date(int(log.time[0])) if len(log) else None,
                "last": self.date(int(log.time[-1])) if len(log) else None,
                "hash": joblib.hash(self._content(log)),
            }
            for name, log in (self.logs | ({"labels": self.labels} if self.labels else {})).items()
        }

    def _content(self, log: EventLog) -> list[Any]:
        content = [
            self.customers.to_numpy()[log.customer],
            log.time,
            log.numbers,
            log.instants,
            log.recorded,
            {k: (c.codes, c.labels) for k, c in log.categories.items()},
        ]
        if log.replaced is not None:
            content += [log.replaced, log.place]
        return content if log.earlier is None else [*content, self._content(log.earlier)]

    def render(self) -> str:
        """Return a short description."""
        parts = [
            f"{format_count(len(log))} {name} ({self.timestamp(int(log.time[0])):%Y-%m-%d} to "
            f"{self.timestamp(int(log.time[-1])):%Y-%m-%d})"
            for name, log in self.logs.items()
            if len(log)
        ]
        aside = self.checks.set_aside()
        return (
            f"History {self.name!r}: {format_count(len(self.customers))} customers, {', '.join(parts)}; "
            f"{format_count(aside)} row{'' if aside == 1 else 's'} set aside"
        )


def check_history(value: object) -> None:
    """Raise a `ParameterError` where something else was passed, most often a frame."""
    if not isinstance(value, History):
        raise ParameterError(
            "A history is needed here",
            given=type(value).__name__,
            allowed="what churn.make_history or churn.load_history returns",
            fix="Pass churn.make_history(orders) instead of the orders.",
            code="not-a-history",
        )


def hide_outcomes(log: EventLog, t: int) -> EventLog:
    """Hide what came after an instant: outcomes such as `resolved`, and the values known with them."""
    contract = CONTRACTS.get(log.name)
    outcomes = [c for c in (contract.outcomes if contract else ()) if c in log.instants]
    if contract is None or not outcomes:
        return log
    instants = log.instants | {c: np.where(log.instants[c] < t, log.instants[c], NEVER) for c in outcomes}
    numbers = dict(log.numbers)
    for f in contract.fields:
        if f.known_with in outcomes and f.name in numbers:
            numbers[f.name] = np.where(instants[f.known_with] < t, numbers[f.name], np.nan)
    return replace(log, instants=instants, numbers=numbers)
