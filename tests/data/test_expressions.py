from __future__ import annotations

import duckdb
import pytest

from churn.data.contracts import Field
from churn.data.expressions import bad_message, is_present, misfit, quote_name, quote_text, type_expression


def _type(kind, value, sql_type, *, time_format=None, id_type=None):
    """The typed value, whether it is naive, and whether it is bad, for one value given as SQL."""
    f = Field("f", kind, True, "")
    expression, naive = type_expression(f, "my col", sql_type, time_format, id_type)
    present = is_present("my col", sql_type)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'America/New_York'")  # must not matter
    query = f"SELECT {expression}, {naive}, ({present}) AND ({expression}) IS NULL"
    return con.execute(f'{query} FROM (SELECT CAST({value} AS {sql_type}) AS "my col")').fetchone()


NOON = 1_719_835_200_000_000  # 2024-07-01 12:00 UTC


@pytest.mark.parametrize(
    ("text", "micros", "naive"),
    [
        ("2024-07-01 12:00", NOON, True),
        ("2024-07-01T12:00:00", NOON, True),
        (" 2024-07-01 12:00:00.000001 ", NOON + 1, True),
        ("2024-07-01", NOON - 12 * 3_600_000_000, True),
        ("2024-07-01T12:00:00Z", NOON, False),
        ("2024-07-01 14:00+02", NOON, False),
        ("2024-07-01 14:00:00+02:00", NOON, False),
        ("2024-07-01 08:30:00.000-0330", NOON, False),
        ("2024-07-01 12:00:00 UTC", NOON, False),
        ("2024-07-01 14:00 Europe/Paris", NOON, False),
    ],
)
def test_text_times(text, micros, naive):
    assert _type("time", f"'{text}'", "VARCHAR") == (micros, naive, False)


@pytest.mark.parametrize(
    "text",
    [
        "31/05/2024",
        "2024-02-30",
        "x",
        "infinity",
        "2024-07-01 02:00 PM",
        "2024-07-01 12:00 Nowhere",
        "20240701",
    ],
)
def test_text_that_is_no_time_is_bad_and_never_guessed(text):
    value, _, bad = _type("time", f"'{text}'", "VARCHAR")
    assert (value, bad) == (None, True)


@pytest.mark.parametrize("value", ["''", "'  '", "NULL"])
@pytest.mark.parametrize("kind", ["time", "number", "flag", "id", "key", "text"])
def test_empty_is_empty_and_not_bad(kind, value):
    assert _type(kind, value, "VARCHAR")[::2] == (None, False)


@pytest.mark.parametrize(
    ("text", "form", "micros", "naive"),
    [
        ("01/07/2024 12:00", "%d/%m/%Y %H:%M", NOON, True),
        ("01/07/2024 14:00 +0200", "%d/%m/%Y %H:%M %z", NOON, False),
        ("1.7.24 12h %z", "%-d.%-m.%y %Hh %%z", NOON, True),
    ],
)
def test_time_format(text, form, micros, naive):
    assert _type("time", f"'{text}'", "VARCHAR", time_format=form) == (micros, naive, False)


def test_time_format_is_the_only_form_then():
    assert _type("time", "'2024-07-01'", "VARCHAR", time_format="%d/%m/%Y")[::2] == (None, True)


@pytest.mark.parametrize(
    ("value", "sql_type", "naive"),
    [
        ("TIMESTAMP '2024-07-01 12:00'", "TIMESTAMP", True),
        ("TIMESTAMP '2024-07-01 12:00'", "TIMESTAMP_NS", True),
        ("TIMESTAMP '2024-07-01 12:00'", "TIMESTAMP_S", True),
        ("'2024-07-01 14:00+02'", "TIMESTAMP WITH TIME ZONE", False),
    ],
)
def test_typed_times(value, sql_type, naive):
    assert _type("time", value, sql_type) == (NOON, naive, False)


@pytest.mark.parametrize("sql_type", ["DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"])
def test_infinite_times_are_bad(sql_type):
    assert _type("time", "'infinity'", sql_type)[::2] == (None, True)


