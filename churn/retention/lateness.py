"""Rows that are recorded late: how far the last days of a log can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from churn.data.eventlog import DAY_US, EventLog
from churn.data.history import History
from churn.definition import Definition
from churn.display import format_percent
from churn.retention.bounds import Span

_HABIT = 0.001  # of the rows: fewer that come late are no habit
_MOST_DAYS = 400
_NEARLY_ALL = 0.99


@dataclass
class LatenessTally:
    """How many rows of earlier periods were recorded after their period was over, and after how many days.

    The rows are those that tell who is active. A period counts that ended before another whole one did, because what
    is late in the last one is not there yet. Logs without `recorded_at` have nothing to tell. A row that was corrected
    was there from its first version on: what a correction comes for is no late row.

    Attributes
    ----------
    definition : Definition
        Whose tables are looked at.
    spans : sequence of Span
        The periods.
    known_before : int or None
        Look at rows only that were known before it.
    rows, late : int
        Rows of earlier periods, and those of them recorded at or after the end of theirs.
    """

    definition: Definition
    spans: Sequence[Span]
    known_before: int | None = None
    rows: int = field(default=0, init=False)
    late: int = field(default=0, init=False)
    _days: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._days = np.zeros(_MOST_DAYS + 1, dtype=np.int64)
        self._earlier = [s for s in self.spans if not s.running][:-1]

    def add(self, part: History) -> None:
        """Count the rows of a part."""
        for name in self.definition.tables:
            log = part.logs.get(name)
            if log is None or log.recorded is None:
                continue
            first_recorded = _first_recorded(log)
            for span in self._earlier:
                first, last = np.searchsorted(log.time, [span.start, span.end], side="left")
                recorded, time = first_recorded[first:last], log.time[first:last]
                if self.known_before is not None:
                    known = recorded < self.known_before
                    recorded, time = recorded[known], time[known]
                self.rows += len(recorded)
                self.late += int((recorded >= span.end).sum())
                days = np.clip((recorded - time) // DAY_US, 0, _MOST_DAYS)
                self._days += np.bincount(days, minlength=_MOST_DAYS + 1)

    @property
    def share(self) -> float:
        """Share of the rows that were recorded after their period; 0 where nothing is known."""
        return self.late / self.rows if self.rows else 0.0

    @property
    def days(self) -> int:
        """Days after which 99 % of the rows were there."""
        return int(np.searchsorted(np.cumsum(self._days), _NEARLY_ALL * self._days.sum())) + 1

    def said(self, every: str) -> str:
        """Say it in words; empty where hardly a row is late."""
        if self.share < _HABIT:
            return ""
        days = f"{self.days} day{'s' if self.days > 1 else ''}"
        return (
            f"Rows come late: {format_percent(self.share)} of those of earlier {every} periods were recorded after the "
            f"period was over, and 99 % were there after {days}. So the last {days} are not complete, and the newest "
            "figures will still change."
        )


def _first_recorded(log: EventLog) -> np.ndarray:
    """Return when each row was first recorded, in whichever version; versions have customer and time in common."""
    import pandas as pd

    assert log.recorded is not None
    former = log.earlier
    if former is None or former.recorded is None or not len(former):
        return log.recorded
    first = pd.Series(former.recorded).groupby([former.customer, former.time]).min()
    rows = np.flatnonzero(np.isin(log.customer, former.customer))
    found = first.reindex(pd.MultiIndex.from_arrays([log.customer[rows], log.time[rows]])).to_numpy()
    there = ~np.isnan(found)
    out = log.recorded.copy()
    # Floats hold instants up to the year 2255.
    out[rows[there]] = np.minimum(out[rows[there]], found[there].astype(np.int64))
    return out
