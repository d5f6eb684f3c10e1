"""The log: every event, columnar, ordered by time, and the view of it that cannot see the future.

Instants are int64 microseconds since 1970-01-01 UTC. `NEVER` stands for "has not happened".
"""

from __future__ import annotations

import datetime as dt
import re
import time as clock
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

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

Instant = str | dt.date | dt.datetime


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
class History(Rendered):
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

    @property
    def data_start(self) -> int:
        """The first order's instant."""
        return int(self.logs["orders"].time[0])

    @property
    def closing(self) -> int:
        """The first local midnight after the last order, or at or after a given `data_end`.

        The day of the last order counts as whole, also where orders have dates and no times.
        """
        midnight = self.midnight(self.data_end)
        given = self.data_end > int(self.logs["orders"].time[-1])
        return midnight if given and midnight == self.data_end else self._midnight_of(self.data_end, 1)

    def ending(self, data_end: Instant) -> History:
        """Return the history with another end: when the extract was taken.

        Raises
        ------
        ParameterError
            It lies before the last order or in the future.
        """
        given = self.instant(data_end, "data_end")
        fix = "Give the time of the extract, or leave data_end away."
        if given < self.logs["orders"].time[-1]:
            last = self.date(int(self.logs["orders"].time[-1]))
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

    def instant(self, value: Instant | int, what: str = "The cutoff") -> int:
        """Read a date or time as an instant; a date is its midnight in the history's time zone.

        Text begins with YYYY-MM-DD: 01/02/2024 is January to some and February to others.

        Raises
        ------
        ParameterError
            The value is not a date or time.
        """
        return read_instant(value, self.timezone, what)

    def timestamp(self, instant: int) -> pd.Timestamp:
        """Return an instant as a timestamp in the history's time zone."""
        return _local(instant, self.timezone)

    def date(self, instant: int) -> str:
        """Return an instant's local date, with the time where it is not midnight."""
        return date_text(instant, self.timezone)

    def midnight(self, instant: int) -> int:
        """Return the last local midnight at or before an instant."""
        return self._midnight_of(instant, 0)

    def _midnight_of(self, instant: int, later_days: int) -> int:
        return _midnight(instant, self.timezone, later_days)

    def days_before(self, instant: int, days: float) -> int:
        """Return the local midnight nearest to so many days of 24 hours before an instant."""
        return self.midnight(instant - round(days * DAY_US) + DAY_US // 2)

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
        return replace(self, logs=dict(self.as_of(cutoff).logs), data_end=cutoff)

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


def read_instant(value: Instant | int, timezone: str, what: str = "The cutoff") -> int:
    """Read a date or time as an instant; see `History.instant`."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return int(value)
    import pandas as pd

    try:
        if isinstance(value, str) and not re.match(r"\d{4}-\d{1,2}-\d{1,2}(?!\d)", value.strip()):
            raise ValueError("not ISO 8601")
        stamp = pd.Timestamp(value)
        if pd.isna(stamp):
            raise ValueError("empty")
        if stamp.tzinfo is None:
            stamp = stamp.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")
    except (ValueError, TypeError, OverflowError, RuntimeError):  # the last for years pandas cannot place
        raise ParameterError(
            f"{what} is not a date or time",
            given=repr(value),
            allowed="a date such as 2011-10-10, or a time with it",
            fix="Give the date as YYYY-MM-DD.",
        ) from None
    return _microseconds(stamp)


def date_text(instant: int, timezone: str) -> str:
    """Return an instant's local date, with the time where it is not midnight."""
    local = _local(instant, timezone)
    return local.strftime("%Y-%m-%d" if instant == _midnight(instant, timezone, 0) else "%Y-%m-%d %H:%M")


def _local(instant: int, timezone: str) -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp(instant, unit="us", tz="UTC").tz_convert(timezone)


def _midnight(instant: int, timezone: str, later_days: int) -> int:
    # Not Timestamp.normalize: it fails where daylight saving skips or repeats midnight (Chile, Cuba).
    import pandas as pd

    day = _local(instant, timezone).tz_localize(None).normalize() + pd.Timedelta(later_days, "D")
    return _microseconds(day.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward"))


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


def _microseconds(stamp: pd.Timestamp) -> int:
    # Timestamp.value is in nanoseconds whatever the unit.
    return int(
        stamp.tz_convert("UTC").tz_localize(None).to_datetime64().astype("datetime64[us]").astype(np.int64)
    )
