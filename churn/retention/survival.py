"""How long customers stay: survival from the first order until they are lost by the definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.config.retention import RetentionSettings
from churn.data.base import CustomerBase, count
from churn.data.history import DAY_US, NEVER, History, Instant
from churn.definition import Definition
from churn.definition.kaplan import KaplanMeier, kaplan_meier
from churn.display import Rendered, format_count, format_percent, table_text
from churn.retention.bounds import calendar_spans
from churn.retention.cohorts import beginning, known_logs
from churn.retention.grouped import GroupCounts, folded
from churn.retention.groups import UNKNOWN, Grouping
from churn.retention.periods import read_as_of

if TYPE_CHECKING:
    import pandas as pd

    from churn.data.store import LogStore

SHOWN_DAYS = (30, 60, 90, 120, 180, 240, 300, 365, 545, 730, 1095, 1460, 1825, 2555, 3650)
_MOST_SHOWN = 6
_MOST_POINTS = 200  # of a curve in JSON


@dataclass(frozen=True)
class Curve:
    """The survival of one group of customers.

    Attributes
    ----------
    estimate : KaplanMeier
        By whole days since the first order.
    small_below : int
        Days on which fewer customers are still watched tell little.
    """

    estimate: KaplanMeier
    small_below: int

    @property
    def customers(self) -> int:
        """Customers watched from their first order on."""
        return int(self.estimate.ended.sum() + self.estimate.open.sum())

    @property
    def lost(self) -> int:
        """How many of them were lost so far."""
        return int(self.estimate.ended.sum())

    @property
    def median_days(self) -> int | None:
        """Days after which half are lost; None where the curve does not fall so far."""
        return self.estimate.first_at_most(0.5)

    @property
    def median_interval(self) -> tuple[int | None, int | None]:
        """95 % interval of the median: where the bounds of the curve cross one half; None where they do not."""
        e = self.estimate
        return e.first_at_most(0.5, e.low), e.first_at_most(0.5, e.high)

    @property
    def known_days(self) -> int:
        """Days up to which enough customers are watched."""
        enough = np.flatnonzero(self.estimate.at_risk >= max(self.small_below, 1))
        return int(enough[-1]) if len(enough) else 0

    def at(self, day: int) -> tuple[float, float, float] | None:
        """Return the share still there after so many days with its interval; None where nobody is watched so long."""
        e = self.estimate
        if day >= len(e.at_risk):
            return None
        return float(e.survival[day]), float(e.low[day]), float(e.high[day])

    def to_dict(self) -> dict[str, Any]:
        """Return the curve at no more than 200 days, evenly spaced, with its figures."""
        e, n = self.estimate, len(self.estimate.at_risk)
        days = np.arange(0, n, max(-(-n // _MOST_POINTS), 1))
        return {
            "customers": self.customers,
            "lost": self.lost,
            "median_days": self.median_days,
            "median_low": self.median_interval[0],
            "median_high": self.median_interval[1],
            "known_days": self.known_days,
            "small": self.customers < self.small_below,
            "days": days.tolist(),
            "share": [_rounded(x) for x in e.survival[days]],
            "low": [_rounded(x) for x in e.low[days]],
            "high": [_rounded(x) for x in e.high[days]],
            "at_risk": e.at_risk[days].tolist(),
        }


@dataclass(frozen=True, repr=False)
class Survival(Rendered):
    """Survival of all customers and of groups of them.

    Attributes
    ----------
    total : Curve
        All customers whose first order is known to be their first.
    by : str or None
        "year" of the first order, or a segment.
    groups : dict of str to Curve
        The same per value of it.
    left_out : int
        Customers who may have come before the data begin.
    never : int
        Customers who were never active by the definition.
    begin_days : int
        Days from the first order of the data on in which nobody can be called new.
    until : str
        The end of what is known.
    active_means, lost_means : str
        Who is active and who is lost, in words.
    """

    total: Curve
    by: str | None
    groups: dict[str, Curve]
    left_out: int
    never: int
    begin_days: int
    until: str
    active_means: str
    lost_means: str

    @property
    def frame(self) -> pd.DataFrame:
        """The data twin: `group` (None for all), `day`, `at_risk`, `lost` (on that day), `share`, `low`, `high`."""
        import pandas as pd

        parts = []
        for name, curve in ((None, self.total), *self.groups.items()):
            e = curve.estimate
            columns = {
                "at_risk": e.at_risk,
                "lost": e.ended,
                "share": e.survival,
                "low": e.low,
                "high": e.high,
            }
            part = pd.DataFrame({"day": np.arange(len(e.at_risk)), **columns})
            part.insert(0, "group", pd.Series([name] * len(part), dtype=object))
            parts.append(part)
        return pd.concat(parts, ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; shares of 1, None where an interval is not defined."""
        return {
            "from": "first order",
            "active": self.active_means,
            "lost": self.lost_means,
            "until": self.until,
            "left_out": self.left_out,
            "never_active": self.never,
            "begin_days": self.begin_days,
            "notes": self.notes(),
            "total": self.total.to_dict(),
            "by": self.by,
            "groups": {name: curve.to_dict() for name, curve in self.groups.items()},
        }

    def notes(self) -> list[str]:
        """Say what a reader has to know."""
        out = [
            f"Lost = {self.lost_means}, from the day on which that comes true. Who comes back later was lost all the "
            f"same; who is active on {self.until} is watched so far and not counted as lost (Kaplan-Meier)."
        ]
        if self.left_out:
            out.append(
                f"Left out: {format_count(self.left_out)} customers first seen in the first {self.begin_days} days of "
                "the data, who may have come long before."
            )
        if self.never:
            out.append(f"{format_count(self.never)} customers were never active by the definition.")
        return out

    def render(self) -> str:
        """Return the share still there after some days, with its interval, per group."""
        curves = {"all": self.total, **self.groups}
        longest = max(curve.known_days for curve in curves.values())
        begins = self.total.estimate.first_at_most(1 - 1e-12) or 0
        days = [d for d in SHOWN_DAYS if begins <= d <= longest]
        if len(days) > _MOST_SHOWN:
            days = [days[round(i)] for i in np.linspace(0, len(days) - 1, _MOST_SHOWN)]
        rows = []
        for name, c in curves.items():
            low, high = c.median_interval
            span = f" ({low or '?'} to {high or '?'})" if c.median_days is not None else ""
            median = "not reached" if c.median_days is None else f"{c.median_days} days{span}"
            marks = "~" if c.customers < c.small_below else ""
            cells = [self._cell(c, d) for d in days]
            rows.append([name, f"{marks}{format_count(c.customers)}", format_count(c.lost), median, *cells])
        header = [self.by or "", "customers", "lost", "half are lost after", *(f"{d} days" for d in days)]
        table = table_text(header, rows, right=[1, 2, *range(4, len(header))])
        small = (
            f"\n~ = fewer than {self.total.small_below} customers."
            if any(c.customers < c.small_below for c in curves.values())
            else ""
        )
        title = (
            "Survival: share of customers not lost so many days after their first order, with 95 % intervals"
        )
        return "\n".join([title, table, *folded(self.notes())]) + small

    @staticmethod
    def _cell(curve: Curve, day: int) -> str:
        found = curve.at(day) if day <= curve.known_days else None
        if found is None:
            return ""
        share, low, high = found
        if np.isnan(low):
            return format_percent(share, 0)
        return f"{format_percent(share, 0)} ({100 * low:.0f}-{100 * high:.0f})"

    def figure(self) -> Any:
        """Draw the curves with their intervals; `frame` is the data."""
        from churn.retention.cohort_plots import draw_survival

        return draw_survival(self.to_dict())


