"""The proof that no signal sees the future, on the user's own data: change the future and look whether one moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from churn.data.contracts import CONTRACTS
from churn.data.history import DAY_US, NEVER, Category, EventLog, History
from churn.display import Rendered, format_count, table_text
from churn.features.compute import feature_matrices
from churn.features.signal import Array, Signal
from churn.progress import report

_LATEST_US = 400 * DAY_US


@dataclass(frozen=True)
class Leak:
    """A signal that changed with the future: at how many customers, and an example."""

    signal: str
    cutoff: str
    customers: int
    example: Any
    before: float
    after: float


@dataclass(frozen=True, repr=False)
class TimeTravelReport(Rendered):
    """What happened to the signals when the future was changed.

    Attributes
    ----------
    cutoffs : tuple of str
        Where it was tried.
    rows_changed : tuple of int
        Rows dropped, changed or added at each cutoff, all of them unknown there.
    signals, customers : int
        How many signals were compared, and over how many customers at the last cutoff.
    leaks : tuple of Leak
        The signals that changed; none is the proof.
    """

    cutoffs: tuple[str, ...]
    rows_changed: tuple[int, ...]
    signals: int
    customers: int
    leaks: tuple[Leak, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing changed."""
        return not self.leaks

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""
        return {**self.__dict__, "passed": self.passed, "leaks": [leak.__dict__ for leak in self.leaks]}

    def render(self) -> str:
        """Return the report for people."""
        tried = ", ".join(
            f"{c} ({format_count(n)} rows of the future changed)"
            for c, n in zip(self.cutoffs, self.rows_changed, strict=True)
        )
        if self.passed:
            return (
                f"Time travel: {format_count(self.signals)} signals of {format_count(self.customers)} customers stayed "
                f"the same, bit for bit, at {tried}."
            )
        count = len({leak.signal for leak in self.leaks})
        rows = [
            tuple(map(str, (x.signal, x.cutoff, x.customers, x.example, x.before, x.after)))
            for x in self.leaks
        ]
        head = ("signal", "cutoff", "customers", "for example", "value", "with another future")
        return (
            f"Time travel: {count} signal{' sees' if count == 1 else 's see'} the future. Tried at {tried}.\n\n"
            + table_text(head, rows)
            + "\n\nA signal of your own must use only the rows it is given; a table of ready features needs the time "
            "from which on a row was really known."
        )


def check_time_travel(
    history: History, cutoffs: Sequence[int], signals: Sequence[Signal], *, seed: int = 0
) -> TimeTravelReport:
    """Change what is unknown at each cutoff and compare every signal there, bit for bit.

    Rows at or after the cutoff, or recorded then, are dropped, changed or kept; new ones are added; what came after
    a row (a reply, a delivery) is moved or taken away where it lies at or after the cutoff.

    Parameters
    ----------
    history : History
        The log.
    cutoffs : sequence of int
        Instants.
    signals : sequence of Signal
        What to compare.
    seed : int, default 0
        Of the changes.

    Returns
    -------
    TimeTravelReport
        What changed; ``passed`` where nothing did.
    """
    rng = np.random.default_rng(seed)
    leaks, changed = [], []
    everybody = np.arange(len(history.customers))
    for i, cutoff in enumerate(cutoffs):
        report("Changing the future", i, len(cutoffs))
        other, rows = another_future(history, cutoff, rng)
        changed.append(rows)
        one, two = (feature_matrices(h, [cutoff], [everybody], signals)[0] for h in (history, other))
        for k, signal in enumerate(signals):
            a, b = one[:, k], two[:, k]
            differ = np.flatnonzero((a != b) & ~(np.isnan(a) & np.isnan(b)))
            if len(differ):
                who = differ[0]
                date, name = history.date(cutoff), history.customers[who]
                leaks.append(Leak(signal.name, date, len(differ), name, float(a[who]), float(b[who])))
    report("Changing the future", len(cutoffs), len(cutoffs))
    dates = tuple(history.date(c) for c in cutoffs)
    return TimeTravelReport(dates, tuple(changed), len(signals), len(everybody), tuple(leaks))


