"""The SQL that all databases share: make the tables, compare them, put in what is new or other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from churn.data.expressions import quote_name
from churn.errors import OutputError

TYPES = {
    "text": "TEXT",
    "integer": "BIGINT",
    "number": "DOUBLE PRECISION",
    "flag": "BOOLEAN",
    "date": "DATE",
}


def quoted(table: str) -> str:
    """Quote the name of a table, its schema apart.

    Examples
    --------
    >>> quoted("marketing.scores")
    '"marketing"."scores"'
    """
    return ".".join(quote_name(part) for part in table.split("."))


def create(table: str, kinds: Mapping[str, str], key: Sequence[str]) -> str:
    """Return the statement that makes a table where there is none.

    Examples
    --------
    >>> create("runs", {"run": "text", "listed": "integer"}, ["run"])
    'CREATE TABLE IF NOT EXISTS "runs" ("run" TEXT NOT NULL, "listed" BIGINT, PRIMARY KEY ("run"))'
    """
    columns = [f"{quote_name(c)} {TYPES[k]}{' NOT NULL' if c in key else ''}" for c, k in kinds.items()]
    return f"CREATE TABLE IF NOT EXISTS {quoted(table)} ({', '.join(columns)}, PRIMARY KEY ({_list(key)}))"


def upsert(table: str, source: str, columns: Sequence[str], key: Sequence[str]) -> str:
    """Return the statement that inserts the rows of a source, and updates those that are there with other values."""
    others = [c for c in columns if c not in key]
    sets = ", ".join(f"{quote_name(c)} = excluded.{quote_name(c)}" for c in others)
    # WHERE true: without it SQLite takes ON for a condition of the join.
    return (
        f"INSERT INTO {quoted(table)} AS t ({_list(columns)}) SELECT {_list(columns)} FROM {source} WHERE true "
        f"ON CONFLICT ({_list(key)}) DO UPDATE SET {sets} WHERE {_differ('t', 'excluded', others)}"
    )


def count(table: str, source: str, columns: Sequence[str], key: Sequence[str]) -> str:
    """Return the query for how many rows of a source are there already, and how many of them with other values."""
    differ = _differ("t", "n", [c for c in columns if c not in key])
    return f"SELECT count(*), count(*) FILTER (WHERE {differ}) FROM {quoted(table)} t JOIN {source} n ON {_same(key)}"


def next_number(runs: str, run: str) -> str:
    """Return an expression for a run's number: the one it has, or one above the highest.

    Examples
    --------
    >>> next_number("runs", "c.run")[:54]
    'coalesce((SELECT "number" FROM "runs" WHERE "run" = c.'
    """
    table = quoted(runs)
    return (
        f'coalesce((SELECT "number" FROM {table} WHERE "run" = {run}), '
        f'(SELECT coalesce(max("number"), 0) + 1 FROM {table}))'
    )


def check_table(
    where: str,
    table: str,
    kinds: Mapping[str, str],
    key: Sequence[str],
    found: Mapping[str, str],
    found_key: Sequence[str],
) -> None:
    """Raise where a table that is there cannot take the rows.

    Parameters
    ----------
    where : str
        The database, as it is told to the reader.
    table : str
        Its name.
    kinds, key
        The columns to be written and what they hold, and the primary key.
    found, found_key
        Those of the table; a kind that is none of ours is told as it is.

    Raises
    ------
    OutputError
        Columns are missing, are too many or hold something else, or the primary key is another.
    """
    missing = [c for c in kinds if c not in found]
    extra = [c for c in found if c not in kinds]
    other = [c for c in kinds if c in found and found[c] != kinds[c]]
    parts = [
        f"it lacks {', '.join(missing)}" if missing else "",
        f"it has {', '.join(extra)}, which these scores do not have" if extra else "",
        "; ".join(f"{c} holds {found[c]} and would have to hold {kinds[c]}" for c in other),
        ""
        if sorted(found_key) == sorted(key)
        else f"its primary key is ({', '.join(found_key) or 'none'}) and would have to be ({', '.join(key)})",
    ]
    if not any(parts):
        return
    adding = "; ".join(f"ALTER TABLE {table} ADD COLUMN {quote_name(c)} {TYPES[kinds[c]]}" for c in missing)
    only_missing = missing and not any(parts[1:])
    raise OutputError(
        f"The table {table} in {where} has other columns than these scores",
        given="; ".join(p for p in parts if p),
        allowed="a table that churn made with these columns, or none yet",
        fix="Name a new table for the output (table: ...)"
        + (f", or add the columns: {adding}" if only_missing else ", or rename the old one")
        + ". Nothing has been changed.",
        code="other-columns",
    )


def _list(columns: Sequence[str]) -> str:
    return ", ".join(quote_name(c) for c in columns)


def _same(key: Sequence[str]) -> str:
    return " AND ".join(f"t.{quote_name(c)} = n.{quote_name(c)}" for c in key)


def _differ(a: str, b: str, columns: Sequence[str]) -> str:
    return " OR ".join(f"{a}.{quote_name(c)} IS DISTINCT FROM {b}.{quote_name(c)}" for c in columns)