def survival(
    data: History | LogStore | CustomerBase,
    definition: Definition,
    *,
    by: str | None = "year",
    as_of: Instant | int | None = None,
    begin_days: int | None = None,
    calendar: RetentionSettings | None = None,
) -> Survival:
    """Estimate how long customers stay, from their first order until they are lost by the definition.

    Parameters
    ----------
    data : History, LogStore or CustomerBase
        The customers, in one piece or in parts.
    definition : Definition
        Says when a customer is active: the time runs from the first instant of being active to the first one of
        being no longer so. With `active_days` of 180, whoever orders once is lost after 180 days.
    by : str, optional
        "year" of the first order (the default; the fiscal year of `calendar`), a segment, or "channel", that of the
        first order; None for all alone.
    as_of : date, datetime or str, optional
        The instant T at which somebody looks: only what had happened and was known strictly before it counts.
    begin_days : int, optional
        Customers first active within so many days of the first order of the data are left out, because they may
        have come before; those of `calendar`, or `definition.lookback_days`, when left out.
    calendar : RetentionSettings, optional
        The user's calendar, and how many customers are few.

    Returns
    -------
    Survival
        Kaplan-Meier curves with 95 % intervals and medians, see `churn.definition.kaplan.kaplan_meier`.

    Raises
    ------
    ParameterError
        There is no such group, or `as_of` lies outside the data.

    Examples
    --------
    >>> import churn
    >>> found = survival(churn.make_shop(customers=300, seed=2).history(), churn.Inactivity(120, 45))
    >>> found.total.at(100)[0], found.total.at(200)[0] < 1
    (1.0, True)
    """
    base = CustomerBase.of(data)
    known = None if as_of is None else read_as_of(base, as_of)
    tally = SurvivalTally(
        base, definition, by=by, known_before=known, begin_days=begin_days, settings=calendar
    )
    count(base, tally, tables=tally.tables)
    return tally.result()


