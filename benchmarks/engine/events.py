"""Makes the log: orders, returns, tickets and interactions of a shop over two years, as Parquet files.

python -m benchmarks.engine.events EVENTS FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.engine.signals import DAY_US, IGNORED_AFTER_US, KINDS, TABLES, instant

END = instant("2025-01-01")
DAYS = 730
EVENTS_PER_CUSTOMER = 50
SHARES = {"interactions": 0.70, "orders": 0.20, "returns": 0.03, "tickets": 0.07}
KIND_SHARES = (0.50, 0.25, 0.10, 0.15)
FIRST_ORDERS = "first_orders.npy"  # ascending: how many customers a result has, for the floor of writing
_FIRST_ID = 10_000_001
_ROUND = 0.005  # share of times right on a boundary, so that a contender off by one instant is found out
_STEPS = 73  # within a step of time the customers there stay the same; more steps where the log is large
_EVENTS_PER_STEP = 1_000_000
_EVENTS_PER_WRITE = 2_000_000

_TIME = pa.timestamp("us", tz="UTC")
SCHEMAS = {
    "orders": pa.schema(
        {
            "customer": pa.int64(),
            "time": _TIME,
            "order_id": pa.int64(),
            "amount": pa.float64(),
            "quantity": pa.int32(),
        }
    ),
    "returns": pa.schema({"customer": pa.int64(), "time": _TIME, "amount": pa.float64()}),
    "tickets": pa.schema(
        {
            "ticket_id": pa.int64(),
            "customer": pa.int64(),
            "opened": _TIME,
            "first_reply": _TIME,
            "resolved": _TIME,
            "is_complaint": pa.bool_(),
            "satisfaction": pa.float64(),
        }
    ),
    "interactions": pa.schema({"customer": pa.int64(), "time": _TIME, "kind": pa.string()}),
}


class _Shop:
    """Who is there, from when to when, and how busy each one is."""

    def __init__(self, customers: int, rng: np.random.Generator) -> None:
        self._rng = rng
        span = DAYS * DAY_US
        self._rate = rng.gamma(0.8, size=customers)
        self._start = np.maximum(rng.uniform(-0.7, 0.8, customers), 0.0) * span
        self._stop = self._start + rng.exponential(1.2, customers) * span
        self._next_id = dict.fromkeys(TABLES, 1)
        self.first_order = np.full(customers, np.iinfo(np.int64).max)

    def step(self, events: int, start: int, stop: int) -> dict[str, pa.Table]:
        """Return the events of a stretch of time, by table, in time order."""
        rng, begin = self._rng, END - DAYS * DAY_US
        there = np.flatnonzero((self._start <= start - begin) & (self._stop > start - begin))
        share = np.cumsum(self._rate[there])
        at = np.searchsorted(share, rng.random(events) * share[-1], side="right")
        customer = _FIRST_ID + there[np.minimum(at, len(there) - 1)].astype(np.int64)
        time = rng.integers(start, stop, events)
        midnight = np.maximum(time // DAY_US * DAY_US, start)
        time = np.sort(np.where(rng.random(events) < _ROUND, midnight, time))
        table = np.searchsorted(np.cumsum(list(SHARES.values()))[:-1], rng.random(events), side="right")
        out = {}
        for i, name in enumerate(SHARES):
            rows = np.flatnonzero(table == i)
            out[name] = self._table(name, customer[rows], time[rows])
            if name == "orders":
                np.minimum.at(self.first_order, customer[rows] - _FIRST_ID, time[rows])
        return out

    def _table(self, name: str, customer: np.ndarray, time: np.ndarray) -> pa.Table:
        rng, n = self._rng, len(time)
        ids = np.arange(self._next_id[name], self._next_id[name] + n)
        self._next_id[name] += n
        columns: dict[str, pa.Array | np.ndarray] = {"customer": customer, "time": pa.array(time, _TIME)}
        if name == "orders":
            columns["order_id"] = ids
            columns["amount"] = np.maximum(np.round(rng.lognormal(3.5, 0.8, n), 2), 0.01)
            columns["quantity"] = (1 + rng.poisson(1.5, n)).astype(np.int32)
        elif name == "returns":
            columns["amount"] = np.maximum(np.round(rng.lognormal(3.2, 0.8, n), 2), 0.01)
        elif name == "interactions":
            codes = np.searchsorted(np.cumsum(KIND_SHARES)[:-1], rng.random(n), side="right")
            kinds = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), list(KINDS))
            columns["kind"] = kinds.cast(pa.string())
        else:
            columns = {"ticket_id": ids, "customer": customer, **self._outcomes(time)}
        return pa.table(columns, schema=SCHEMAS[name])

    def _outcomes(self, opened: np.ndarray) -> dict[str, pa.Array | np.ndarray]:
        rng, n = self._rng, len(opened)
        reply = opened + (1 + rng.exponential(3.0, n) * DAY_US).astype(np.int64)
        resolved = opened + (1 + rng.exponential(9.0, n) * DAY_US).astype(np.int64)
        on_the_instant = rng.random(n) < _ROUND
        reply = np.where(on_the_instant, opened + IGNORED_AFTER_US, reply)
        resolved = np.where(on_the_instant, -(-resolved // DAY_US) * DAY_US, resolved)
        # What comes after the end of the log is not known yet.
        open_ = (rng.random(n) < 0.10) | (resolved >= END)
        unrated = open_ | (rng.random(n) < 0.5)
        return {
            "opened": pa.array(opened, _TIME),
            "first_reply": pa.array(reply, _TIME, mask=(rng.random(n) < 0.15) | (reply >= END)),
            "resolved": pa.array(resolved, _TIME, mask=open_),
            "is_complaint": rng.random(n) < 0.4,
            "satisfaction": pa.array(rng.integers(1, 6, n).astype(np.float64), mask=unrated),
        }


def write_events(events: int, folder: Path, seed: int = 7) -> None:
    """Write the four tables of a log of so many events; memory does not grow with their number.

    Parameters
    ----------
    events : int
        Rows of all tables together.
    folder : Path
        Where the files go; made if needed.
    seed : int, default 7
        The same seed gives the same files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shop = _Shop(max(events // EVENTS_PER_CUSTOMER, 100), np.random.default_rng(seed))
    steps = max(_STEPS, -(-events // _EVENTS_PER_STEP))
    rows = np.linspace(0, events, steps + 1).astype(np.int64)
    edges = np.linspace(END - DAYS * DAY_US, END, steps + 1).astype(np.int64)
    writers = {t: pq.ParquetWriter(folder / f"{t}.parquet", SCHEMAS[t], compression="zstd") for t in TABLES}
    waiting: dict[str, list[pa.Table]] = {t: [] for t in TABLES}
    try:
        for i in range(steps):
            made = shop.step(int(rows[i + 1] - rows[i]), int(edges[i]), int(edges[i + 1]))
            for name, table in made.items():
                waiting[name].append(table)
            if i == steps - 1 or sum(len(t) for w in waiting.values() for t in w) >= _EVENTS_PER_WRITE:
                for name, tables in waiting.items():
                    whole = pa.concat_tables(tables)
                    writers[name].write_table(whole, row_group_size=max(len(whole), 1))
                    tables.clear()
    finally:
        for writer in writers.values():
            writer.close()
    np.save(folder / FIRST_ORDERS, np.sort(shop.first_order))


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the log of the benchmark.")
    parser.add_argument("events", type=int)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    write_events(given.events, given.folder)


if __name__ == "__main__":
    main()
