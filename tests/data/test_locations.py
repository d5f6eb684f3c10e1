"""Which files a location means, which of their rows are read, and what the rules leave out."""

from __future__ import annotations

import pytest

from churn.config import Location, SetAside
from churn.data.database import Database
from churn.data.locations import FILE_COLUMN, Locations, Part, find_files, keep_condition
from churn.errors import ConfigError, DataError, MissingFileError
from tests.data.logs import config


def test_a_file_whose_name_looks_like_a_pattern(tmp_path):
    for name in ("orders1.csv", "orders[1].csv", "orders2.csv"):
        (tmp_path / name).write_text("a\n1\n")
    shop = config(tmp_path)
    assert find_files(shop, "orders[1].csv", "orders") == [str(tmp_path / "orders[1].csv")]
    assert find_files(shop, "orders[12].csv", "orders") == [
        str(tmp_path / "orders1.csv"),
        str(tmp_path / "orders2.csv"),
    ]
    with pytest.raises(MissingFileError, match=r"orders: no file matches orders\[3\]\.csv"):
        find_files(shop, "orders[3].csv", "orders")


def test_a_part_reads_its_files_and_rows_only(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n2\n")
    (tmp_path / "b.csv").write_text("x\n3\n4\n")
    location, a = Location(path="*.csv"), str(tmp_path / "a.csv")
    parts = {
        "one": Part((a,)),
        "none": Part(()),
        "above": Part(None, "x > '1'"),
        "both": Part((a,), "x > '1'"),
    }
    with Database() as database:
        locations = Locations(config(tmp_path), database, parts)
        rows = {
            w: database.run(f"SELECT x FROM {locations.relation(location, w)} ORDER BY x", w).fetchall()
            for w in (*parts, "all")
        }
        found = database.describe(locations.relation(location, "all", file_column=True), "all")
        single = database.describe(locations.relation(location, "one", file_column=True), "one")
    assert {w: "".join(r[0] for r in v) for w, v in rows.items()} == {
        "one": "12",
        "none": "",
        "above": "234",
        "both": "2",
        "all": "1234",
    }
    assert list(found) == ["x", FILE_COLUMN]
    assert list(single) == ["x"]


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "empty.csv").touch()
    (tmp_path / "rows.json").write_text("{}")
    with Database() as database:
        locations = Locations(config(tmp_path), database)
        with pytest.raises(DataError, match="not even a line of column names"):
            locations.whole(Location(path="empty.csv"), "orders")
        with pytest.raises(ConfigError, match="neither CSV nor Parquet"):
            locations.whole(Location(path="rows.json"), "orders")


def test_a_row_that_two_rules_set_aside_counts_once(tmp_path):
    rules = (SetAside(when="x < 2 -- small", why="small"), SetAside(when="x < 3", why="smaller than 3"))
    location = Location(query="SELECT * FROM (VALUES (1), (2), (3), (NULL)) t(x); ", set_aside=rules)
    with Database() as database:
        locations = Locations(config(tmp_path), database)
        relation = locations.relation(location, "orders")
        findings = locations.set_aside(location, relation, "orders")
        kept = database.run(f"SELECT x FROM {relation}{keep_condition(location)}", "orders").fetchall()
    assert [(f.rows, f.message, f.examples) for f in findings] == [
        (1, "small", ({"x": 1},)),
        (1, "smaller than 3", ({"x": 2},)),
    ]
    assert kept == [(3,), (None,)]
    assert keep_condition(None) == ""
