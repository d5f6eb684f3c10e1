"""Computes signals: for the customers of a view, for many cutoffs at once, and as a frame to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.config import FeatureSettings
from churn.data.history import Category, EventLog, History, Instant, View, check_history
from churn.errors import ParameterError
from churn.features.catalogue import catalogue
from churn.features.executor import Executor, Source, Whole, pools_of
from churn.features.signal import Array, Measure, Pool, Signal
from churn.features.streams import stable_order
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

_BLOCK = 32_768  # customers computed together: their vectors stay in the processor's cache


def feature_matrix(view: View, population: Array, signals: Sequence[Signal]) -> Array:
    """Compute signals for some customers of a view.

    Returns
    -------
    numpy.ndarray of float64, shape (n_population, n_signals)
        NaN is unknown; category signals hold the position in `Signal.categories`.
    """
    measures = [s.measure for s in signals]
    moment = Executor(Source.of(view), [view.instant], measures).at(view.instant)
    out = np.empty((len(signals), len(population)))
    for i, measure in enumerate(measures):
        out[i] = moment.value(measure)[population]
    return out.T


def feature_matrices(
    history: History,
    cutoffs: Sequence[int],
    populations: Sequence[Array],
    signals: Sequence[Signal],
    *,
    block: int = _BLOCK,
    pools: Mapping[tuple[Pool, int], Array] | None = None,
) -> list[Array]:
    """Compute signals for a population at each of several cutoffs, in one pass over the log.

    Parameters
    ----------
    history : History
        The log.
    cutoffs : sequence of int
        Instants, ascending.
    populations : sequence of numpy.ndarray of int
        For each cutoff, positions of customers, ascending.
    signals : sequence of Signal
        What to compute.
    block : int
        Customers computed together; changes nothing but speed and memory.
    pools : mapping, optional
        Figures of all customers by pool and cutoff, where the history holds only some of them.

    Returns
    -------
    list of numpy.ndarray of float64, each of shape (n_population, n_signals)
        As of `feature_matrix` at each cutoff, bit for bit.
    """
    measures = [s.measure for s in signals]
    out = [np.empty((len(signals), len(p))) for p in populations]
    whole = Whole(history)
    blocks = [
        (start, Executor(Source.of(part, whole, start), cutoffs, measures))
        for start, part in split(history, block)
    ]
    whole_base = pools is None
    if pools is None and len(blocks) > 1:
        pools = pool_figures(lambda: (e for _, e in blocks), measures)
    done, steps = 0, len(blocks) * len(cutoffs)
    for start, executor in blocks:
        executor.pools = pools
        for cutoff, population, matrix in zip(cutoffs, populations, out, strict=True):
            if whole_base:  # of a part, whoever goes through the parts tells how far it is
                report("Computing signals", done, steps)
            done += 1
            low, high = np.searchsorted(population, [start, start + executor.source.customers])
            moment, rows = executor.at(cutoff), population[low:high] - start
            for i, measure in enumerate(measures):
                moment.value(measure).take(rows, out=matrix[i, low:high], mode="clip")
    if whole_base:
        report("Computing signals", steps, steps)
    return [m.T for m in out]


def pool_figures(
    executors: Callable[[], Iterable[Executor]], measures: Sequence[Measure]
) -> Mapping[tuple[Pool, int], Array]:
    """Add up the figures of all customers over parts of them, at each cutoff."""
    found: dict[tuple[Pool, int], Array] = {}
    for pools in pools_of(measures):
        level: dict[tuple[Pool, int], Array] = {}
        for executor in executors():
            executor.pools = found
            for cutoff in dict.fromkeys(executor.cutoffs):
                moment = executor.at(cutoff)
                for pool in pools:
                    figures, key = pool.collect(moment), (pool, cutoff)
                    level[key] = level[key] + figures if key in level else figures
        found |= level
    return found


def split(history: History, block: int = _BLOCK) -> Iterator[tuple[int, History]]:
    """Yield parts of a history of at most so many customers, each with the position of its first customer."""
    n = len(history.customers)
    if n <= block:
        yield 0, history
        return
    orders = {}
    for name, log in history.logs.items():
        number = log.customer.astype(np.intp) // block
        order = stable_order(number, n // block + 1)
        orders[name] = order, np.searchsorted(number[order], np.arange(n // block + 2))
    for k, start in enumerate(range(0, n, block)):
        who = slice(start, min(start + block, n))
        code = np.full(n, -1, dtype=np.int32)
        code[who] = np.arange(who.stop - who.start)
        logs: dict[str, EventLog] = {}
        for name, log in history.logs.items():
            order, edges = orders[name]
            logs[name] = log.of_customers(order[edges[k] : edges[k + 1]], code)
        yield (
            start,
            replace(
                history,
                customers=history.customers[who],
                logs=logs,
                joined=None if history.joined is None else history.joined[who],
                segments={k: Category(v.codes[who], v.labels) for k, v in history.segments.items()},
                contact={},
            ),
        )


def compute_features(
    history: History,
    as_of: Instant,
    *,
    customers: Iterable[Any] | None = None,
    signals: Sequence[Signal] | None = None,
    settings: FeatureSettings | None = None,
) -> pd.DataFrame:
    """Compute signals as they were known at a cutoff.

    Parameters
    ----------
    history : History
        The log.
    as_of : date, datetime or str
        The cutoff T; nothing at or after it is seen.
    customers : iterable of ids, optional
        Whom to compute for; everybody with an order before T when left out.
    signals : sequence of Signal, optional
        Which signals; the whole catalogue of the history when left out.
    settings : FeatureSettings, optional
        Windows, days after which a complaint counts as ignored, signals of your own.

    Returns
    -------
    pandas.DataFrame of shape (n_customers, n_signals)
        Indexed by customer id; category signals hold their value in words.

    Raises
    ------
    ParameterError
        The cutoff is not a date, or a customer is not in the history.

    Examples
    --------
    >>> import churn
    >>> history = churn.make_shop(customers=50, seed=1).history()
    >>> churn.compute_features(history, "2025-10-01")[["orders_count_90d", "recency_days"]].shape[1]
    2
    """
    check_history(history)
    cutoff = history.instant(as_of)
    chosen = catalogue(history, settings=settings) if signals is None else tuple(signals)
    return make_frame(history, _positions(history, cutoff, customers), cutoff, chosen)


def _positions(history: History, cutoff: int, customers: Iterable[Any] | None) -> Array:
    import pandas as pd

    if customers is None:
        return np.unique(history.logs["orders"].known_before(cutoff).customer).astype(np.int64)
    wanted = pd.Index(list(customers))
    positions: Array = history.customers.get_indexer(wanted)
    if (positions < 0).any():
        raise ParameterError(
            "A customer is not in the history",
            given=repr(wanted[positions < 0][0]),
            fix="Use ids as they are in history.customers.",
        )
    return positions


def make_frame(history: History, population: Array, cutoff: int, signals: Sequence[Signal]) -> pd.DataFrame:
    """Compute signals for customers in any order and return them as a frame, categories in words."""
    import pandas as pd

    ordered, back = np.unique(population, return_inverse=True)
    matrix = feature_matrices(history, [cutoff], [ordered], signals)[0][back]
    frame = pd.DataFrame(matrix, index=history.customers[population], columns=[s.name for s in signals])
    frame.index.name = "customer"
    for s in signals:
        if s.categories:
            names = np.array([*s.categories, None], dtype=object)
            frame[s.name] = names[frame[s.name].fillna(-1).astype(int).to_numpy()]
    return frame
