import pytest

from churn.report.charts_list import drivers, stages
from tests.report.chart_data import HOSTILE, parsed, texts


def story(name, customers, first=1, text="x"):
    return {
        "story": name,
        "family": "service",
        "customers": customers,
        "share": customers / 100,
        "first": first,
        "mean_push": 0.4,
        "odds_factor": 1.5,
        "value_at_stake": 1000.0,
        "examples": [{"customer": "A", "text": text}],
    }


def test_drivers_are_told_with_share_odds_value_and_an_example():
    chart = drivers(
        {"listed": 100, "up": [story("support", 40, text=HOSTILE), story("segment:country", 20)]}, "£"
    )
    assert [r[:6] for r in chart.rows] == [
        ("support", "40", "40 %", "1", "1.50", "£1,000"),
        ("segment:country", "20", "20 %", "1", "1.50", "£1,000"),
    ]
    assert chart.rows[0][6] == HOSTILE
    assert {"40 %, odds x 1.5", "segment: country"} <= set(texts(chart))
    assert "not causes" in chart.caption


def test_many_drivers_are_all_in_the_data_and_ten_are_drawn():
    chart = drivers({"listed": 100, "up": [story(f"s{i}", 40 - i) for i in range(14)]})
    assert len(chart.rows) == 14
    assert sum(t.startswith("s") and t[1:].isdigit() for t in texts(chart)) == 10


@pytest.mark.parametrize("nothing", [None, {}, {"listed": 0, "up": []}])
def test_without_reasons_there_is_no_picture(nothing):
    assert drivers(nothing) is None


def test_stages_are_told_with_their_rule():
    chart = stages({"new": 10, "active": 30, "lapsed": 0}, {"new": "first order in the period"})
    assert chart.rows == (
        ("new", "10", "25.0 %", "first order in the period"),
        ("active", "30", "75.0 %", ""),
        ("lapsed", "0", "0.0 %", ""),
    )
    assert {"new", "active", "lapsed"} <= set(texts(chart))


@pytest.mark.parametrize("nothing", [None, {}, {"new": 0}])
def test_without_customers_there_are_no_stages(nothing):
    assert stages(nothing) is None


def test_a_stage_of_another_name_is_drawn_too():
    parsed(stages({HOSTILE: 3}))
