from itertools import pairwise

import pytest

from churn.report.charts_retention import by_group, expected_interval, flow, trend
from tests.report.chart_data import HOSTILE, parsed, period, texts


def test_the_flow_tells_every_number_and_its_data_reconcile():
    chart = flow(period("2025-01-01"))
    said = " ".join(texts(chart))
    for words in ("S 100", "E 100", "10 lost", "6 new", "4 reactivated", "90 retained = 90.0 % of S"):
        assert words in said
    told = dict(chart.rows)
    s, lost, new, back, e = (
        int(told[k]) for k in ("S, active at the start", "lost", "new", "reactivated", "E, active at the end")
    )
    assert s - lost + new + back == e


@pytest.mark.parametrize(
    "given",
    [
        period("2025-01-01", s=0, rate=0.0),
        period("2025-01-01", rate=1.0),
        {"S": 0, "E": 0, "retained": 0, "lost": 0, "new": 0, "reactivated": 0},
        {"S": 5, "E": 0, "retained": 0, "lost": 5, "new": None, "reactivated": None, "retention_rate": 0.0},
    ],
)
def test_a_flow_of_nobody_or_with_nobody_lost_is_drawn(given):
    chart = flow(given)
    parsed(chart)
    if not given["S"]:
        assert ("retention rate", "no rate") in chart.rows
        assert "% of S" not in chart.svg


def series(n=30, **more):
    months = [f"20{20 + i // 12}-{i % 12 + 1:02d}-01" for i in range(n)]
    return {"every": "month", "periods": [period(m, 0.8 + i / 1000) for i, m in enumerate(months)], **more}


def test_the_trend_has_all_periods_in_its_data_and_the_expected_one():
    outlook = {
        "expected_retention_rate": 0.875,
        "expected_retention_rate_low": 0.85,
        "expected_retention_rate_high": 0.9,
    }
    chart = trend(series(), outlook)
    assert len(chart.rows) == 31
    assert chart.rows[-1][-3:] == ("87.5 %", "85.0 % to 90.0 %", "forecast")
    said = texts(chart)
    assert "next" in said
    assert "87.5 %" in said
    assert "Diamond" in chart.caption


def test_the_trend_of_horizons_names_their_length_and_compares_like_with_like():
    ends = ["2025-01-01", "2025-03-02", "2025-05-01"]
    periods = [period(a) | {"period_end": b} for a, b in pairwise(ends)]
    chart = trend({"every": "rolling", "periods": periods}, {"expected_retention_rate": 0.875})
    assert chart.title == "Retention, 60 days at a time"
    assert chart.caption.endswith("what the model expects of the coming 60 days.")
    assert "Hollow" not in chart.caption  # nothing is


def test_the_trend_without_a_forecast_says_nothing_of_one():
    chart = trend(series(3))
    assert "next" not in texts(chart)
    assert "Diamond" not in chart.caption
    assert [r[0] for r in chart.rows] == ["2020-01-01", "2020-02-01", "2020-03-01"]


def test_a_running_period_and_one_of_few_customers_are_marked_and_not_part_of_the_line():
    data = series(3)
    data["periods"][1] |= {"small": True}
    data["periods"][2] |= {"running": True, "so_far": "2020-03-15"}
    chart = trend(data)
    assert [r[-1] for r in chart.rows] == ["", "too few customers", "running, up to 2020-03-15"]
    assert chart.svg.count("fill: var(--surface)") >= 2
    assert "in that from 2020-02-01" in parsed(chart).find("desc").text


def test_a_period_without_a_rate_is_told_and_not_drawn_as_zero():
    data = series(3)
    data["periods"][1] = period("2020-02-01", s=0, rate=0.0)
    chart = trend(data)
    assert chart.rows[1][-3] == "no rate"
    assert "0 %" not in texts(chart)


@pytest.mark.parametrize("nothing", [None, {}, {"periods": []}])
def test_without_periods_there_is_no_trend(nothing):
    assert trend(nothing) is None
    assert by_group(nothing) is None


def test_one_period_alone_is_drawn():
    parsed(trend(series(1)))


@pytest.mark.parametrize(
    ("outlook", "interval"),
    [
        ({}, (None, None)),
        ({"expected_retention_rate_low": 0.1, "expected_retention_rate_high": 0.3}, (0.1, 0.3)),
        ({"expected_retention_rate_low": None, "expected_retention_rate_high": None}, (None, None)),
    ],
)
def test_the_interval_of_the_expected_rate_is_found(outlook, interval):
    assert expected_interval(outlook) == interval


def test_groups_are_shown_at_the_last_whole_period_beside_all():
    data = series(3, by="country")
    data["periods"][2]["running"] = True
    data["groups"] = {
        HOSTILE: [period("a", 0.1), period("b", 0.7, 50), period("c", 0.2)],
        "FR": [period("a", 0.1), period("b", 0.6, 10, small=True), period("c", 0.2)],
        "nobody": [period("a"), period("b", s=0, rate=0.0), period("c")],
    }
    chart = by_group(data)
    assert [(r[0], r[2], r[7], r[9]) for r in chart.rows] == [
        (HOSTILE, "50", "70.0 %", ""),
        ("FR", "10", "60.0 %", "too few customers"),
        ("nobody", "0", "no rate", ""),
        ("all", "100", "80.0 %", ""),
    ]
    said = texts(chart)
    assert "FR (10)" in said
    assert not any("nobody" in t for t in said)
    assert "1 more group is in the data below." in chart.caption


def test_no_more_than_twelve_groups_are_drawn_and_all_are_in_the_data():
    data = series(1, by="country", groups={f"g{i}": [period("a")] for i in range(15)})
    chart = by_group(data)
    assert sum(t.startswith("g") for t in texts(chart)) == 12
    assert len(chart.rows) == 16


def test_what_a_series_leaves_out_stands_below_it():
    said = "Left out: 6 at the beginning, before 180 days of history had passed."
    assert trend(series(left_out=said)).caption.endswith(f" {said}")
    assert "Left out" not in trend(series(left_out="")).caption
