"""Computes signals part by part, for logs of any size, and writes them: one Parquet file per cutoff."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.history import History
from churn.features.compute import pool_figures, split
from churn.features.executor import Executor, Source, Whole, pools_of
from churn.features.signal import Array, Signal
from churn.files import adding_files
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


Parts = Callable[[frozenset[str] | None], Iterable[Source]]


@dataclass(frozen=True)
class Piece:
    """The signals of some customers at one cutoff.

    Attributes
    ----------
    cutoff : int
        The instant.
    customers : pandas.Index
        Ids, in order.
    matrix : numpy.ndarray of float64, shape (n_signals, n_customers)
        One row per signal; overwritten when the next piece is asked for.
    """

    cutoff: int
    customers: pd.Index[Any]
    matrix: Array


def compute_parts(
    parts: Parts, count: int, cutoffs: Sequence[int], signals: Sequence[Signal]
) -> Iterator[Piece]:
    """Yield the signals of everybody with an order before each cutoff, part by part.

    Parameters
    ----------
    parts : callable
        Gives the parts of the log, each with customers of its own, given the tables that are needed or None for all.
        Where signals compare a customer with all others it is called a first time for that.
    count : int
        How many parts there are, for the progress.
    cutoffs : sequence of int
        Instants, ascending.
    signals : sequence of Signal
        What to compute.
    """
    measures = [s.measure for s in signals]
    pools = None
    compared = [m for m in measures if pools_of([m])]
    if count > 1 and compared:
        tables = frozenset(table for m in compared for table, _ in m.needs())
        pools = pool_figures(lambda: (Executor(p, cutoffs, compared) for p in parts(tables)), compared)
    buffer = np.empty((len(signals), 0))
    for i, part in enumerate(parts(None)):
        executor = Executor(part, cutoffs, measures, pools)
        for k, cutoff in enumerate(cutoffs):
            report("Computing signals", i * len(cutoffs) + k, count * len(cutoffs))
            moment = executor.at(cutoff)
            rows = np.flatnonzero(moment.count("orders"))
            if buffer.shape[1] < len(rows):
                buffer = np.empty((len(signals), part.customers))
            for values, measure in zip(buffer, measures, strict=True):
                moment.value(measure).take(rows, out=values[: len(rows)], mode="clip")
            assert part.history is not None
            yield Piece(cutoff, part.history.customers[rows], buffer[:, : len(rows)])
    report("Computing signals", count * len(cutoffs), count * len(cutoffs))


def write_parts(
    pieces: Iterable[Piece], signals: Sequence[Signal], names: dict[int, str], folder: Path
) -> None:
    """Write pieces into one Parquet file per cutoff, each in one step; `names` are the file names by cutoff.

    Numbers are float64 with NaN for unknown, categories are text. Files of other cutoffs in the folder stay.
    """
    import pyarrow.parquet as pq

    writers: dict[int, pq.ParquetWriter] = {}
    labels = [s.name for s in signals if s.categories]
    with adding_files(folder) as fresh:
        try:
            for piece in pieces:
                table = _table(piece, signals)
                if piece.cutoff not in writers:
                    writers[piece.cutoff] = pq.ParquetWriter(
                        fresh / names[piece.cutoff],
                        table.schema,
                        compression="none",  # numbers hardly shrink, and reading them whole is quick
                        use_dictionary=labels,
                        write_statistics=labels,
                        write_batch_size=2**16,
                    )
                writers[piece.cutoff].write_table(table)
        finally:
            for writer in writers.values():
                writer.close()


def _table(piece: Piece, signals: Sequence[Signal]) -> pa.Table:
    import pyarrow as pa

    columns = {"customer": pa.array(piece.customers)}
    for signal, values in zip(signals, piece.matrix, strict=True):
        if signal.categories:
            unknown = np.isnan(values)
            codes = pa.array(np.where(unknown, 0, values).astype(np.int32), mask=unknown)
            columns[signal.name] = pa.DictionaryArray.from_arrays(codes, list(signal.categories)).cast(
                pa.string()
            )
        else:
            columns[signal.name] = pa.array(values)
    return pa.table(columns)


def parts_of(history: History) -> list[Source]:
    """Split a history that is in memory into parts of a handy size."""
    whole = Whole(history)
    return [Source.of(part, whole, start) for start, part in split(history)]
