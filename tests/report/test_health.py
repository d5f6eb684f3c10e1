import json

import pytest

import churn
from churn.report.health import health
from tests.report.chart_data import HOSTILE


def summary(name="orders", read=100, used=90, last="2025-03-01 10:00"):
    return {
        "table": name,
        "rows_read": read,
        "rows_used": used,
        "customers": 5,
        "first": "2024-01-01 00:00",
        "last": last,
    }


def finding(**more):
    return {
        "table": "orders",
        "code": "c",
        "action": "set aside",
        "rows": 10,
        "message": "no date",
        "examples": [],
    } | more


def checks(tables=None, findings=(), **more):
    tables = [summary()] if tables is None else tables
    aside = sum(f["rows"] for f in findings if f["action"] == "set aside")
    return {
        "name": "x",
        "usable": True,
        "rows_set_aside": aside,
        "tables": tables,
        "findings": list(findings),
    } | more


def test_rows_used_and_set_aside_are_told_per_table():
    found = health(checks(findings=[finding()]), "2025-03-02")
    assert found.words == ("10 of 100 rows were set aside.",)
    assert found.tables.rows[0][1:5] == ("100", "90", "10", "5")
    assert found.findings.rows == (("set aside", "orders", "10", "10.0 %", "no date", ""),)


def test_rows_of_an_input_are_no_share_of_the_tables_rows():
    lines = finding(table="input lines", rows=5000)
    assert health(checks(findings=[lines])).words == (
        "5,000 rows of the inputs were set aside by the rules of the configuration, before the tables were made.",
    )
    both = health(checks(findings=[lines, finding()])).words
    assert both[0] == "10 of 100 rows were set aside."
    assert both[1].startswith("5,000 rows of the inputs")


def test_nothing_set_aside_is_said():
    found = health(checks())
    assert found.words == ("No row was set aside.",)
    assert found.findings is None


def test_data_that_cannot_be_used_say_so_first_and_errors_come_first():
    findings = [finding(action="note", rows=0), finding(), finding(action="error", message="no orders")]
    found = health(checks(findings=findings, usable=False))
    assert found.words[0].startswith("The data cannot be used")
    assert [r[0] for r in found.findings.rows] == ["cannot be used", "set aside", "to know"]
    assert found.findings.rows[2][2:4] == ("", "")


@pytest.mark.parametrize(
    ("last", "words", "old"),
    [
        ("2025-03-10 00:00", "less than a day before", False),
        ("2025-03-10 00:01", "goes on after it", False),
        ("2025-03-08 23:59", "1 day before", False),
        ("2025-03-03 00:01", "6 days before", False),
        ("2025-03-03 00:00", "7 days before", True),
        (None, "", False),
    ],
)
def test_the_age_of_a_table_is_told_from_the_cutoff(last, words, old):
    found = health(checks([summary(last=last)]), "2025-03-10")
    assert found.tables.rows[0][-1] == words
    assert any("7 days or more" in w for w in found.words) is old


def test_of_example_rows_only_ids_are_shown():
    row = {
        "Customer ID": 17,
        "order_id": "A-1",
        "email": "ann@example.org",
        "name": "Ann Smith",
        "customer_name": "Ann Smith",
        "phone": "0123",
        "amount": None,
        "Customer": "bob@example.org",
    }
    found = health(checks(findings=[finding(examples=[row, row])]))
    assert found.findings.rows[0][-1] == "Customer ID 17, order_id A-1"
    assert "Ann" not in json.dumps(found.findings.rows)


def test_hostile_ids_are_cut_and_lose_line_breaks():
    found = health(checks(findings=[finding(examples=[{"customer": HOSTILE + "\n" + "x" * 10_000}])]))
    assert len(found.findings.rows[0][-1]) < 60
    assert "\u202e" not in found.findings.rows[0][-1]


def test_without_checks_there_is_nothing_to_tell():
    assert health(None) is None
    assert health({}) is None


def test_what_a_real_check_says_is_told():
    shop = churn.make_shop(customers=30, seed=1)
    orders = shop.orders.copy()
    orders.loc[:4, "customer"] = None
    made = churn.make_history(orders, timezone="UTC")
    found = health(made.checks.to_dict(), made.date(made.closing))
    assert found.words[0] == f"5 of {len(orders):,} rows were set aside."
    assert "customer" in found.findings.rows[0][4]
    assert found.tables.numbers == frozenset({1, 2, 3, 4})
