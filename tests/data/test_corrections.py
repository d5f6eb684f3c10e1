from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churn.data.corrections import Corrections
from churn.data.manifest import Delivery, Manifest, TableInfo
from churn.data.rules import RowRules
from churn.data.sources import Reader


def deliver(root, number: int, keys: list[str], recorded: list[int], codes: list[int]) -> Delivery:
    """Write the keys of one delivery; its rows are a day after the other."""
    n, folder = len(keys), root / f"d{number}"
    folder.mkdir()
    data = {
        "key": keys,
        "delivery": np.full(n, number, dtype=np.int32),
        "seq": np.arange(n),
        "time": np.arange(n) + 1,
        "recorded": np.array(recorded, dtype=np.int64),
        "said": np.ones(n, dtype=bool),
        "file": np.full(n, number, dtype=np.uint64),
        "t.channel": np.array(codes, dtype=np.int32),
    }
    pq.write_table(pa.table(data), folder / "keys.orders.parquet")
    return Delivery(number, folder.name, groups={"orders": [n]})


@pytest.fixture
def apply(tmp_path):
    """Apply the second of two deliveries to a log of web and app orders."""
    with Reader() as reader:

        def run(*deliveries: Delivery, recorded: bool, labels: dict[str, list[int]]):
            rows = sum(d.groups["orders"][0] for d in deliveries)
            info = TableInfo(labels={"channel": labels}, recorded=recorded, keyed=True, rows=rows)
            manifest = Manifest("shop", "UTC", 1, "BIGINT", {}, list(deliveries), {"orders": info})
            rules = RowRules(reader, "UTC")
            corrections = Corrections(tmp_path, manifest, deliveries[-1], reader.database)
            return corrections.apply("orders", "order_id", rules), info, rules

        yield run


def test_new_keys_replace_nothing_and_write_nothing(tmp_path, apply):
    first = deliver(tmp_path, 1, ["a", "b"], [1, 2], [0, 1])
    second = deliver(tmp_path, 2, ["c"], [9], [0])
    count, info, _ = apply(first, second, recorded=True, labels={"web": [2, 2], "app": [1, 1]})
    assert (count, info.rows, second.corrected) == (0, 3, [])
    assert not (tmp_path / "d2" / "replaced.orders.parquet").exists()


def test_a_row_recorded_later_replaces_and_the_former_is_held(tmp_path, apply):
    first = deliver(tmp_path, 1, ["a", "b"], [1, 2], [0, 1])
    second = deliver(tmp_path, 2, ["b"], [9], [0])
    count, info, rules = apply(first, second, recorded=True, labels={"web": [2, 2], "app": [1, 1]})
    assert (count, info.rows, second.corrected) == (1, 2, ["orders"])
    assert info.labels["channel"] == {"web": [2, 2], "app": [0, 1]}
    rows = pq.read_table(tmp_path / "d2" / "replaced.orders.parquet").to_pylist()
    assert rows == [{"delivery": 1, "seq": 1, "replaced": 9}]
    found = [f for f in rules.findings if f.code == "corrected-order_id"]
    assert [(f.rows, f.examples) for f in found] == [(1, ({"order_id": "b"},))]


def test_without_a_time_of_recording_the_former_row_is_gone(tmp_path, apply):
    first = deliver(tmp_path, 1, ["a", "b"], [0, 0], [0, 1])
    second = deliver(tmp_path, 2, ["b"], [0], [0])
    count, info, _ = apply(first, second, recorded=False, labels={"web": [2, 2], "app": [1, 1]})
    assert (count, info.rows) == (1, 2)
    assert info.labels["channel"] == {"web": [2, 2], "app": [0, 0]}
    rows = pq.read_table(tmp_path / "d2" / "replaced.orders.parquet").to_pylist()
    assert rows == [{"delivery": 1, "seq": 1, "replaced": 0}]


def test_an_older_version_that_comes_late_is_itself_replaced(tmp_path, apply):
    first = deliver(tmp_path, 1, ["a"], [9], [0])
    second = deliver(tmp_path, 2, ["a"], [5], [1])
    count, info, _ = apply(first, second, recorded=True, labels={"web": [1, 1], "app": [1, 1]})
    assert (count, info.rows) == (1, 1)
    assert info.labels["channel"] == {"web": [1, 1], "app": [0, 1]}
    rows = pq.read_table(tmp_path / "d2" / "replaced.orders.parquet").to_pylist()
    assert rows == [{"delivery": 2, "seq": 0, "replaced": 9}]
