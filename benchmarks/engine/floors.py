"""What no contender can go below: starting, reading the log, sorting it, writing results of that size.

`start` imports NumPy and pyarrow and does nothing; it is a part of the other three.

python -m benchmarks.engine.floors start|scan|sort|write DATA OUT CUTOFF...
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.engine.signals import SIGNALS, TABLES, instant, result_file


def scan(data: Path) -> float:
    """Read every column of every table and touch each value as NumPy."""
    touched = 0.0
    for table in TABLES:
        # Text as codes: making a million strings is not part of a scan.
        text = ["kind"] if table == "interactions" else None
        file = pq.ParquetFile(data / f"{table}.parquet", read_dictionary=text)
        for i in range(file.num_row_groups):
            for column in file.read_row_group(i).columns:
                for chunk in column.chunks:
                    codes = chunk.indices if isinstance(chunk, pa.DictionaryArray) else chunk
                    values = codes.to_numpy(zero_copy_only=False)
                    touched += float(
                        values.view(np.int64).sum() if values.dtype.kind == "M" else values.sum()
                    )
    return touched


def sort(data: Path) -> None:
    """Sort all events by customer, then time. DuckDB is the quickest here; Polars and NumPy take twice as long."""
    import duckdb

    tables = " UNION ALL ".join(
        f"SELECT customer, {'opened' if t == 'tickets' else 'time'} AS time, {i}::UTINYINT AS source "
        f"FROM read_parquet('{data}/{t}.parquet')"
        for i, t in enumerate(TABLES)
    )
    duckdb.sql(f"CREATE TABLE events AS SELECT * FROM ({tables}) ORDER BY customer, time")


def write(data: Path, cutoffs: Sequence[int], out: Path, columns: Sequence[str] = SIGNALS) -> None:
    """Write a matrix of the result's size per cutoff."""
    first_orders = np.load(data / "first_orders.npy")
    values = np.arange(len(first_orders), dtype=np.float64)
    for cutoff in cutoffs:
        n = int(np.searchsorted(first_orders, cutoff))
        # Each column has memory of its own, as a contender's would.
        arrays = [np.arange(n), *(values[:n] + i for i in range(len(columns)))]
        table = pa.table(arrays, names=["customer", *columns])
        pq.write_table(table, result_file(out, cutoff), compression="none", use_dictionary=False)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("floor", choices=["start", "scan", "sort", "write"])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("cutoffs", nargs="+")
    parser.add_argument("--signals")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.floor == "scan":
        scan(given.data)
    elif given.floor == "sort":
        sort(given.data)
    elif given.floor == "write":
        columns = given.signals.split(",") if given.signals else SIGNALS
        write(given.data, [instant(c) for c in given.cutoffs], given.out, columns)


if __name__ == "__main__":
    main()
