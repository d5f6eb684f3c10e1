"""Retention from the log: one period, or the series of all whole calendar periods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from churn.data.history import DAY_US, History, Instant
from churn.definition import Definition, Inactivity
from churn.display import Rendered, format_count, format_percent, table_text
from churn.errors import ParameterError
from churn.retention.rate import N_IN_SETS, Retention

if TYPE_CHECKING:
    import pandas as pd

Every = Literal["day", "week", "month", "quarter", "year"]
_FREQUENCIES = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}


def retention_between(
    history: History,
    active_days: int | Definition,
    start: Instant | int,
    end: Instant | int,
    *,
    known_before: Instant | int | None = None,
) -> Retention:
    """Compute the retention of one period from the log.

    Parameters
    ----------
    history : History
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
    t0, t1 = history.instant(start), history.instant(end)
    if t1 <= t0:
        raise ParameterError(
            "The period ends before it starts",
            given=f"{history.date(t0)} to {history.date(t1)}",
            fix="Give the start first.",
        )
    if t1 > history.closing:
        raise ParameterError(
            "The period ends after the data do",
            given=f"{history.date(t1)}, the data end on {history.date(history.data_end)}",
            fix="Choose an earlier end.",
            code="immature",
        )
    definition, n = _definition(active_days), len(history.customers)
    logs = {name: history.logs[name] for name in definition.tables if name in history.logs}
    if known_before is not None:
        known = history.instant(known_before)
        logs = {name: log.known_before(known) for name, log in logs.items()}
    s, e = definition.active(logs, n, t0), definition.active(logs, n, t1)
    entered = e & ~s
    new = int((entered & ~definition.seen(logs, n, t0)).sum())
    return Retention(
        int(s.sum()),
        int(e.sum()),
        int(entered.sum()),
        new,
        int(entered.sum()) - new,
        history.date(t0),
        history.date(t1),
    )


@dataclass(frozen=True, repr=False)
class RetentionSeries(Rendered):
    """Retention by period, oldest first; ``.frame`` is the data twin of the bars that it prints."""

    periods: tuple[Retention, ...]
    every: str
    active_days: int | None
    active_means: str
    left_out: str

    def __iter__(self) -> Iterator[Retention]:
        return iter(self.periods)

    def __len__(self) -> int:
        return len(self.periods)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per period with S, E, N, all flows and both rates (shares of 1)."""
        import pandas as pd

        return pd.DataFrame([p.to_dict() for p in self.periods])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "every": self.every,
            "active_days": self.active_days,
            "active": self.active_means,
            "left_out": self.left_out,
            "periods": [p.to_dict() for p in self.periods],
        }

    def render(self) -> str:
        """Return a table with a bar per period."""
        rows = [
            [
                p.first or "",
                *(format_count(v or 0) for v in (p.start, p.lost, p.new, p.reactivated, p.end)),
                format_percent(p.rate),
                format_percent(p.churn_rate),
                "█" * round(20 * (p.rate or 0)),
            ]
            for p in self.periods
        ]
        header = [self.every, "S", "lost", "new", "reactivated", "E", "retention", "churn", ""]
        table = table_text(header, rows, right=(1, 2, 3, 4, 5, 6, 7))
        return (
            f"Retention by {self.every}; active = {self.active_means}; "
            f"S - lost + new + reactivated = E\n{table}\nN counts {N_IN_SETS}."
            + (f"\n{self.left_out}" if self.left_out else "")
        )


def retention_series(
    history: History, active_days: int | Definition, every: Every = "month"
) -> RetentionSeries:
    """Compute retention for every whole calendar period of the data, in the history's time zone.

    Parameters
    ----------
    history : History
        The log.
    active_days : int or Definition
        A customer is active at an instant while the last order before it is at most this old; or as the
        definition says it, such as live subscribers for `churn.Subscription`.
    every : {"day", "week", "month", "quarter", "year"}, default "month"
        The calendar period; weeks start on Monday.

    Returns
    -------
    RetentionSeries
        Periods that start within `active_days` of the first order are left out, because who was active then
        is not fully known (of a definition: within its `lookback_days`); so are periods that end after the data.

    Raises
    ------
    ParameterError
        The period is unknown, or the data hold no whole one.
    """
    import pandas as pd

    if every not in _FREQUENCIES:
        raise ParameterError(
            "The period is unknown",
            given=repr(every),
            allowed=", ".join(_FREQUENCIES),
            fix="Use one of these.",
        )
    definition = _definition(active_days)
    lookback = definition.lookback_days
    earliest = history.data_start + lookback * DAY_US
    calendar = pd.period_range(
        history.timestamp(history.data_start).tz_localize(None),
        history.timestamp(history.data_end).tz_localize(None),
        freq=_FREQUENCIES[every],
    )
    bounds = [
        (history.instant(str(p.start_time.date())), history.instant(str((p + 1).start_time.date())))
        for p in calendar
    ]
    bounds = [(a, b) for a, b in bounds if a < history.data_end]
    whole = [(a, b) for a, b in bounds if a >= earliest and b <= history.closing]
    if not whole:
        raise ParameterError(
            f"The data hold no whole {every} whose active customers are known",
            given=f"orders from {history.date(history.data_start)} to {history.date(history.data_end)}, "
            f"{lookback} days needed to see who is active",
            fix="Choose a shorter period or smaller active_days.",
            code="no-period",
        )
    early = sum(a < earliest for a, _ in bounds)
    late = sum(b > history.closing for a, b in bounds if a >= earliest)
    notes = []
    if early:
        notes.append(f"{early} at the beginning, before {lookback} days of history had passed")
    if late:
        notes.append(f"{late} at the end, not complete")
    left_out = f"Left out: {'; '.join(notes)}." if notes else ""
    return RetentionSeries(
        tuple(retention_between(history, definition, a, b) for a, b in whole),
        every,
        getattr(definition, "active_days", None),
        definition.active_means,
        left_out,
    )


def _definition(active: int | Definition) -> Definition:
    return active if isinstance(active, Definition) else Inactivity(active, horizon_days=1)
