import subprocess
import sys

import duckdb
import pyarrow as pa
import pytest

from churn.data.database import Database
from churn.errors import OutputError
from churn.scoring.outputs.duck import write_duckdb
from churn.scoring.outputs.rows import NightRows


def content(file, query="SELECT * FROM churn_scores ORDER BY customer"):
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.sql(query).to_arrow_table()


def test_a_second_run_changes_nothing_and_another_value_is_updated(night, other_night, tmp_path):
    file, n = tmp_path / "new" / "scores.duckdb", len(night.scores)
    assert write_duckdb(night, file, "churn_scores").inserted == n
    before = content(file)
    assert before.equals(night.scores)
    assert write_duckdb(night, file, "churn_scores").unchanged == n
    assert content(file).equals(before)
    changed = write_duckdb(other_night, file, "churn_scores")
    assert (changed.inserted, changed.updated, changed.unchanged) == (0, 1, n - 1)
    assert content(file)["churn_probability"][0].as_py() == 0.123
    assert content(file, "SELECT number, s FROM churn_scores_runs").to_pylist() == [
        {"number": 1, "s": night.facts["s"]}
    ]


def test_a_table_with_other_columns_is_left_alone(night, tmp_path):
    file = tmp_path / "scores.duckdb"
    write_duckdb(night, file, "churn_scores")
    fewer = NightRows(night.run, night.scores.drop_columns(["risk_band"]), night.facts)
    with pytest.raises(OutputError, match="it has risk_band, which these scores do not have"):
        write_duckdb(fewer, file, "churn_scores")
    assert write_duckdb(fewer, file, "others").inserted == len(night.scores)
    assert content(file).equals(night.scores)


def test_a_failed_write_leaves_nothing_half(night, tmp_path):
    file = tmp_path / "scores.duckdb"
    write_duckdb(night, file, "churn_scores")
    nameless = pa.array([*night.scores["customer"].to_pylist()[:-1], None])
    broken = pa.array(["r"] * len(night.scores))
    broken = night.scores.set_column(0, "run", broken).set_column(2, "customer", nameless)
    with pytest.raises(OutputError, match=r"DuckDB says.*nothing has been changed"):
        write_duckdb(NightRows("r", broken, {**night.facts, "run": "r"}), file, "churn_scores")
    assert content(file, "SELECT run FROM churn_scores_runs")["run"].to_pylist() == [night.run]
    assert content(file).equals(night.scores)


def test_places_that_cannot_be_used(night, tmp_path):
    with pytest.raises(OutputError, match="is a folder, not a DuckDB file"):
        write_duckdb(night, tmp_path, "churn_scores")
    (tmp_path / "notes.duckdb").write_text("no database" * 1000)
    with pytest.raises(OutputError, match=r"cannot be written to. DuckDB says: .*not a valid DuckDB"):
        write_duckdb(night, tmp_path / "notes.duckdb", "churn_scores")
    with pytest.raises(OutputError, match=r"DuckDB says: .*marketing"):
        write_duckdb(night, tmp_path / "a.duckdb", "marketing.scores")


def test_a_file_that_another_program_holds_is_waited_for(tmp_path):
    file = tmp_path / "scores.duckdb"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb; c = duckdb.connect({str(file)!r}); print('held', flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "held\n"
        with Database() as db, pytest.raises(OutputError, match="Close the program that has the file open"):
            db.attach(file, "target", patience_seconds=0.2)
    finally:
        holder.communicate("\n")
    with Database() as db:
        db.attach(file, "target")
