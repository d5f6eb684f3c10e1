from __future__ import annotations

import datetime as dt
import decimal
import json

import pytest

from churn.data.checks import CheckReport, Finding, TableSummary, example_text, make_examples


@pytest.fixture
def report() -> CheckReport:
    tables = (TableSummary("orders", 1200, 1190, 300, "2024-01-01 00:00", "2024-02-01 10:30"),)
    findings = (
        Finding("orders", "null-customer", "set aside", 1, "`customer` is empty", ({"id": None, "x": "é"},)),
        Finding("input lines", "set-aside-rule", "set aside", 9, "test rows"),
        Finding("orders", "dst-time", "note", 2, "an unclear hour"),
    )
    return CheckReport("shop", tables, findings)


def test_the_report_reads_well(report):
    assert str(report) == (
        "Data check of shop: usable\n"
        "\n"
        "table   rows read   used  customers  first (UTC)       last (UTC)\n"
        "orders      1,200  1,190        300  2024-01-01 00:00  2024-02-01 10:30\n"
        "\n"
        "Set aside, not used:\n"
        "  orders: 1 row: `customer` is empty [null-customer]\n"
        '      e.g. id=(empty), x="é"\n'
        "  input lines: 9 rows: test rows [set-aside-rule]\n"
        "\n"
        "To know:\n"
        "  orders: 2 rows: an unclear hour [dst-time]"
    )


def test_an_error_makes_it_unusable_and_comes_first(report):
    bad = Finding("tickets", "missing-column", "error", 0, "no such column")
    broken = CheckReport("shop", report.tables, (*report.findings, bad))
    assert (report.usable, broken.usable) == (True, False)
    lines = str(broken).splitlines()
    assert lines[0] == "Data check of shop: CANNOT BE USED"
    assert lines.index("Errors:") < lines.index("Set aside, not used:")
    assert "  tickets: no such column [missing-column]" in lines


def test_an_empty_report():
    assert str(CheckReport("shop")) == "Data check of shop: usable\n\nNothing was set aside."


def test_for_scripts(report):
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert (plain["usable"], plain["rows_set_aside"]) == (True, 10)
    assert plain["tables"][0]["rows_used"] == 1190
    assert plain["findings"][0]["examples"] == [{"id": None, "x": "é"}]


def test_at_most_three_examples_of_plain_values():
    rows = [{"a": i} for i in range(5)]
    assert make_examples(rows) == ({"a": 0}, {"a": 1}, {"a": 2})
    values = {
        "time": dt.datetime(2024, 1, 1, 10, 0, 0, 5, tzinfo=dt.UTC),
        "day": dt.date(2024, 1, 1),
        "nan": float("nan"),
        "inf": float("-inf"),
        "number": 1.5,
        "flag": True,
        "none": None,
        "decimal": decimal.Decimal("1.50"),
        "bytes": b"x",
    }
    (plain,) = make_examples([values])
    assert plain == {
        "time": "2024-01-01 10:00:00+00:00",
        "day": "2024-01-01",
        "nan": "nan",
        "inf": "-inf",
        "number": 1.5,
        "flag": True,
        "none": None,
        "decimal": "1.50",
        "bytes": "b'x'",
    }
    json.dumps(plain, allow_nan=False)


def test_example_text():
    assert example_text({"id": '0"1', "x": None, "y": 2.5}) == 'id="0\\"1", x=(empty), y=2.5'
