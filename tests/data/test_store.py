from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import churn.data.ingest
import churn.data.size
from churn.data.ingest import ingest
from churn.data.load import load_history
from churn.data.store import LogStore, held_labels
from churn.errors import DataError, MissingFileError, ParameterError
from tests.data.logs import assert_same, config, rows_of, write


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Three nights in four buckets."""
    monkeypatch.setattr(churn.data.size, "BUCKET_ROWS", 100)
    rng = np.random.default_rng(5)
    for night in range(3):
        n = 400 if night == 0 else 20
        time = pd.Timestamp("2024-05-01", tz="UTC") + pd.to_timedelta(
            24 * night + rng.integers(0, 24, n), unit="h"
        )
        rows = {
            "customer": rng.integers(0, 50, n),
            "time": time,
            "amount": rng.random(n),
            "order_id": [f"o{i}" for i in rng.permutation(400)[:n]],
            "channel": rng.choice(["web", "app"], n),
        }
        write(tmp_path, "orders", str(night), pd.DataFrame(rows).to_dict("records"))
        ingest(config(tmp_path))
    return tmp_path


def test_a_log_says_what_it_holds_without_reading_it(shop, monkeypatch):
    store = LogStore.open(shop / "log")
    monkeypatch.setattr(store, "_rows", None)
    assert (store.buckets, store.rows) == (4, {"orders": 400})
    summary = store.summary()
    assert summary["segments"] == {}
    assert not summary["joined"]
    log = summary["logs"]["orders"]
    assert (log["numbers"], log["instants"]) == (["amount", "day"], ["delivered"])
    assert sum(log["categories"]["channel"].values()) == 400


def test_the_fingerprint_goes_by_the_deliveries(shop):
    first = LogStore.open(shop / "log").fingerprint()
    assert first == LogStore.open(shop / "log").fingerprint()
    assert first["logs"]["orders"]["rows"] == 400
    write(shop, "orders", "9", [{"customer": 1, "time": pd.Timestamp("2024-05-09", tz="UTC"), "amount": 1.0}])
    ingest(config(shop))
    assert LogStore.open(shop / "log").fingerprint()["hash"] != first["hash"]


def test_buckets_hold_each_customer_once(shop):
    store = LogStore.open(shop / "log")
    whole = store.load()
    parts = [store.load(b) for b in range(store.buckets)]
    assert min(len(p.customers) for p in parts) > 0
    assert sorted(c for p in parts for c in p.customers.tolist()) == whole.customers.tolist()
    assert sum(len(p.logs["orders"]) for p in parts) == 400
    assert sorted(r for p in parts for r in rows_of(p, "orders")) == sorted(rows_of(whole, "orders"))
    assert {p.data_end for p in parts} == {whole.data_end}
    assert all((np.diff(p.logs["orders"].time) >= 0).all() for p in parts)


@pytest.mark.parametrize("bucket", [-1, 4])
def test_a_bucket_that_there_is_not(shop, bucket):
    with pytest.raises(ParameterError, match=rf"There is no bucket {bucket}\. Allowed: 0 to 3"):
        LogStore.open(shop / "log").load(bucket)


def test_read_in_parts_under_a_small_limit(shop, monkeypatch):
    whole = load_history(config(shop))
    monkeypatch.setattr(churn.data.size, "_VALUE_BYTES", 10**7)  # as if every row were huge
    heard = []
    scatter = churn.data.ingest.Reader._scatter
    monkeypatch.setattr(churn.data.ingest.Reader, "_scatter", lambda *a: heard.append(a) or scatter(*a))
    report = ingest(config(shop), rebuild=True)
    assert len(heard) == 1
    assert report.buckets == 5
    assert_same(whole, load_history(config(shop)))


def test_what_is_found_in_parts_is_what_is_found_in_one_piece(tmp_path, monkeypatch):
    rows = [
        {"customer": i % 9 if i % 10 else None, "time": pd.Timestamp("2024-05-01", tz="UTC"), "amount": None if i % 7 == 0 else 1.0}
        for i in range(200)
    ]  # fmt: skip
    write(tmp_path, "orders", "1", rows)
    one = ingest(config(tmp_path))
    monkeypatch.setattr(churn.data.size, "BUCKET_ROWS", 30)
    monkeypatch.setattr(churn.data.ingest, "needs_parts", lambda *_: True)
    parts = ingest(config(tmp_path), rebuild=True)
    assert parts.buckets == 7
    assert sorted(map(str, parts.findings)) == sorted(map(str, one.findings))
    assert parts.tables == one.tables
    assert [f.examples for f in parts.findings] == [f.examples for f in one.findings]


def test_too_much_set_aside_is_judged_by_the_whole(tmp_path, monkeypatch):
    # All rows of customer 1 are bad, and those of the others good: one bucket is all bad.
    rows = [
        {"customer": 1 if i < 40 else i, "time": pd.Timestamp("2024-05-01", tz="UTC"), "amount": None if i < 40 else 1.0}
        for i in range(100)
    ]  # fmt: skip
    write(tmp_path, "orders", "1", rows)
    monkeypatch.setattr(churn.data.size, "BUCKET_ROWS", 10)
    monkeypatch.setattr(churn.data.ingest, "needs_parts", lambda *_: True)
    assert ingest(config(tmp_path)).rows == {"orders": 60}


def test_the_log_of_a_configuration(shop):
    assert LogStore.of(config(shop)).data_end == LogStore.open(shop / "log").data_end
    end = LogStore.of(config(shop, data_end="2024-06-01")).load(0).data_end
    assert end == pd.Timestamp("2024-05-31 22:00").value // 1000
    with pytest.raises(ParameterError, match="names no saved log"):
        LogStore.of(config(shop, log=None))
    with pytest.raises(MissingFileError, match=r"There is no saved log in .*elsewhere"):
        LogStore.of(config(shop, log="elsewhere"))
    with pytest.raises(DataError, match=r"changed since then: sources\.tickets"):
        LogStore.of(config(shop, "orders", "tickets"))


def test_the_manifest_is_plain_json(shop):
    content = json.loads((shop / "log" / "manifest.json").read_text())
    assert content["format"] == 1
    assert [d["number"] for d in content["deliveries"]] == [1, 2, 3]
    assert list(content["files"]["orders"]) == ["orders/0.parquet", "orders/1.parquet", "orders/2.parquet"]


def test_held_labels():
    assert held_labels({}) == ()
