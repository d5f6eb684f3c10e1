import numpy as np
import pytest

from churn.data.contracts import CONTRACTS
from churn.data.eventlog import Category, EventLog
from churn.scoring.timeline_words import WRITERS, Batch


def batch(log, count=None, alike=None):
    n = len(log)
    count = np.ones(n, dtype=int) if count is None else np.array(count)
    alike = np.ones(n, dtype=bool) if alike is None else np.array(alike)
    return Batch(log, 0, "UTC", "", count, alike)


def log(name, n=1, **fields):
    return EventLog(name, np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int32), **fields)


def test_every_table_of_events_has_a_writer():
    events = {name for name, contract in CONTRACTS.items() if contract.time and name != "labels"}
    assert set(WRITERS) == events


@pytest.mark.parametrize("table", sorted(WRITERS))
def test_a_table_with_its_needed_columns_alone_can_be_told(table):
    numbers = {"amount": np.array([np.nan])} if table in ("orders", "returns") else {}
    kind = {"kind": Category(np.array([-1], dtype=np.int32), ())} if table == "interactions" else {}
    told = WRITERS[table](batch(log(table, numbers=numbers, categories=kind)))
    assert told.text == [{"interactions": "contact"}.get(table, table.removesuffix("s"))]
    assert not told.open.any()


def test_what_came_by_several_channels_names_none():
    kinds = Category(np.array([0, 0, 1], dtype=np.int32), ("search", "visit"))
    channels = Category(np.array([0, 0, 0], dtype=np.int32), ("web",))
    rows = log("interactions", 3, categories={"kind": kinds, "channel": channels})
    told = WRITERS["interactions"](batch(rows, count=[2, 1, 1200], alike=[False, True, True]))
    assert told.text == ["2 searches that week", "search, web", "1,200 visits that week, web"]
