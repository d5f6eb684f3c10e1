"""Files: one for the customers of a run and one about the run, so that a run again replaces nothing but itself."""

from __future__ import annotations

import filecmp
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from churn.csvsafe import csv_safe
from churn.data.database import Database
from churn.data.expressions import quote_text
from churn.files import adding_files
from churn.scoring.outputs.rows import NightRows
from churn.scoring.outputs.written import Written

GROUP_ROWS = 10_000  # small groups, so that one customer is found by reading little


def write_files(night: NightRows, folder: Path, to: str, *, shown: str = "") -> Written:
    """Write ``scores/RUN`` and ``runs/RUN`` as CSV, Parquet or JSON lines into a folder.

    A file that is there already with the same bytes is left alone.

    Parameters
    ----------
    night : NightRows
        The two tables.
    folder : Path
        Where to; other files in it stay.
    to : {"csv", "parquet", "jsonl"}
        The format.
    shown : str, optional
        How the folder is named to the reader.
    """
    name, rows = f"{night.run}.{to}", len(night.scores)
    before = (folder / "scores" / name).is_file()
    changed = write_file(night.scores, folder / "scores" / name, to)
    write_file(night.runs, folder / "runs" / name, to)
    counts = {"updated" if before else "inserted": rows} if changed else {"unchanged": rows}
    return Written(to, shown or str(folder), night.run, **counts)


def write_file(table: pa.Table, file: Path, to: str) -> bool:
    """Write a table in one step; return False where the file was there with the same bytes."""
    with adding_files(file.parent) as fresh:
        made = fresh / file.name
        _WRITERS[to](table, made)
        same = file.is_file() and filecmp.cmp(made, file, shallow=False)
        if same:
            made.unlink()
    return not same


def write_parquet(table: pa.Table, file: Path) -> None:
    """Write Parquet in small row groups; only the ids get statistics, because only they are looked up."""
    texts = [f.name for f in table.schema if pa.types.is_string(f.type) and f.name != "customer"]
    pq.write_table(
        table,
        file,
        row_group_size=GROUP_ROWS,
        compression="zstd",
        use_dictionary=[*texts, *(c for c in ("as_of",) if c in table.column_names)],
        write_statistics=[c for c in ("customer",) if c in table.column_names] or False,
        store_schema=False,
    )


def _write_csv(table: pa.Table, file: Path) -> None:
    from pyarrow import csv

    texts = [f.name for f in table.schema if pa.types.is_string(f.type)]
    safe = csv_safe(table.select(texts).to_pandas())
    for name in texts:
        column = pa.array(safe[name], pa.string(), from_pandas=True)
        table = table.set_column(table.schema.get_field_index(name), name, column)
    csv.write_csv(table, file)


def _write_jsonl(table: pa.Table, file: Path) -> None:
    with Database() as db:
        db.register("night", table, "night")
        db.write([f"COPY night TO {quote_text(str(file))} (FORMAT json)"], f"The file {file.name}")


_WRITERS = {"csv": _write_csv, "parquet": write_parquet, "jsonl": _write_jsonl}
