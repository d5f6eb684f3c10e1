"""The executor: one pass over the log for all cutoffs.

Running sums per customer are kept at the edges of windows, so a window costs one subtraction however many rows it
holds, and neighbouring windows and cutoffs share them. Sums are exact (see `exact`): the result has the same bits for
any set of cutoffs and any split of the customers.

The log is read as it is at its end. What was not known yet at a cutoff (a late row, a ticket resolved afterwards)
makes a customer *unsettled* there; these few are computed from their rows as they were known then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from churn.data.contracts import CONTRACTS
from churn.data.history import DAY_US, NEVER, Category, EventLog, History, View, hide_outcomes
from churn.features.facts import Facts, era_us
from churn.features.signal import LABEL, Array, Measure, Pool, Unmet, Where
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
    whole: Whole | None = None
    start: int = 0

    @classmethod
    def of(cls, source: History | View, whole: Whole | None = None, start: int = 0) -> Source:
        """Read a history, or a view at its instant; a part of a history says of which and where it begins."""
        if isinstance(source, View):
            return cls(source.logs, source.customers, source.joined, source.segments, source.instant)
        logs, n = source.logs, len(source.customers)
        return cls(logs, n, source.joined, source.segments, None, source, whole or Whole(source), start)


class Whole:
    """A whole history for functions of the user's own, which see all customers; each is called once per cutoff."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._values: dict[tuple[Measure, int], Array] = {}

    def value(self, measure: Measure, cutoff: int, compute: Callable[[View], Array]) -> Array:
        """Return a function's values at a cutoff for all customers."""
        if (measure, cutoff) not in self._values:
            self._values[measure, cutoff] = compute(self._history.as_of(cutoff))
        return self._values[measure, cutoff]


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
        self._until: dict[tuple[str, str], Array] = {}
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
            rows = self.source.logs[log]
            if self.source.as_of is None:
                rows = hide_outcomes(rows, NEVER)  # a mark without the answer it came with was never known
            self._facts[log] = Facts(rows, self.source.customers)
        return self._facts[log]

    def stream(self, log: str, where: Where | None, by: str) -> Stream:
        """Return the rows of a log that pass a filter, in the order of an instant."""
        key = (log, where, by)
        if key not in self._streams:
            facts = self.facts(log)
            rows: Array | slice = slice(None)
            if where is not None:
                mask = where.mask(facts, NEVER if self.source.as_of is None else self.source.as_of)
                if mask.all():  # a filter that every row passes shares the sums of the whole log
                    self._streams[key] = self.stream(log, None, by)
                    return self._streams[key]
                rows = np.flatnonzero(mask)
            time = facts.instant(by)[rows]
            if by != "time":
                rows = np.arange(len(time)) if isinstance(rows, slice) else rows
                order = np.argsort(time, kind="stable")[: np.count_nonzero(time != NEVER)]
                rows, time = rows[order], time[order]
            self._streams[key] = Stream(time, facts.log.customer[rows], rows, self.source.customers)
        return self._streams[key]

    def rows_until(self, log: str, after: str) -> Array:
        """For each row of `after`: how many rows of `log` the customer has up to and at its time."""
        if (log, after) not in self._until:
            this, other = self.stream(after, None, "time"), self.stream(log, None, "time")
            self._until[log, after] = this.rows_until(other)
        return self._until[log, after]

    # -- customers whose rows were known otherwise at a cutoff -------------------------------------------

    def _find_settling(self) -> dict[str, tuple[Array, Array, Array]]:
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
            if len(rows) or log.earlier is not None:
                found[name] = log.time[rows], settled[rows], log.customer[rows]
        return found

    def unsettled(self, cutoff: int) -> tuple[frozenset[str], Array]:
        """Return the logs that were known otherwise at a cutoff, and whose rows those were: a mask of customers."""
        hit, logs = np.zeros(self.source.customers, dtype=bool), set()
        for name, (time, settled, customer) in self._settling.items():
            end = int(np.searchsorted(time, cutoff, side="left"))
            late = customer[:end][settled[:end] >= cutoff]
            former = self.source.logs[name].former(cutoff)
            if former is not None:
                late = np.concatenate([late, former.customer])
            if len(late):
                logs.add(name)
                hit[late] = True
        return frozenset(logs), hit

    def as_known(self, who: Array, cutoff: int) -> Executor:
        """Return an executor over some customers' rows as they were known at a cutoff; `who` is a mask."""
        source = Source(_LogsAsKnown(self, who, cutoff), int(who.sum()), None, {}, cutoff)
        return Executor(source, [cutoff], self.measures)


