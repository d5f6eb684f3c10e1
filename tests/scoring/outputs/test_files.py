import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from churn.errors import OutputError
from churn.scoring.outputs.files import GROUP_ROWS, write_file, write_files, write_parquet

KINDS = ["csv", "parquet", "jsonl"]


def read(file, to):
    if to == "csv":
        return pyarrow.csv.read_csv(
            file, convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True)
        ).to_pylist()
    if to == "parquet":
        return pq.read_table(file).to_pylist()
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("to", KINDS)
def test_what_is_written_comes_back(night, tmp_path, to):
    written = write_files(night, tmp_path, to)
    assert (written.inserted, written.unchanged) == (len(night.scores), 0)
    rows = read(tmp_path / "scores" / f"{night.run}.{to}", to)
    wanted = night.scores.to_pylist()
    if to == "jsonl":  # which has no type for dates
        wanted = [
            {k: str(v) if k in ("as_of", "last_order") and v else v for k, v in r.items()} for r in wanted
        ]
    assert rows == wanted
    assert read(tmp_path / "runs" / f"{night.run}.{to}", to)[0]["s"] == night.facts["s"]


@pytest.mark.parametrize("to", KINDS)
def test_the_same_run_again_is_left_alone(night, other_night, tmp_path, to):
    write_files(night, tmp_path, to)
    file = tmp_path / "scores" / f"{night.run}.{to}"
    before = file.stat()
    assert write_files(night, tmp_path, to).unchanged == len(night.scores)
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert write_files(other_night, tmp_path, to).updated == len(night.scores)
    assert sorted(p.name for p in (tmp_path / "scores").iterdir()) == [file.name]


def test_csv_carries_no_formula_and_json_no_nan(tmp_path):
    table = pa.table({"customer": ["=1+1", "-a", "b"], "n": pa.array([-1.5, None, 2.0])})
    write_file(table, tmp_path / "a.csv", "csv")
    assert (tmp_path / "a.csv").read_text() == '"customer","n"\n"\'=1+1",-1.5\n"\'-a",\n"b",2\n'
    write_file(table, tmp_path / "a.jsonl", "jsonl")
    assert json.loads((tmp_path / "a.jsonl").read_text().splitlines()[1]) == {"customer": "-a", "n": None}


def test_parquet_knows_the_ids_of_each_group(tmp_path):
    n = 2 * GROUP_ROWS + 1
    write_parquet(
        pa.table({"customer": pa.array(range(n)), "p": pa.array([0.5] * n)}), tmp_path / "a.parquet"
    )
    meta = pq.ParquetFile(tmp_path / "a.parquet").metadata
    assert meta.num_row_groups == 3
    assert meta.row_group(1).column(0).statistics.min == GROUP_ROWS
    assert meta.row_group(1).column(1).statistics is None


def test_json_lines_that_cannot_be_written_are_an_error_of_the_output(tmp_path):
    from churn.scoring.outputs import files

    with pytest.raises(OutputError, match=r"The file a\.jsonl cannot be written to\. DuckDB says"):
        files._WRITERS["jsonl"](pa.table({"customer": ["A"]}), tmp_path / "none" / "a.jsonl")