def default_cutoffs(history: History) -> list[int]:
    """Return local midnights after a third and two thirds of the history, and an odd time in its middle."""
    start, span = history.data_start, history.data_end - history.data_start
    thirds = [history.midnight(start + span * k // 3) for k in (1, 2)]
    return sorted([*thirds, start + span // 2])


def another_future(history: History, cutoff: int, rng: np.random.Generator) -> tuple[History, int]:
    """Return the history with the same past and another future, and how many rows differ."""
    logs, rows = {}, 0
    for name, log in history.logs.items():
        logs[name], n = _another(log, cutoff, len(history.customers), rng)
        rows += n
    joined = history.joined
    if joined is not None:
        later = (joined >= cutoff) & (joined != NEVER)
        joined = np.where(later, cutoff + rng.integers(0, _LATEST_US, len(joined)), joined)
    end = max(history.data_end, *(int(log.time[-1]) + 1 for log in logs.values() if len(log)))
    return replace(history, logs=logs, joined=joined, data_end=end), rows


def _another(log: EventLog, cutoff: int, customers: int, rng: np.random.Generator) -> tuple[EventLog, int]:
    hidden = log.time >= cutoff
    if log.recorded is not None:
        hidden |= log.recorded >= cutoff
    fate = rng.integers(0, 3, len(log))  # 0 stays, 1 goes, 2 changes
    copies = rng.permutation(len(log))[: max(int(hidden.sum()) // 3, min(len(log), 50))]
    rows = np.concatenate([np.flatnonzero(~hidden | (fate != 1)), copies])
    changes = np.concatenate(
        [(hidden & (fate == 2))[~hidden | (fate != 1)], np.ones(len(copies), dtype=bool)]
    )
    n = len(rows)

    def later(count: int) -> Array:
        return cutoff + rng.integers(0, _LATEST_US, count)

    def mixed(values: Array, others: Array) -> Array:
        return np.where(changes, others, values[rows])

    time = np.where(changes, later(n), log.time[rows])
    recorded = None
    if log.recorded is not None:
        recorded = np.where(changes, np.maximum(time, later(n)), log.recorded[rows])
    instants = {}
    contract = CONTRACTS.get(log.name)
    for column, values in log.instants.items():
        moved = np.where(rng.random(n) < 0.5, np.maximum(time, later(n)), NEVER)
        outcome = contract is not None and column in contract.outcomes
        instants[column] = np.where(changes | (outcome & (values[rows] >= cutoff)), moved, values[rows])
    numbers = {c: mixed(v, _shuffled(v, n, rng) * 3) for c, v in log.numbers.items()}
    for f in contract.fields if contract else ():
        if f.known_with in instants and f.name in numbers:  # a mark whose answer was not known yet may be any
            any_mark = np.where(rng.random(n) < 0.5, np.nan, rng.random(n) * 10)
            numbers[f.name] = np.where(instants[f.known_with] >= cutoff, any_mark, numbers[f.name])
    categories = {}
    for c, category in log.categories.items():
        codes = mixed(category.codes, _shuffled(category.codes, n, rng))
        categories[c] = Category(codes.astype(np.int32), category.labels)
    customer = mixed(log.customer, rng.integers(0, customers, n)).astype(np.int32)
    other = EventLog(log.name, time, customer, numbers, instants, categories, recorded)
    other = other.take(np.argsort(time, kind="stable"))
    if log.earlier is not None:  # what is changed lies after all that was known, so the rest keeps its order
        former, replaced = log.earlier, log.earlier.replaced
        assert replaced is not None
        assert former.place is not None
        moved = np.where(replaced >= cutoff, later(len(replaced)), replaced)
        place = np.searchsorted(np.sort(rows[~changes]), former.place, side="left")
        other = replace(other, earlier=replace(former, replaced=moved, place=place))
    return other, int((hidden & (fate != 0)).sum()) + len(copies)


def _shuffled(values: Array, n: int, rng: np.random.Generator) -> Array:
    return values[rng.integers(0, len(values), n)] if len(values) else values
