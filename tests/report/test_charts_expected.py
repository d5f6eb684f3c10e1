from churn.report.charts_expected import expected_and_actual
from tests.report.chart_data import parsed


def test_expected_stands_beside_actual_where_it_is_known():
    nights = [
        {"as_of": "2025-01-01", "expected": 0.9, "low": 0.85, "high": 0.95, "actual": 0.88},
        {"as_of": "2025-02-01", "expected": 0.91, "low": None, "high": None, "actual": None},
    ]
    chart = expected_and_actual(nights)
    assert chart.rows == (
        ("2025-01-01", "90.0 %", "85.0 % to 95.0 %", "88.0 %"),
        ("2025-02-01", "91.0 %", "", "not known yet"),
    )
    assert "1 of 2 nights" in parsed(chart).find("desc").text
    parsed(expected_and_actual(nights[1:]))


def test_without_nights_nothing_is_expected():
    assert expected_and_actual(None) is None
    assert expected_and_actual([{"as_of": "2025-01-01", "expected": None}]) is None
