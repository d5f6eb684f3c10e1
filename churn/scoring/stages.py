"""The lifecycle stage of every customer who is known at a cutoff.

The stages reconcile with the retention flow of the period of one horizon that ends at the cutoff, the one beside
the list: new + won back = N, and new + won back + active + slipping = E.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from churn.data.base import CustomerBase, count
from churn.data.calendar import Calendar
from churn.data.events import local_day
from churn.data.history import DAY_US, EventLog, History
from churn.definition import Definition
from churn.display import format_count
from churn.features.streams import stable_order

NEW, ACTIVE, SLIPPING, LAPSED, WON_BACK, UNSEEN, UNKNOWN = 0, 1, 2, 3, 4, 5, -1
STAGES = ("new", "active", "slipping", "lapsed", "won back")
SLIPPING_AFTER = 2.0


def stage_names(definition: Definition) -> tuple[str, ...]:
    """Return the name of each code: the five stages, and that of customers who were never active so far.

    Examples
    --------
    >>> from churn.definition import Inactivity
    >>> stage_names(Inactivity(180, 60))
    ('new', 'active', 'slipping', 'lapsed', 'won back', 'no order yet')
    """
    return (*STAGES, definition.unseen_means)


def stage_rules(definition: Definition, slipping_after: float = SLIPPING_AFTER) -> dict[str, str]:
    """Return the rule of each stage in words, by its name.

    Examples
    --------
    >>> from churn.definition import Inactivity
    >>> stage_rules(Inactivity(180, 60))["lapsed"]
    'was active before, and is not now: no order for 180 days'
    """
    days, rows = definition.ahead_days, _rows(definition)
    silent = f"no {rows} for more than {slipping_after:g} times the own mean gap between the days with one"
    if definition.strained_means:
        slipping = f"{silent} (not judged with fewer than two such days); or {definition.strained_means}"
    else:
        slipping = f"{silent} (all customers' mean gap with fewer than two such days)"
    return dict(
        zip(
            stage_names(definition),
            (
                f"active, and first seen within the last {days} days",
                "active, and none of new, won back and slipping",
                f"active, neither new nor won back, and {slipping}",
                f"was active before, and is not now: {definition.lost_means}",
                f"active, and was not {days} days ago, though seen before then",
                f"known, and {definition.unseen_means}",
            ),
            strict=True,
        )
    )


def period_start(calendar: Calendar, definition: Definition, cutoff: int) -> int:
    """Return where the period of one horizon that ends at a cutoff starts: the local midnight nearest to it."""
    return calendar.days_before(cutoff, definition.window_us / DAY_US)


@dataclass
class UsualGap:
    """A tally of all customers' mean gap between days with an order (or what the definition watches).

    Parameters
    ----------
    definition : Definition
        Says whose rhythm is watched.
    cutoff : int
        The instant T; what was known before it counts.

    Examples
    --------
    >>> import churn
    >>> history = churn.make_shop(customers=50, seed=1).history()
    >>> gap = UsualGap.of(CustomerBase.of(history), churn.Inactivity(180, 60), history.closing)
    >>> 10 < gap.days < 100
    True
    """

    definition: Definition
    cutoff: int
    gaps: int = field(default=0, init=False)
    total_days: int = field(default=0, init=False)

    @classmethod
    def of(cls, base: CustomerBase, definition: Definition, cutoff: int) -> UsualGap:
        """Count it in a pass of its own over the customers."""
        tally = cls(definition, cutoff)
        count(base, tally, tables={"orders", *definition.tables})
        return tally

    def add(self, part: History) -> None:
        """Count the customers of a part."""
        rhythm = _rhythm(self.definition, _known_logs(part, self.definition, self.cutoff), part)
        self.gaps += int(rhythm.gaps.sum())
        self.total_days += int(rhythm.days.sum())

    @property
    def days(self) -> float:
        """The mean gap in days; NaN where nobody came on two days."""
        return self.total_days / self.gaps if self.gaps else float("nan")


def stages(
    part: History,
    definition: Definition,
    cutoff: int,
    *,
    usual_gap_days: float,
    slipping_after: float = SLIPPING_AFTER,
) -> np.ndarray:
    """Return the stage of each customer of a part, as was known before a cutoff.

    Parameters
    ----------
    part : History
        All customers or a part of them, with all their tables.
    definition : Definition
        Says who is active.
    cutoff : int
        The instant T.
    usual_gap_days : float
        All customers' mean gap in days, from `UsualGap`; it stands in for customers who came on fewer than two days.
    slipping_after : float, default 2.0
        A silence longer than so many times the usual gap is slipping away.

    Returns
    -------
    numpy.ndarray of int8, shape (n_customers,)
        Positions in `stage_names`; `UNKNOWN` (-1) for those who are not known before T.

    Notes
    -----
    The rules are those of `stage_rules`. A customer is known with a row of any table, or having joined, before T;
    from the end of the data on also without either, where the table of customers names him.

    Examples
    --------
    >>> import churn
    >>> history, rule = churn.make_shop(customers=50, seed=1).history(), churn.Inactivity(180, 60)
    >>> t = history.closing
    >>> codes = stages(history, rule, t, usual_gap_days=UsualGap.of(CustomerBase.of(history), rule, t).days)
    >>> active = np.isin(codes, (NEW, ACTIVE, SLIPPING, WON_BACK))
    >>> bool((np.flatnonzero(active) == rule.population(history.as_of(t))).all())
    True
    """
    n = len(part.customers)
    logs = _known_logs(part, definition, cutoff)
    start = period_start(part, definition, cutoff)
    before, now = definition.active(logs, n, start), definition.active(logs, n, cutoff)
    rhythm = _rhythm(definition, logs, part)
    if definition.strained_means:  # contracts have a rhythm of their own
        usual_gap_days = np.nan
    own = np.where(rhythm.gaps > 0, rhythm.days / np.maximum(rhythm.gaps, 1), usual_gap_days)
    silent_days = np.where(rhythm.seen, (cutoff - rhythm.last) / DAY_US, np.nan)
    slipping = (silent_days > slipping_after * own) | definition.strained(logs, n, cutoff)  # NaN: not silent
    entered, seen_before = now & ~before, definition.seen(logs, n, start)
    out = np.full(n, UNKNOWN, dtype=np.int8)
    out[known_before(part, cutoff)] = UNSEEN
    out[definition.seen(logs, n, cutoff)] = LAPSED
    out[now] = ACTIVE
    out[now & slipping] = SLIPPING
    out[entered] = WON_BACK
    out[entered & ~seen_before] = NEW
    return out


def known_before(part: History, cutoff: int) -> np.ndarray:
    """Tell of each customer of a part whether he is known before a cutoff; bool of shape (n_customers,).

    Known is who has a row of any table, or joined, before it. A customer without either is known from the end of
    the data on: the table of customers names him, and does not say since when.
    """
    known, ever = np.zeros((2, len(part.customers)), dtype=bool)
    for log in part.logs.values():
        ever[log.customer] = True
        end = int(np.searchsorted(log.time, cutoff, side="left"))
        rows = slice(0, end) if log.recorded is None else np.flatnonzero(log.recorded[:end] < cutoff)
        known[log.customer[rows]] = True
        former = log.former(cutoff)
        if former is not None:
            known[former.customer] = True
    if part.joined is not None:
        known |= part.joined < cutoff
        ever |= part.joined != np.iinfo(np.int64).max
    return known | ~ever if cutoff >= part.closing else known


def count_stages(codes: np.ndarray, definition: Definition) -> dict[str, int]:
    """Return how many customers are in each stage, by its name.

    Examples
    --------
    >>> from churn.definition import Inactivity
    >>> count_stages(np.array([0, 1, 1, -1]), Inactivity(180, 60))
    {'new': 1, 'active': 2, 'slipping': 0, 'lapsed': 0, 'won back': 0, 'no order yet': 0}
    """
    names = stage_names(definition)
    found = np.bincount(codes[codes >= 0], minlength=len(names))
    return {name: int(k) for name, k in zip(names, found, strict=True)}


def stages_line(counts: Mapping[str, int]) -> str:
    """Say the counts in one line.

    Examples
    --------
    >>> stages_line({"new": 12, "active": 1300})
    'new 12, active 1,300'
    """
    return ", ".join(f"{name} {format_count(k)}" for name, k in counts.items())


@dataclass(frozen=True)
class _Rhythm:
    """By customer: number and sum of the gaps between days with a row, last row, and whether there is one."""

    gaps: np.ndarray
    days: np.ndarray
    last: np.ndarray
    seen: np.ndarray


def _rhythm(definition: Definition, logs: Mapping[str, EventLog], part: History) -> _Rhythm:
    rows, n = definition.doing(logs), len(part.customers)
    day = rows.numbers["day"] if "day" in rows.numbers else local_day(rows.time, part.timezone)
    order = stable_order(rows.customer.astype(np.intp), n)
    who, when = rows.customer[order], day[order].astype(np.int64)
    step = np.zeros(len(who), dtype=np.int64)  # 0: the customer's first row, or the same day
    if len(who) > 1:
        step[1:] = np.where(who[1:] == who[:-1], when[1:] - when[:-1], 0)
    last, seen = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool)
    last[rows.customer] = rows.time  # in time order: the last one stays
    seen[rows.customer] = True
    days = np.bincount(who, weights=step, minlength=n)  # whole numbers: exact
    return _Rhythm(np.bincount(who[step > 0], minlength=n), days, last, seen)


def _known_logs(part: History, definition: Definition, cutoff: int) -> dict[str, EventLog]:
    """Return the logs that tell who is active and how they come, as was known before a cutoff."""
    names = {"orders", *definition.tables}
    return {name: log.known_before(cutoff) for name, log in part.logs.items() if name in names}


def _rows(definition: Definition) -> str:
    """Return what is watched, in a word or two."""
    table = getattr(definition, "active_in", "orders")
    return "order" if table == "orders" else f"row of {table}"
