from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churn.config import make_config
from churn.data.sources import Reader
from churn.errors import ChurnError, ConfigError, DataError, MissingFileError

COLUMNS = {"customer": "id", "time": "at", "amount": "x"}
ROWS = "id,at,x\n0011,2024-01-01,1.5\n0012,2024-01-02,2.5\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path / "config"


def _config(folder: Path, orders: dict, **settings):
    sources = {"orders": {"columns": COLUMNS, **orders}, **settings.pop("sources", {})}
    definition = {"active_days": 1, "horizon_days": 1}
    return make_config({"name": "s", "sources": sources, "definition": definition, **settings}, folder=folder)


def _read(folder: Path, orders: dict, **settings):
    config = _config(folder, orders, **settings)
    with Reader(config) as reader:
        typed = reader.read("orders", config.sources.orders)
        typed.findings[:0] = reader.findings
        return typed


def _ids(typed) -> list:
    return typed.columns["customer"].to_pylist()


# -- files ----------------------------------------------------------------------------------------------


def test_csv_keeps_ids_as_they_are_written(folder):
    (folder / "o.csv").write_text(ROWS)
    typed = _read(folder, {"path": "o.csv"})
    assert _ids(typed) == ["0011", "0012"]
    assert typed.columns["amount"].tolist() == [1.5, 2.5]
    assert typed.naive["time"].tolist() == [True, True]
    assert (typed.rows_read, typed.row.tolist(), typed.findings) == (2, [0, 1], [])


@pytest.mark.parametrize(
    ("name", "text", "extra"),
    [
        ("o.csv", ROWS.replace(",", ";").replace(".", ","), {}),
        ("o.tsv", ROWS.replace(",", "\t"), {}),
        ("o.txt", ROWS.replace(",", "~"), {"delimiter": "~"}),
        ("o.CSV", "\ufeff" + ROWS, {}),
        ("o.csv", ROWS.replace("\n", "\r\n"), {}),
        ("o.csv", ROWS.replace("\n", "\n\n"), {}),
    ],
    ids=["semicolon", "tab", "delimiter", "bom", "crlf", "blank lines"],
)
def test_csv_dialects(folder, name, text, extra):
    (folder / name).write_bytes(text.encode())
    assert _read(folder, {"path": name, **extra}).rows_read == 2


def test_compressed_csv(folder):
    (folder / "o.csv.gz").write_bytes(gzip.compress(ROWS.encode()))
    assert _ids(_read(folder, {"path": "o.csv.gz"})) == ["0011", "0012"]


def test_lines_that_begin_with_a_hash_are_rows(folder):
    (folder / "o.csv").write_text(ROWS + "#13,2024-01-03,3\n")
    assert _ids(_read(folder, {"path": "o.csv"})) == ["0011", "0012", "#13"]


@pytest.mark.parametrize(
    "text",
    [
        ROWS + ROWS.replace("\n", ",\n"),
        "My export\n\n" + ROWS,
        ROWS + "0013,2024-01-03\n",
        ROWS + "0013,2024-01-03,3,4\n",
    ],
    ids=["two files in one", "title", "too few", "too many"],
)
def test_no_line_of_a_csv_is_skipped_silently(folder, text):
    (folder / "o.csv").write_text(text)
    try:
        typed = _read(folder, {"path": "o.csv"})
        lines = [line for line in text.splitlines() if line]
        outcome = typed.rows_read == len(lines) - 1
    except DataError as error:
        outcome = error.code in ("one-column", "source-unreadable")
    assert outcome


def test_the_wrong_separator_is_explained(folder):
    (folder / "o.csv").write_text(ROWS)
    with pytest.raises(
        DataError, match=r"orders: the file o\.csv has one column only, 'id,at,x'\. Set delimiter; or"
    ) as e:
        _read(folder, {"path": "o.csv", "delimiter": "~"})
    assert e.value.code == "one-column"


def test_an_empty_csv_and_one_with_names_only(folder):
    (folder / "o.csv").write_text("")
    with pytest.raises(
        DataError, match=r"o\.csv is empty, it has not even a line of column names\. Export it"
    ) as e:
        _read(folder, {"path": "o.csv"})
    assert e.value.code == "empty-file"
    (folder / "o.csv").write_text("id,at,x\n")
    assert _read(folder, {"path": "o.csv"}).rows_read == 0


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_other_encodings_are_told(folder, encoding):
    (folder / "o.csv").write_bytes(ROWS.replace("0011", "Müller").encode(encoding))
    with pytest.raises(DataError, match="orders cannot be read") as e:
        _read(folder, {"path": "o.csv"})
    assert e.value.fix == "Save the file as UTF-8 and run churn check again."


