"""Retention from the log: one period, or the series of all whole calendar periods."""

from __future__ import annotations

from churn.config.retention import Every, RetentionSettings
from churn.data.base import CustomerBase, count
from churn.data.calendar import Instant
from churn.data.eventlog import DAY_US
from churn.data.history import History
from churn.data.store import LogStore
from churn.definition import Definition, Inactivity
from churn.errors import ParameterError
from churn.retention.bounds import Span, calendar_spans
from churn.retention.flows import FlowTally
from churn.retention.groups import MOST_GROUPS, check_grouping
from churn.retention.lateness import LatenessTally
from churn.retention.rate import Retention
from churn.retention.series import RetentionSeries

Data = History | LogStore | CustomerBase


def retention_between(
    data: Data,
    active_days: int | Definition,
    start: Instant | int,
    end: Instant | int,
    *,
    known_before: Instant | int | None = None,
) -> Retention:
    """Compute the retention of one period from the log.

    Parameters
    ----------
    data : History, LogStore or CustomerBase
        The log.
    active_days : int or Definition
        A customer is active at an instant while the last order before it is at most this old; or as the
        definition says it, such as live subscribers for `churn.Subscription`.
    start, end : date, datetime or str
        The period, ``[start, end)``; it may end with the day of the last order, which counts as whole.
    known_before : date, datetime or str, optional
        Count only rows that were known (``recorded_at``) before it, at both ends of the period alike; all
        rows when left out.

    Returns
    -------
    Retention
        S, E, N and every flow of the period.

    Raises
    ------
    ParameterError
        The period ends before it starts, or after the end of the data.

    Examples
    --------
    >>> import churn
    >>> history = churn.make_shop(customers=300, seed=2).history()
    >>> r = retention_between(history, 180, "2025-07-01", "2025-09-01")
    >>> r.start - r.lost + r.new + r.reactivated == r.end
    True
    """
    base = CustomerBase.of(data)
    t0, t1 = base.instant(start, "The start"), base.instant(end, "The end")
    if t1 <= t0:
        raise ParameterError(
            "The period ends before it starts",
            given=f"{base.date(t0)} to {base.date(t1)}",
            fix="Give the start first.",
        )
    if t1 > base.closing:
        raise ParameterError(
            "The period ends after the data do",
            given=f"{base.date(t1)}, the data end on {base.date(base.data_end)}",
            fix="Choose an earlier end.",
            code="immature",
        )
    known = None if known_before is None else base.instant(known_before, "known_before")
    tally = FlowTally(base, definition_of(active_days), (Span(t0, t1, t1),), known_before=known)
    count(base, tally, tables=tally.tables)
    return tally.retentions()[0]


def retention_series(
    data: Data,
    active_days: int | Definition,
    every: Every = "month",
    *,
    by: str | None = None,
    calendar: RetentionSettings | None = None,
    start: Instant | int | None = None,
    end: Instant | int | None = None,
    as_of: Instant | int | None = None,
) -> RetentionSeries:
    """Compute retention for every calendar period of the data, in the history's time zone.

    Parameters
    ----------
    data : History, LogStore or CustomerBase
        The log.
    active_days : int or Definition
        A customer is active at an instant while the last order before it is at most this old; or as the
        definition says it, such as live subscribers for `churn.Subscription`.
    every : {"day", "week", "month", "quarter", "year", "rolling"}, default "month"
        The period.
    by : str, optional
        Besides, by the groups of this: a segment of the customers, `channel` (of the first order) or
        `last_channel` (of the last order before the period).
    calendar : RetentionSettings, optional
        First day of the week, first month of the year, days of rolling periods, and which groups are small.
    start, end : date, datetime or str, optional
        Only periods that lie within.
    as_of : date, datetime or str, optional
        Count only what was known before it, as somebody saw it who looked then.

    Returns
    -------
    RetentionSeries
        Periods that start within `active_days` of the first order are left out, because who was active then
        is not fully known (of a definition: within its `lookback_days`). A period that is not over is there, marked
        as running.

    Raises
    ------
    ParameterError
        The period or group is unknown, or the data hold no period.

    Examples
    --------
    >>> import churn
    >>> history = churn.make_shop(customers=300, seed=2).history()
    >>> series = retention_series(history, 180, "quarter", by="country")
    >>> sum(group[-1].start for group in series.groups.values()) == series.periods[-1].start
    True
    """
    base, definition = CustomerBase.of(data), definition_of(active_days)
    settings = calendar or RetentionSettings()
    known = None if as_of is None else read_as_of(base, as_of)
    spans = calendar_spans(base, every, settings=settings, start=start, end=end, known_before=known)
    shown, left_out = enough_history(base, definition, spans)
    if not shown:
        lookback = definition.lookback_days
        within = "" if start is None and end is None else "; only periods within the dates that were given"
        raise ParameterError(
            f"The data hold no {every} period whose active customers are known",
            given=f"orders from {base.date(base.data_start)} to {base.date(base.data_end)}, "
            f"{lookback} days needed to see who is active{within}",
            fix="Choose a shorter period or smaller active_days" + (", or other dates." if within else "."),
            code="no-period",
        )
    groupings = () if by is None else (check_grouping(base, by),)
    tally = FlowTally(base, definition, shown, groupings, known)
    late = LatenessTally(definition, spans, known)
    count(base, tally, late, tables=tally.tables)
    if by in tally.too_many:
        raise ParameterError(
            f"{by} has too many values to group customers by",
            given=f"more than {MOST_GROUPS:,}",
            fix="Name a segment with fewer values.",
            code="too-many-groups",
        )
    return RetentionSeries(
        tally.retentions(),
        every,
        getattr(definition, "active_days", None),
        definition.active_means,
        left_out,
        by,
        {} if by is None else tally.groups(by),
        settings.small_below,
        late.said(every),
    )


def read_as_of(base: CustomerBase, as_of: Instant | int) -> int:
    """Return the instant at which somebody looks.

    Raises
    ------
    ParameterError
        It is no date, or lies after the data or before them.
    """
    t = base.instant(as_of)
    if not base.data_start < t <= base.closing:
        raise ParameterError(
            "The cutoff lies outside the data",
            given=f"{base.date(t)}; the orders are of {base.date(base.data_start)} to {base.date(base.last_order)}",
            allowed=f"up to {base.date(base.closing)}",
            fix="Choose a date within the data.",
        )
    return t


def enough_history(
    base: CustomerBase, definition: Definition, spans: tuple[Span, ...]
) -> tuple[tuple[Span, ...], str]:
    """Return the periods at whose start it is known who is active, and what is left out, in words."""
    lookback = definition.lookback_days
    shown = tuple(s for s in spans if s.start >= base.data_start + lookback * DAY_US)
    early = len(spans) - len(shown)
    return shown, (
        f"Left out: {early} at the beginning, before {lookback} days of history had passed." if early else ""
    )


def definition_of(active: int | Definition) -> Definition:
    """Return a definition; a number of days means an order within them."""
    return active if isinstance(active, Definition) else Inactivity(active, horizon_days=1)
