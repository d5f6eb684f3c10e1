from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from churn.data.database import Database
from churn.errors import DataError, OutputError


def test_the_scratch_folder_goes_with_the_connection():
    with Database() as db:
        scratch = Path(db.scratch)
        assert scratch.is_dir()
        assert db.one("SELECT 41 + 1", "x") == 42
    assert not scratch.exists()


def test_a_query_without_rows_gives_nought():
    with Database() as db:
        assert db.one("SELECT 7 WHERE false", "x") == 0
        assert db.arrow("SELECT 7 AS a WHERE false", "x").num_rows == 0


@pytest.mark.parametrize("way", ["run", "arrow", "one"])
def test_a_broken_query_says_where_and_why_in_one_line(way):
    with Database() as db, pytest.raises(DataError, match=r"orders cannot be read\. DuckDB says: ") as e:
        getattr(db, way)("SELECT nothing FROM nowhere", "orders")
    assert e.value.code == "source-unreadable"
    assert "nowhere" in str(e.value)
    assert "\n" not in str(e.value)


def test_text_compared_with_a_number_is_told_how_to_convert():
    with Database() as db, pytest.raises(DataError, match=r"TRY_CAST\(amount AS DOUBLE\)"):
        db.run("SELECT sum(a) FROM (SELECT 'x'::VARCHAR AS a)", "orders")


def test_the_time_zone_decides_on_times_without_an_offset():
    query = "SELECT epoch(TIMESTAMP '2024-07-01 00:00:00'::TIMESTAMPTZ)::BIGINT"
    with Database() as utc, Database(timezone="Europe/Berlin") as berlin:
        assert utc.one(query, "x") - berlin.one(query, "x") == 2 * 3600
        berlin.register("t", pa.table({"n": pa.array([1, 2], pa.int64())}), "orders")
        assert berlin.describe("t", "orders") == {"n": "BIGINT"}


def test_statements_are_done_together_or_not_at_all(tmp_path):
    with Database() as db:
        db.attach(tmp_path / "a.duckdb", "target")
        made = ["CREATE TABLE target.t (x BIGINT)", "INSERT INTO target.t VALUES (1), (2)"]
        assert db.write([*made, "SELECT count(*), max(x) FROM target.t"], "a.duckdb") == [(), (2,), (2, 2)]
        with pytest.raises(OutputError, match=r"a\.duckdb cannot be written to.*nothing has been changed"):
            db.write(["INSERT INTO target.t VALUES (3)", "INSERT INTO target.t VALUES ('three')"], "a.duckdb")
        assert db.one("SELECT count(*) FROM target.t", "a.duckdb") == 2