def test_globs_read_all_files_and_join_columns_by_name(folder):
    (folder / "o1.csv").write_text(ROWS)
    (folder / "o2.csv").write_text("x,id,at\n3,0013,2024-01-03\n")
    typed = _read(folder, {"path": "o*.csv"})
    assert _ids(typed) == ["0011", "0012", "0013"]
    assert typed.columns["amount"].tolist() == [1.5, 2.5, 3]


def test_a_name_that_looks_like_a_pattern_is_that_file(folder):
    (folder / "o[1].csv").write_text(ROWS)
    (folder / "o1.csv").write_text(ROWS.replace("00", "99"))
    assert _ids(_read(folder, {"path": "o[1].csv"})) == ["0011", "0012"]


def test_parquet_keeps_types(folder):
    table = pa.table({"id": [7, 8], "at": pd.to_datetime(["2024-01-01", "2024-01-02"]), "x": [1.0, None]})
    pq.write_table(table, folder / "o.parquet")
    typed = _read(folder, {"path": "o.parquet"})
    assert _ids(typed) == [7]
    assert [(f.code, f.rows) for f in typed.findings] == [("null-amount", 1)]


def test_the_configs_folder_comes_before_the_working_folder(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "o.csv").write_text(ROWS)
    assert _ids(_read(folder, {"path": "o.csv"})) == ["0011", "0012"]
    (folder / "o.csv").write_text(ROWS.replace("00", "99"))
    assert _ids(_read(folder, {"path": "o.csv"})) == ["9911", "9912"]
    assert _read(folder, {"query": "SELECT * FROM 'o.csv'"}).rows_read == 2


def test_a_missing_file_tells_where_it_was_looked_for(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingFileError, match=r"orders: no file matches q\*\.csv") as e:
        _read(folder, {"path": "q*.csv"})
    assert str(folder / "q*.csv") in e.value.given
    assert str(tmp_path / "q*.csv") in e.value.given
    assert e.value.code == "missing-source"
    assert "a relative one starts at the configuration file's folder" in e.value.fix


@pytest.mark.parametrize(
    ("name", "given"), [("o.xlsx", ".xlsx"), ("", "a folder"), ("o.*", ".csv, .parquet")]
)
def test_paths_that_are_neither_csv_nor_parquet(folder, name, given):
    if name:
        for suffix in (".csv", ".parquet") if name == "o.*" else (".xlsx",):
            (folder / f"o{suffix}").write_text("x")
    with pytest.raises(ConfigError, match="is neither CSV nor Parquet") as e:
        _read(folder, {"path": name or str(folder)})
    assert e.value.given == given
    assert e.value.code == "config-path"
    assert "/*.parquet" in e.value.fix


# -- DuckDB files and queries ---------------------------------------------------------------------------


@pytest.fixture
def database(folder) -> Path:
    with duckdb.connect(str(folder / "my.duckdb")) as con:
        con.execute("CREATE TABLE o AS SELECT 7 AS id, TIMESTAMPTZ '2024-01-01 12:00+02' AS \"at\", 1.5 AS x")
        con.execute("CREATE SCHEMA s; CREATE TABLE s.v AS SELECT * FROM o")
    return folder / "my.duckdb"


def test_two_tables_of_one_database(folder, database):
    settings = {"sources": {"returns": {"database": "my.duckdb", "table": "s.v", "columns": COLUMNS}}}
    config = _config(folder, {"database": "my.duckdb", "table": "o"}, **settings)
    with Reader(config) as reader:
        orders = reader.read("orders", config.sources.orders)
        returns = reader.read("returns", config.sources.returns)
    assert _ids(orders) == _ids(returns) == [7]
    assert orders.naive["time"].tolist() == [False]
    assert orders.columns["time"].astype("M8[us]").tolist()[0].hour == 10


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        ({"database": "my.duckdb", "table": "oo"}, "oo"),
        ({"database": "no.duckdb", "table": "o"}, "not a valid DuckDB"),
        ({"query": "SELEC 1"}, "syntax error"),
        ({"query": "SELECT * FROM nowhere"}, "nowhere"),
        ({"database": "my.duckdb", "table": "o", "set_aside": [{"when": "zz > 1", "why": "w"}]}, "zz"),
    ],
)
def test_what_duckdb_refuses_is_one_paragraph(folder, database, orders, words):
    (folder / "no.duckdb").write_text("text" * 5000)
    with pytest.raises(DataError, match=r"^orders cannot be read\. DuckDB says: ") as e:
        _read(folder, orders)
    assert words in str(e.value)
    assert "\n" not in str(e.value)
    assert e.value.code == "source-unreadable"
    assert e.value.fix == "Mend the query, path or file and run churn check again."


