"""The cohort triangle: counts by cohort and period, shares with intervals, the pooled curve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from churn.display import Rendered, format_count, format_percent, table_text
from churn.retention.grouped import folded
from churn.retention.intervals import wilson

if TYPE_CHECKING:
    import pandas as pd

Measure = Literal["active", "ordered"]
MOST_COLUMNS = 12
MOST_ROWS = 24
EARLIER = "earlier"


@dataclass(frozen=True)
class Triangle:
    """Counts of customers, by cohort and calendar period.

    Attributes
    ----------
    first : int
        The period of the first cohort; the periods before it lie at the beginning of the data.
    sizes : numpy.ndarray of int64, shape (n_cohorts,)
        Customers first seen in each period from `first` on.
    active, ordered : numpy.ndarray of int64, shape (n_cohorts, n_periods)
        Of them, those active at the end of each period, and those who ordered in it.
    before : int
        Customers first seen before the first cohort.
    before_active, before_ordered : numpy.ndarray of int64, shape (n_periods,)
        Of them, those active at the end of each period, and those who ordered in it.
    """

    first: int
    sizes: np.ndarray
    active: np.ndarray
    ordered: np.ndarray
    before: int
    before_active: np.ndarray
    before_ordered: np.ndarray

    def by_age(self, cohort: int, measure: Measure) -> np.ndarray:
        """Return a cohort's counts from its own period on; -1 is who came before the first cohort."""
        counts = self.active if measure == "active" else self.ordered
        if cohort >= 0:
            return counts[cohort, self.first + cohort :]
        before = self.before_active if measure == "active" else self.before_ordered
        return before[max(self.first - 1, 0) :]


