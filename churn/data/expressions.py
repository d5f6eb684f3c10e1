"""The SQL that types one column of a source, and the words for a value that does not fit."""

from __future__ import annotations

import re

from churn.data.contracts import Field

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_NUMBERS = {*_INTEGERS, "HUGEINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL"}
_ZONED = {"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"}
_TIMES = {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
# Anything after the clock (Z, +02:00, UTC, Europe/Paris, but PM too) is left to the cast that knows zones.
_OFFSET = r"\d:\d{2}[\d:.,]*\s*[^\d:.,\s]"
INTEGER_IDS = ("BIGINT", "UBIGINT")
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


def misfit(f: Field, kind: str) -> str | None:
    """Return what is allowed where a column's type cannot hold the field, else None."""
    base = kind.split("(", maxsplit=1)[0]
    if f.kind in ("id", "key", "text", "part"):
        fits, allowed = {*_NUMBERS, "VARCHAR", "UUID", "BOOLEAN", "DATE", "ENUM"}, "an integer or text column"
    elif f.kind == "number":
        fits, allowed = {*_NUMBERS, "VARCHAR"}, "a numeric column"
    elif f.kind == "flag":
        fits, allowed = {*_NUMBERS, "VARCHAR", "BOOLEAN"}, "true/false, yes/no or 1/0"
    else:
        fits = {*_TIMES, *_ZONED, "VARCHAR"}
        allowed = "a date, a timestamp, or text such as 2024-05-31 14:00"
    return None if base in fits and not kind.endswith("]") else allowed


def type_expression(
    f: Field, column: str, kind: str, time_format: str | None, id_type: str | None
) -> tuple[str, str]:
    """Return the SQL that types a column, and for times the SQL that tells whether the offset is missing.

    The column is of a type for which `misfit` has nothing to say.
    """
    base = kind.split("(", maxsplit=1)[0]
    col, text = quote_name(column), f"nullif(trim({quote_name(column)}), '')"
    if f.kind in ("id", "key", "text", "part"):
        integer = id_type if id_type in INTEGER_IDS else "UBIGINT" if base == "UBIGINT" else "BIGINT"
        value = f"CASE WHEN trim({col}::VARCHAR) <> '' THEN {col}::VARCHAR END"
        if base in {"FLOAT", "DOUBLE", "DECIMAL"} and f.kind in ("id", "key", "part"):
            # ids that a spreadsheet or a null has turned into floats
            value = f"CASE WHEN {col} = trunc({col}) THEN try_cast({col} AS {integer}) END"
        elif base in _NUMBERS and f.kind == "id":
            value = f"try_cast({col} AS {integer})"
        elif f.kind == "id" and id_type in INTEGER_IDS:
            # A cast of text rounds: '12.7' would become customer 13.
            value = f"CASE WHEN try_cast({col} AS DOUBLE) = trunc(try_cast({col} AS DOUBLE)) THEN {value} END"
        if f.kind != "id":
            value = f"({value})::VARCHAR"
            if f.kind == "part":  # the same on every machine and for ever, and whole as a float
                value = f"(md5_number_lower({value}) >> 11)::DOUBLE"
        elif id_type is not None:
            value = f"try_cast({value} AS {id_type})"
        return value, "false"
    if f.kind == "number":
        cast = f"try_cast({text if base == 'VARCHAR' else col} AS DOUBLE)"
        return f"CASE WHEN isfinite({cast}) THEN {cast} END", "false"
    if f.kind == "flag":
        if base == "VARCHAR":
            low = f"lower({text})"
            return (
                f"CASE WHEN {low} IN {_TRUE} THEN 1.0 WHEN {low} IN {_FALSE} THEN 0.0 END",
                "false",
            )
        return f"CASE WHEN {col}::DOUBLE IN (0, 1) THEN {col}::DOUBLE END", "false"
    if base in _ZONED:
        return f"CASE WHEN isfinite({col}::TIMESTAMPTZ) THEN epoch_us({col}::TIMESTAMPTZ) END", "false"
    if base in _TIMES:
        return f"CASE WHEN isfinite({col}) THEN epoch_us({col}::TIMESTAMP) END", "true"
    if time_format:
        has_offset = re.search(r"(?<!%)(%%)*%[zZ]", time_format) is not None
        parsed = f"epoch_us(try_strptime({text}, {quote_text(time_format)}))"
        return parsed, "false" if has_offset else "true"
    # A cast of text with an offset to TIMESTAMP drops the offset without a word, so it goes through TIMESTAMPTZ.
    aware = f"coalesce(regexp_matches({text}, '{_OFFSET}'), false)"
    value = (
        f"CASE WHEN {aware} THEN epoch_us(try_cast({text} AS TIMESTAMPTZ)) "
        f"ELSE epoch_us(try_cast({text} AS TIMESTAMP)) END"
    )
    return value, f"NOT {aware}"


def natural_id(kind: str) -> str:
    """Return the type that customer ids of a column get: BIGINT, UBIGINT or VARCHAR.

    Examples
    --------
    >>> natural_id("DOUBLE"), natural_id("VARCHAR")
    ('BIGINT', 'VARCHAR')
    """
    base = kind.split("(", maxsplit=1)[0]
    return "UBIGINT" if base == "UBIGINT" else "BIGINT" if base in _NUMBERS else "VARCHAR"


def is_present(column: str, kind: str) -> str:
    """Return the SQL that tells whether a value is there at all."""
    return (
        f"coalesce(trim({quote_name(column)}::VARCHAR), '') <> ''"
        if kind == "VARCHAR" or kind.startswith("ENUM")
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
    return f"`{f.name}` is not a usable id: a whole number or text, of the same kind as in orders"


def quote_name(name: str) -> str:
    """Quote a column or table name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(value: str) -> str:
    """Quote a text value for SQL."""
    return "'" + str(value).replace("'", "''") + "'"
