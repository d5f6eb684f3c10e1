"""An SQL database, through SQLAlchemy: PostgreSQL and SQLite; everything in one transaction."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from churn.data.expressions import quote_name
from churn.errors import OutputError
from churn.progress import report
from churn.scoring.outputs.rows import RUNS_KEY, SCORES_KEY, NightRows, kinds_of
from churn.scoring.outputs.statements import (
    TYPES,
    check_table,
    count,
    create,
    next_number,
    quoted,
    upsert,
)
from churn.scoring.outputs.written import Written

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

_BATCH = 50_000
_WAIT_SECONDS = 600  # for another process that writes to the same table
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}


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
    import sqlalchemy as sa

    target = _url(url, password, folder)
    where = f"{shown(target)}, table {table}"
    secret = str(target.password) if target.password else ""
    try:
        with _begun(target) as connection:
            known, other = _put(connection, night, table, where)
    except sa.exc.NoSuchModuleError:
        raise _unknown(target.drivername) from None
    except ModuleNotFoundError as error:
        raise OutputError(
            f"Writing to {where} needs the package {error.name}",
            fix='Install it with the extra: pip install "churn-signals[postgres]".',
            code="missing-driver",
        ) from None
    except (sa.exc.SQLAlchemyError, target.get_dialect().import_dbapi().Error) as error:
        told = " ".join(str(getattr(error, "orig", None) or error).split("\n")[0].split())
        told = told.replace(secret, "***") if secret else told
        raise OutputError(
            f"{where} cannot be written to. The database says: {told[:300]}",
            fix="Check host, database, rights and password (the URL is in the configuration under outputs); nothing "
            "has been changed.",
        ) from None
    return Written("sql", where, night.run, len(night.scores) - known, other, known - other)


def shown(url: URL) -> str:
    """Return a URL as it may be shown: without user, password and options.

    Examples
    --------
    >>> from sqlalchemy import make_url
    >>> shown(make_url("postgresql+psycopg://me:secret@db.example:5433/shop?password=secret"))
    'postgresql://db.example:5433/shop'
    """
    host = str(url.host or url.query.get("host") or "")  # a socket's folder is an option
    host += f":{url.port}" if host and url.port else ""
    return f"{url.get_backend_name()}://{host}/{url.database or ''}"


def check_url(text: str) -> None:
    """Raise an `OutputError` where a URL names no database that can be written to; nothing is connected to.

    Examples
    --------
    >>> check_url("postgresql://me@db.example/shop")
    """
    _url(text, None, None)


def _url(text: str, password: str | None, folder: Path | None) -> URL:
    import sqlalchemy as sa

    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise OutputError(
            "The url of an sql output is not a database URL",
            allowed="such as postgresql://user@host:5432/database or sqlite:///scores.db",
            fix="Letters such as @ and / in a password are written as %40 and %2F in a URL; the key password takes "
            "them as they are.",
            code="bad-url",
        ) from None
    backend, _, driver = url.drivername.partition("+")
    if backend not in _DRIVERS or driver not in ("", "psycopg", "pysqlite"):
        raise _unknown(url.drivername)
    if driver == "":
        url = url.set(drivername=_DRIVERS[backend])
    if backend == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise OutputError(
                "An SQLite database in memory would be gone at once",
                fix="Name a file, such as sqlite:///scores.db.",
                code="bad-url",
            )
        url = url.set(database=str((folder or Path.cwd()) / str(url.database)))
    return url.set(password=password) if password is not None else url


def _unknown(drivername: str) -> OutputError:
    return OutputError(
        "An sql output cannot write to this kind of database",
        given=drivername,
        allowed="postgresql:// (driver psycopg) and sqlite://",
        fix="Use one of these, or write Parquet files and load them with the database's own tools.",
        code="other-database",
    )


@contextlib.contextmanager
def _begun(url: URL) -> Iterator[Connection]:
    """Yield a connection within one transaction, which is undone where the block raises."""
    import sqlalchemy as sa

    lite = url.get_backend_name() == "sqlite"
    options = {"timeout": _WAIT_SECONDS} if lite else {"connect_timeout": 15}
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=options)
    if lite:  # Python's driver begins late and not before CREATE TABLE: begin ourselves, as the only writer
        sa.event.listen(engine, "connect", lambda raw, _: setattr(raw, "isolation_level", None))
        sa.event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _put(connection: Connection, night: NightRows, table: str, where: str) -> tuple[int, int]:
    """Write both tables; return how many of the scores' rows were there, and how many of them with other values."""

    def run(statement: str) -> Any:
        return connection.exec_driver_sql(statement)

    lite = connection.dialect.name == "sqlite"
    runs = f"{table}_runs"
    if not lite:
        run(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'")
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
    if lite:  # elsewhere they go with the transaction
        run("DROP TABLE churn_night")
        run("DROP TABLE churn_about")
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
    kinds, lite = kinds_of(table), connection.dialect.name == "sqlite"
    columns = ", ".join(f"{quote_name(c)} {TYPES[k]}" for c, k in kinds.items())
    connection.exec_driver_sql(f"CREATE TEMP TABLE {name} ({columns}){'' if lite else ' ON COMMIT DROP'}")
    raw = connection.connection.driver_connection
    done, write = 0, _rows_by_hand if lite else _rows_by_copy
    what = f"Writing to {where}"
    for batch in table.to_batches(max_chunksize=_BATCH):
        write(raw, name, batch)
        done += batch.num_rows
        report(what, done, len(table))
    if len(table) > _BATCH and not lite:
        connection.exec_driver_sql(f"ANALYZE {quoted(name)} (run, customer)")


def _rows_by_copy(raw: Any, name: str, batch: pa.RecordBatch) -> None:
    from pyarrow import csv

    buffer = io.BytesIO()
    # Texts are quoted and nulls are not, which is how COPY tells an empty text from an unknown one.
    csv.write_csv(batch, buffer, csv.WriteOptions(include_header=False))
    with raw.cursor() as cursor, cursor.copy(f"COPY {quoted(name)} FROM STDIN (FORMAT csv)") as copy:
        copy.write(buffer.getvalue())


def _rows_by_hand(raw: Any, name: str, batch: pa.RecordBatch) -> None:
    values = [
        (c.cast(pa.string()) if pa.types.is_date(c.type) else c).to_pylist()  # SQLite has no type for dates
        for c in batch.columns
    ]
    places = ", ".join("?" * len(values))
    raw.executemany(f"INSERT INTO {quoted(name)} VALUES ({places})", list(zip(*values, strict=True)))
