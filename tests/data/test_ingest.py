"""What a night's ingest reads, corrects and refuses."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pytest

import churn.data.ingest
from churn.data.ingest import ingest
from churn.data.load import load_history
from churn.data.manifest import read_manifest
from churn.data.store import LogStore
from churn.errors import ConfigError, DataError, MissingFileError
from churn.progress import listening
from tests.data.logs import assert_same, at, config, contents, nights, orders, write

# -- what is new ----------------------------------------------------------------------------------------


def test_the_first_run_reads_everything_and_says_so(tmp_path):
    nights(tmp_path, 1, 2)
    heard = []
    with listening(lambda what, *_: heard.append(what)):
        report = ingest(config(tmp_path))
    assert report.files == ("orders/001.parquet", "orders/002.parquet")
    assert (report.rows, report.customers, report.buckets) == ({"orders": 6}, 2, 1)
    news = report.tables["orders"]
    assert (news.read, news.new, news.corrected, news.late, news.set_aside) == (6, 6, 0, 0, 0)
    assert heard[:2] == ["Looking for new rows", "Reading orders"]
    text = str(report)
    assert text.startswith("Read 2 files in ")
    assert text.endswith(f"The log in {tmp_path}/log holds 6 orders of 2 customers.")
    assert report.to_dict()["tables"]["orders"]["new"] == 6


def test_nothing_new_writes_nothing(tmp_path):
    nights(tmp_path, 1)
    ingest(config(tmp_path))
    before = contents(tmp_path)
    report = ingest(config(tmp_path))
    assert not report.changed
    assert str(report).startswith("Nothing is new. The log in ")
    assert contents(tmp_path) == before


def test_old_files_are_not_read_again(tmp_path):
    nights(tmp_path, 1, 2)
    ingest(config(tmp_path))
    whole = tmp_path / "whole"
    shutil.copytree(tmp_path, whole)
    nights(whole, 3)
    for file in (tmp_path / "orders").iterdir():
        file.unlink()  # put away: what was read is in the log
    assert not ingest(config(tmp_path)).changed
    nights(tmp_path, 3)
    assert ingest(config(tmp_path)).files == ("orders/003.parquet",)
    assert_same(load_history(config(tmp_path)), load_history(config(whole, log=None)))


def test_a_rebuild_does_not_lose_rows_that_are_put_away(tmp_path):
    nights(tmp_path, 1, 2)
    ingest(config(tmp_path))
    (tmp_path / "orders" / "001.parquet").unlink()
    with pytest.raises(DataError, match=r"would lose the rows of one file.*orders/001\.parquet") as e:
        ingest(config(tmp_path), rebuild=True)
    assert e.value.code == "missing-deliveries"
    assert LogStore.open(tmp_path / "log").rows == {"orders": 6}


def test_a_rebuild_reads_in_the_order_of_delivery(tmp_path):
    write(tmp_path, "orders", "b", orders(1, 1.0))
    ingest(config(tmp_path))
    write(tmp_path, "orders", "a", orders(1, 2.0))  # the same order, corrected in a file that sorts before
    ingest(config(tmp_path))
    amounts = load_history(config(tmp_path)).logs["orders"].numbers["amount"]
    assert amounts.tolist() == [2.0]
    extended = load_history(config(tmp_path))
    ingest(config(tmp_path), rebuild=True)
    assert_same(extended, load_history(config(tmp_path)))
    assert len(read_manifest(tmp_path / "log").deliveries) == 1


def test_a_changed_file_is_refused_and_the_log_stays(tmp_path):
    nights(tmp_path, 1, 2)
    ingest(config(tmp_path))
    before = contents(tmp_path / "log")
    nights(tmp_path, 3)
    write(tmp_path, "orders", "001", orders(1, 9.0))
    with pytest.raises(DataError) as e:
        ingest(config(tmp_path))
    assert "orders: the file orders/001.parquet was read before and has changed since" in str(e.value)
    assert "name under newer the column" in str(e.value)
    assert "churn ingest CONFIG --rebuild" in str(e.value)
    assert contents(tmp_path / "log") == before
    ingest(config(tmp_path), rebuild=True)
    assert_same(load_history(config(tmp_path)), load_history(config(tmp_path, log=None)))


def test_a_file_with_another_date_and_the_same_content_is_no_other_file(tmp_path):
    nights(tmp_path, 1)
    ingest(config(tmp_path))
    os.utime(tmp_path / "orders" / "001.parquet", (1, 1))
    assert not ingest(config(tmp_path)).changed


def test_an_empty_file_is_remembered(tmp_path):
    nights(tmp_path, 1)
    ingest(config(tmp_path))
    write(tmp_path, "orders", "002", [])
    report = ingest(config(tmp_path))
    assert (report.tables["orders"].read, report.rows) == (0, {"orders": 3})
    assert not ingest(config(tmp_path)).changed
    assert_same(load_history(config(tmp_path)), load_history(config(tmp_path, log=None)))


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path, monkeypatch):
    nights(tmp_path, 1)
    stage = churn.data.ingest.Reader.stage

    def grow(*args, **kwargs):
        os.utime(tmp_path / "orders" / "001.parquet", (1, 1))
        return stage(*args, **kwargs)

    monkeypatch.setattr(churn.data.ingest.Reader, "stage", grow)
    with pytest.raises(DataError, match=r"001\.parquet changed while it was read"):
        ingest(config(tmp_path))
    with pytest.raises(MissingFileError, match="There is no saved log in"):
        load_history(config(tmp_path))


# -- newer ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "more"),
    [
        (["8", "9", "10"], ["11", "100"]),  # numbers and not text: '10' sorts before '9'
        (["2024-05-01 23:00", "2024-05-02 01:00", "2024-05-02 02:00"], ["2024-05-02 03:00", "2024-05-03"]),
        (["a1", "a2", "a3"], ["a4", "b0"]),
    ],
)
def test_only_rows_above_the_last_value_are_read(tmp_path, values, more):
    file = tmp_path / "orders.csv"
    rows = [f"{i},2024-05-01,{i}.5,{v}" for i, v in enumerate(values)]
    file.write_text("\n".join(["customer,time,amount,loaded", *rows, ""]))
    settings = {"sources": {"orders": {"path": "orders.csv", "newer": "loaded"}}}
    assert ingest(config(tmp_path, **settings)).rows == {"orders": 3}
    assert not ingest(config(tmp_path, **settings)).changed
    with file.open("a") as f:
        f.writelines(f"5,2024-05-02,1.0,{v}\n" for v in more)
    report = ingest(config(tmp_path, **settings))
    assert (report.tables["orders"].read, report.rows) == (2, {"orders": 5})
    assert_same(
        load_history(config(tmp_path, **settings)), load_history(config(tmp_path, log=None, **settings))
    )


def test_rows_of_a_database_above_the_last_value(tmp_path):
    def insert(first, last):
        with duckdb.connect(tmp_path / "shop.duckdb") as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS o (customer INT, time TIMESTAMP, amount DOUBLE, nr BIGINT)"
            )
            db.execute(
                f"INSERT INTO o SELECT i % 3, TIMESTAMP '2024-05-01' + to_hours(i), i, i FROM range({first}, {last}) t(i)"
            )

    settings = {"sources": {"orders": {"database": "shop.duckdb", "table": "o", "newer": "nr"}}}
    insert(0, 10)
    assert ingest(config(tmp_path, **settings)).rows == {"orders": 10}
    assert not ingest(config(tmp_path, **settings)).changed
    insert(10, 14)
    assert ingest(config(tmp_path, **settings)).tables["orders"].read == 4
    assert_same(
        load_history(config(tmp_path, **settings)), load_history(config(tmp_path, log=None, **settings))
    )


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("loadet", "1,2024-05-01,1.0,5", "has no such column.*Did you mean 'loaded'"),
        ("loaded", "1,2024-05-01,1.0,", "1 rows have no usable value of `loaded`"),
    ],
)
def test_newer_columns_that_cannot_tell(tmp_path, column, text, words):
    (tmp_path / "orders.csv").write_text(f"customer,time,amount,loaded\n{text}\n")
    settings = {"sources": {"orders": {"path": "orders.csv", "newer": column}}}
    with pytest.raises((ConfigError, DataError), match=words):
        ingest(config(tmp_path, **settings))
    assert not list((tmp_path / "log").glob("0*"))


def test_newer_belongs_to_the_inputs_of_a_query(tmp_path):
    with pytest.raises(ConfigError, match="`newer` belongs to the inputs of a query"):
        config(tmp_path, sources={"orders": {"query": "SELECT 1", "newer": "x"}})


# -- queries --------------------------------------------------------------------------------------------


def lines(folder: Path, name: str, *rows: str) -> None:
    (folder / "lines").mkdir(exist_ok=True)
    (folder / "lines" / f"{name}.csv").write_text("\n".join(["nr,who,day,sku,n", *rows, ""]))


def query_config(folder: Path, log: str | None = "log"):
    query = """SELECT nr AS order_id, who AS customer, min(day) AS time, sum(n::DOUBLE * price::DOUBLE) AS amount
               FROM lines JOIN prices USING (sku) GROUP BY ALL ORDER BY order_id"""
    inputs = {"lines": {"path": "lines/*.csv"}, "prices": {"path": "prices.csv"}}
    return config(folder, log=log, inputs=inputs, sources={"orders": {"query": query}})


def test_a_query_runs_over_new_files_only_beside_whole_reference_tables(tmp_path):
    (tmp_path / "prices.csv").write_text("sku,price\na,2\nb,3\n")
    lines(tmp_path, "1", "o1,7,2024-05-01,a,1", "o1,7,2024-05-01,b,2", "o2,8,2024-05-01,a,5")
    ingest(query_config(tmp_path))
    assert not ingest(query_config(tmp_path)).changed
    lines(tmp_path, "2", "o3,7,2024-05-02,b,1")
    report = ingest(query_config(tmp_path))
    assert (report.tables["orders"].read, report.rows) == (1, {"orders": 3})
    assert load_history(query_config(tmp_path)).logs["orders"].numbers["amount"].tolist() == [8.0, 10.0, 3.0]
    assert_same(load_history(query_config(tmp_path)), load_history(query_config(tmp_path, log=None)))


def test_a_reference_table_that_changed_is_refused(tmp_path):
    (tmp_path / "prices.csv").write_text("sku,price\na,2\n")
    lines(tmp_path, "1", "o1,7,2024-05-01,a,1")
    ingest(query_config(tmp_path))
    (tmp_path / "prices.csv").write_text("sku,price\na,20\n")
    with pytest.raises(DataError, match=r"orders: the file prices\.csv was read before and has changed"):
        ingest(query_config(tmp_path))


def test_a_query_over_files_of_its_own_cannot_be_extended(tmp_path):
    lines(tmp_path, "1", "o1,7,2024-05-01,a,1")
    query = "SELECT who AS customer, day AS time, n AS amount FROM 'lines/*.csv'"
    settings = config(tmp_path, sources={"orders": {"query": query}})
    ingest(settings)
    with pytest.raises(DataError, match=r"Nothing tells which rows of orders are new.*under inputs") as e:
        ingest(settings)
    assert e.value.code == "untracked-query"
    assert ingest(settings, rebuild=True).rows == {"orders": 1}


# -- corrections ----------------------------------------------------------------------------------------


def test_a_corrected_order_is_seen_in_its_version_of_the_time(tmp_path):
    write(tmp_path, "orders", "1", orders(1, 10.0, 20.0, recorded_at=at(2)))
    ingest(config(tmp_path))
    write(tmp_path, "orders", "2", orders(1, 11.0, recorded_at=at(4)))
    report = ingest(config(tmp_path))
    news = report.tables["orders"]
    assert (news.read, news.new, news.corrected, news.late, news.set_aside) == (1, 0, 1, 1, 0)
    history = load_history(config(tmp_path))
    assert history.logs["orders"].numbers["amount"].tolist() == [11.0, 20.0]
    for day, amounts in {2: [], 3: [10.0, 20.0], 4: [10.0, 20.0], 5: [11.0, 20.0]}.items():
        assert history.as_of(at(day)).logs["orders"].numbers["amount"].tolist() == amounts
    (finding,) = report.findings
    assert (finding.code, finding.rows, finding.examples) == (
        "corrected-order_id",
        1,
        ({"order_id": "d1-0"},),
    )
    assert "these are seen at cutoffs before it was recorded" in finding.message


def test_an_older_version_that_comes_late_is_a_former_one(tmp_path):
    for name, amount, day in (("1", 10.0, 2), ("2", 12.0, 6), ("3", 11.0, 4)):
        write(tmp_path, "orders", name, orders(1, amount, recorded_at=at(day)))
        ingest(config(tmp_path))
    history = load_history(config(tmp_path))
    assert history.logs["orders"].numbers["amount"].tolist() == [12.0]
    seen = [history.as_of(at(d)).logs["orders"].numbers["amount"].tolist() for d in (3, 5, 7)]
    assert seen == [[10.0], [11.0], [12.0]]
    assert_same(history, load_history(config(tmp_path, log=None)))


def test_a_ticket_without_recorded_at_is_replaced(tmp_path):
    write(tmp_path, "orders", "1", orders(1, 1.0))
    ticket = {"customer": 1, "opened": at(2), "ticket_id": "t", "category": "bad"}
    write(tmp_path, "tickets", "1", [ticket])
    ingest(config(tmp_path, "orders", "tickets"))
    write(tmp_path, "tickets", "2", [{**ticket, "resolved": at(5)}])
    report = ingest(config(tmp_path, "orders", "tickets"))
    assert (report.tables["tickets"].corrected, report.rows["tickets"]) == (1, 1)
    log = load_history(config(tmp_path, "orders", "tickets")).logs["tickets"]
    assert log.instants["resolved"].tolist() == [at(5).value // 1000]
    assert log.earlier is None


def test_the_last_order_moves_when_it_was_corrected(tmp_path):
    write(tmp_path, "orders", "1", orders(1, 1.0, 2.0))
    write(tmp_path, "orders", "2", [{**orders(20, 1.0)[0], "order_id": "wrong"}])
    ingest(config(tmp_path))
    write(tmp_path, "orders", "3", [{**orders(3, 1.0)[0], "order_id": "wrong"}])
    ingest(config(tmp_path))
    history = load_history(config(tmp_path))
    assert history.data_end == at(3).value // 1000
    assert LogStore.open(tmp_path / "log").data_end == at(3).value // 1000
    assert_same(history, load_history(config(tmp_path, log=None)))


def test_labels_that_only_replaced_rows_had_are_gone(tmp_path):
    write(tmp_path, "orders", "1", orders(1, 1.0, channel="wbe") + orders(2, 1.0, channel="app"))
    ingest(config(tmp_path))
    write(tmp_path, "orders", "2", [{**orders(1, 1.0)[0], "channel": "web"}])
    ingest(config(tmp_path))
    store = LogStore.open(tmp_path / "log")
    # Every row is known at its own time here, so a version recorded at the same time never was valid.
    assert store.summary()["logs"]["orders"]["categories"]["channel"] == {"app": 1, "web": 1}
    assert store.load().logs["orders"].categories["channel"].labels == ("app", "web")


def test_keys_that_repeat_within_a_file_are_order_lines(tmp_path):
    write(tmp_path, "orders", "1", orders(1, *[1.0] * 20) + orders(1, 1.0, 2.0, 3.0))
    with pytest.raises(DataError, match=r"13 % of the rows repeat a `order_id`.*look like order lines"):
        ingest(config(tmp_path))


def test_keys_that_repeat_over_files_are_corrections_and_no_order_lines(tmp_path):
    for name in "12345":
        write(
            tmp_path, "tickets", name, [{"customer": 1, "opened": at(1), "ticket_id": "t", "category": "bad"}]
        )
    nights(tmp_path, 1)
    history = load_history(config(tmp_path, "orders", "tickets", log=None))
    assert len(history.logs["tickets"]) == 1
    ingest(config(tmp_path, "orders", "tickets"))
    assert_same(history, load_history(config(tmp_path, "orders", "tickets")))


# -- customers ------------------------------------------------------------------------------------------


def test_a_customers_file_is_read_whole_again_when_it_changed(tmp_path):
    nights(tmp_path, 1)
    file = tmp_path / "customers.csv"
    settings = {"sources": {"customers": {"path": "customers.csv", "segments": ["country"]}}}
    file.write_text("customer,country\n1,UK\n2,FR\n77,DE\n")
    ingest(config(tmp_path, **settings))
    file.write_text("customer,country\n1,IT\n2,FR\n78,DE\n")
    report = ingest(config(tmp_path, **settings))
    assert list(report.tables) == ["customers"]
    history = load_history(config(tmp_path, **settings))
    assert history.customers.tolist() == [1, 2, 78]
    assert history.segments["country"].labels == ("DE", "FR", "IT")
    assert LogStore.open(tmp_path / "log").summary()["segments"] == {"country": {"DE": 1, "FR": 1, "IT": 1}}
    assert_same(history, load_history(config(tmp_path, log=None, **settings)))


def test_a_later_row_of_a_customer_replaces_the_earlier(tmp_path):
    nights(tmp_path, 1)
    write(tmp_path, "customers", "1", [{"customer": 1, "country": "UK"}, {"customer": 2, "country": "FR"}])
    ingest(config(tmp_path, "orders", "customers"))
    write(tmp_path, "customers", "2", [{"customer": 1, "country": None, "joined": at(1)}])
    ingest(config(tmp_path, "orders", "customers"))
    history = load_history(config(tmp_path, "orders", "customers"))
    assert history.segments["country"].labels == ("FR",)
    assert_same(history, load_history(config(tmp_path, "orders", "customers", log=None)))
    assert LogStore.open(tmp_path / "log").manifest.master.customers == 2
