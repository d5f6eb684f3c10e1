"""SQL databases, through SQLAlchemy: PostgreSQL and SQLite; transactions, rows in bulk, no secret in a message."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.errors import OutputError

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

WAIT_SECONDS = 600  # for another process that writes
_BATCH = 50_000
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}


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


def database_url(
    text: str, password: str | None = None, folder: Path | None = None, *, role: str = "an sql output"
) -> URL:
    """Read the URL of a database; nothing is connected to.

    Parameters
    ----------
    text : str
        SQLAlchemy URL of a PostgreSQL or SQLite database.
    password : str, optional
        Takes the place of the URL's.
    folder : Path, optional
        Where the relative path of an SQLite file starts; the working folder when left out.
    role : str
        What the database is, for messages.

    Raises
    ------
    OutputError
        It is no URL, or of a database that cannot be used. The message holds no part of the URL but its kind.

    Examples
    --------
    >>> database_url("postgresql://me@db.example/shop").drivername
    'postgresql+psycopg'
    """
    import sqlalchemy as sa

    try:
        url = sa.make_url(text)
        if "@" in (
            url.host or ""
        ):  # of a password with such a letter; what follows it must not be shown as a host
            raise ValueError
    except (sa.exc.ArgumentError, ValueError):
        raise OutputError(
            f"The url of {role} is not a database URL",
            allowed="such as postgresql://user@host:5432/database or sqlite:///scores.db",
            fix="Letters such as @ and / in a password are written as %40 and %2F in a URL; the key password takes "
            "them as they are.",
            code="bad-url",
        ) from None
    backend, _, driver = url.drivername.partition("+")
    if backend not in _DRIVERS or driver not in ("", "psycopg", "pysqlite"):
        raise _unknown(url.drivername, role)
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


def _unknown(drivername: str, role: str) -> OutputError:
    return OutputError(
        f"{role[0].upper()}{role[1:]} cannot write to this kind of database",
        given=drivername,
        allowed="postgresql:// (driver psycopg) and sqlite://",
        fix="Use one of these, or write Parquet files and load them with the database's own tools.",
        code="other-database",
    )


def open_engine(url: URL, *, wait_seconds: float = WAIT_SECONDS, pooled: bool = False) -> Engine:
    """Return an engine on which a transaction is begun with the execution option ``churn_writes`` or without.

    On SQLite a writing transaction begins as the only writer at once (BEGIN IMMEDIATE), so that it never has to give up
    half-way because another one wrote. Foreign keys are held. The journal is SQLite's own default and not WAL: it
    survives kills as well, and WAL does not work on network drives.
    """
    import sqlalchemy as sa

    lite = url.get_backend_name() == "sqlite"
    options: dict[str, Any] = {"timeout": wait_seconds} if lite else {"connect_timeout": 15}
    pool: dict[str, Any] = {} if pooled and not lite else {"poolclass": sa.NullPool}
    engine = sa.create_engine(url, connect_args=options, pool_pre_ping=pooled and not lite, **pool)
    if lite:  # Python's driver begins late and not before CREATE TABLE: begin ourselves

        def connected(raw: Any, _: Any) -> None:
            raw.isolation_level = None
            raw.execute("PRAGMA foreign_keys = ON")
            raw.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten in the file

        def begun(connection: Connection) -> None:
            writes = connection.get_execution_options().get("churn_writes", True)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

        sa.event.listen(engine, "connect", connected)
        sa.event.listen(engine, "begin", begun)
    return engine


@contextlib.contextmanager
def transaction(url: URL) -> Iterator[Connection]:
    """Yield a connection within one writing transaction, which is undone where the block raises."""
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextlib.contextmanager
def explained(url: URL, where: str, *, doing: str = "cannot be written to", fix: str = "") -> Iterator[None]:
    """Turn what a database or its driver raises inside the block into an `OutputError` without secrets.

    Raises
    ------
    OutputError
        The driver is missing, the database cannot be reached, or it refuses.
    """
    import sqlalchemy as sa

    secret = str(url.password) if url.password else ""

    try:
        yield
    except sa.exc.NoSuchModuleError:
        raise _unknown(url.drivername, "an sql output") from None
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("psycopg"):
            raise
        raise OutputError(
            f"Writing to {where} needs the package {error.name}",
            fix='Install it with the extra: pip install "churn-signals[postgres]".',
            code="missing-driver",
        ) from None
    except (sa.exc.SQLAlchemyError, url.get_dialect().import_dbapi().Error) as error:
        told = " ".join(str(getattr(error, "orig", None) or error).split("\n")[0].split())
        told = told.replace(secret, "***") if secret else told
        raise OutputError(
            f"{where} {doing}. The database says: {told[:300]}",
            fix=fix or "Check host, database, rights and password; nothing has been changed.",
        ) from None


TYPES: dict[str, str] = {
    "text": "TEXT",
    "integer": "BIGINT",
    "number": "DOUBLE PRECISION",
    "flag": "BOOLEAN",
    "date": "DATE",
    "time": "TIMESTAMP WITH TIME ZONE",
}


def stage(
    connection: Connection,
    name: str,
    rows: pa.Table,
    told: Callable[[int, int], None] | None = None,
) -> None:
    """Put rows into a new temporary table, by COPY on PostgreSQL; it goes with the transaction (see `unstage`).

    Columns are texts, whole numbers, numbers, flags, dates and times in UTC.
    """
    quote = connection.dialect.identifier_preparer.quote
    lite = connection.dialect.name == "sqlite"
    if lite:  # a killed transaction leaves none, but the same name may be used twice in one
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS temp.{quote(name)}")
    else:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS pg_temp.{quote(name)}")
    columns = ", ".join(f"{quote(f.name)} {TYPES[kind_of(f.type)]}" for f in rows.schema)
    connection.exec_driver_sql(
        f"CREATE TEMP TABLE {quote(name)} ({columns}){'' if lite else ' ON COMMIT DROP'}"
    )
    raw: Any = connection.connection.driver_connection
    write, done = _by_hand if lite else _by_copy, 0
    for batch in rows.to_batches(max_chunksize=_BATCH):
        write(raw, quote(name), batch)
        done += batch.num_rows
        if told is not None:
            told(done, len(rows))


def unstage(connection: Connection, *names: str) -> None:
    """Drop temporary tables where the transaction's end does not."""
    if connection.dialect.name == "sqlite":
        for name in names:
            connection.exec_driver_sql(f"DROP TABLE {connection.dialect.identifier_preparer.quote(name)}")


