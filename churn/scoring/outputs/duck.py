"""A DuckDB file: two tables, written in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from churn.data.database import Database
from churn.data.expressions import quote_text
from churn.errors import OutputError
from churn.scoring.outputs.rows import RUNS_KEY, SCORES_KEY, NightRows, kinds_of
from churn.scoring.outputs.statements import (
    check_table,
    count,
    create,
    next_number,
    upsert,
)
from churn.scoring.outputs.written import Written

_KINDS = {"VARCHAR": "text", "BIGINT": "integer", "DOUBLE": "number", "BOOLEAN": "flag", "DATE": "date"}


def write_duckdb(night: NightRows, file: Path, table: str, *, shown: str = "") -> Written:
    """Write a night into a DuckDB file: the scores' table, and its table of runs.

    Parameters
    ----------
    night : NightRows
        The two tables.
    file : Path
        The database; made where there is none.
    table : str
        Of the scores; the runs go to ``TABLE_runs``.
    shown : str, optional
        How the file is named to the reader.

    Returns
    -------
    Written
        How many rows were new, other, equal.

    Raises
    ------
    OutputError
        The file is no database or is held by another program, or a table has other columns.
    """
    where = shown or str(file)
    if file.is_dir():
        raise OutputError(
            f"{where} is a folder, not a DuckDB file", fix="Name a file, such as scores.duckdb."
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    with Database() as db:
        db.attach(file, "target")
        db.register("night", night.scores, "scores")
        db.register("about", night.runs, "runs")
        schema, _, plain = table.rpartition(".")
        schema = schema or "main"
        name, runs = f"target.{schema}.{plain}", f"target.{schema}.{plain}_runs"
        kinds, run_kinds = kinds_of(night.scores), {**kinds_of(night.runs), "number": "integer"}
        _check(db, where, schema, plain, kinds, SCORES_KEY)
        _check(db, where, schema, f"{plain}_runs", run_kinds, RUNS_KEY)
        numbered = f"(SELECT *, {next_number(runs, quote_text(night.run))} AS number FROM about)"
        made = [create(name, kinds, SCORES_KEY), create(runs, run_kinds, RUNS_KEY)]
        found = db.write(
            [
                *made,
                count(name, "night", list(kinds), SCORES_KEY),
                upsert(name, "night", list(kinds), SCORES_KEY),
                upsert(runs, numbered, list(run_kinds), RUNS_KEY),
            ],
            where,
        )
        known, other = found[len(made)]
    return Written(
        "duckdb", f"{where}, table {table}", night.run, len(night.scores) - known, other, known - other
    )


def _check(
    db: Database, where: str, schema: str, table: str, kinds: Mapping[str, str], key: Sequence[str]
) -> None:
    of = f"database_name = 'target' AND schema_name = '{schema}' AND table_name = '{table}'"
    columns: pa.Table = db.arrow(f"SELECT column_name, data_type FROM duckdb_columns() WHERE {of}", where)
    if not len(columns):
        return
    keys: pa.Table = db.arrow(
        f"SELECT constraint_column_names FROM duckdb_constraints() WHERE {of} AND constraint_type = 'PRIMARY KEY'",
        where,
    )
    found = {str(n): _KINDS.get(str(t), str(t)) for n, t in zip(*columns.to_pydict().values(), strict=True)}
    found_key = keys.to_pydict()["constraint_column_names"]
    check_table(where, table, kinds, key, found, found_key[0] if found_key else ())


def remove_duckdb(file: Path, table: str, customers: Sequence[str], *, yes: bool) -> int:
    """Take customers out of the scores' table of a DuckDB file; return how many rows they have, or had.

    Parameters
    ----------
    file : Path
        The database; one that is not there holds nobody.
    table : str
        Of the scores.
    customers : sequence of str
        Ids as texts.
    yes : bool
        Whether the rows go; else they are counted.
    """
    if not file.is_file():
        return 0
    with Database() as db:
        db.attach(file, "target")
        schema, _, plain = table.rpartition(".")
        there = db.one(
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'target' AND "
            f"schema_name = {quote_text(schema or 'main')} AND table_name = {quote_text(plain)}",
            str(file),
        )
        if not there:
            return 0
        listed = ", ".join(quote_text(c) for c in customers)
        name = f"target.{schema or 'main'}.{plain}"
        chosen = f"FROM {name} WHERE customer::VARCHAR IN ({listed})"
        found = db.one(f"SELECT count(*) {chosen}", str(file))
        if found and yes:
            db.write([f"DELETE {chosen}"], str(file))
    return found