class SurvivalTally:
    """Counts by whole days of 24 hours who was lost and who is still there; see `survival` for the parameters."""

    def __init__(
        self,
        base: CustomerBase,
        definition: Definition,
        *,
        by: str | None = "year",
        known_before: Instant | int | None = None,
        begin_days: int | None = None,
        settings: RetentionSettings | None = None,
    ) -> None:
        self.settings = settings or RetentionSettings()
        self.base, self.definition, self.by = base, definition, by
        self.known = None if known_before is None else base.instant(known_before, "known_before")
        self.until = base.closing if self.known is None else min(self.known, base.closing)
        self.begin_days = beginning(definition, self.settings, begin_days)
        years = calendar_spans(base, "year", settings=self.settings, known_before=self.known)
        self._years = np.array([s.start for s in years], dtype=np.int64)
        digits = 4 if self.settings.year_starts_in == 1 else 10
        self._year_names = tuple(base.date(s.start)[:digits] for s in years) or (UNKNOWN,)
        self.tables = tuple(dict.fromkeys(("orders", *definition.tables)))
        self._counts = GroupCounts(Grouping(by)) if by == "year" else GroupCounts.of(base, by)
        self._left_out = self._never = 0

    def add(self, part: History) -> None:
        """Count the customers of a part."""
        n = len(part.customers)
        logs = known_logs(part, self.tables, self.known)
        began, lost = self.definition.stretches(logs).lives(n, self.until)
        seen = self.definition.first_seen(logs, n) < self.until
        early = (
            began < self.base.data_start + self.begin_days * DAY_US if self.begin_days else np.zeros(n, bool)
        )
        self._left_out += int(early.sum())
        self._never += int((seen & (began == NEVER)).sum())
        keep = np.flatnonzero((began != NEVER) & ~early)
        over = lost[keep] != NEVER
        days = (np.where(over, lost[keep], self.until) - began[keep]) // DAY_US
        if self.by == "year":
            labels, group = (
                self._year_names,
                np.maximum(np.searchsorted(self._years, began[keep], side="right") - 1, 0),
            )
        else:
            labels, group = self._counts.codes(part, logs, seen)
            group = group[keep]
        customers = np.bincount(group, minlength=len(labels))[:, None]
        lost_open = (_by_day(days[w], group[w], len(labels)) for w in (over, ~over))
        self._counts.add(labels, customers, *lost_open)

    def result(self) -> Survival:
        """Return the curves of what was counted."""
        small = self.settings.small_below

        def curve(counts: tuple[np.ndarray, ...]) -> Curve:
            _, lost, open_ = counts or (np.zeros(0, dtype=np.int64),) * 3
            return Curve(kaplan_meier(_trimmed(lost), _trimmed(open_)), small)

        groups = self._counts.groups()
        names = sorted(groups) if self.by == "year" else list(groups)
        return Survival(
            total=curve(self._counts.total()),
            by=self.by,
            groups={name: curve(groups[name]) for name in names},
            left_out=self._left_out,
            never=self._never,
            begin_days=self.begin_days,
            until=self.base.date(self.until),
            active_means=self.definition.active_means,
            lost_means=self.definition.lost_means,
        )


def _by_day(days: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Return counts by group and day."""
    longest = int(days.max(initial=-1)) + 1
    return np.bincount(group * longest + days, minlength=groups * longest).reshape(groups, longest)


def _trimmed(counts: np.ndarray) -> np.ndarray:
    """Return counts up to the last one that is not zero."""
    there = np.flatnonzero(counts)
    return counts[: int(there[-1]) + 1] if len(there) else counts[:0]


def _rounded(share: float) -> float | None:
    return None if np.isnan(share) else round(float(share), 6)
