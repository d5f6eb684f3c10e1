"""A series of periods, for all customers and for groups of them: as it prints, as a frame, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from churn.config.retention import RetentionSettings
from churn.display import Rendered, format_count, format_percent, table_text
from churn.retention.rate import N_IN_SETS, Retention

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 8  # groups that fit beside each other


@dataclass(frozen=True, repr=False)
class RetentionSeries(Rendered):
    """Retention by period, oldest first; ``.frame`` is the data twin of what prints and of the picture.

    Attributes
    ----------
    periods : tuple of Retention
        The last one may be running, see `Retention.running`.
    every : str
        The period.
    active_days : int or None
        Of the definition, where it has them.
    active_means : str
        What makes a customer active.
    left_out : str
        Which periods are not there, and why.
    by : str or None
        What the groups are.
    groups : mapping of str to tuple of Retention
        Of each group as many periods as of all customers. Unless they are by `last_channel`, a customer stays in one
        group, so the groups add up to all in S, E and every flow; by `last_channel` too, period by period.
    small_below : int
        Rates of fewer customers at the start are marked.
    late_rows : str
        Where rows are habitually recorded late: how many, and what that means for the newest figures.
    """

    periods: tuple[Retention, ...]
    every: str
    active_days: int | None
    active_means: str
    left_out: str
    by: str | None = None
    groups: Mapping[str, tuple[Retention, ...]] = field(default_factory=dict)
    small_below: int = RetentionSettings().small_below
    late_rows: str = ""

    def __iter__(self) -> Iterator[Retention]:
        return iter(self.periods)

    def __len__(self) -> int:
        return len(self.periods)

    @property
    def whole(self) -> tuple[Retention, ...]:
        """The periods that are over."""
        return tuple(p for p in self.periods if not p.running)

    def is_small(self, r: Retention) -> bool:
        """Tell whether so few customers were there at the start that the rate is not to be trusted."""
        return r.start < self.small_below

    @property
    def frame(self) -> pd.DataFrame:
        """One row per period with S, E, N, all flows and both rates (shares of 1); by group too, where there are.

        With groups, the rows of all customers have an empty `group`.
        """
        import pandas as pd

        rows = [self._plain(p) for p in self.periods]
        if self.by is not None:
            rows = [{"by": self.by, "group": None, **r} for r in rows] + [
                {"by": self.by, "group": name, **self._plain(p)}
                for name, group in self.groups.items()
                for p in group
            ]
        return pd.DataFrame(rows)

    def figure(self) -> Any:
        """Draw the rates, see `churn.retention.plots`; ``.frame`` is the data twin."""
        from churn.retention.plots import series_figure

        by = f" and {self.by}, all customers in grey" if self.groups else ""
        title = f"Retention by {self._named}{by}: active = {self.active_means}"
        return series_figure(title, self.periods, self.groups, self.is_small)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {
            "every": self.every,
            "active_days": self.active_days,
            "active": self.active_means,
            "left_out": self.left_out,
            "small_below": self.small_below,
            "late_rows": self.late_rows,
            "periods": [self._plain(p) for p in self.periods],
            **(
                {}
                if self.by is None
                else {
                    "by": self.by,
                    "groups": {name: [self._plain(p) for p in group] for name, group in self.groups.items()},
                }
            ),
        }

    def _plain(self, r: Retention) -> dict[str, Any]:
        return {**r.to_dict(), "small": self.is_small(r)}

    def render(self) -> str:
        """Return a table with a bar per period; with groups, their rates and the flows of the last whole period."""
        rows = [[self._label(p), *self._cells(p), self._bar(p)] for p in self.periods]
        header = [self._column, *_COLUMNS, ""]
        lines = [
            f"Retention by {self._named}; active = {self.active_means}; S - lost + new + reactivated = E",
            table_text(header, rows, right=tuple(range(1, 9))),
            f"N counts {N_IN_SETS}. Intervals are 95 %, of sampling noise alone.",
        ]
        if self.groups:
            lines += ["", *self._by_group()]
        if any(self.is_small(p) for g in (self.periods, *self.groups.values()) for p in g):
            lines.append(f"* fewer than {self.small_below} customers at the start: not a rate to be trusted")
        last = self.periods[-1]
        if last.running:
            lines.append(
                f"~ running: the period from {last.first} to {last.last} is counted so far, up to {last.so_far}"
            )
        lines += [line for line in (self.late_rows, self.left_out) if line]
        return "\n".join(lines)

    def _by_group(self) -> list[str]:
        names = list(self.groups)[:_SHOWN]
        rates = [
            [self._label(p), *(self._rate(self.groups[name][i]) for name in names)]
            for i, p in enumerate(self.periods)
        ]
        last = next((i for i in reversed(range(len(self.periods))) if not self.periods[i].running), -1)
        p = self.periods[last]
        flows = [[name, *self._cells(group[last])] for name, group in self.groups.items()]
        flows.append(["all", *self._cells(p)])
        return [
            f"Rate by {self.by}"
            + (f", the {_SHOWN} largest of {len(self.groups)}" if len(self.groups) > _SHOWN else ""),
            table_text([self._column, *names], rates, right=tuple(range(1, len(names) + 1))),
            "",
            f"By {self.by}, {p.first} to {p.last}",
            table_text([self.by or "", *_COLUMNS], flows, right=tuple(range(1, 9))),
        ]

    @property
    def _named(self) -> str:
        return "rolling period" if self.every == "rolling" else self.every

    @property
    def _column(self) -> str:
        return "period" if self.every == "rolling" else self.every

    def _label(self, r: Retention) -> str:
        """Return where a period starts; of one that overlaps with others, where it ends too."""
        return f"{r.first} to {r.last}" if self.every == "rolling" else r.first or ""

    def _rate(self, r: Retention) -> str:
        return ("* " if self.is_small(r) else "") + ("~ " if r.running else "") + format_percent(r.rate)

    def _cells(self, r: Retention) -> list[str]:
        counts = [format_count(v or 0) for v in (r.start, r.lost, r.new, r.reactivated, r.end)]
        sure = "" if r.interval is None else f"{100 * r.interval[0]:.1f} to {100 * r.interval[1]:.1f}"
        return [*counts, self._rate(r), sure, format_percent(r.churn_rate)]

    def _bar(self, r: Retention) -> str:
        return ("░" if r.running else "█") * round(20 * (r.rate or 0))


_COLUMNS = ("S", "lost", "new", "reactivated", "E", "retention", "interval", "churn")
