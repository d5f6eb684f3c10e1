"""The executor: one pass over the log for all cutoffs.

Running sums per customer are kept at the edges of windows, so a window costs one subtraction however many rows it
holds, and neighbouring windows and cutoffs share them. Sums are exact (see `exact`): the result has the same bits for
any set of cutoffs and any split of the customers.

The log is read as it is at its end. What was not known yet at a cutoff (a late row, a ticket resolved afterwards)
makes a customer *unsettled* there; these few are computed from their rows as they were known then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from churn.data.contracts import CONTRACTS
from churn.data.history import DAY_US, NEVER, Category, EventLog, History, View, hide_outcomes
from churn.features.facts import Facts, era_us
from churn.features.signal import Array, Measure, Pool, Unmet, Where
from churn.features.streams import Stream

_ERAS = 4  # older rows weigh less than 2^-48


@dataclass(frozen=True)
class Source:
    """What an executor reads: logs, and what is known of the customers.

    `as_of` is None for a whole history, and the instant for rows as they were known then.
    """

    logs: Mapping[str, EventLog]
    customers: int
    joined: Array | None
    segments: Mapping[str, Category]
    as_of: int | None = None
    history: History | None = None

    @classmethod
    def of(cls, source: History | View) -> Source:
        """Read a history, or a view at its instant."""
        if isinstance(source, View):
            return cls(source.logs, source.customers, source.joined, source.segments, source.instant)
        # A mark without the time it was given at is never known; a view hides it too.
        logs = {name: hide_outcomes(log, NEVER) for name, log in source.logs.items()}
        return cls(logs, len(source.customers), source.joined, source.segments, None, source)


class Executor:
    """Evaluates measures at cutoffs, which are asked for in ascending order.

    Parameters
    ----------
    source : Source
        The rows.
    cutoffs : sequence of int
        Instants, ascending.
    measures : iterable of Measure
        What will be asked, to know how long rows may wait to be settled.
    pools : mapping, optional
        Figures of all customers by pool and cutoff, where the source holds only some customers.
    """

    def __init__(
        self,
        source: Source,
        cutoffs: Sequence[int],
        measures: Sequence[Measure],
        pools: Mapping[tuple[Pool, int], Array] | None = None,
    ) -> None:
        self.source, self.cutoffs, self.measures, self.pools = source, list(cutoffs), measures, pools
        self._facts: dict[str, Facts] = {}
        self._streams: dict[tuple[str, Where | None, str], Stream] = {}
        self._until: dict[tuple[str, str, Where | None], Array] = {}
        self._settling = self._find_settling() if source.as_of is None else {}

    def at(self, cutoff: int) -> Moment:
        """Return the measures' values at a cutoff; running sums that only earlier ones needed are forgotten."""
        later = [c for c in self.cutoffs if c >= cutoff]
        for stream in self._streams.values():
            stream.keep({c - offset for c in later for offset in stream.offsets} | stream.marks)
        return Moment(self, cutoff)

    def facts(self, log: str) -> Facts:
        """Return the columns of a log."""
        if log not in self._facts:
            self._facts[log] = Facts(self.source.logs[log], self.source.customers)
        return self._facts[log]

    def stream(self, log: str, where: Where | None, by: str) -> Stream:
        """Return the rows of a log that pass a filter, in the order of an instant."""
        key = (log, where, by)
        if key not in self._streams:
            facts = self.facts(log)
            rows: Array | slice = slice(None)
            if where is not None:
                now = NEVER if self.source.as_of is None else self.source.as_of
                rows = np.flatnonzero(where.mask(facts, now))
            time = facts.instant(by)[rows]
            if by != "time":
                rows = np.arange(len(time)) if isinstance(rows, slice) else rows
                order = np.argsort(time, kind="stable")[: np.count_nonzero(time != NEVER)]
                rows, time = rows[order], time[order]
            self._streams[key] = Stream(time, facts.log.customer[rows], rows, self.source.customers)
        return self._streams[key]

    def rows_until(self, log: str, after: str, where: Where | None) -> Array:
        """For each row of a stream of `after`: how many rows of `log` the customer has up to its time."""
        key = (log, after, where)
        if key not in self._until:
            stream, other = self.stream(after, where, "time"), self.stream(log, None, "time")
            position = np.searchsorted(other.time, stream.time, side="right")
            self._until[key] = other.rank(stream.customer, position).astype(np.float64)
        return self._until[key]

    # -- customers whose rows were known otherwise at a cutoff -------------------------------------------

    def _find_settling(self) -> dict[tuple[str, str], tuple[Array, Array, Array]]:
        """Find the rows that were not always as they are: time, when they settled, customer."""
        waits = [w for m in self.measures for w in parts(m) if isinstance(w, Unmet)]
        found = {}
        for name, log in self.source.logs.items():
            settled = log.time if log.recorded is None else np.maximum(log.time, log.recorded)
            contract = CONTRACTS.get(name)
            for column in contract.outcomes if contract else ():
                if column in log.instants:
                    instant = log.instants[column]
                    settled = np.maximum(settled, np.where(instant == NEVER, log.time, instant))
            wait = max((w.settles_us for w in waits if w.column in {*log.instants, "answer"}), default=0)
            if wait and (contract is None or contract.outcomes):
                settled = np.maximum(settled, log.time + wait)
            rows = np.flatnonzero(settled > log.time)
            if len(rows):
                found[name, "time"] = log.time[rows], settled[rows], log.customer[rows]
            # A planned time may lie before the row itself: until the row is there, it must not be counted by it.
            for by in {m.by for measure in self.measures for m in parts(measure) if hasattr(m, "by")}:
                planned = log.instants.get(by)
                if planned is not None and (early := planned < log.time).any():
                    rows = np.flatnonzero(early)
                    rows = rows[np.argsort(planned[rows], kind="stable")]
                    found[name, by] = planned[rows], log.time[rows], log.customer[rows]
        return found

    def unsettled(self, cutoff: int) -> Array:
        """Return the customers some of whose rows were known otherwise at a cutoff, ascending."""
        hit = np.zeros(self.source.customers, dtype=bool)
        for time, settled, customer in self._settling.values():
            end = int(np.searchsorted(time, cutoff, side="left"))
            hit[customer[:end][settled[:end] >= cutoff]] = True
        return np.flatnonzero(hit)

    def as_known(self, who: Array, cutoff: int) -> Executor:
        """Return an executor over some customers' rows as they were known at a cutoff."""
        logs = {}
        for name, log in self.source.logs.items():
            stream = self.stream(name, None, "time")
            taken = log.take(stream.of_customers(who, stream.end(cutoff)))
            recoded = replace(taken, customer=np.searchsorted(who, taken.customer).astype(np.int32))
            logs[name] = hide_outcomes(recoded.known_before(cutoff), cutoff)
        source = Source(logs, len(who), None, {}, cutoff)
        return Executor(source, [cutoff], self.measures)