@pytest.mark.parametrize(
    ("value", "sql_type", "id_type", "out"),
    [
        ("'00123'", "VARCHAR", None, "00123"),
        ("'00123'", "VARCHAR", "BIGINT", 123),
        ("'123.0'", "VARCHAR", "BIGINT", 123),
        ("'12.7'", "VARCHAR", "BIGINT", None),
        ("'A1'", "VARCHAR", "BIGINT", None),
        ("'9007199254740993'", "VARCHAR", "BIGINT", 9007199254740993),
        ("123", "INTEGER", None, 123),
        ("123", "INTEGER", "VARCHAR", "123"),
        ("123.0", "DOUBLE", None, 123),
        ("123.0", "DOUBLE", "VARCHAR", "123"),
        ("123.5", "DOUBLE", None, None),
        ("'nan'", "DOUBLE", None, None),
        ("'inf'", "DOUBLE", None, None),
        ("123", "DECIMAL(18,0)", None, 123),
        ("18446744073709551615", "UBIGINT", None, 18446744073709551615),
        ("123", "HUGEINT", None, 123),
        ("1e30", "HUGEINT", None, None),
        ("' x '", "VARCHAR", None, " x "),
    ],
)
def test_ids(value, sql_type, id_type, out):
    assert _type("id", value, sql_type, id_type=id_type) == (out, False, out is None)


@pytest.mark.parametrize(
    ("value", "sql_type", "out"),
    [
        ("' 1.5 '", "VARCHAR", 1.5),
        ("'-1e300'", "VARCHAR", -1e300),
        ("'1e400'", "VARCHAR", None),
        ("'nan'", "VARCHAR", None),
        ("'inf'", "VARCHAR", None),
        ("'1,5'", "VARCHAR", None),
        ("'£5'", "VARCHAR", None),
        ("'nan'", "DOUBLE", None),
        ("'-inf'", "DOUBLE", None),
        ("1.25", "DECIMAL(9,2)", 1.25),
        ("7", "UTINYINT", 7.0),
    ],
)
def test_numbers(value, sql_type, out):
    assert _type("number", value, sql_type) == (out, False, out is None)


@pytest.mark.parametrize(
    ("value", "sql_type", "out"),
    [
        ("' Yes '", "VARCHAR", 1),
        ("'F'", "VARCHAR", 0),
        ("'maybe'", "VARCHAR", None),
        ("true", "BOOLEAN", 1),
        ("0", "INTEGER", 0),
        ("2", "INTEGER", None),
        ("'nan'", "DOUBLE", None),
    ],
)
def test_flags(value, sql_type, out):
    assert _type("flag", value, sql_type) == (out, False, out is None)


def test_a_numeric_key_or_text_becomes_text():
    assert _type("key", "7.0", "DOUBLE")[0] == "7"
    assert _type("key", "7", "BIGINT")[0] == "7"
    assert _type("text", "7", "BIGINT")[0] == "7"


@pytest.mark.parametrize(
    ("kind", "sql_type", "allowed"),
    [
        ("time", "BIGINT", "a date, a timestamp, or text such as 2024-05-31 14:00"),
        ("time", "TIME", "a date, a timestamp, or text such as 2024-05-31 14:00"),
        ("number", "BOOLEAN", "a numeric column"),
        ("flag", "DATE", "true/false, yes/no or 1/0"),
        ("id", "TIMESTAMP", "an integer or text column"),
        ("id", "BLOB", "an integer or text column"),
        ("id", "VARCHAR[]", "an integer or text column"),
        ("text", "DECIMAL(9,2)[]", "an integer or text column"),
        ("number", "DECIMAL(9,2)", None),
        ("id", "ENUM('a', 'b')", None),
    ],
)
def test_misfit(kind, sql_type, allowed):
    assert misfit(Field("f", kind, True, ""), sql_type) == allowed


def test_words_for_bad_values():
    assert bad_message(Field("f", "time", True, ""), "%d/%m") == "`f` is not a time of the form %d/%m"
    assert bad_message(Field("f", "time", True, ""), None).endswith("; set time_format")
    assert bad_message(Field("f", "number", True, ""), None) == "`f` is not a finite number"
    assert bad_message(Field("f", "flag", True, ""), None) == "`f` is not true/false, yes/no or 1/0"
    assert "a whole number or text" in bad_message(Field("f", "id", True, ""), None)


def test_quoting():
    assert quote_name('a"b') == '"a""b"'
    assert quote_text("a'b") == "'a''b'"
    assert duckdb.sql(f"SELECT {quote_text(chr(39))} AS {quote_name('x y')}").fetchall() == [("'",)]
