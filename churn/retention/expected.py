"""The expected retention rate: how sure it is, and later what came beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.base import CustomerBase, count
from churn.data.calendar import Instant
from churn.data.eventlog import EventLog
from churn.data.history import History
from churn.data.store import LogStore
from churn.definition import Definition
from churn.display import format_count
from churn.errors import ParameterError
from churn.retention.intervals import Z_95

if TYPE_CHECKING:
    import pandas as pd

# How far the level of the churn probabilities lies from what comes, in log-odds, where the year before is known and
# where it is not; chosen on development cutoffs, see docs/retention.md.
LEVEL_SD, FIRST_YEAR_SD = 0.25, 0.4
MOST_RUNS = 60
COLUMNS = {
    "as_of": "the cutoff's local date",
    "until": "the date on which the period ends that the rate was expected of",
    "population": "customers active at the cutoff, by what was known then",
    "expected": "the retention rate that was expected; shares of 1",
    "low": "its 95 % interval",
    "high": "its 95 % interval",
    "matured": "whether the period is over",
    "actual": "the share of them still active at the end; empty until the period is over",
    "error": "actual less expected",
    "inside": "whether the actual rate lies in the interval",
}


def expected_interval(staying: np.ndarray, level_sd: float = LEVEL_SD) -> tuple[float, float]:
    """Return the 95 % interval of a mean of probabilities, which covers chance and an error of their level.

    Parameters
    ----------
    staying : numpy.ndarray of shape (n_population,)
        How likely each customer stays; 1 is sure.
    level_sd : float, default 0.25
        Standard deviation of the error that all probabilities share, in log-odds.

    Returns
    -------
    tuple of float
        Lowest and highest rate.

    Notes
    -----
    By chance alone the variance of the rate is ``sum(p * (1 - p)) / n**2``: customers are independent given their
    probabilities. The level moves the rate to what it would be with all log-odds shifted by 1.96 standard deviations.
    Both are put together like independent errors (the root of the sum of squares), below and above by themselves.

    Examples
    --------
    >>> low, high = expected_interval(np.full(1000, 0.9))
    >>> round(low, 3), round(high, 3)
    (0.843, 0.941)
    """
    n, rate = len(staying), float(staying.mean())
    chance = Z_95 * math.sqrt(float((staying * (1 - staying)).sum())) / n
    open_ = staying[(staying > 0) & (staying < 1)]
    log_odds = np.log(open_ / (1 - open_))
    reach = []
    for side in (-1, 1):
        moved = 1 / (1 + np.exp(-(log_odds + side * Z_95 * level_sd)))
        level = float((moved - open_).sum()) / n
        reach.append(min(max(rate + side * math.hypot(chance, level), 0.0), 1.0))
    return reach[0], reach[1]


@dataclass
class ActualTally:
    """Counts how many of the customers of earlier cutoffs stayed until the end of the horizon, part by part.

    Attributes
    ----------
    base : CustomerBase
        The customers.
    definition : Definition
        Who is active, and the horizon.
    cutoffs : sequence of int
        The instants T, ascending. Who was active then is counted by what was known before T, as the scores were made;
        who stayed, by what is known now.
    known_before : int or None
        The instant of now; all is known where None.
    started, stayed : numpy.ndarray of int64, shape (n_cutoffs,)
        Customers.
    """

    base: CustomerBase
    definition: Definition
    cutoffs: Sequence[int]
    known_before: int | None = None
    started: np.ndarray = field(init=False)
    stayed: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.started = np.zeros(len(self.cutoffs), dtype=np.int64)
        self.stayed = np.zeros(len(self.cutoffs), dtype=np.int64)
        closing = self.base.closing
        self._now = closing if self.known_before is None else min(self.known_before, closing)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are read."""
        return self.definition.tables

    def end(self, cutoff: int) -> int:
        """Return where the period after a cutoff ends: the local midnight nearest to a horizon later."""
        return self.base.days_before(cutoff + self.definition.window_us, 0)

    def is_over(self, cutoff: int) -> bool:
        """Tell whether that period is over."""
        return self.end(cutoff) <= self._now

    def add(self, part: History) -> None:
        """Count the customers of a part."""
        n = len(part.customers)
        over = [(i, t) for i, t in enumerate(self.cutoffs) if self.is_over(t)]
        if not n or not over:
            return
        logs = {name: part.logs[name] for name in self.tables if name in part.logs}
        now = logs
        if self.known_before is not None:
            now = {name: log.known_before(self.known_before) for name, log in logs.items()}
        at_end = sorted({self.end(t) for _, t in over})
        ends = {t: e.copy() for t, e in zip(at_end, self.definition.active_at(now, n, at_end), strict=True)}
        for (i, t), active in zip(over, self._as_known(logs, n, [t for _, t in over]), strict=True):
            self.started[i] += int(active.sum())
            self.stayed[i] += int((active & ends[self.end(t)]).sum())

    def _as_known(self, logs: dict[str, EventLog], n: int, cutoffs: list[int]) -> Any:
        if all(log.recorded is None and log.earlier is None for log in logs.values()):
            return self.definition.active_at(logs, n, cutoffs)  # known when it happened: one pass
        return (
            self.definition.active({name: log.known_before(t) for name, log in logs.items()}, n, t)
            for t in cutoffs
        )


