from __future__ import annotations

import json

from churn.data.checks import Finding
from churn.data.ingest_report import IngestReport, TableNews


def test_a_run_without_news_says_what_the_log_holds():
    report = IngestReport("log", rows={"orders": 1234567, "tickets": 8}, customers=4321)
    assert not report.changed
    assert str(report) == (
        "Nothing is new. The log in log holds 1,234,567 orders, 8 tickets of 4,321 customers."
    )


def test_one_file_is_not_files():
    tables = {"orders": TableNews(read=1)}
    assert str(IngestReport("log", ("a",), tables, seconds=1.26)).startswith("Read 1 file in 1.3 s.\n")
    assert str(IngestReport("log", ("a", "b"), tables)).startswith("Read 2 files in 0.0 s.\n")
    assert str(IngestReport("log", (), tables)).startswith("Read 0 files in ")


def test_each_count_stands_in_its_column():
    text = str(IngestReport("log", ("a",), {"orders": TableNews(5000, 4, 3, 2, 1)}))
    head, row = (next(x for x in text.splitlines() if word in x) for word in ("rows read", "5,000"))
    assert row.split() == ["orders", "5,000", "4", "3", "2", "1"]
    assert head.split() == ["table", "rows", "read", "new", "corrected", "late", "set", "aside"]
    assert head.index("corrected") + len("corrected") == row.index("3") + 1


def test_findings_are_told_and_everything_is_plain_for_json():
    finding = Finding(
        "orders", "null-customer", "set aside", 2, "the customer is missing", ({"amount": 1.0},)
    )
    report = IngestReport(
        "log", ("a",), {"orders": TableNews(2)}, {"orders": 0}, findings=(finding,), seconds=1 / 3
    )
    assert "the customer is missing" in str(report)
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["changed"] is True
    assert plain["seconds"] == 0.333
    assert plain["tables"]["orders"] == {"read": 2, "new": 0, "corrected": 0, "late": 0, "set_aside": 0}
    assert plain["findings"][0]["code"] == "null-customer"