@dataclass(frozen=True, repr=False)
class Cohorts(Rendered):
    """Retention by acquisition cohort.

    A cohort is everybody first seen in a calendar period. Over all cohorts, with those who came before, the active
    add up to E of `churn.retention_series` for the same period. The last period may be running: it has counts so
    far and no shares.

    Attributes
    ----------
    every : str
        The calendar period.
    measure : {"active", "ordered"}
        What the shares are of.
    active_means : str
        Who is active, in words.
    active_days : int or None
        Days after an order in which nobody can be lost; None where the definition has none.
    starts, ends : tuple of str
        The periods, local dates; an end is exclusive.
    running : bool
        Whether the last period is not over.
    so_far : str or None
        Up to when it is counted.
    early : int
        Periods at the beginning of the data; whoever was first seen in them is in no cohort.
    begin_days : int
        Days from the first order on in which such periods begin.
    data_begin : str
        The day of the first order.
    small_below : int
        Cohorts of fewer customers are marked.
    total : Triangle
        All customers.
    by : str or None
        The segment of `groups`.
    groups : dict of str to Triangle
        The same per value of a segment.
    """

    every: str
    measure: Measure
    active_means: str
    active_days: int | None
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    running: bool
    so_far: str | None
    early: int
    begin_days: int
    data_begin: str
    small_below: int
    total: Triangle
    by: str | None
    groups: dict[str, Triangle]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per group, cohort and age, the data twin of the triangle.

        `group` (None for all), `cohort` (first day of its period; "earlier" for who came before the first cohort),
        `customers`, `small`, `age` (periods since), `period_start`, `period_end`, `active`, `ordered`, `rate` (of
        `measure`, a share of 1; missing where the cohort is empty or the period is running), `low`, `high` (95 %,
        Wilson), `running`.
        """
        import pandas as pd

        rows = []
        for name, triangle in ((None, self.total), *self.groups.items()):
            for c, entry in self._entries(triangle):
                start = triangle.first + c
                same = {"group": name, **{k: entry[k] for k in ("cohort", "customers", "small")}}
                by_age = ("active", "ordered", "rate", "low", "high", "running")
                rows += [
                    {
                        **same,
                        "age": age,
                        "period_start": self.starts[max(start, 0) + age],
                        "period_end": self.ends[max(start, 0) + age],
                        **{k: entry[k][age] for k in by_age},
                    }
                    for age in range(len(entry["active"]))
                ]
        return pd.DataFrame(rows)

    @property
    def curve(self) -> pd.DataFrame:
        """The pooled curve: by age, the customers of all cohorts known that long and the share retained.

        Customers are added up over cohorts and then divided, so a large cohort weighs more than a small one. Each
        age has the cohorts that have reached it: the curve may rise where the older ones were better.
        """
        import pandas as pd

        return pd.DataFrame(self._curve(self.total))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; lists go by age, from the cohort's own period on."""
        return {
            "every": self.every,
            "measure": self.measure,
            "active": self.active_means,
            "ordered": f"an order in the {self.every}",
            "small_below": self.small_below,
            "running_until": self.so_far if self.running else None,
            "data_begin": self.data_begin,
            "begin_days": self.begin_days,
            "by": self.by,
            "notes": self.notes(),
            **self._plain(self.total),
            "groups": {name: self._plain(triangle) for name, triangle in self.groups.items()},
        }

    def _plain(self, triangle: Triangle) -> dict[str, Any]:
        entries = dict(self._entries(triangle))
        return {
            "before": entries.pop(-1, None),
            "cohorts": list(entries.values()),
            "curve": self._curve(triangle),
        }

    def _entries(self, triangle: Triangle) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield every cohort with its number; first, as -1, those who came before, where that can be."""
        for c in range(-1 if self.early or triangle.before else 0, len(triangle.sizes)):
            size = int(triangle.sizes[c]) if c >= 0 else triangle.before
            counts = triangle.by_age(c, self.measure)
            open_ = [self.running and age == len(counts) - 1 for age in range(len(counts))]
            known = [
                None if running or not size else (int(k) / size, *wilson(int(k), size))
                for k, running in zip(counts, open_, strict=True)
            ]
            rate, low, high = ([None if k is None else k[i] for k in known] for i in range(3))
            at = triangle.first + c
            yield (
                c,
                {
                    "cohort": self.starts[at] if c >= 0 else EARLIER,
                    "until": self.ends[max(at, 0)] if self.ends else None,
                    "customers": size,
                    "small": size < self.small_below,
                    "active": triangle.by_age(c, "active").tolist(),
                    "ordered": triangle.by_age(c, "ordered").tolist(),
                    "rate": rate,
                    "low": low,
                    "high": high,
                    "running": open_,
                },
            )

    def _curve(self, triangle: Triangle) -> list[dict[str, Any]]:
        over = len(self.starts) - self.running - triangle.first  # cohorts whose own period is over
        out = []
        for age in range(max(over, 0)):
            reached = range(over - age)
            size = int(triangle.sizes[: over - age].sum())
            stay = sum(int(triangle.by_age(c, self.measure)[age]) for c in reached)
            low, high = wilson(stay, size) if size else (None, None)
            out.append(
                {
                    "age": age,
                    "cohorts": len(reached),
                    "customers": size,
                    "retained": stay,
                    "rate": stay / size if size else None,
                    "low": low,
                    "high": high,
                    "small": size < self.small_below,
                }
            )
        return out

    def notes(self) -> list[str]:
        """Say what a reader has to know."""
        whose = "are active at its end" if self.measure == "active" else "ordered in it"
        out = [
            f"Each share is of the cohort's customers who {whose}; column 0 is the {self.every} in which they came."
            + (f" Active = {self.active_means}." if self.measure == "active" else "")
        ]
        if self.measure == "active" and self.active_days:
            out.append(
                f"Nobody can be lost in the {self.active_days} days after an order, so the first columns stay near "
                "100 %."
            )
        if self.early or self.total.before:
            out.append(
                f"{EARLIER} = {format_count(self.total.before)} customers first seen in a {self.every} that begins "
                f"within {self.begin_days} days of the beginning of the data ({self.data_begin}): they may have come "
                "long before, so they are no acquisition cohort and not in the curve."
            )
        if self.running:
            out.append(f"In brackets: the {self.every} is not over, counted up to {self.so_far}; no drop.")
        if any(e["small"] for _, e in self._entries(self.total)):
            out.append(f"~ = fewer than {self.small_below} customers, a share that chance alone moves a lot.")
        return out

    def render(self) -> str:
        """Return the triangle with at most 12 columns, the pooled curve below it, and what the marks mean."""
        unit = {"active": "active at the end of the", "ordered": "who ordered in the"}[self.measure]
        title = f"Cohorts by {self.every}: share {unit} {self.every}, by {self.every}s since the first"
        parts = [title, self._table(self.total)]
        for name, triangle in self.groups.items():
            parts += ["", f"{self.by} = {name}", self._table(triangle)]
        return "\n".join([*parts, *folded(self.notes())])

    def _table(self, triangle: Triangle) -> str:
        entries = list(self._entries(triangle))
        ages = shown_ages(max((len(e["active"]) for _, e in entries), default=0))
        left_out = max(len([c for c, _ in entries if c >= 0]) - MOST_ROWS, 0)
        rows = [
            [
                entry["cohort"][:7] if self.every in ("month",) else entry["cohort"],
                f"{'~' if entry['small'] else ''}{format_count(entry['customers'])}",
                *(self._cell(entry, age) for age in ages),
            ]
            for c, entry in entries
            if c < 0 or c >= left_out
        ]
        curve = self._curve(triangle)
        if curve:
            shares = [format_percent(curve[a]["rate"], 0) if a < len(curve) else "" for a in ages]
            rows.append(["pooled", format_count(curve[0]["customers"]), *shares])
        header = ["cohort", "customers", *(str(a) for a in ages)]
        table = table_text(header, rows, right=range(1, len(header)))
        return table + (
            f"\nThe {left_out} oldest cohorts are not shown here, and count in the pooled curve."
            if left_out
            else ""
        )

    def _cell(self, entry: dict[str, Any], age: int) -> str:
        if age >= len(entry["active"]):
            return ""
        if not entry["customers"]:
            return "-"
        share = format_percent(entry[self.measure][age] / entry["customers"], 0)
        return f"({share})" if entry["running"][age] else share

    def figure(self) -> Any:
        """Draw the triangle as a heat map with the pooled curve; `frame` and `curve` are the data."""
        from churn.retention.cohort_plots import draw_cohorts

        return draw_cohorts(self.to_dict())


def shown_ages(n: int) -> list[int]:
    """Return at most 12 of n ages: all of them, or the first ones and ever wider steps up to the last.

    Examples
    --------
    >>> shown_ages(5), shown_ages(25)
    ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 18, 24])
    """
    if n <= MOST_COLUMNS:
        return list(range(n))
    head = MOST_COLUMNS // 2
    tail = np.geomspace(head, n - 1, MOST_COLUMNS - head)
    ages = [*range(head), *(round(x) for x in tail)]
    for i in range(1, len(ages)):  # rounding may meet where there are few
        ages[i] = max(ages[i], ages[i - 1] + 1)
    return ages
