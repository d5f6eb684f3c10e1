"""The SQL that types one column of a source, and the words for a value that does not fit."""

from __future__ import annotations

from churn.data.contracts import Field
from churn.errors import DataError

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_NUMBERS = {*_INTEGERS, "HUGEINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL"}
_TIMES = {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
_OFFSET = r"\d:\d{2}.*([zZ]|[+-]\d{2}(:?\d{2})?)$"
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


def type_expression(
    f: Field, column: str, kind: str, time_format: str | None, id_type: str | None, table: str
) -> tuple[str, str]:
    """Return the SQL that types a column, and for times the SQL that tells whether the offset is missing."""
    base = kind.split("(", maxsplit=1)[0]
    col, text = quote_name(column), f"nullif(trim({quote_name(column)}), '')"
    if f.kind in ("id", "key", "text"):
        if base not in {*_NUMBERS, "VARCHAR", "UUID", "BOOLEAN", "DATE"} and not base.startswith("ENUM"):
            raise _wrong_type(f, column, kind, table, "an integer or text column")
        whole = f"CASE WHEN {col} = trunc({col}) THEN try_cast({col} AS BIGINT) END"
        if base in {"FLOAT", "DOUBLE", "DECIMAL"} and f.kind in ("id", "key"):
            value = whole  # ids that a spreadsheet or a null has turned into floats
        elif base in _NUMBERS and f.kind == "id":
            value = f"try_cast({col} AS BIGINT)"
        else:
            value = f"CASE WHEN trim({col}::VARCHAR) <> '' THEN {col}::VARCHAR END"
        if f.kind != "id":
            value = f"({value})::VARCHAR"
        elif id_type is not None:
            value = f"try_cast({value} AS {id_type})"
        return value, "false"
    if f.kind == "number":
        if base not in {*_NUMBERS, "VARCHAR"}:
            raise _wrong_type(f, column, kind, table, "a numeric column")
        cast = f"try_cast({text if base == 'VARCHAR' else col} AS DOUBLE)"
        return f"CASE WHEN isfinite({cast}) THEN {cast} END", "false"
    if f.kind == "flag":
        if base == "VARCHAR":
            low = f"lower({text})"
            return (
                f"CASE WHEN {low} IN {_TRUE} THEN 1.0 WHEN {low} IN {_FALSE} THEN 0.0 END",
                "false",
            )
        if base not in {"BOOLEAN", *_NUMBERS}:
            raise _wrong_type(f, column, kind, table, "true/false, yes/no or 1/0")
        return f"CASE WHEN {col}::DOUBLE IN (0, 1) THEN {col}::DOUBLE END", "false"
    if base == "TIMESTAMP WITH TIME ZONE":
        return f"CASE WHEN isfinite({col}) THEN epoch_us({col}) END", "false"
    if base in _TIMES:
        return f"CASE WHEN isfinite({col}) THEN epoch_us({col}::TIMESTAMP) END", "true"
    if base != "VARCHAR":
        raise _wrong_type(f, column, kind, table, "a date, a timestamp, or text such as 2024-05-31 14:00")
    if time_format:
        return f"epoch_us(try_strptime({text}, {quote_text(time_format)})::TIMESTAMP)", "true"
    # A cast of text with an offset to TIMESTAMP drops the offset without a word, so it goes through TIMESTAMPTZ.
    aware = f"coalesce(regexp_matches({text}, '{_OFFSET}'), false)"
    value = (
        f"CASE WHEN {aware} THEN epoch_us(try_cast({text} AS TIMESTAMPTZ)) "
        f"ELSE epoch_us(try_cast({text} AS TIMESTAMP)) END"
    )
    return value, f"NOT {aware}"


def is_present(column: str, kind: str) -> str:
    """Return the SQL that tells whether a value is there at all."""
    return (
        f"coalesce(trim({quote_name(column)}), '') <> ''"
        if kind == "VARCHAR"
        else f"{quote_name(column)} IS NOT NULL"
    )


def bad_message(f: Field, time_format: str | None) -> str:
    """Say what is wrong with a value that is there and cannot be typed."""
    if f.kind == "time":
        form = time_format or "2024-05-31 or 2024-05-31 14:00:00"
        return f"`{f.name}` is not a time of the form {form}" + ("" if time_format else "; set time_format")
    if f.kind == "number":
        return f"`{f.name}` is not a finite number"
    if f.kind == "flag":
        return f"`{f.name}` is not true/false, yes/no or 1/0"
    return f"`{f.name}` cannot be read as an id of the same kind as in orders"


def _wrong_type(f: Field, column: str, kind: str, table: str, allowed: str) -> DataError:
    return DataError(
        f"{table}.{f.name} is mapped to the column {column!r}",
        given=f"its type is {kind}",
        allowed=allowed,
        fix="Map another column, or convert it in a query.",
        code="wrong-type",
    )


def quote_name(name: str) -> str:
    """Quote a column or table name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(value: str) -> str:
    """Quote a text value for SQL."""
    return "'" + str(value).replace("'", "''") + "'"