def test_a_query_over_inputs_may_end_in_a_comment_or_semicolon(folder):
    (folder / "lines.csv").write_text("id,at,x\n" + "7,2024-01-01,1\n" * 3)
    query = 'SELECT id, "at", sum(x::INT) AS x FROM lines GROUP BY ALL'
    for end in ("", ";", " -- done", "\n"):
        typed = _read(folder, {"query": query + end}, inputs={"lines": {"path": "lines.csv"}})
        assert typed.columns["amount"].tolist() == [3]


def test_text_columns_used_as_numbers_are_explained(folder):
    (folder / "lines.csv").write_text(ROWS)
    inputs = {"lines": {"path": "lines.csv", "set_aside": [{"when": "x <= 0", "why": "w"}]}}
    with pytest.raises(DataError, match=r"^input lines cannot be read") as e:
        _read(folder, {"query": "SELECT * FROM lines"}, inputs=inputs)
    assert e.value.fix == "The columns of a CSV are text: convert them, e.g. TRY_CAST(amount AS DOUBLE) > 0."


def test_casts_in_queries_go_by_the_configured_zone(folder):
    query = "SELECT 7 AS id, TIMESTAMPTZ '2024-07-01 12:00Z'::TIMESTAMP AS \"at\", 1 AS x"
    typed = _read(folder, {"query": query}, timezone="Asia/Tokyo")
    assert typed.columns["time"].astype("M8[us]").tolist()[0].hour == 21
    assert typed.naive["time"].tolist() == [True]


def test_a_query_that_gives_other_rows_each_time_still_adds_up(folder):
    query = "SELECT i AS id, DATE '2024-01-01' AS \"at\", i AS x FROM range(200) t(i) WHERE random() < 0.5"
    typed = _read(folder, {"query": query})
    assert typed.rows_read == len(typed.row)


