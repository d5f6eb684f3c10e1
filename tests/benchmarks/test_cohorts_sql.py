"""The cohorts and purchases of Online Retail II, as queries say them that know nothing of the package."""

import pytest

from benchmarks.cohorts_sql import by_package, by_query, differences


def test_every_cell_of_the_triangle_and_every_month_is_what_sql_says(
    retail_data, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CHURN_DATA", str(retail_data))
    cells, months = by_query(retail_data / "online_retail_II.parquet")
    my_cells, my_months = by_package()
    assert differences(cells, my_cells) == []
    assert differences(months, my_months) == []
    assert (len(cells), len(months)) == (25 * 26 // 2, 25)
    assert cells[1] == ("2009-12-01", "2010-01-01", 955, 955, 337)
    assert (
        sum(row[-1] is not None for row in my_months) == 18
    )  # rates are told where both months are complete


def test_a_difference_is_seen():
    assert differences([("a", 1, 2)], [("a", 1, None)]) == []
    assert differences([("a", 1)], [("a", 2)]) == ["('a', 1) by the query, ('a', 2) by the package"]
    assert len(differences([("a", 1)], [])) == 1
