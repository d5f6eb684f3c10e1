"""All of a night's retention figures, counted in its one pass over the customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from churn.config.retention import RetentionSettings
from churn.data.base import CustomerBase, Tally
from churn.data.history import History
from churn.definition import Definition
from churn.display import Rendered
from churn.retention.bounds import calendar_spans
from churn.retention.expected import LEVEL_SD, PastRuns
from churn.retention.flows import FlowTally
from churn.retention.groups import MOST_GROUPS, Grouping, groupings
from churn.retention.lateness import LatenessTally
from churn.retention.outlook import Outlook, horizon_spans, make_result, outlook_spans
from churn.retention.periods import enough_history
from churn.retention.rate import Retention
from churn.retention.series import RetentionSeries

if TYPE_CHECKING:
    import pandas as pd

MOST_SHOWN = 12  # groups of a segment
MOST_PERIODS, MOST_OF_GROUPS, MOST_HORIZONS = 120, 24, 24


class Plain(Protocol):
    """A figure that can be written as JSON."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""


class Counted(Protocol):
    """A tally of another kind of figure, such as cohorts."""

    tables: Any

    def add(self, part: History) -> None:
        """Count the customers of a part."""

    def result(self) -> Plain:
        """Return the figure."""


@dataclass(frozen=True, repr=False)
class Overview(Rendered):
    """What a night says about retention: the series up to T, by segment and channel, and what is expected.

    Attributes
    ----------
    series : RetentionSeries or None
        By the configured period; None where the data are too short for one.
    by : mapping of str to RetentionSeries
        The same by each segment and channel, the newest periods, at most 12 groups each.
    outlook : Outlook
        The last horizon and the expected one.
    others : mapping of str to object
        Further figures by the name that they have in ``retention.json``, such as `cohorts`.
    notes : tuple of str
        What is left out, and why.
    expected_and_actual : tuple of dict
        Earlier nights' expected rates beside what came, see `churn.retention.expected`.
    trend : RetentionSeries or None
        Periods as long as the coming one, end to end up to T: the rates that the expected one can be compared with.
        The newest 24; None where the data are too short for one.
    """

    series: RetentionSeries | None
    by: Mapping[str, RetentionSeries]
    outlook: Outlook
    others: Mapping[str, Plain] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    expected_and_actual: tuple[dict[str, Any], ...] = ()
    trend: RetentionSeries | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values: the content of ``retention.json``."""
        return {
            "series": None if self.series is None else self.series.to_dict(),
            "trend": None if self.trend is None else self.trend.to_dict(),
            "by": {name: series.to_dict() for name, series in self.by.items()},
            **{name: figure.to_dict() for name, figure in self.others.items()},
            "outlook": self.outlook.to_dict(),
            "expected_and_actual": list(self.expected_and_actual),
            "notes": list(self.notes),
        }

    def render(self) -> str:
        """Return the outlook and the series."""
        parts = [self.outlook.render(), *([self.series.render()] if self.series else []), *self.notes]
        return "\n\n".join(parts)


@dataclass
class OverviewTally:
    """Counts everything of an `Overview` at a cutoff T, part by part; only what was known before T counts.

    Parameters
    ----------
    base : CustomerBase
        The customers.
    definition : Definition
        Who is active.
    cutoff : int
        The instant T.
    settings : RetentionSettings, optional
        Period and calendar.
    others : mapping of str to tally, optional
        Further figures to count in the same pass, by their name in ``retention.json``.
    runs : pandas.DataFrame, optional
        Earlier nights, as the record of scores gives them; what they expected is set beside what came.

    Examples
    --------
    >>> import churn
    >>> from churn.data.base import count
    >>> history = churn.make_shop(customers=300, seed=2, end="2025-08-20").history()
    >>> base = CustomerBase.of(history)
    >>> tally = OverviewTally(base, churn.Inactivity(180, 60), history.instant("2025-08-01"))
    >>> count(base, tally, tables=tally.tables)
    >>> overview = tally.result(np.array([0.5]), np.array([170.0]))
    >>> overview.series.periods[-1].last, sorted(overview.by)
    ('2025-08-01', ['channel', 'country', 'last_channel', 'segment'])
    """

    base: CustomerBase
    definition: Definition
    cutoff: int
    settings: RetentionSettings = field(default_factory=RetentionSettings)
    others: Mapping[str, Counted] = field(default_factory=dict)
    runs: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        base, definition = self.base, self.definition
        spans = calendar_spans(base, self.settings.every, settings=self.settings, known_before=self.cutoff)
        self._shown, self._left_out = enough_history(base, definition, spans)
        if len(self._shown) > MOST_PERIODS:
            self._left_out += f" Only the newest {MOST_PERIODS} periods are shown."
            self._shown = self._shown[-MOST_PERIODS:]
        self._past = outlook_spans(base, definition, self.cutoff)
        self._flows = FlowTally(
            base,
            definition,
            (*self._shown, *self._past.values()),
            [Grouping(name) for name in groupings(base)],
            self.cutoff,
        )
        # Without groups: they are told by the calendar's periods.
        ahead = horizon_spans(base, definition, self.cutoff, MOST_HORIZONS)
        self._trend = FlowTally(base, definition, ahead, known_before=self.cutoff)
        self._runs = None
        if self.runs is not None and len(self.runs):
            self._runs = PastRuns(self.runs, base, definition, self.cutoff)
        self._late = LatenessTally(definition, spans, self.cutoff)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are read."""
        other = (t for tally in self.others.values() for t in tally.tables)
        return tuple(dict.fromkeys((*self._flows.tables, *other)))

    def add(self, part: History) -> None:
        """Count the customers of a part."""
        tallies: tuple[Tally, ...] = (
            self._flows,
            self._trend,
            self._late,
            *(() if self._runs is None else (self._runs.tally,)),
            *self.others.values(),
        )
        for tally in tallies:
            tally.add(part)

    def result(
        self,
        churn_probability: np.ndarray,
        recency_days: np.ndarray,
        level_sd: float = LEVEL_SD,
    ) -> Overview:
        """Return what was counted, beside what churn probabilities say about the coming horizon.

        Parameters
        ----------
        churn_probability, recency_days : numpy.ndarray of shape (n_population,)
            Of the customers active at T.
        level_sd : float, optional
            How sure the level of the probabilities is, see `churn.retention.expected.expected_interval`.
        """
        n, counted = len(self._shown), self._flows.retentions()
        past = dict(zip(self._past, counted[n:], strict=True))
        by, notes = {}, []
        for grouping in self._flows.groupings:
            name = grouping.name
            if name in self._flows.too_many:
                notes.append(f"Not by {name}: it has more than {MOST_GROUPS:,} values.")
            elif n:
                newest = slice(max(n - MOST_OF_GROUPS, 0), n)
                groups = {k: v[newest] for k, v in self._flows.groups(name, MOST_SHOWN).items()}
                by[name] = self._series(counted[newest], name, groups)
        if self._runs is not None and self._runs.left_out:
            notes.append(self._runs.left_out)
        if not n:
            notes.append(
                f"No {self.settings.every} period has {self.definition.lookback_days} days of history before it."
            )
        return Overview(
            self._series(counted[:n]) if n else None,
            by,
            make_result(self.definition, past, churn_probability, recency_days, level_sd),
            {name: tally.result() for name, tally in self.others.items()},
            tuple(notes),
            tuple(self._runs.rows() if self._runs else ()),
            self._of_horizons(),
        )

    def _of_horizons(self) -> RetentionSeries | None:
        periods = self._trend.retentions()
        if not periods:
            return None
        definition, small = self.definition, self.settings.small_below
        active_days = getattr(definition, "active_days", None)
        return RetentionSeries(
            periods, "rolling", active_days, definition.active_means, "", small_below=small
        )

    def _series(
        self,
        periods: Sequence[Retention],
        by: str | None = None,
        groups: Mapping[str, tuple[Retention, ...]] | None = None,
    ) -> RetentionSeries:
        definition, every = self.definition, self.settings.every
        return RetentionSeries(
            tuple(periods),
            every,
            getattr(definition, "active_days", None),
            definition.active_means,
            self._left_out,
            by,
            groups or {},
            self.settings.small_below,
            self._late.said(every),
        )