def test_a_failing_input_leaves_no_scratch_folder(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    with pytest.raises(MissingFileError):
        _read(folder, {"query": "SELECT 1"}, inputs={"lines": {"path": "no.csv"}})
    assert list((tmp_path / "scratch").iterdir()) == []


# -- rules, types and frames ----------------------------------------------------------------------------


def test_overlapping_rules_count_each_row_once(folder):
    (folder / "o.csv").write_text("id,at,x\n" + "".join(f"{i},2024-01-0{i},{i}\n" for i in range(1, 8)))
    rules = [
        {"when": "id <= '3' -- the first", "why": "a"},
        {"when": "id <= '5'", "why": "b"},
        {"when": "id IS NULL", "why": "never"},
        {"when": "x = '1' OR x = '7'", "why": "c"},
    ]
    typed = _read(folder, {"path": "o.csv", "set_aside": rules})
    assert [(f.message, f.rows, f.action) for f in typed.findings] == [
        ("a", 3, "set aside"), ("b", 2, "set aside"), ("c", 1, "set aside")
    ]  # fmt: skip
    assert [e["id"] for e in typed.findings[1].examples] == ["4", "5"]
    assert _ids(typed) == ["6"]
    assert typed.rows_read == 7


def test_rules_of_an_input_are_told_apart_from_the_table_of_that_name(folder):
    (folder / "o.csv").write_text(ROWS)
    inputs = {"orders": {"path": "o.csv", "set_aside": [{"when": "id = '0011'", "why": "test"}]}}
    typed = _read(folder, {"query": "SELECT * FROM orders"}, inputs=inputs)
    assert (typed.rows_read, _ids(typed)) == (1, ["0012"])
    assert [(f.table, f.rows) for f in typed.findings] == [("input orders", 1)]


def _frame(**columns) -> pa.Table:
    return pa.table({"customer": [1, 2], "time": ["2024-01-01"] * 2, "amount": [1.0, 2.0], **columns})


def _read_frame(table: pa.Table, columns=None, **more):
    with Reader() as reader:
        return reader.read("orders", frame=table, columns=columns, **more)


@pytest.mark.parametrize("empty", [pa.nulls(2), pa.nulls(2, pa.bool_()), pa.nulls(2, pa.float64())])
@pytest.mark.parametrize("field", ["recorded_at", "channel", "quantity"])
def test_a_column_without_any_value_fits_every_field(field, empty):
    typed = _read_frame(_frame(**{field: empty}))
    assert typed.findings == []
    assert len(typed.row) == 2


def test_a_column_of_the_wrong_type():
    with pytest.raises(
        DataError, match=r"orders\.time is mapped to the column 'time', which cannot hold it"
    ) as e:
        _read_frame(_frame(time=[20240101, 20240102]))
    assert e.value.given == "its type is BIGINT"
    assert e.value.allowed == "a date, a timestamp, or text such as 2024-05-31 14:00"
    assert e.value.fix == "Map another column, or convert it in a query."
    assert e.value.code == "wrong-type"


@pytest.mark.parametrize("table", [pa.table({}), _frame(amount=np.array([1, 2], dtype="float16"))])
def test_frames_that_duckdb_does_not_take(table):
    with pytest.raises(DataError, match="The orders frame cannot be read") as e:
        _read_frame(table)
    assert e.value.fix == "Give columns of numbers, text and times."


def test_columns_may_have_any_name():
    names = {"_row": [8, 9], 'a "b"': ["2024-01-01"] * 2, "amount": [1, 2], "time": [3, 4]}
    typed = _read_frame(
        pa.table(names), {"customer": "_row", "time": 'a "b"', "amount": "time", "quantity": "amount"}
    )
    assert _ids(typed) == [8, 9]
    assert typed.columns["amount"].tolist() == [3, 4]
    assert typed.columns["quantity"].tolist() == [1, 2]


def test_extra_columns():
    with Reader() as reader:
        table = pa.table({"customer": [1, 2], "country": [" UK ", ""], "age": [30, None]})
        typed = reader.read("customers", frame=table, extra=("country", "age"))
        assert typed.columns["extra_country"].to_pylist() == ["UK", None]
        assert typed.columns["extra_age"].to_pylist() == ["30", None]
        with pytest.raises(
            ConfigError, match=r"customers names the column 'contry'.*Did you mean 'country'\?"
        ) as e:
            reader.read("customers", frame=table, extra=("contry",))
        assert e.value.code == "missing-column"


def test_examples_are_the_rows_as_they_came():
    with Reader() as reader:
        times = pa.array([dt.datetime(2024, 1, 1, 10, tzinfo=dt.UTC)] * 5)
        frame = pa.table({"customer": [1, 2, 3, 4, 5], "time": times, "amount": [float("nan")] * 5})
        typed = reader.read("orders", frame=frame)
        assert reader.examples("orders", np.array([], dtype=int)) == ()
    (finding,) = typed.findings
    assert (finding.code, finding.rows) == ("bad-amount", 5)
    assert [e["customer"] for e in finding.examples] == [1, 2, 3]
    assert finding.examples[0] == {"customer": 1, "time": "2024-01-01 10:00:00+00", "amount": "nan"}


def test_rows_with_several_faults_are_set_aside_once():
    table = pa.table(
        {"customer": [None, 1, 2], "time": [None, "x", "2024-01-01"], "amount": [None, None, 1.0]}
    )
    typed = _read_frame(table)
    assert sum(f.rows for f in typed.findings) == 2
    assert typed.row.tolist() == [2]


def test_a_notes_row_is_kept_with_the_value_unknown():
    typed = _read_frame(_frame(quantity=["3", "x"]))
    (finding,) = typed.findings
    assert (finding.action, finding.code) == ("note", "bad-quantity")
    assert finding.message == "`quantity` is not a finite number; the value is taken as unknown"
    np.testing.assert_array_equal(typed.columns["quantity"], [3, np.nan])


def test_every_error_of_this_room_is_a_churn_error(folder):
    with pytest.raises(ChurnError):
        _read(folder, {"path": "o.csv", "time_format": "%Q"})
