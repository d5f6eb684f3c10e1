"""The calendar of a log: its first and last order, its end, and dates in its time zone.

Instants are int64 microseconds since 1970-01-01 UTC.
"""

from __future__ import annotations

import datetime as dt
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from churn.data.eventlog import DAY_US
from churn.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

Instant = str | dt.date | dt.datetime


class Calendar(ABC):
    """What a log, and a part of it, know of time alike.

    Attributes
    ----------
    timezone : str
        The zone in which dates and days are meant.
    data_end : int
        The end of what is known, exclusive.
    """

    timezone: str
    data_end: int

    @property
    @abstractmethod
    def data_start(self) -> int:
        """The first order's instant, of the whole log."""

    @property
    @abstractmethod
    def last_order(self) -> int:
        """The last order's instant, of the whole log."""

    @property
    def closing(self) -> int:
        """The first local midnight after the last order, or at or after a given `data_end`.

        The day of the last order counts as whole, also where orders have dates and no times.
        """
        midnight = self.midnight(self.data_end)
        given = self.data_end > self.last_order
        return midnight if given and midnight == self.data_end else self._midnight_of(self.data_end, 1)

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


def _microseconds(stamp: pd.Timestamp) -> int:
    # Timestamp.value is in nanoseconds whatever the unit.
    return int(
        stamp.tz_convert("UTC").tz_localize(None).to_datetime64().astype("datetime64[us]").astype(np.int64)
    )
