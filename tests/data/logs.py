"""Helpers of the tests of the saved log: configurations over folders of deliveries, and what must be equal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churn.config import Config, make_config
from churn.data.history import EventLog, History

TEXT, WHOLE, NUMBER = pa.string(), pa.int64(), pa.float64()
TIME = pa.timestamp("us", "UTC")
SCHEMAS = {
    "orders": pa.schema(
        {
            "customer": WHOLE,
            "time": TIME,
            "amount": NUMBER,
            "order_id": TEXT,
            "channel": TEXT,
            "delivered": TIME,
            "recorded_at": TIME,
        }
    ),
    "tickets": pa.schema(
        {"customer": WHOLE, "opened": TIME, "ticket_id": TEXT, "category": TEXT, "resolved": TIME}
    ),
    "returns": pa.schema({"customer": WHOLE, "time": TIME, "amount": NUMBER}),
    "customers": pa.schema({"customer": WHOLE, "joined": TIME, "country": TEXT, "mail": TEXT}),
    "credit": pa.schema({"customer": WHOLE, "time": TIME, "score": NUMBER, "band": TEXT}),
}


def write(folder: Path, table: str, name: str, rows: list[dict[str, Any]]) -> None:
    """Write one file of a delivery."""
    (folder / table).mkdir(exist_ok=True, parents=True)
    pq.write_table(pa.Table.from_pylist(rows, SCHEMAS[table]), folder / table / f"{name}.parquet")


def config(folder: Path, *tables: str, log: str | None = "log", **more: Any) -> Config:
    """Return a configuration over ``FOLDER/TABLE/*.parquet``."""
    sources: dict[str, Any] = {t: {"path": f"{t}/*.parquet"} for t in tables or ("orders",) if t != "credit"}
    if "tickets" in sources:
        sources["tickets"]["complaint_when"] = ["bad"]
    if "customers" in sources:
        sources["customers"] |= {"segments": ["country"], "contact": ["mail"]}
    sources |= more.pop("sources", {})
    features = {"tables": {"credit": {"path": "credit/*.parquet"}}} if "credit" in tables else {}
    settings = {
        "name": "shop",
        "timezone": "Europe/Berlin",
        "sources": sources,
        "features": features,
        "definition": {"active_days": 30, "horizon_days": 10},
        "log": {"path": log, "memory_limit": "1GB"} if log else {},
        **more,
    }
    return make_config(settings, folder=folder)


def assert_same(left: History, right: History) -> None:
    """Hold two histories against each other, bit for bit."""
    assert left.fingerprint() == right.fingerprint()
    assert left.customers.equals(right.customers)
    assert left.customers.dtype == right.customers.dtype
    assert (left.data_end, left.timezone, left.name) == (right.data_end, right.timezone, right.name)
    assert (left.joined is None) == (right.joined is None)
    if left.joined is not None:
        np.testing.assert_array_equal(left.joined, right.joined)
    assert left.segments.keys() == right.segments.keys()
    for name, category in left.segments.items():
        assert category.labels == right.segments[name].labels
        np.testing.assert_array_equal(category.codes, right.segments[name].codes)
        assert category.codes.dtype == right.segments[name].codes.dtype
    assert left.contact.keys() == right.contact.keys()
    for name, values in left.contact.items():
        assert values.dtype == right.contact[name].dtype
        pd.testing.assert_series_equal(pd.Series(values), pd.Series(right.contact[name]))
    assert list(left.logs) == list(right.logs)
    for name, log in left.logs.items():
        assert_same_log(log, right.logs[name])


def assert_same_log(left: EventLog, right: EventLog) -> None:
    """Hold two logs against each other, with the types of their arrays."""
    assert columns(left).keys() == columns(right).keys()
    for name, values in columns(left).items():
        other = columns(right)[name]
        assert values.dtype == other.dtype, name
        np.testing.assert_array_equal(values, other, err_msg=name)
    assert {k: c.labels for k, c in left.categories.items()} == {
        k: c.labels for k, c in right.categories.items()
    }
    assert (left.earlier is None) == (right.earlier is None)
    if left.earlier is not None and right.earlier is not None:
        assert_same_log(left.earlier, right.earlier)


def columns(log: EventLog) -> dict[str, np.ndarray]:
    """All arrays of a log by name."""
    own = {"time": log.time, "customer": log.customer} | log.numbers | log.instants
    own |= {k: c.codes for k, c in log.categories.items()}
    more = {"recorded": log.recorded, "replaced": log.replaced, "place": log.place}
    return own | {k: v for k, v in more.items() if v is not None}


def rows_of(history: History, table: str) -> list[tuple[Any, ...]]:
    """The rows of a log as values, so that histories with other codes can be compared."""
    log = history.logs[table]
    texts = [[c.labels[i] if i >= 0 else None for i in c.codes] for _, c in sorted(log.categories.items())]
    numbers = [np.nan_to_num(v, nan=-1.0).tolist() for _, v in sorted(log.numbers.items())]
    instants = [v.tolist() for _, v in sorted(log.instants.items())]
    ids = history.customers.to_numpy()[log.customer].tolist()
    return list(zip(ids, log.time.tolist(), *texts, *numbers, *instants, strict=True))


def at(day: int, hour: int = 0) -> pd.Timestamp:
    return pd.Timestamp(f"2024-05-{day:02d}", tz="UTC") + pd.Timedelta(hour, "h")


def orders(day: int, *amounts: float, **more) -> list[dict]:
    return [
        {"customer": 1 + i % 2, "time": at(day, i), "amount": a, "order_id": f"d{day}-{i}", **more}
        for i, a in enumerate(amounts)
    ]


def nights(folder: Path, *days: int) -> None:
    for day in days:
        write(folder, "orders", f"{day:03d}", orders(day, 1.0, 2.0, 3.0))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
