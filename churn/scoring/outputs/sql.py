"""An SQL database, through SQLAlchemy: PostgreSQL and SQLite; everything in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from churn.progress import report
from churn.scoring.outputs.rows import RUNS_KEY, SCORES_KEY, NightRows, kinds_of
from churn.scoring.outputs.statements import (
    check_table,
    count,
    create,
    next_number,
    quoted,
    upsert,
)
from churn.scoring.outputs.written import Written
from churn.sqldatabase import WAIT_SECONDS, database_url, explained, shown, stage, transaction, unstage

if TYPE_CHECKING:
    from sqlalchemy import Connection

_BATCH = 50_000
_FIX = (
    "Check host, database, rights and password (the URL is in the configuration under outputs); nothing has been "
    "changed."
)


def write_sql(
    night: NightRows, url: str, table: str, *, password: str | None = None, folder: Path | None = None
) -> Written:
    """Write a night into a database: the scores' table, and its table of runs.

    Both tables are made where there are none. Rows go into a temporary table first (by COPY on PostgreSQL), then
    ``INSERT ... ON CONFLICT DO UPDATE`` puts in what is new or other. Nobody sees a part of it, and of two processes
    that write to the same table one waits.

    Parameters
    ----------
    night : NightRows
        The two tables.
    url : str
        SQLAlchemy URL of a PostgreSQL or SQLite database.
    table : str
        Of the scores, with a schema before a dot where one is meant; the runs go to ``TABLE_runs``.
    password : str, optional
        Takes the place of the URL's.
    folder : Path, optional
        Where the relative path of an SQLite file starts; the working folder when left out.

    Returns
    -------
    Written
        How many rows were new, other, equal; `where` names the database without user and password.

    Raises
    ------
    OutputError
        The URL is none, the driver is missing, the database cannot be reached or refuses, or a table has other columns.
    """
    target = database_url(url, password, folder)
    where = f"{shown(target)}, table {table}"
    with explained(target, where, fix=_FIX), transaction(target) as connection:
        known, other = _put(connection, night, table, where)
    return Written("sql", where, night.run, len(night.scores) - known, other, known - other)


def check_url(text: str) -> None:
    """Raise an `OutputError` where a URL names no database that can be written to; nothing is connected to.

    Examples
    --------
    >>> check_url("postgresql://me@db.example/shop")
    """
    database_url(text)


def _put(connection: Connection, night: NightRows, table: str, where: str) -> tuple[int, int]:
    """Write both tables; return how many of the scores' rows were there, and how many of them with other values."""

    def run(statement: str) -> Any:
        return connection.exec_driver_sql(statement)

    lite = connection.dialect.name == "sqlite"
    runs = f"{table}_runs"
    if not lite:
        run(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")
        # One writer per table at a time: the counts are exact, and nobody makes the table twice.
        connection.exec_driver_sql(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"churn {table}",)
        )
    kinds, run_kinds = kinds_of(night.scores), {**kinds_of(night.runs), "number": "integer"}
    # Only where there is none: somebody who may not make tables may still write to those that are there.
    if not _is_there(connection, where, table, kinds, SCORES_KEY):
        run(create(table, kinds, SCORES_KEY))
    if not _is_there(connection, where, runs, run_kinds, RUNS_KEY):
        run(create(runs, run_kinds, RUNS_KEY))
    _stage(connection, "churn_night", night.scores, where)
    _stage(connection, "churn_about", night.runs, where)
    known, other = run(count(table, "churn_night", list(kinds), SCORES_KEY)).one()
    if known < len(night.scores) or other:
        report("Putting the rows in place")
        run(upsert(table, "churn_night", list(kinds), SCORES_KEY))
    numbered = f'(SELECT c.*, {next_number(runs, "c.run")} AS "number" FROM churn_about c) AS a'
    run(upsert(runs, numbered, list(run_kinds), RUNS_KEY))
    unstage(connection, "churn_night", "churn_about")
    return int(known), int(other)


def _is_there(
    connection: Connection, where: str, table: str, kinds: dict[str, Any], key: Sequence[str]
) -> bool:
    """Return whether a table is there, with the columns that it has to have."""
    import sqlalchemy as sa

    schema, _, name = table.rpartition(".")
    look = sa.inspect(connection)
    if not look.has_table(name, schema or None):
        return False
    columns = look.get_columns(name, schema or None)
    found = {c["name"]: _kind(c["type"]) for c in columns}
    found_key = look.get_pk_constraint(name, schema or None)["constrained_columns"]
    check_table(where, table, kinds, key, found, found_key)
    return True


def _kind(given: Any) -> str:
    import sqlalchemy as sa

    families = {
        sa.Boolean: "flag",
        sa.Integer: "integer",
        sa.Float: "number",
        sa.Date: "date",
        sa.String: "text",
    }
    return next((kind for family, kind in families.items() if isinstance(given, family)), str(given))


def _stage(connection: Connection, name: str, table: pa.Table, where: str) -> None:
    """Put rows into a temporary table."""
    what = f"Writing to {where}"
    stage(connection, name, table, lambda done, total: report(what, done, total))
    if len(table) > _BATCH and connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"ANALYZE {quoted(name)} (run, customer)")


def remove_sql(
    url: str,
    table: str,
    customers: Sequence[str],
    *,
    password: str | None = None,
    folder: Path | None = None,
    yes: bool,
) -> tuple[str, int]:
    """Take customers out of the scores' table of a database; return where, and how many rows they have, or had.

    Parameters
    ----------
    url, table, password, folder
        As in `write_sql`.
    customers : sequence of str
        Ids as texts.
    yes : bool
        Whether the rows go; else they are counted.
    """
    import sqlalchemy as sa

    target = database_url(url, password, folder)
    where = f"{shown(target)}, table {table}"
    if target.get_backend_name() == "sqlite" and not Path(str(target.database)).is_file():
        return where, 0
    schema, _, name = table.rpartition(".")
    with explained(target, where, fix=_FIX), transaction(target) as connection:
        if not sa.inspect(connection).has_table(name, schema or None):
            return where, 0
        scores = sa.table(name, sa.column("customer"), schema=schema or None)
        mine = sa.cast(scores.c.customer, sa.Text).in_(list(customers))
        found = connection.execute(sa.select(sa.func.count()).select_from(scores).where(mine)).scalar() or 0
        if found and yes:
            connection.execute(sa.delete(scores).where(mine))
    return where, found
