"""What a saved log does not have yet."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from churn.data.locations import Part
from churn.data.news import file_name, stamp, whats_new
from churn.errors import DataError, MissingFileError
from tests.data.logs import config


def _file(folder: Path, name: str, text: str = "customer\n1\n") -> Path:
    path = folder / "orders" / f"{name}.parquet"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_first_all_files_then_those_not_seen_before(tmp_path):
    a, b = _file(tmp_path, "a"), _file(tmp_path, "b")
    shop = config(tmp_path)
    first = whats_new(shop, None, {}, {"orders": ["orders/b.parquet", "orders/gone.parquet"]})
    assert first.parts == {"orders": Part((str(b), str(a)))}
    assert first.tables == {"orders": "new"}
    assert first.file_names == ("orders/b.parquet", "orders/a.parquet")
    again = whats_new(shop, first.files, {})
    assert (again.tables, again.files, again.parts) == ({}, {}, {"orders": Part(())})
    c = _file(tmp_path, "c")
    a.unlink()  # a file that was read may be put away
    later = whats_new(shop, first.files, {})
    assert (later.tables, later.parts) == ({"orders": "new"}, {"orders": Part((str(c),))})


def test_a_file_that_was_touched_is_not_one_that_changed(tmp_path):
    path = _file(tmp_path, "a")
    shop = config(tmp_path)
    known = whats_new(shop, None, {}).files
    os.utime(path, ns=(1, 1))
    assert whats_new(shop, known, {}).tables == {}
    path.write_text("customer\n2\n")  # as long as before
    with pytest.raises(DataError, match=r"orders/a\.parquet was read before and has changed") as caught:
        whats_new(shop, known, {})
    assert caught.value.code == "changed-file"


def test_only_rows_above_the_last_value_are_read_of_what_grows(tmp_path):
    path = _file(tmp_path, "a")
    shop = config(tmp_path, sources={"orders": {"path": "orders/a.parquet", "newer": "at"}})
    known = whats_new(shop, None, {}).files
    assert known["orders"]["orders/a.parquet"]["sha256"] == ""
    path.write_text("customer\n1\n2\n")
    for as_is, column in (("yes", "at"), ("", "TRY_CAST(at AS BIGINT)")):
        news = whats_new(shop, known, {"orders": {"type": "BIGINT", "value": "7", "as_is": as_is}})
        part = news.parts["orders"]
        assert part.files == (str(path),)
        assert part.where.replace('"', "") == f"{column} > CAST('7' AS BIGINT)"
        assert news.tables == {"orders": "new"}


def test_files_put_away_all_at_once_and_files_that_never_were(tmp_path):
    path = _file(tmp_path, "a")
    shop = config(tmp_path)
    known = whats_new(shop, None, {}).files
    path.unlink()
    assert whats_new(shop, known, {}).tables == {}
    with pytest.raises(MissingFileError):
        whats_new(shop, {}, {})


def test_what_a_file_is_known_by(tmp_path):
    (tmp_path / "config").mkdir()
    path = tmp_path / "away.csv"
    path.write_text("")
    shop = config(tmp_path / "config")
    assert file_name(shop, str(tmp_path / "config" / "x" / ".." / "o.csv")) == "o.csv"
    assert file_name(shop, str(path)) == str(path.resolve())
    assert stamp(str(path))["sha256"].startswith("e3b0c44298fc1c14")
    assert stamp(str(path), content=False)["sha256"] == ""