class _LogsAsKnown(Mapping[str, EventLog]):
    """Some customers' logs as they were known at a cutoff, each made when it is asked for."""

    def __init__(self, executor: Executor, who: Array, cutoff: int) -> None:
        self._ex, self._who, self._cutoff = executor, who, cutoff
        self._place = np.where(who, np.cumsum(who) - 1, -1).astype(np.int32)

    def __getitem__(self, name: str) -> EventLog:
        log, stream = self._ex.source.logs[name], self._ex.stream(name, None, "time")
        own = log.of_customers(stream.of_customers(self._who, stream.end(self._cutoff)), self._place)
        return hide_outcomes(own.known_before(self._cutoff), self._cutoff)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ex.source.logs)

    def __len__(self) -> int:
        return len(self._ex.source.logs)


class Moment:
    """Values at one cutoff; implements `signal.Calculation`."""

    def __init__(self, executor: Executor, cutoff: int) -> None:
        self._ex, self.instant, self.customers = executor, cutoff, executor.source.customers
        self._values: dict[Measure, Array] = {}
        self._parts: dict[tuple[Any, ...], Array] = {}
        self._pools: dict[Pool, Array] = {}
        self._changing, unsettled = executor.unsettled(cutoff)
        self._who = np.flatnonzero(unsettled)
        self._known = executor.as_known(unsettled, cutoff).at(cutoff) if self._changing else None

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

    def labels(self, log: str, column: str) -> tuple[str, ...] | None:
        """Return the labels of a text column, in which `last` gives positions; None for a number column."""
        category = self._ex.facts(log).log.categories.get(column)
        return None if category is None else category.labels

    def pooled(self, pool: Pool) -> Array:
        """Return figures of all customers together."""
        if self._ex.pools is not None and (pool, self.instant) in self._ex.pools:
            return self._ex.pools[pool, self.instant]
        if pool not in self._pools:
            self._pools[pool] = pool.collect(self)
        return self._pools[pool]

    def call(self, measure: Measure, function: Callable[[View], Array]) -> Array:
        """Return what a function makes of the log as it was known at T."""
        source = self._ex.source
        if source.whole is None:
            return function(View(self.instant, self.customers, source.logs, source.joined, source.segments))
        values = source.whole.value(measure, self.instant, function)
        return values[source.start : source.start + self.customers]

    # -- the parts, with the unsettled customers put right -----------------------------------------------

    def _part(self, name: str, *key: Any) -> Array:
        if (name, *key) not in self._parts:
            found: Array = getattr(self, name)(*key)
            if self._known is not None and not self._changing.isdisjoint(key):  # a log is among the arguments
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

    def _at(self, log: str, column: str, where: Where | None, by: str, position: Array) -> Array:
        facts, stream = self._ex.facts(log), self._ex.stream(log, where, by)
        name = column.removeprefix(LABEL)
        if name != column and name in facts.log.categories:
            codes = facts.category(name).codes
            return stream.at(column, np.where(codes < 0, np.nan, codes), position)
        return stream.at(column, facts.column(name), position)

    def _last(self, log: str, column: str, where: Where | None, by: str, back: int) -> Array:
        stream = self._ex.stream(log, where, by)
        return self._at(log, column, where, by, stream.last(self._span(stream, None, 0.0)[1], back))

    def _first(self, log: str, column: str, where: Where | None, days: float | None, by: str) -> Array:
        stream = self._ex.stream(log, where, by)
        start, end = self._span(stream, days, 0.0)
        return self._at(log, column, where, by, stream.first(start or 0, end))

    def _count_after(self, log: str, after: str, where: Where | None) -> Array:
        stream = self._ex.stream(after, where, "time")
        position = stream.last(self._span(stream, None, 0.0)[1])
        until = stream.at(f"until:{log}", self._ex.rows_until(log, after), position)
        return self._count(log, None, None, 0.0, "time") - until

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


def pools_of(measures: Sequence[Measure]) -> list[list[Pool]]:
    """Return the figures of all customers that measures ask for; those of a later list need those before."""
    found = {p: _depth(p) for m in measures for part in parts(m) for p in getattr(part, "pools", tuple)()}
    for inner in [p for pool in found for part in parts(pool) for p in getattr(part, "pools", tuple)()]:
        found[inner] = _depth(inner)
    return [
        [p for p, d in found.items() if d == depth] for depth in range(max(found.values(), default=-1) + 1)
    ]


def _depth(pool: Pool) -> int:
    inner = [p for part in parts(pool) for p in getattr(part, "pools", tuple)()]
    return 1 + max(map(_depth, inner)) if inner else 0