class Moment:
    """Values at one cutoff; implements `signal.Calculation`."""

    def __init__(self, executor: Executor, cutoff: int) -> None:
        self._ex, self.instant, self.customers = executor, cutoff, executor.source.customers
        self._values: dict[Measure, Array] = {}
        self._parts: dict[tuple[Any, ...], Array] = {}
        self._pools: dict[Pool, Array] = {}
        self._who = executor.unsettled(cutoff)
        self._known = executor.as_known(self._who, cutoff).at(cutoff) if len(self._who) else None

    def value(self, measure: Measure) -> Array:
        """Return a measure's value per customer, computed once."""
        if measure not in self._values:
            self._values[measure] = measure.compute(self)
        return self._values[measure]

    def count(
        self,
        log: str,
        where: Where | None = None,
        days: float | None = None,
        until: float = 0.0,
        by: str = "time",
    ) -> Array:
        """Return the number of rows."""
        return self._part("_count", log, where, days, until, by)

    def total(
        self,
        log: str,
        column: str,
        where: Where | None = None,
        days: float | None = None,
        until: float = 0.0,
        by: str = "time",
    ) -> Array:
        """Return the sum of a column over the rows where it is known."""
        return self._part("_total", log, column, where, days, until, by)

    def last(
        self, log: str, column: str, where: Where | None = None, by: str = "time", back: int = 0
    ) -> Array:
        """Return a column of the last row, or of that many rows before it; NaN without one."""
        return self._part("_last", log, column, where, by, back)

    def first(
        self, log: str, column: str, where: Where | None = None, days: float | None = None, by: str = "time"
    ) -> Array:
        """Return a column of the first row; NaN without one."""
        return self._part("_first", log, column, where, days, by)

    def count_after(self, log: str, after: str, where: Where | None = None) -> Array:
        """Return the rows of a log later than the last row of another; NaN where there is no such row."""
        return self._part("_count_after", log, after, where)

    def fading(self, log: str, half_life_days: float, where: Where | None = None) -> Array:
        """Return the sum over rows of a weight that halves every half-life, 1 at the cutoff."""
        return self._part("_fading", log, half_life_days, where)

    def joined(self) -> Array:
        """Return when customers joined, in microseconds; NaN where that is unknown or not before T."""
        joined = self._ex.source.joined
        if joined is None:
            return np.full(self.customers, np.nan)
        return np.where(joined < self.instant, joined, np.nan)

    def segment(self, column: str) -> tuple[Array, tuple[str, ...]]:
        """Return the codes of a segment column, -1 unknown, and its labels."""
        category = self._ex.source.segments.get(column)
        if category is None:
            return np.full(self.customers, -1, dtype=np.int32), ()
        return category.codes, category.labels

    def labels(self, log: str, column: str) -> tuple[str, ...]:
        """Return the labels of a text column; `last` gives positions in it."""
        return self._ex.facts(log).category(column).labels

    def pooled(self, pool: Pool) -> Array:
        """Return figures of all customers together."""
        if self._ex.pools is not None:
            return self._ex.pools[pool, self.instant]
        if pool not in self._pools:
            self._pools[pool] = pool.collect(self)
        return self._pools[pool]

    def view(self) -> View:
        """Return the log as it was known at T."""
        source = self._ex.source
        if source.history is not None:
            return source.history.as_of(self.instant)
        return View(self.instant, self.customers, source.logs, source.joined, source.segments)

    # -- the parts, with the unsettled customers put right -----------------------------------------------

    def _part(self, name: str, *key: Any) -> Array:
        if (name, *key) not in self._parts:
            found: Array = getattr(self, name)(*key)
            if self._known is not None:
                found = found.copy()
                found[self._who] = self._known._part(name, *key)
            self._parts[name, *key] = found
        return self._parts[name, *key]

    def _span(self, stream: Stream, days: float | None, until: float) -> tuple[int | None, int]:
        offsets = [round(d * DAY_US) for d in (days, until) if d is not None]
        stream.offsets.update(offsets)
        ends = [stream.end(self.instant - o) for o in offsets]
        return (None if days is None else ends[0]), ends[-1]

    def _count(self, log: str, where: Where | None, days: float | None, until: float, by: str) -> Array:
        stream = self._ex.stream(log, where, by)
        return stream.count(*self._span(stream, days, until))

    def _total(
        self, log: str, column: str, where: Where | None, days: float | None, until: float, by: str
    ) -> Array:
        stream = self._ex.stream(log, where, by)
        return stream.total(column, self._ex.facts(log).column(column), *self._span(stream, days, until))

    def _pick(self, log: str, column: str, where: Where | None, by: str, found: tuple[Array, Array]) -> Array:
        position, have = found
        out = np.full(self.customers, np.nan)
        out[have] = self._values_of(log, column, where, by)[position]
        return out

    def _values_of(self, log: str, column: str, where: Where | None, by: str) -> Array:
        facts, stream = self._ex.facts(log), self._ex.stream(log, where, by)
        if column in facts.log.categories:
            codes = facts.category(column).codes
            return stream.values(column, np.where(codes < 0, np.nan, codes))
        return stream.values(column, facts.column(column))

    def _last(self, log: str, column: str, where: Where | None, by: str, back: int) -> Array:
        stream = self._ex.stream(log, where, by)
        end = self._span(stream, None, 0.0)[1]
        return self._pick(log, column, where, by, stream.nth_last(end, back))

    def _first(self, log: str, column: str, where: Where | None, days: float | None, by: str) -> Array:
        stream = self._ex.stream(log, where, by)
        start, end = self._span(stream, days, 0.0)
        return self._pick(log, column, where, by, stream.nth_first(start or 0, end))

    def _count_after(self, log: str, after: str, where: Where | None) -> Array:
        stream = self._ex.stream(after, where, "time")
        position, have = stream.nth_last(self._span(stream, None, 0.0)[1])
        out = np.full(self.customers, np.nan)
        out[have] = self._count(log, None, None, 0.0, "time")[have]
        out[have] -= self._ex.rows_until(log, after, where)[position]
        return out

    def _fading(self, log: str, half_life_days: float, where: Where | None) -> Array:
        stream, column = self._ex.stream(log, where, "time"), f"fade:{half_life_days:g}"
        weights, era = self._ex.facts(log).column(column), era_us(half_life_days)
        out = np.zeros(self.customers)
        newest = (self.instant - 1) // era
        for k in range(newest - _ERAS + 1, newest + 1):
            begin, end = k * era, min((k + 1) * era, self.instant)
            if stream.end(begin) == stream.end(end):
                continue
            stream.marks.add(begin)
            part = stream.total(column, weights, stream.end(begin), stream.end(end))
            out += part * np.exp2(-(self.instant - begin) / (half_life_days * DAY_US))
        return out


def parts(measure: object) -> Iterator[object]:
    """Yield a measure and all the values it is made of."""
    yield measure
    if is_dataclass(measure):
        for f in fields(measure):
            value = getattr(measure, f.name)
            for inner in value if isinstance(value, tuple) else (value,):
                if is_dataclass(inner):
                    yield from parts(inner)
