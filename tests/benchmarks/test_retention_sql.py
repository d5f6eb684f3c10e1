"""The retention of every month of Online Retail II, as a query says it that knows nothing of the package."""

import pytest

from benchmarks.retention_sql import COLUMNS, by_package, by_query


def test_every_month_and_flow_is_what_sql_says(retail_data, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHURN_DATA", str(retail_data))
    theirs = by_query(retail_data / "online_retail_II.parquet")
    assert by_package() == theirs
    assert len(theirs) == 19
    first = dict(zip(COLUMNS, theirs[0], strict=True))
    assert (first["month"], first["S"], first["E"], first["reactivated"]) == ("2010-06-01", 2669, 2757, 5)