@dataclass
class PastRuns:
    """The earlier nights whose expected rate is set beside what came.

    Parameters
    ----------
    runs : pandas.DataFrame
        As the record of scores gives them: `cutoff` (or `as_of`), `expected_rate`, and where they are known
        `expected_low`, `expected_high`, `definition` (in words), `outcomes_seen_until` and `number`. A night whose
        model had seen what came after it expected nothing, and is left out.
    base : CustomerBase
        The customers.
    definition : Definition
        Runs by another definition are left out.
    known_before : int, optional
        The instant of now, from which on there is no earlier night; when left out the end of the data, and a night at
        that end is one.

    Attributes
    ----------
    tally : ActualTally
        Counts what came; to be used in a pass over the customers before `rows`.
    left_out : str
        Which runs are not among them, and why; empty where all are.
    """

    runs: pd.DataFrame
    base: CustomerBase
    definition: Definition
    known_before: int | None = None

    def __post_init__(self) -> None:
        import pandas as pd

        runs = self.runs.reset_index(drop=True)
        date = next((c for c in ("cutoff", "as_of") if c in runs), None)
        if date is None or "expected_rate" not in runs:
            raise ParameterError(
                "These are no runs of the record of scores",
                given=f"columns {', '.join(map(str, runs.columns)) or 'none'}",
                allowed="at least as_of and expected_rate",
                fix="Give what past_runs returns.",
            )
        runs = runs.assign(at=[self.base.instant(v) for v in runs[date]])
        if self.known_before is not None:
            runs = runs[runs["at"] < self.known_before]
        outside = (runs["at"] <= self.base.data_start) | (runs["at"] > self.base.closing)
        runs, beyond = runs[~outside], runs[outside]
        other = runs[:0]
        if "definition" in runs:
            same = runs["definition"] == self.definition.describe()
            runs, other = runs[same], runs[~same]
        hindsight = runs[:0]
        if "outcomes_seen_until" in runs:
            seen = [0 if pd.isna(d) else self.base.instant(d) for d in runs["outcomes_seen_until"]]
            later = runs["at"] < np.array(seen, dtype=np.int64)
            runs, hindsight = runs[~later], runs[later]
        order = ["at", "number"] if "number" in runs else ["at"]
        runs = runs.sort_values(order, kind="stable").drop_duplicates("at", keep="last")
        self._chosen = _thinned(runs)
        self.left_out = _told(
            (other["at"].nunique(), "of another definition of churn"),
            (beyond["at"].nunique(), "outside the data"),
            (hindsight["at"].nunique(), "scored by a model that had seen what came"),
            (len(runs) - len(self._chosen), f"between the {len(self._chosen)} that are shown"),
        )
        self.tally = ActualTally(
            self.base, self.definition, [int(t) for t in self._chosen["at"]], self.known_before
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return a row per run with the keys of `COLUMNS`, oldest first; unknown values are None."""
        rows, tally, date = [], self.tally, self.base.date
        for i, run in enumerate(self._chosen.to_dict("records")):
            t = tally.cutoffs[i]
            over = tally.is_over(t)
            started = int(tally.started[i])
            expected, low, high = (
                _number(run.get(k)) for k in ("expected_rate", "expected_low", "expected_high")
            )
            actual = int(tally.stayed[i]) / started if over and started else None
            known = actual is not None and expected is not None
            rows.append(
                {
                    "as_of": date(t),
                    "until": date(tally.end(t)),
                    "population": started if over else _number(run.get("population")),
                    "expected": expected,
                    "low": low,
                    "high": high,
                    "matured": over,
                    "actual": actual,
                    "error": actual - expected if known else None,  # type: ignore[operator]
                    "inside": low <= actual <= high
                    if known and low is not None and high is not None and actual is not None
                    else None,
                }
            )
        return rows


def expected_and_actual(
    runs: pd.DataFrame,
    data: History | LogStore | CustomerBase,
    definition: Definition,
    *,
    known_before: Instant | int | None = None,
) -> pd.DataFrame:
    """Set the retention rates that earlier nights expected beside what came.

    Parameters
    ----------
    runs : pandas.DataFrame
        As the record of scores gives them, see `PastRuns`.
    data : History, LogStore or CustomerBase
        The log.
    definition : Definition
        Who is active, and the horizon.
    known_before : date, datetime or str, optional
        The instant of now; the end of the data when left out.

    Returns
    -------
    pandas.DataFrame
        One row per cutoff with the columns of `COLUMNS`, at most 60 over the whole time; of several runs at a cutoff
        the last one counts.

    Raises
    ------
    ParameterError
        The runs have no cutoff or no expected rate.
    """
    import pandas as pd

    base = CustomerBase.of(data)
    now = None if known_before is None else base.instant(known_before, "known_before")
    past = PastRuns(runs, base, definition, now)
    if past.tally.cutoffs:
        count(base, past.tally, tables=past.tally.tables)
    return pd.DataFrame(past.rows(), columns=list(COLUMNS), dtype=object)


def _told(*counts: tuple[int, str]) -> str:
    """Say how many nights are left out and why; nothing where none is."""
    parts = [f"{format_count(n)} {why}" for n, why in counts if n]
    return f"Earlier nights left out: {', '.join(parts)}." if parts else ""


def _thinned(runs: pd.DataFrame) -> pd.DataFrame:
    """Return at most so many runs, spread evenly over the time; the newest is always among them."""
    n = len(runs)
    if n <= MOST_RUNS:
        return runs
    return runs.iloc[np.unique(np.linspace(0, n - 1, MOST_RUNS).round().astype(int))]


def _number(value: Any) -> float | int | None:
    return None if value is None or value != value else value  # noqa: PLR0124 - NaN alone differs from itself
