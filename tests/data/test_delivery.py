from __future__ import annotations

import datetime as dt
import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churn.data.delivery import DeliveryWriter, People, customer_files
from churn.data.history import NEVER
from churn.data.manifest import Delivery, Manifest, TableInfo
from churn.data.rules import RowRules
from churn.data.sources import Reader


def empty(buckets: int = 1) -> Manifest:
    tables = {"orders": TableInfo(numbers=["amount"], labels={"channel": {}})}
    return Manifest("shop", "UTC", buckets, "BIGINT", {}, tables=tables)


def deliver(root, manifest: Manifest, rows: list[tuple[int, int, str]]) -> DeliveryWriter:
    """Write orders given as customer, day and channel."""
    delivery = Delivery(len(manifest.deliveries) + 1, f"d{len(manifest.deliveries) + 1}")
    (root / delivery.folder).mkdir()
    data = {
        "customer": [r[0] for r in rows],
        "time": [dt.datetime(2024, 5, r[1], tzinfo=dt.UTC) for r in rows],
        "amount": [1.0] * len(rows),
        "channel": [r[2] for r in rows],
    }
    with Reader() as reader:
        rules = RowRules(reader, "UTC")
        typed = reader.read("orders", frame=pa.table(data))
        rules.apply(typed)
        writer = DeliveryWriter(root, manifest, delivery, reader.database)
        writer.add({"orders": typed}, rules)
        writer.finish()
    writer.seal()
    manifest.deliveries.append(delivery)
    return writer


def test_known_customers_keep_their_codes_and_late_rows_are_counted(tmp_path):
    manifest = empty()
    first = deliver(tmp_path, manifest, [(70, 5, "web"), (20, 6, "app")])
    second = deliver(tmp_path, manifest, [(20, 4, "app"), (90, 7, "shop")])
    assert (first.late, second.late) == ({}, {"orders": 1})
    assert manifest.customers == 3
    assert [d.customers for d in manifest.deliveries] == [2, 1]
    assert pq.read_table(tmp_path / "d2" / "rows.orders.parquet")["customer"].to_pylist() == [1, 2]
    assert pq.read_table(tmp_path / "d2" / "customers.parquet")["id"].to_pylist() == [90]
    assert manifest.tables["orders"].rows == 4


def test_labels_grow_and_keep_their_order(tmp_path):
    manifest = empty()
    deliver(tmp_path, manifest, [(1, 5, "web")])
    deliver(tmp_path, manifest, [(1, 6, "app"), (1, 7, "web")])
    labels = manifest.tables["orders"].labels["channel"]
    assert list(labels.items()) == [("web", [2, 2]), ("app", [1, 1])]
    assert pq.read_table(tmp_path / "d2" / "rows.orders.parquet")["t.channel"].to_pylist() == [1, 0]


def test_each_bucket_is_a_row_group_in_time_order(tmp_path):
    manifest = empty(buckets=3)
    deliver(tmp_path, manifest, [(i % 20, 28 - i % 28, "web") for i in range(60)])
    groups = manifest.deliveries[0].groups["orders"]
    assert sum(groups) == 60
    file = pq.ParquetFile(tmp_path / "d1" / "rows.orders.parquet")
    parts = [file.read_row_group(i) for i in range(file.num_row_groups)]
    assert [p.num_rows for p in parts] == [n for n in groups if n]
    assert all((np.diff(p["time"].to_numpy()) >= 0).all() for p in parts)
    people = [set(p["customer"].to_pylist()) for p in parts]
    assert sum(map(len, people)) == len(set().union(*people)) == 20


def test_the_seal_is_the_hash_of_what_lies_there(tmp_path):
    manifest = empty()
    deliver(tmp_path, manifest, [(1, 5, "web")])
    files = {f.name: hashlib.sha256(f.read_bytes()).hexdigest()[:32] for f in (tmp_path / "d1").iterdir()}
    assert manifest.deliveries[0].hashes == files
    assert {"customers.parquet", "ordered.parquet", "rows.orders.parquet"} <= files.keys()


@pytest.mark.parametrize("again", [False, True])
def test_people_grow_and_first_orders_are_told_once(tmp_path, again):
    manifest = empty()
    assert customer_files(tmp_path, manifest) == ""
    if again:
        deliver(tmp_path, manifest, [(1, 5, "web")])
    people = People(tmp_path, manifest)
    assert people.fresh().tolist() == []
    people.grow(3)
    people.order(np.array([2, 0, 2], dtype=np.int32))
    people.order(np.array([0], dtype=np.int32))
    assert people.fresh().tolist() == ([2] if again else [0, 2])
    people.enlist(np.array([1]), np.array([5]))
    assert people.listed.tolist() == [False, True, False]
    assert people.joined.tolist() == [NEVER, 5, NEVER]
