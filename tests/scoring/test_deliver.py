import pytest

from churn import score
from churn.config import make_config
from churn.errors import OutputError
from churn.scoring.deliver import write_outputs
from churn.scoring.record import past_runs, record_folder


@pytest.fixture(scope="module")
def scores(model, history):
    return score(model, history)


def config(folder, *outputs):
    return make_config(
        {
            "name": "shop",
            "sources": {"orders": {"path": "o.csv"}},
            "definition": {"active_days": 120, "horizon_days": 45},
            "outputs": list(outputs),
        },
        folder=folder,
    )


def test_every_output_gets_the_scores_and_a_second_time_changes_nothing(scores, tmp_path):
    settings = config(
        tmp_path,
        *({"to": t} for t in ("csv", "parquet", "jsonl", "duckdb")),
        {"to": "sql", "url": "sqlite:///mine.db"},
    )
    first = write_outputs(scores, settings, settings.outputs)
    n = len(scores.everyone)
    assert [w.to for w in first] == ["record", "csv", "parquet", "jsonl", "duckdb", "sql"]
    assert {(w.inserted, w.updated, w.unchanged, w.run) for w in first} == {(n, 0, 0, scores.run)}
    assert (tmp_path / "mine.db").is_file()
    again = write_outputs(scores, settings, settings.outputs)
    assert {(w.inserted, w.updated, w.unchanged) for w in again} == {(0, 0, n)}
    assert list(past_runs(record_folder(settings))["run"]) == [scores.run]


def test_nothing_asked_for_nothing_written(scores, tmp_path):
    assert write_outputs(scores, config(tmp_path), (), record=False) == ()
    assert list(tmp_path.iterdir()) == []


def test_an_error_says_what_was_written_before_it(scores, tmp_path):
    settings = config(
        tmp_path, {"to": "csv"}, {"to": "sql", "url": "postgresql://me:secret@127.0.0.1:1/shop"}
    )
    with pytest.raises(
        OutputError, match=r"cannot be written to.*Written before it: .*night, record .*csv "
    ) as told:
        write_outputs(scores, settings, settings.outputs, night=tmp_path / "night")
    assert "secret" not in str(told.value)
    assert len(list((tmp_path / "churn-output" / "shop" / "scores-csv" / "scores").iterdir())) == 1


@pytest.mark.parametrize("to", ["csv", "parquet", "jsonl", "duckdb"])
def test_a_place_that_the_system_refuses_is_told_with_what_was_written_before_it(scores, tmp_path, to):
    (tmp_path / "file").touch()
    settings = config(tmp_path, {"to": to, "place": str(tmp_path / "file" / "out")})
    with pytest.raises(
        OutputError, match=r"output cannot be written\. Given: .*file.*Written before it: record \(.*\)\.$"
    ) as told:
        write_outputs(scores, settings, settings.outputs)
    assert told.value.code == "output"
