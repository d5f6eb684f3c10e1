"""What a night's ingest reads, corrects and refuses."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import pytest

import churn.data.ingest
from churn.data.ingest import ingest
from churn.data.load import check_data, load_history
from churn.data.manifest import Manifest, read_manifest
from churn.data.store import LogStore
from churn.errors import ConfigError, DataError, MissingFileError, ParameterError
from churn.files import locked
from churn.progress import listening
from tests.data.logs import assert_same, config, write


def at(day: int, hour: int = 0) -> pd.Timestamp:
    return pd.Timestamp(f"2024-05-{day:02d}", tz="UTC") + pd.Timedelta(hour, "h")


def orders(day: int, *amounts: float, **more) -> list[dict]:
    return [
        {"customer": 1 + i % 2, "time": at(day, i), "amount": a, "order_id": f"d{day}-{i}", **more}
        for i, a in enumerate(amounts)
    ]


def nights(folder: Path, *days: int) -> None:
    for day in days:
        write(folder, "orders", f"{day:03d}", orders(day, 1.0, 2.0, 3.0))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


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


# -- refusals -------------------------------------------------------------------------------------------


def test_other_settings_need_a_rebuild(tmp_path):
    nights(tmp_path, 1)
    ingest(config(tmp_path))
    other = config(tmp_path, sources={"orders": {"path": "orders/*.parquet", "columns": {
        "customer": "customer", "time": "time", "amount": "amount"}}})  # fmt: skip
    for use in (ingest, load_history):
        with pytest.raises(DataError, match=r"sources\.orders\.columns\.amount.*--rebuild") as e:
            use(other)
        assert e.value.code == "other-settings"
    ingest(other, rebuild=True)
    assert_same(load_history(other), load_history(config(tmp_path, log=None, sources={
        "orders": other.sources.orders.model_dump()})))  # fmt: skip


def test_settings_that_do_not_shape_the_log_may_change(tmp_path):
    nights(tmp_path, 1)
    ingest(config(tmp_path))
    history = load_history(
        config(tmp_path, data_end="2024-06-01", definition={"active_days": 9, "horizon_days": 3})
    )
    assert history.date(history.data_end) == "2024-06-01"
    with pytest.raises(ParameterError, match="data_end lies before the last order"):
        load_history(config(tmp_path, data_end="2024-04-01"))


def test_ids_of_another_type_are_refused(tmp_path):
    nights(tmp_path, 1)
    ingest(config(tmp_path))
    frame = pd.DataFrame(orders(2, 1.0))
    frame.assign(customer="A9").to_parquet(tmp_path / "orders" / "2.parquet")
    with pytest.raises(DataError, match="customer ids of type VARCHAR, and the log has BIGINT"):
        ingest(config(tmp_path))


def test_a_column_more_is_refused_and_one_less_is_empty(tmp_path):
    (tmp_path / "orders").mkdir()
    pd.DataFrame(orders(1, 1.0)).assign(channel="web").to_parquet(tmp_path / "orders" / "1.parquet")
    ingest(config(tmp_path))
    pd.DataFrame(orders(2, 1.0)).to_parquet(tmp_path / "orders" / "2.parquet")
    ingest(config(tmp_path))
    assert_same(load_history(config(tmp_path)), load_history(config(tmp_path, log=None)))
    pd.DataFrame(orders(3, 1.0)).assign(quantity=2).to_parquet(tmp_path / "orders" / "3.parquet")
    with pytest.raises(DataError, match=r"The new orders have other columns.*`quantity` besides") as e:
        ingest(config(tmp_path))
    assert e.value.code == "other-columns"


def test_a_bad_night_is_refused_when_it_is_large_enough_to_tell(tmp_path):
    nights(tmp_path, 1)
    ingest(config(tmp_path))
    write(tmp_path, "orders", "2", orders(2, None))
    assert ingest(config(tmp_path)).tables["orders"].set_aside == 1
    for rows in (10, 100):
        write(tmp_path, "orders", "3", [{**o, "amount": None} for o in orders(3, *[1.0] * rows)])
        with pytest.raises(DataError, match=r"more than half of the|none can be used") as e:
            ingest(config(tmp_path))
        assert "Mend the delivery, which was not added" in e.value.fix


def test_a_value_of_complaint_when_may_be_missing_in_a_night(tmp_path):
    nights(tmp_path, 1)
    row = {"customer": 1, "opened": at(1), "ticket_id": "a"}
    write(tmp_path, "tickets", "1", [{**row, "category": "bad"}])
    ingest(config(tmp_path, "orders", "tickets"))
    write(tmp_path, "tickets", "2", [{**row, "category": "question", "ticket_id": "b"}])
    ingest(config(tmp_path, "orders", "tickets"))
    log = load_history(config(tmp_path, "orders", "tickets")).logs["tickets"]
    assert log.numbers["is_complaint"].tolist() == [1.0, 0.0]


def test_unusable_data_leave_no_log(tmp_path):
    write(tmp_path, "orders", "1", [])
    with pytest.raises(DataError, match="of 0 rows none can be used"):
        ingest(config(tmp_path))
    assert sorted(p.name for p in (tmp_path / "log").iterdir()) == ["lock"]


def test_without_a_folder_there_is_nothing_to_make(tmp_path):
    with pytest.raises(ConfigError, match=r"names no folder for the saved log.*Set log.path"):
        ingest(config(tmp_path, log=None))
    nights(tmp_path, 1)
    with pytest.raises(MissingFileError, match="Make it with churn ingest CONFIG") as e:
        load_history(config(tmp_path))
    assert e.value.code == "no-log"
    assert check_data(config(tmp_path))[0] is not None  # the check reads the sources


# -- killed runs and two processes ------------------------------------------------------------------------


def test_a_killed_run_leaves_the_log_whole(tmp_path, monkeypatch):
    nights(tmp_path, 1)
    ingest(config(tmp_path))
    before = load_history(config(tmp_path))
    nights(tmp_path, 2)
    rmtree = shutil.rmtree

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:  # as if it died at the last step, before anything could be tidied up
        patch.setattr(Manifest, "write", die)
        patch.setattr(shutil, "rmtree", lambda path, **k: None if "log" in str(path) else rmtree(path, **k))
        with pytest.raises(KeyboardInterrupt):
            ingest(config(tmp_path))
    (tmp_path / "log" / ".manifest.json.half").write_text("{")
    assert len(list((tmp_path / "log").glob("0*"))) == 2
    assert_same(load_history(config(tmp_path)), before)
    assert ingest(config(tmp_path)).rows == {"orders": 6}
    assert len(list((tmp_path / "log").glob("0*"))) == 2
    assert not (tmp_path / "log" / ".manifest.json.half").exists()
    assert_same(load_history(config(tmp_path)), load_history(config(tmp_path, log=None)))


def test_folders_of_others_stay(tmp_path):
    nights(tmp_path, 1)
    mine = tmp_path / "log" / "00001-photos"
    mine.mkdir(parents=True)
    ingest(config(tmp_path))
    ingest(config(tmp_path), rebuild=True)
    assert mine.is_dir()


def test_two_processes_do_not_write_at_once(tmp_path):
    nights(tmp_path, 1)
    with (
        locked(tmp_path / "log" / "lock"),
        pytest.raises(ParameterError, match="Another process is writing") as e,
    ):
        ingest(config(tmp_path))
    assert e.value.code == "locked"
    assert ingest(config(tmp_path)).changed


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "damaged-log"),
        ("[]", "damaged-log"),
        ('{"format": 99}', "log-format"),
        ('{"format": 1}', "damaged-log"),
    ],
)
def test_a_manifest_that_cannot_be_read(tmp_path, text, code):
    nights(tmp_path, 1)
    ingest(config(tmp_path))
    (tmp_path / "log" / "manifest.json").write_text(text)
    for use in (ingest, load_history):
        with pytest.raises(DataError, match="--rebuild") as e:
            use(config(tmp_path))
        assert e.value.code == code
    assert ingest(config(tmp_path), rebuild=True).rows == {"orders": 3}
    assert_same(load_history(config(tmp_path)), load_history(config(tmp_path, log=None)))


def test_a_missing_file_of_the_log_is_told(tmp_path):
    nights(tmp_path, 1)
    ingest(config(tmp_path))
    next((tmp_path / "log").rglob("rows.orders.parquet")).unlink()
    with pytest.raises(DataError, match=r"misses the file .*rows\.orders\.parquet"):
        load_history(config(tmp_path))


def test_a_damaged_file_of_the_log_is_told(tmp_path):
    nights(tmp_path, 1)
    ingest(config(tmp_path))
    (file,) = tmp_path.glob("**/rows.orders.parquet")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError, match=r"rows\.orders\.parquet of the saved log is damaged.*--rebuild"):
        load_history(config(tmp_path))
