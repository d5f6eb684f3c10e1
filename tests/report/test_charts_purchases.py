import pytest

import churn
from churn.display import format_percent
from churn.report.charts_purchases import lifetime, purchases, recurring, surveys
from tests.report.chart_data import parsed, texts


def bought(start, net=1000.0, **more):
    return {
        "period_start": start,
        "period_end": start,
        "running": False,
        "so_far": None,
        "orders": 20,
        "buyers": 10,
        "repeat_rate": 0.5,
        "repeat_low": 0.24,
        "repeat_high": 0.76,
        "gross_revenue": net + 10,
        "returns": 10.0,
        "net_revenue": net,
        "mean_order_value": 52.5,
        "orders_per_buyer": 2.0,
        "gross_revenue_retention": None,
        "net_revenue_retention": 1.1,
    } | more


def asked(start, **more):
    return {"period_start": start, "running": False, "promoters": 5, "passives": 3, "detractors": 2} | more


FOUND = {
    "every": "month",
    "periods": [
        bought("2025-01-01"),
        bought("2025-02-01", 2000.0, running=True, so_far="2025-02-10", repeat_rate=None),
    ],
    "lifetime": {
        "pooled": [
            {"age": 0, "cohorts": 2, "customers": 50, "mean": 20.0, "value": 20.0},
            {"age": 1, "cohorts": 1, "customers": 30, "mean": 100.0, "value": 120.0},
        ]
    },
    "recurring": [
        {
            "period_start": "2025-01-01",
            "running": False,
            **{
                f"mrr_{n}": v
                for n, v in zip(("start", "lost", "less", "more", "new", "end"), range(6), strict=True)
            },
            "gross_retention": 0.9,
            "net_retention": 1.05,
        }
    ],
    "answers": {
        "periods": [asked("2025-01-01", nps=0.3, nps_low=0.1, nps_high=0.5), asked("2025-02-01", nps=None)],
        "notes": [],
    },
}


def test_purchases_are_told_by_period_and_a_running_one_is_marked():
    chart = purchases(FOUND, "£")
    parsed(chart)
    assert chart.rows == (
        (
            "2025-01-01",
            "20",
            "10",
            "50.0 % [24.0 %, 76.0 %]",
            "£1,010",
            "£10.00",
            "£1,000",
            "£52.50",
            "2.00",
            "",
            "110.0 %",
            "",
        ),
        (
            "2025-02-01",
            *("20", "10", "", "£2,010", "£10.00", "£2,000", "£52.50", "2.00", "", "110.0 %"),
            "running, up to 2025-02-10",
        ),
    )
    assert "net counts what some order more, gross does not" in chart.caption
    assert "revenue less returns" in texts(chart)


def test_a_period_at_the_beginning_says_what_is_not_known_there():
    found = FOUND | {"periods": [bought("2025-01-01", beginning=True, running=True)]}
    assert purchases(found).rows[0][-1] == "who had bought before is not known, running"


def test_a_repeat_rate_at_the_beginning_and_revenue_of_a_part_are_told_and_not_drawn():
    first = bought("2025-01-01", 100.0, beginning=True, partial=True)
    chart = purchases(FOUND | {"periods": [first]}, "£")
    assert texts(chart).count("not known") == 3  # the repeat rate, the revenue, and what is kept gross
    assert chart.rows[0][3] == "50.0 % [24.0 %, 76.0 %]"
    assert chart.rows[0][6] == "£100"
    assert chart.rows[0][-1] == "who had bought before is not known, a part: the data begin after it does"


def test_the_figures_of_a_night_have_the_keys_that_are_drawn(history, definition):
    told = churn.purchases(history, definition).to_dict()
    chart = purchases(told)
    last = told["periods"][-2]
    low, high = format_percent(last["repeat_low"]), format_percent(last["repeat_high"])
    assert chart.rows[-2][3] == f"{format_percent(last['repeat_rate'])} [{low}, {high}]"
    assert told["periods"][0]["beginning"]
    assert "who had bought before is not known" in chart.rows[0][-1]


def test_revenue_in_no_cohort_is_said_beside_the_lifetime_value():
    assert "in no cohort" not in lifetime(FOUND).caption
    found = FOUND | {"lifetime": FOUND["lifetime"] | {"unseen_revenue": 1234.0}}
    assert lifetime(found, "£").caption.endswith(
        "£1,234 are of customers who were never active, and in no cohort."
    )


def test_a_figure_that_is_nowhere_known_says_so():
    assert "not known" in texts(purchases(FOUND))


def test_lifetime_value_adds_up_to_its_last_age():
    chart = lifetime(FOUND, "£")
    assert "£120" in texts(chart)
    assert chart.rows[-1] == ("1", "1", "30", "£100", "£120")


def test_recurring_revenue_tells_its_flow():
    chart = recurring(FOUND, "£")
    parsed(chart)
    assert chart.rows[0][-3:] == ("90.0 %", "105.0 %", "")
    assert chart.columns[1:7] == ("start", "lost", "less", "more", "new", "end")


def test_only_surveys_that_are_given_are_drawn():
    chart = surveys(FOUND)
    assert chart.title == "NPS"
    assert chart.rows[0][4] == "+30 [+10, +50]"
    assert chart.rows[1][4] == ""
    both = FOUND | {
        "answers": {"periods": [asked("2025-01-01", nps=0.3, csat=0.9, csat_low=0.8, csat_high=0.95)]}
    }
    assert surveys(both).title == "NPS and CSAT"
    assert surveys(both).rows[0][7] == "90 % [80 %, 95 %]"
    parsed(surveys(both))


@pytest.mark.parametrize("draw", [purchases, lifetime, recurring, surveys])
@pytest.mark.parametrize(
    "nothing", [None, {}, {"periods": [], "recurring": None, "answers": None, "lifetime": None}]
)
def test_what_is_not_there_is_not_drawn(draw, nothing):
    assert draw(nothing) is None


def test_a_figure_that_never_moves_is_told_and_not_drawn():
    months = [f"2025-0{i}-01" for i in range(1, 6)]
    still = {"net_revenue_retention": 0.0, "gross_revenue_retention": 0.0}
    chart = purchases(
        {"every": "month", "periods": [bought(m, 100.0 * i, **still) for i, m in enumerate(months)]}
    )
    said = texts(chart)
    assert "revenue less returns" in said
    assert "orders per buyer" not in said
    assert "orders per buyer 2.00" in chart.caption
    assert "Revenue kept" not in chart.caption
    assert "Hollow" not in chart.caption


def test_where_no_figure_moves_all_are_drawn():
    chart = purchases({"every": "month", "periods": [bought(f"2025-0{i}-01") for i in range(1, 6)]})
    assert "revenue less returns" in texts(chart)
    assert "not drawn" not in chart.caption
