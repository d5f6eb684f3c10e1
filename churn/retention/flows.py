"""The flows of any number of periods and groups, counted part by part in one pass over the log."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from churn.data.base import CustomerBase
from churn.data.eventlog import NEVER
from churn.data.history import History
from churn.definition import Definition
from churn.progress import report
from churn.retention.bounds import Span
from churn.retention.groups import MOST_GROUPS, OTHER, UNKNOWN, Grouping
from churn.retention.rate import Retention

_KINDS = 4  # lost, retained, new, reactivated
_MANY = 100  # boundaries from which the pass over one part takes long enough to tell of it
_LOST, _RETAINED, _NEW, _REACTIVATED = range(_KINDS)


@dataclass
class FlowTally:
    """S, E, N and every flow of some periods, for all customers and for groups of them.

    Counts are whole numbers of customers, each in one cell of a period, so they add up over parts whatever the parts
    are, and over the groups to the total.

    Attributes
    ----------
    base : CustomerBase
        The customers.
    definition : Definition
        Who is active.
    spans : sequence of Span
        The periods.
    groupings : sequence of Grouping
        The groups to count besides.
    known_before : int or None
        Count only rows that were known before it; all where None.
    total : numpy.ndarray of int64, shape (n_spans, 4)
        Lost, retained, new and reactivated customers.
    too_many : set of str
        Groupings with more values than groups of customers have.

    Notes
    -----
    Who is active is found once per boundary, and where the definition can in one pass over its rows; a customer's
    four-valued flow is then added up by group with one `bincount` per period and grouping.
    """

    base: CustomerBase
    definition: Definition
    spans: Sequence[Span]
    groupings: Sequence[Grouping] = ()
    known_before: int | None = None
    total: np.ndarray = field(init=False)
    too_many: set[str] = field(init=False, default_factory=set)
    _by: dict[str, dict[str, np.ndarray]] = field(init=False)

    def __post_init__(self) -> None:
        self.total = np.zeros((len(self.spans), _KINDS), dtype=np.int64)
        self._by = {g.name: {} for g in self.groupings}

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are read."""
        orders = ("orders",) if any(g.needs_orders for g in self.groupings) else ()
        return tuple(dict.fromkeys((*self.definition.tables, *orders)))

    def add(self, part: History) -> None:
        """Count the customers of a part."""
        n = len(part.customers)
        if not n or not self.spans:
            return
        logs = {name: part.logs[name] for name in self.tables if name in part.logs}
        if self.known_before is not None:
            logs = {name: log.known_before(self.known_before) for name, log in logs.items()}
        first = self.definition.first_seen(logs, n)
        instants = sorted({s.start for s in self.spans} | {s.until for s in self.spans})
        starting, ending = Counter(s.start for s in self.spans), defaultdict(list)
        for number, span in enumerate(self.spans):
            ending[span.until].append(number)
        cells, codes = [], []
        for grouping in self.groupings:
            labels, of_starts = grouping.codes(part, logs, instants, first < NEVER)
            if self._fits(grouping.name, labels):
                cells.append(
                    (grouping.name, labels, np.zeros((len(labels), *self.total.shape), dtype=np.int64))
                )
                codes.append(of_starts)
        held: dict[int, tuple[np.ndarray, tuple[np.ndarray, ...]]] = {}
        actives = self.definition.active_at(logs, n, instants)
        for step, (instant, active, *groups) in enumerate(zip(instants, actives, *codes, strict=True)):
            if self.base.count == 1 and len(instants) > _MANY:
                report("Counting periods", step, len(instants))
            for number in ending[instant]:
                start = self.spans[number].start
                was, of_start = held[start]
                either = np.flatnonzero(was | active)
                entered = np.where(first[either] < start, _REACTIVATED, _NEW)
                flow = np.where(was[either], np.where(active[either], _RETAINED, _LOST), entered)
                self.total[number] += np.bincount(flow, minlength=_KINDS)
                for (_, labels, counted), group in zip(cells, of_start, strict=True):
                    cell = group[either] * _KINDS + flow
                    found = np.bincount(cell, minlength=len(labels) * _KINDS)
                    counted[:, number] += found.reshape(-1, _KINDS)
                starting[start] -= 1
                if not starting[start]:
                    del held[start]
            if starting[instant]:
                held[instant] = active, tuple(groups)
        for name, labels, counted in cells:
            mine = self._by[name]
            for label, flows in zip(labels, counted, strict=True):
                if label != UNKNOWN or flows.any():
                    mine[label] = mine.get(label, 0) + flows

    def _fits(self, name: str, labels: tuple[str, ...]) -> bool:
        """Tell whether a grouping is still one, and note it where it has too many groups."""
        union = len(self._by[name].keys() | set(labels) - {UNKNOWN}) if name not in self.too_many else 0
        if union > MOST_GROUPS:
            self.too_many.add(name)
            self._by[name] = {}
        return name not in self.too_many

    def retentions(self) -> tuple[Retention, ...]:
        """Return the retention of every period."""
        return self._made(self.total)

    def groups(self, name: str, most: int | None = None) -> dict[str, tuple[Retention, ...]]:
        """Return the retention of every period by the groups of a grouping, most customers first.

        Parameters
        ----------
        name : str
            The grouping.
        most : int, optional
            At most so many groups; the smallest are put together as `OTHER`.

        Returns
        -------
        dict of str to tuple of Retention
            As long as `spans` each; empty where the grouping has too many values to be one (see `too_many`).
        """
        counts = self._by[name]
        size = {label: int(flows[:, : _RETAINED + 1].sum()) for label, flows in counts.items()}
        order = sorted(counts, key=lambda label: (label == UNKNOWN, -size[label], label))
        if most is not None and len(order) > most:
            kept, rest = order[: most - 1], order[most - 1 :]
            named = {label: counts[label] for label in kept}
            named[OTHER] = np.sum([counts[label] for label in rest], axis=0)
            counts, order = named, [*kept, OTHER]
        return {label: self._made(counts[label]) for label in order}

    def _made(self, counts: np.ndarray) -> tuple[Retention, ...]:
        out = []
        for (first, last, so_far), (lost, retained, new, reactivated) in zip(
            self._dates, counts.tolist(), strict=True
        ):
            start, end = lost + retained, retained + new + reactivated
            out.append(Retention(start, end, new + reactivated, new, reactivated, first, last, so_far=so_far))
        return tuple(out)

    @cached_property
    def _dates(self) -> list[tuple[str, str, str | None]]:
        date = self.base.date
        return [(date(s.start), date(s.end), date(s.until) if s.running else None) for s in self.spans]
