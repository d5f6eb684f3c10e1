"""Databases: rows in bulk come back as they are, a transaction is all or nothing, and no secret is told."""

from __future__ import annotations

import datetime as dt
import threading

import pyarrow as pa
import pytest
import sqlalchemy as sa

from churn.errors import OutputError
from churn.sqldatabase import database_url, explained, open_engine, stage, transaction, unstage

ODD = ['a "quoted", one', "two\nlines", "back\\slash", "\\N", "", None]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    text = "sqlite:///a.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    return database_url(text, folder=tmp_path)


def test_staged_rows_come_back_as_they_are(url):
    times = [dt.datetime(2026, 1, 5, 7, 30, 0, n, tzinfo=dt.UTC) for n in range(6)]
    rows = pa.table(
        {
            "text": pa.array(ODD, pa.string()),
            "flag": pa.array([True, False, None] * 2),
            "number": pa.array([1e-300, -0.1, None, 1e300, 0.1 + 0.2, 5.0]),
            "time": pa.array(times, pa.timestamp("us", "UTC")),
        }
    )
    seen = []
    with transaction(url) as c:
        for _ in range(2):  # the name may be used again
            stage(c, "staged", rows, lambda done, total: seen.append((done, total)))
        read = c.execute(sa.text("SELECT * FROM staged")).mappings().all()
        unstage(c, "staged")
    assert [r["text"] for r in read] == ODD
    assert [r["number"] for r in read] == rows["number"].to_pylist()
    assert [None if r["flag"] is None else bool(r["flag"]) for r in read] == rows["flag"].to_pylist()
    if url.get_backend_name() == "sqlite":
        assert read[3]["time"] == "2026-01-05 07:30:00.000003"
    else:
        assert [r["time"] for r in read] == times
    assert seen == [(6, 6)] * 2


def test_a_transaction_that_raises_leaves_nothing(url):
    with pytest.raises(sa.exc.DBAPIError):
        _half(url)
    engine = open_engine(url)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def _half(url):
    with transaction(url) as c:
        c.exec_driver_sql("CREATE TABLE half (a INTEGER)")
        c.exec_driver_sql("CREATE TABLE half (a INTEGER)")


def test_a_second_writer_of_sqlite_waits_and_then_is_told(tmp_path):
    url = database_url("sqlite:///a.db", folder=tmp_path)
    with transaction(url) as first:
        first.exec_driver_sql("CREATE TABLE t (a INTEGER)")
        with pytest.raises(OutputError, match="The database says: database is locked"):
            _impatient(url)
        waiting = threading.Thread(target=_insert, args=(url,))
        waiting.start()
    waiting.join()
    with transaction(url) as c:
        assert c.exec_driver_sql("SELECT count(*) FROM t").scalar() == 1


def _impatient(url):
    engine = open_engine(url, wait_seconds=0.05)
    with explained(url, "the ledger"), engine.begin():
        pass


def _insert(url):
    with transaction(url) as c:
        c.exec_driver_sql("INSERT INTO t VALUES (1)")


def test_foreign_keys_are_held(url):
    with transaction(url) as c:
        c.exec_driver_sql("CREATE TABLE a (n INTEGER PRIMARY KEY)")
        c.exec_driver_sql("CREATE TABLE b (n INTEGER REFERENCES a (n))")
    with (
        pytest.raises(OutputError, match=r"(?i)foreign key"),
        explained(url, "b", doing="refuses"),
        transaction(url) as c,
    ):
        c.exec_driver_sql("INSERT INTO b VALUES (7)")


def test_the_role_is_named_and_the_secret_is_not():
    for text in ("no url with secret", "postgresql://me:sec/ret@host:secret/shop"):
        with pytest.raises(OutputError, match="The url of the ledger is not") as told:
            database_url(text, role="the ledger")
        assert "secret" not in str(told.value)
    url = database_url("postgresql://me@127.0.0.1:1/shop", "s3cr@t")
    with pytest.raises(OutputError) as told, explained(url, "the ledger"), transaction(url):
        pass
    assert "s3cr" not in str(told.value)


def test_a_password_with_an_at_sign_is_not_taken_for_a_host_and_shown():
    with pytest.raises(OutputError, match="written as %40") as caught:
        database_url("postgresql://me:HU@SH@db.example:5432/shop")
    assert "SH" not in str(caught.value)
