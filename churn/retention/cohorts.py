"""Retention by acquisition cohort: who came in one period, followed through the periods since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from churn.config.retention import Every, RetentionSettings
from churn.data.base import CustomerBase, count
from churn.data.history import DAY_US, NEVER, EventLog, History, Instant
from churn.definition import Definition
from churn.errors import ParameterError
from churn.retention.bounds import Span, calendar_spans
from churn.retention.grouped import GroupCounts
from churn.retention.periods import read_as_of
from churn.retention.triangle import Cohorts, Measure, Triangle

if TYPE_CHECKING:
    from churn.data.store import LogStore


def cohorts(
    data: History | LogStore | CustomerBase,
    definition: Definition,
    every: Every = "month",
    *,
    by: str | None = None,
    measure: Measure = "active",
    as_of: Instant | int | None = None,
    begin_days: int | None = None,
    calendar: RetentionSettings | None = None,
) -> Cohorts:
    """Follow the customers acquired in each calendar period through the periods since.

    Parameters
    ----------
    data : History, LogStore or CustomerBase
        The customers, in one piece or in parts.
    definition : Definition
        Says who is active, and when a customer was first seen: with the first order, or with the first row about a
        subscription.
    every : {"day", "week", "month", "quarter", "year"}, default "month"
        The period of the cohorts and of the columns.
    by : str, optional
        A segment, such as country, or "channel", that of the first order: one triangle per value beside the one of
        all customers; the smallest are put together where there are more than twelve.
    measure : {"active", "ordered"}, default "active"
        What the shares are of: customers active at the end of a period by the definition, or customers who ordered
        in it. Both are counted; the other one stays in `frame` and `to_dict`.
    as_of : date, datetime or str, optional
        The instant T at which somebody looks: only what had happened and was known strictly before it counts.
    begin_days : int, optional
        Days from the first order of the data in which nobody can be called new; those of `calendar`, or
        `definition.lookback_days`, when left out. Whose first order lies in a period that begins within them is no
        acquisition of that period, but came "earlier".
    calendar : RetentionSettings, optional
        The user's calendar, and from how few customers on a cohort is marked as small.

    Returns
    -------
    Cohorts
        Sizes and counts of every cohort, also of those without anybody, with intervals and a pooled curve.

    Raises
    ------
    ParameterError
        The period or the group is unknown, or `as_of` lies outside the data.

    Examples
    --------
    >>> import churn
    >>> history = churn.make_shop(customers=300, seed=2).history()
    >>> found = cohorts(history, churn.Inactivity(120, 45), "quarter")
    >>> found.total.before + int(found.total.sizes.sum()) == len(history.customers)
    True
    """
    base = CustomerBase.of(data)
    known = None if as_of is None else read_as_of(base, as_of)
    tally = CohortTally(
        base, definition, every, by=by, known_before=known, begin_days=begin_days, settings=calendar
    )
    count(base, tally, tables=tally.tables)
    return tally.result(measure)


class CohortTally:
    """Counts the cohorts part by part; see `cohorts` for the parameters."""

    def __init__(
        self,
        base: CustomerBase,
        definition: Definition,
        every: Every = "month",
        *,
        by: str | None = None,
        known_before: Instant | int | None = None,
        begin_days: int | None = None,
        settings: RetentionSettings | None = None,
    ) -> None:
        self.settings = settings or RetentionSettings()
        self.base, self.definition, self.every, self.by = base, definition, every, by
        self.known = None if known_before is None else base.instant(known_before, "known_before")
        self.spans = cohort_spans(base, every, self.settings, self.known)
        self.begin_days = beginning(definition, self.settings, begin_days)
        self.tables = tuple(dict.fromkeys(("orders", *definition.tables)))
        self._counts = GroupCounts.of(base, by)

    def add(self, part: History) -> None:
        """Count the customers of a part."""
        n, periods = len(part.customers), len(self.spans)
        logs = known_logs(part, self.tables, self.known)
        first = self.definition.first_seen(logs, n)
        labels, group = self._counts.codes(part, logs, first < NEVER)
        shape = (len(labels), periods + 2)  # the last column is of those who were never seen
        key = group * shape[1] + cohort_of(self.spans, first)

        def tell(who: np.ndarray | slice) -> np.ndarray:
            return np.bincount(key[who], minlength=shape[0] * shape[1]).reshape(shape)[:, :-1]

        active, ordered = (np.zeros((len(labels), periods, periods + 1), dtype=np.int64) for _ in range(2))
        for p, is_active in enumerate(self.definition.active_at(logs, n, [s.until for s in self.spans])):
            active[:, p] = tell(is_active)
        orders = logs["orders"]
        for p, rows in enumerate(rows_of(orders, self.spans)):
            bought = np.zeros(n, dtype=bool)
            bought[orders.customer[rows]] = True
            ordered[:, p] = tell(bought)
        self._counts.add(labels, tell(slice(None)), active, ordered)

    def result(self, measure: Measure = "active") -> Cohorts:
        """Return what was counted; `measure` says what the shares are of."""
        if measure not in ("active", "ordered"):
            raise ParameterError(
                "The measure of the cohorts is unknown",
                given=repr(measure),
                allowed="active, ordered",
                fix="Use one of these.",
            )
        base, begins = self.base, self.base.data_start + self.begin_days * DAY_US
        early = sum(s.start < begins for s in self.spans) if self.begin_days else 0
        return Cohorts(
            every=self.every,
            measure=measure,
            active_means=self.definition.active_means,
            active_days=getattr(self.definition, "active_days", None),
            starts=tuple(base.date(s.start) for s in self.spans),
            ends=tuple(base.date(s.end) for s in self.spans),
            running=bool(self.spans) and self.spans[-1].running,
            so_far=base.date(self.spans[-1].until) if self.spans else None,
            early=early,
            begin_days=self.begin_days,
            data_begin=base.date(base.midnight(base.data_start)),
            small_below=self.settings.small_below,
            total=self._triangle(self._counts.total(), early),
            by=self.by,
            groups={name: self._triangle(counts, early) for name, counts in self._counts.groups().items()},
        )

    def _triangle(self, counts: tuple[np.ndarray, ...], early: int) -> Triangle:
        n = len(self.spans)
        none = np.zeros(n + 1, dtype=np.int64), *(np.zeros((n, n + 1), dtype=np.int64) for _ in range(2))
        sizes, active, ordered = counts or none
        active, ordered = active.T, ordered.T
        cut = early + 1  # the first row is of those who were seen before the first period
        return Triangle(
            first=early,
            sizes=sizes[cut:],
            active=active[cut:],
            ordered=ordered[cut:],
            before=int(sizes[:cut].sum()),
            before_active=active[:cut].sum(axis=0),
            before_ordered=ordered[:cut].sum(axis=0),
        )


def beginning(definition: Definition, settings: RetentionSettings, asked: int | None = None) -> int:
    """Return the days from the first order of the data in which nobody can be called new.

    Examples
    --------
    >>> from churn.definition import Inactivity
    >>> rule, settings = Inactivity(180, 60), RetentionSettings()
    >>> beginning(rule, settings), beginning(rule, RetentionSettings(begin_days=0)), beginning(rule, settings, 30)
    (180, 0, 30)
    """
    given = settings.begin_days if asked is None else asked
    return definition.lookback_days if given is None else given


def cohort_spans(
    base: CustomerBase, every: Every, settings: RetentionSettings, known: int | None
) -> tuple[Span, ...]:
    """Return the calendar periods of the cohorts; a `ParameterError` for rolling ones, which overlap."""
    if every == "rolling":
        raise ParameterError(
            "Cohorts and purchases go by calendar periods, and rolling ones overlap",
            given="'rolling'",
            allowed="day, week, month, quarter, year",
            fix="Use one of these.",
        )
    return calendar_spans(base, every, settings=settings, known_before=known)


def cohort_of(spans: tuple[Span, ...], first: np.ndarray) -> np.ndarray:
    """Return the period of first being seen, counted from 1; 0 is earlier, and one above all is later or never."""
    edges = np.array([s.start for s in spans] + [spans[-1].until] if spans else [0])
    return np.searchsorted(edges, first, side="right")


def rows_of(log: EventLog, spans: tuple[Span, ...]) -> list[slice]:
    """Return the rows of a log in each period."""
    first = np.searchsorted(log.time, [s.start for s in spans], side="left")
    last = np.searchsorted(log.time, [s.until for s in spans], side="left")
    return [slice(int(a), int(b)) for a, b in zip(first, last, strict=True)]


def known_logs(part: History, tables: Collection[str], known: int | None) -> Mapping[str, EventLog]:
    """Return the logs that are there, of tables, as they were known before an instant."""
    logs = {name: part.logs[name] for name in tables if name in part.logs}
    return logs if known is None else {name: log.known_before(known) for name, log in logs.items()}
