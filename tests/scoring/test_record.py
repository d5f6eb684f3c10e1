import dataclasses
import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import churn
from churn.config import make_config
from churn.errors import DataError, ParameterError
from churn.files import locked
from churn.scoring.outputs.rows import RUN_COLUMNS, NightRows, night_rows
from churn.scoring.record import keep_run, known_ids, past_runs, past_scores, record_folder


@pytest.fixture(scope="module")
def nights(model, history):
    days = (history.closing - 86_400_000_000 * 30, history.closing)
    return [night_rows(churn.score(model, history, history.date(day)), "shop") for day in days]


@pytest.fixture
def settings(tmp_path):
    return make_config(
        {
            "name": "shop",
            "sources": {"orders": {"path": "o.csv"}},
            "definition": {"active_days": 120, "horizon_days": 45},
        },
        folder=tmp_path,
    )


def files(folder):
    return {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


def test_runs_are_added_and_never_changed(nights, settings):
    folder = record_folder(settings)
    assert past_runs(folder).empty
    assert keep_run(nights[1], settings).inserted == len(nights[1].scores)
    before = files(folder)
    assert keep_run(nights[1], settings).unchanged == len(nights[1].scores)
    keep_run(nights[0], settings)
    after = files(folder)
    assert len(after) == len(before) + 2
    assert {p: after[p] for p in before if p.name != ".lock"} == {
        p: s for p, s in before.items() if p.name != ".lock"
    }
    runs = past_runs(folder)
    assert list(runs["run"]) == [n.run for n in nights]  # by cutoff, whatever came first
    assert list(runs["number"]) == [2, 1]
    assert list(runs["expected_rate"]) == [n.facts["expected_rate"] for n in nights]
    assert set(runs.columns) == {"number", *RUN_COLUMNS}


def test_a_customer_is_found_in_every_run_that_knew_it(nights, settings):
    for night in nights:
        keep_run(night, settings)
    folder = record_folder(settings)
    ids = [set(n.scores["customer"].to_pylist()) for n in nights]
    both, late = sorted(ids[0] & ids[1])[0], sorted(ids[1] - ids[0])[0]
    found = past_scores(folder, both)
    assert found["run"].to_pylist() == [n.run for n in nights]
    for row, night in zip(found.to_pylist(), nights, strict=True):
        assert row == next(r for r in night.scores.to_pylist() if r["customer"] == both)
    assert past_scores(folder, late)["run"].to_pylist() == [nights[1].run]
    assert len(past_scores(folder, "nobody")) == 0
    assert set(known_ids(folder)) == ids[1]


def test_only_the_group_with_the_id_is_read(settings, monkeypatch, nights):
    n = 50_000
    table = pa.table(
        {
            "run": pa.array(["r"] * n),
            "as_of": pa.array([dt.date(2025, 1, 1)] * n),
            "customer": pa.array(range(n), pa.int64()),
            "churn_probability": pa.array([i / n for i in range(n)]),
        }
    )
    keep_run(NightRows("r", table, nights[0].facts | {"run": "r"}), settings)
    asked = []
    real = pq.ParquetFile.read_row_groups
    monkeypatch.setattr(
        pq.ParquetFile, "read_row_groups", lambda s, g, **k: asked.append(g) or real(s, g, **k)
    )
    for given in (20_000, "20000", " 20000 "):
        assert past_scores(record_folder(settings), given)["churn_probability"].to_pylist() == [0.4]
    assert asked == [[2]] * 3
    for given in ("C1", "--5", "5-", "-", ""):
        assert len(past_scores(record_folder(settings), given)) == 0
    assert len(past_scores(record_folder(settings), n)) == 0


def test_a_killed_run_does_not_count_and_is_written_again(nights, settings):
    keep_run(nights[0], settings)
    folder = record_folder(settings)
    half = folder / "scores" / f"{nights[1].run}.parquet"
    half.write_bytes(b"PAR1 and then the lights went out")
    assert list(past_runs(folder)["run"]) == [nights[0].run]
    assert len(past_scores(folder, nights[0].scores["customer"][0].as_py())) == 1
    assert keep_run(nights[1], settings).inserted == len(nights[1].scores)
    assert len(pq.read_table(half)) == len(nights[1].scores)


def test_a_night_of_more_columns_stands_beside_an_older_one(nights, settings):
    keep_run(nights[0], settings)
    more = nights[1].scores.append_column("mood", pa.array(["good"] * len(nights[1].scores)))
    keep_run(dataclasses.replace(nights[1], scores=more), settings)
    both = set(nights[0].scores["customer"].to_pylist()) & set(more["customer"].to_pylist())
    assert past_scores(record_folder(settings), min(both))["mood"].to_pylist() == [None, "good"]


def test_damage_is_told(nights, settings):
    keep_run(nights[0], settings)
    folder = record_folder(settings)
    customer = nights[0].scores["customer"][0].as_py()
    (folder / "scores" / f"{nights[0].run}.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match=r"\.parquet cannot be read.*Bring the file back"):
        past_scores(folder, customer)
    (folder / "runs" / f"{nights[0].run}.json").write_text("{")
    with pytest.raises(DataError, match="is not what churn wrote about a run"):
        past_runs(folder)


def test_another_writer_is_waited_for(nights, settings, monkeypatch):
    lock = record_folder(settings) / ".lock"
    monkeypatch.setattr("churn.scoring.record._PATIENCE_SECONDS", 0.1)
    with locked(lock), pytest.raises(ParameterError, match="Another process"):
        keep_run(nights[0], settings)
    monkeypatch.setattr("churn.scoring.record._PATIENCE_SECONDS", 20.0)
    with ThreadPoolExecutor() as pool:
        with locked(lock):
            waiting = pool.submit(keep_run, nights[0], settings)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
            assert past_runs(record_folder(settings)).empty
        assert waiting.result(timeout=20).inserted == len(nights[0].scores)