def kind_of(given: pa.DataType) -> str:
    """Return what a column of Arrow is here, as in `TYPES`."""
    import pyarrow as pa

    families: list[tuple[Callable[[pa.DataType], bool], str]] = [
        (pa.types.is_boolean, "flag"),
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (pa.types.is_date, "date"),
        (pa.types.is_timestamp, "time"),
    ]
    return next((kind for is_it, kind in families if is_it(given)), "text")


def _by_copy(raw: Any, name: str, batch: pa.RecordBatch) -> None:
    from pyarrow import csv

    buffer = io.BytesIO()
    # Texts are quoted and nulls are not, which is how COPY tells an empty text from an unknown one.
    csv.write_csv(batch, buffer, csv.WriteOptions(include_header=False))
    with raw.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
        copy.write(buffer.getvalue())


def _by_hand(raw: Any, name: str, batch: pa.RecordBatch) -> None:
    values = [_plain(c) for c in batch.columns]
    places = ", ".join("?" * len(values))
    raw.executemany(f"INSERT INTO {name} VALUES ({places})", list(zip(*values, strict=True)))


def _plain(column: pa.Array) -> list[Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_date(column.type):  # SQLite has no type for dates
        return column.cast(pa.string()).to_pylist()
    if pa.types.is_timestamp(column.type):  # as SQLAlchemy writes them: UTC with six digits
        return pc.strftime(column.cast(pa.timestamp("us")), format="%Y-%m-%d %H:%M:%S").to_pylist()
    return column.to_pylist()
