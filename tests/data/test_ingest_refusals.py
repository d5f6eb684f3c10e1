"""What a night's ingest reads, corrects and refuses."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from churn.data.ingest import ingest
from churn.data.load import check_data, load_history
from churn.data.manifest import Manifest
from churn.errors import ConfigError, DataError, MissingFileError, ParameterError
from churn.files import locked
from tests.data.logs import assert_same, at, config, nights, orders, write

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
