"""The calendar's periods: days, weeks, months, fiscal quarters and years, and windows that roll."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from churn.config.retention import WEEKDAYS, Every, RetentionSettings
from churn.data.calendar import Calendar, Instant
from churn.errors import ParameterError

EVERY = ("day", "week", "month", "quarter", "year", "rolling")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Span:
    """A period ``[start, end)``, of which the data tell up to `until`; instants.

    Examples
    --------
    >>> Span(0, 10, 10).running, Span(0, 10, 7).running
    (False, True)
    """

    start: int
    end: int
    until: int

    @property
    def running(self) -> bool:
        """Whether the period ends after what is known."""
        return self.until < self.end


def calendar_spans(
    calendar: Calendar,
    every: Every = "month",
    *,
    settings: RetentionSettings | None = None,
    start: Instant | int | None = None,
    end: Instant | int | None = None,
    known_before: Instant | int | None = None,
) -> tuple[Span, ...]:
    """Return the periods of a log, oldest first, in its time zone: each ends where the next one starts.

    Parameters
    ----------
    calendar : Calendar
        A history, or all customers in parts (`CustomerBase`).
    every : {"day", "week", "month", "quarter", "year", "rolling"}, default "month"
        The period. Rolling ones are `settings.rolling_days` long; the last ends with the data (or at `end`), and
        each other one `settings.rolling_step_days` before the next.
    settings : RetentionSettings, optional
        Which day the week starts on, in which month the year starts, the days of rolling periods.
    start, end : date, datetime or str, optional
        Only periods that lie within; from the one with the first order to the one with the last when left out.
    known_before : date, datetime or str, optional
        The instant at which somebody looks: periods that end after it are running.

    Returns
    -------
    tuple of Span
        The last one may be running. Calendar periods only begin at local midnights.

    Raises
    ------
    ParameterError
        The period is unknown, or `end` lies before `start`.

    Examples
    --------
    >>> import churn
    >>> history = churn.make_shop(customers=50, seed=2, end="2025-08-20").history()
    >>> last = calendar_spans(history, "quarter")[-1]
    >>> history.date(last.start), history.date(last.end), last.running
    ('2025-07-01', '2025-10-01', True)
    """
    if every not in EVERY:
        raise ParameterError(
            "The period is unknown",
            given=repr(every),
            allowed=", ".join(EVERY),
            fix="Use one of these.",
        )
    settings = settings or RetentionSettings()
    closing = calendar.closing
    if known_before is not None:
        closing = min(calendar.instant(known_before, "known_before"), closing)
    first = None if start is None else calendar.instant(start, "The start")
    last = None if end is None else calendar.instant(end, "The end")
    if first is not None and last is not None and last <= first:
        raise ParameterError(
            "The periods end before they start",
            given=f"{calendar.date(first)} to {calendar.date(last)}",
            fix="Give the start first.",
        )
    if every == "rolling":
        spans = _rolling(calendar, settings, closing if last is None else min(last, closing))
    else:
        spans = _whole(calendar, every, settings, closing)
    return tuple(s for s in spans if (first is None or s.start >= first) and (last is None or s.end <= last))


def period_start(day: dt.date, every: Every, settings: RetentionSettings) -> dt.date:
    """Return the first day of the calendar period that a day lies in.

    Examples
    --------
    >>> period_start(dt.date(2024, 2, 29), "year", RetentionSettings(year_starts_in=4))
    datetime.date(2023, 4, 1)
    """
    if every == "day":
        return day
    if every == "week":
        return day - dt.timedelta((day.weekday() - WEEKDAYS.index(settings.week_starts_on)) % 7)
    behind = (day.month - settings.year_starts_in) % _MONTHS[every]
    return _months_after(day.replace(day=1), -behind)


def next_start(start: dt.date, every: Every) -> dt.date:
    """Return the first day of the calendar period after the one that starts on a day.

    Examples
    --------
    >>> next_start(dt.date(2024, 12, 1), "month")
    datetime.date(2025, 1, 1)
    """
    if every in _MONTHS:
        return _months_after(start, _MONTHS[every])
    return start + dt.timedelta(7 if every == "week" else 1)


def _months_after(first: dt.date, months: int) -> dt.date:
    number = first.year * 12 + first.month - 1 + months
    return dt.date(number // 12, number % 12 + 1, 1)


def _whole(calendar: Calendar, every: Every, settings: RetentionSettings, closing: int) -> list[Span]:
    day = period_start(calendar.timestamp(calendar.data_start).date(), every, settings)
    at, spans = calendar.instant(day), []
    while at < closing:
        day = next_start(day, every)
        after = calendar.instant(day)
        if after > at:  # Samoa had no 30 December 2011
            spans.append(Span(at, after, min(after, closing)))
        at = after
    return spans


def _rolling(calendar: Calendar, settings: RetentionSettings, closing: int) -> list[Span]:
    end = calendar.timestamp(calendar.midnight(closing)).date()
    spans: list[Span] = []
    earliest = calendar.midnight(calendar.data_start)
    while True:
        start = calendar.instant(end - dt.timedelta(settings.rolling_days))
        if start < earliest:
            return spans[::-1]
        stop = calendar.instant(end)
        spans.append(Span(start, stop, stop))
        end -= dt.timedelta(settings.rolling_step_days)
