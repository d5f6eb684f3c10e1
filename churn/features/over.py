"""Computes signals over a customer base, part by part, with the bits of one computation over all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from churn.data.base import CustomerBase, Tally, count
from churn.data.history import History
from churn.data.store import LogStore
from churn.errors import ParameterError
from churn.features.compute import feature_matrices, pool_figures, split
from churn.features.executor import Executor, Source, Whole, parts, pools_of
from churn.features.own import Computed
from churn.features.signal import Array, Measure, Pool, Signal
from churn.progress import report

Pools = Mapping[tuple[Pool, int], Array]


@dataclass(frozen=True)
class Computing:
    """The signals of one part of the customers.

    Attributes
    ----------
    part : History
        The customers and their rows.
    populations : list of numpy.ndarray of int64
        By cutoff, the positions of those whose signals they are, in `part`.
    matrices : list of numpy.ndarray of float64, each of shape (n_population, n_signals)
        By cutoff.
    """

    part: History
    populations: list[Array]
    matrices: list[Array]


def base_for(data: History | LogStore | CustomerBase, signals: Sequence[Signal]) -> CustomerBase:
    """Return the customers in parts, or in one piece where a signal made in Python has to see all of them at once.

    Raises
    ------
    ParameterError
        The data are something else, or parts of which no whole can be made.
    """
    own = next((s.name for s in signals if any(isinstance(m, Computed) for m in parts(s.measure))), None)
    if own is None:
        return CustomerBase.of(data)
    base = CustomerBase.of(data)
    if base.count > 1:
        if isinstance(base.origin, LogStore) and base.whole:
            return CustomerBase.of(base.origin.load())
        raise ParameterError(
            f"The signal {own!r} was made in Python and sees all customers at once, and these come in parts",
            fix="Pass the saved log or the history itself.",
            code="needs-whole",
        )
    return base


def pools_over(
    base: CustomerBase,
    cutoffs: Sequence[int],
    signals: Sequence[Signal],
    *,
    tallies: Sequence[Tally] = (),
    tables: Collection[str] = (),
) -> Pools | None:
    """Return the figures of all customers that signals compare with; None where the base is one piece and needs none.

    They are integers that add up over parts, so the parts give the same bits as the whole. `tallies`, which read
    `tables`, count in the same pass over the log.
    """
    compared: list[Measure] = [s.measure for s in signals if pools_of([s.measure])]
    if base.count == 1 or not compared:
        if tallies:
            count(base, *tallies, tables=tables)
        return None if base.count == 1 else {}
    needed = frozenset(table for m in compared for table, _ in m.needs()).union(tables if tallies else ())
    passes = len(pools_of(compared))
    done = 0

    def executors() -> Iterator[Executor]:
        nonlocal done
        for part in base.parts(needed):
            report("Comparing customers", done, passes * base.count)
            for tally in tallies if done < base.count else ():
                tally.add(part)
            done += 1
            yield Executor(Source.of(part), cutoffs, compared)

    found = pool_figures(executors, compared)
    report("Comparing customers", done, done)
    return found


def pools_at(base: CustomerBase, cutoffs: Sequence[int], signals: Sequence[Signal]) -> Pools:
    """Return the figures of all customers that signals compare with, also of a base in one piece."""
    found = pools_over(base, cutoffs, signals)
    if found is not None:
        return found
    compared: list[Measure] = [s.measure for s in signals if pools_of([s.measure])]
    history = base.load(0, None)
    whole = Whole(history)
    blocks = [Executor(Source.of(p, whole, start), cutoffs, compared) for start, p in split(history)]
    return pool_figures(lambda: blocks, compared)


def compute_over(
    base: CustomerBase,
    cutoffs: Sequence[int],
    population: Callable[[History, int], Array],
    signals: Sequence[Signal],
    *,
    pools: Pools | None = None,
    what: str = "Computing signals",
) -> Iterator[Computing]:
    """Yield the signals of a population at each cutoff, part by part.

    Parameters
    ----------
    base : CustomerBase
        The customers.
    cutoffs : sequence of int
        Instants, ascending.
    population : callable
        Gives the positions of the population of a part at a cutoff, ascending.
    signals : sequence of Signal
        What to compute.
    pools : mapping, optional
        From `pools_over`; computed where they are left out.
    what : str
        What is being done, for the progress.
    """
    if pools is None:
        pools = pools_over(base, cutoffs, signals)

    def compute(part: History) -> Computing:
        who = [population(part, c) for c in cutoffs]
        return Computing(part, who, feature_matrices(part, cutoffs, who, signals, pools=pools))

    if base.count == 1:
        yield from map(compute, base.parts())
        return
    # The next part is computed while whoever asked works on this one: NumPy and LightGBM let other threads run.
    with ThreadPoolExecutor(1) as ahead:
        coming: Future[Computing] | None = None
        for number, part in enumerate(base.parts()):
            following = ahead.submit(compute, part)
            report(what, number, base.count)
            if coming is not None:
                yield coming.result()
            coming = following
        if coming is not None:
            yield coming.result()
    report(what, base.count, base.count)
