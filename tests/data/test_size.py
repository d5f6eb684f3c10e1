"""How many rows there are to read, told without reading them."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

import churn.data.size
from churn.config import make_config
from churn.data.locations import Part
from churn.data.news import News
from churn.data.size import buckets_for, needs_parts
from churn.data.sources import Reader
from tests.data.logs import config, write


def _orders(folder, name, count):
    row = {"customer": 1, "time": pd.Timestamp("2024-05-01", tz="UTC"), "amount": 1.0}
    write(folder, "orders", name, [row] * count)


@pytest.mark.parametrize(("rows", "buckets"), [(0, 1), (1, 1), (10, 1), (11, 2), (21, 3)])
def test_buckets_are_filled_before_there_is_one_more(tmp_path, monkeypatch, rows, buckets):
    monkeypatch.setattr(churn.data.size, "BUCKET_ROWS", 10)
    _orders(tmp_path, "a", rows)
    shop = config(tmp_path)
    with Reader(shop) as reader:
        assert buckets_for(shop, reader, News(tables={"orders": "new"})) == buckets
        assert buckets_for(shop, reader, News()) == 1


def test_parts_are_needed_above_the_limit_and_only_new_files_count(tmp_path):
    _orders(tmp_path, "a", 100)
    _orders(tmp_path, "b", 1)
    shop = config(tmp_path)
    some = News({"orders": Part((str(tmp_path / "orders" / "b.parquet"),))}, {"orders": "new"})
    none = News({"orders": Part(())}, {"orders": "new"})
    with Reader(shop) as reader:
        size = 8 * 60  # of one row
        assert not needs_parts(shop, reader, News(tables={"orders": "new"}), 101 * size)
        assert needs_parts(shop, reader, News(tables={"orders": "new"}), 101 * size - 1)
        assert not needs_parts(shop, reader, some, size)
        assert needs_parts(shop, reader, some, size - 1)
        assert not needs_parts(shop, reader, none, 0)


def test_text_files_are_estimated_and_broken_ones_count_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(churn.data.size, "BUCKET_ROWS", 1)
    text = "customer\n" + "12345678\n" * 99_999
    (tmp_path / "o.csv").write_text(text)
    (tmp_path / "o.csv.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "empty.csv").touch()
    (tmp_path / "broken.parquet").write_text("no Parquet")
    found = {}
    for path in ("o.csv", "o.csv.gz", "empty.csv", "broken.parquet"):
        shop = config(tmp_path, sources={"orders": {"path": path}})
        with Reader(shop) as reader:
            found[path] = buckets_for(shop, reader, News(tables={"orders": "new"}))
    assert found["o.csv"] == pytest.approx(100_000, rel=0.001)
    assert found["o.csv.gz"] == (tmp_path / "o.csv.gz").stat().st_size // 10
    assert (found["empty.csv"], found["broken.parquet"]) == (1, 1)


def test_a_query_is_as_large_as_its_largest_input_whatever_the_capitals(tmp_path, monkeypatch):
    monkeypatch.setattr(churn.data.size, "BUCKET_ROWS", 10)
    _orders(tmp_path, "a", 50)
    settings = {
        "name": "shop",
        "timezone": "UTC",
        "inputs": {"raw": {"path": "orders/*.parquet"}},
        "sources": {"orders": {"query": "SELECT * FROM RAW"}},
        "definition": {"active_days": 90, "horizon_days": 30},
    }
    shop = make_config(settings, folder=tmp_path)
    with Reader(shop) as reader:
        assert buckets_for(shop, reader, News(tables={"orders": "new"})) == 5
