"""One DuckDB connection with limits on memory and disk; errors are told in the package's own form."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from churn.data.expressions import quote_text
from churn.errors import ChurnError, DataError, OutputError


class Database:
    """A DuckDB connection with a scratch folder of its own; use as a context manager.

    Parameters
    ----------
    memory_limit : str, default "4GB"
        What DuckDB may use before it spills; it takes up to a fifth more.
    disk_limit : str, default "100GB"
        What it may spill.
    timezone : str, default "UTC"
        Casts between times with and without an offset go by it.
    """

    def __init__(
        self, *, memory_limit: str = "4GB", disk_limit: str = "100GB", timezone: str = "UTC"
    ) -> None:
        self.scratch = tempfile.mkdtemp(prefix="churn-duckdb-")
        self.connection = duckdb.connect()
        for setting, value in {
            "temp_directory": self.scratch,
            "max_temp_directory_size": disk_limit,
            "memory_limit": memory_limit,
            "autoinstall_known_extensions": "false",
            "TimeZone": timezone,
        }.items():
            self.connection.execute(f"SET {setting} = {quote_text(value)}")

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and remove the scratch folder."""
        self.connection.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def attach(self, file: Path, name: str, *, patience_seconds: float = 60) -> None:
        """Open a DuckDB file for writing under a name, and make it where there is none.

        Raises
        ------
        OutputError
            The file is no database or cannot be written, or another process has held it all the time.
        """
        until = time.monotonic() + patience_seconds
        while True:
            try:
                self.connection.execute(f"ATTACH {quote_text(str(file))} AS {name}")
                return
            except duckdb.Error as error:
                told = _first_line(error)
                held = "lock" in told.lower()
                if held and time.monotonic() < until:
                    time.sleep(0.1)
                    continue
                fix = "Name another file, or move this one away."
                if held:
                    fix = "Close the program that has the file open, then run the command again."
                raise OutputError(f"{file} cannot be written to. DuckDB says: {told}", fix=fix) from None

    def write(self, statements: Sequence[str], where: str) -> list[tuple[int, ...]]:
        """Run statements in one transaction; return the numbers in the first row that each gives.

        Raises
        ------
        OutputError
            One of them failed; then none has been done.
        """
        try:
            self.connection.execute("BEGIN")
            found = []
            for statement in statements:
                rows = self.connection.execute(statement).fetchall()
                found.append(tuple(map(int, rows[0])) if rows else ())
            self.connection.execute("COMMIT")
        except duckdb.Error as error:
            with contextlib.suppress(duckdb.Error):
                self.connection.execute("ROLLBACK")
            raise OutputError(
                f"{where} cannot be written to. DuckDB says: {_first_line(error)}",
                fix="Mend what it names, then run the command again; nothing has been changed.",
            ) from None
        return found

    def describe(self, relation: str, where: str) -> dict[str, str]:
        """Return the columns of a relation with their types; `where` names it in errors."""
        rows = self.run(f"DESCRIBE SELECT * FROM {relation}", where).fetchall()
        return {str(r[0]): str(r[1]) for r in rows}

    def one(self, query: str, where: str) -> int:
        """Return the one number a query gives."""
        rows = self.run(query, where).fetchall()  # not fetchone: an unfinished result blocks the connection
        return int(rows[0][0]) if rows else 0

    def arrow(self, query: str, where: str) -> pa.Table:
        """Return a query's rows as an Arrow table."""
        try:
            return self.connection.sql(query).to_arrow_table()
        except duckdb.Error as error:
            raise _database_error(error, where) from None

    def run(self, query: str, where: str) -> duckdb.DuckDBPyConnection:
        """Run a statement."""
        try:
            return self.connection.execute(query)
        except duckdb.Error as error:
            raise _database_error(error, where) from None

    def register(self, name: str, frame: pa.Table, table: str) -> None:
        """Make an Arrow table readable under a name."""
        try:
            self.connection.register(name, frame)
        except duckdb.Error as error:
            raise DataError(
                f"The {table} frame cannot be read. DuckDB says: {_first_line(error)}",
                given=f"columns of type {', '.join(sorted({str(t) for t in frame.schema.types})) or 'none'}",
                fix="Give columns of numbers, text and times.",
                code="source-unreadable",
            ) from None


def _first_line(error: duckdb.Error) -> str:
    return " ".join(str(error).strip().split("\n\n")[0].split())[:400]


def _database_error(error: duckdb.Error, where: str) -> ChurnError:
    first = _first_line(error)
    fix = "Mend the query, path or file and run churn check again."
    if "utf-8" in first.lower():
        fix = "Save the file as UTF-8 and run churn check again."
    elif "VARCHAR" in first:
        fix = "The columns of a CSV are text: convert them, e.g. TRY_CAST(amount AS DOUBLE) > 0."
    return DataError(f"{where} cannot be read. DuckDB says: {first}", fix=fix, code="source-unreadable")
