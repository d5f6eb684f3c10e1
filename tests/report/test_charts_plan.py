"""The pictures of a plan: days, reasons, tables, and what is not there."""

import pandas as pd

from churn.report import charts_plan as charts


def contacts(days, channels):
    return pd.DataFrame({"day": days, "channel": channels})


def test_days_without_a_contact_stay_in_the_picture_and_out_of_the_data():
    chart = charts.calendar(contacts(["2026-01-05", "2026-01-05", "2026-01-08"], ["email", "phone", "email"]))
    assert chart.columns == ("day", "email", "phone")
    assert chart.rows == (("2026-01-05", "1", "1"), ("2026-01-08", "1", "0"))
    assert chart.caption == "3 contacts; most, 2, on 2026-01-05."


def test_long_plans_are_drawn_by_week_and_many_channels_put_together():
    days = [f"{d:%Y-%m-%d}" for d in pd.date_range("2026-01-05", periods=140)]
    chart = charts.calendar(contacts(days, [f"<{i % 7}>" for i in range(140)]))
    assert chart.columns[0] == "week of"
    assert chart.columns[-1] == "other channels"
    assert len(chart.rows) == 20
    assert sum(int(c) for row in chart.rows for c in row[1:]) == 140
    assert charts.calendar(contacts([], [])) is None


def test_reasons_are_sorted_and_the_chosen_are_no_reason():
    plan = {
        "why": {"chosen": 9, "no-consent": 3, "budget": 7},
        "why_means": {"budget": "the budget goes to others"},
    }
    chart = charts.out_of(plan)
    assert chart.rows == (("budget", "7", "the budget goes to others"), ("no-consent", "3", ""))
    assert charts.out_of({"why": {"chosen": 9}}) is None


def test_tables_tell_spreads_limits_and_where_chances_come_from():
    actions = charts.actions(
        {
            "currency": "£",
            "by_action": [{"action": "call", "treated": 3, "cost": {"mean": 18, "low": 18, "high": 18}}],
        }
    )
    assert actions.rows[0][:3] == ("call", "", "3")
    assert actions.rows[0][5] == "£18.00"
    limits = charts.limits(
        {
            "limits": [{"what": "budget", "limit": 100.0, "used": 99.5}],
            "prices": [{"said": "100 more bring 3"}],
        }
    )
    assert limits.rows == (("budget", "100", "99.50", ""),)
    assert limits.caption == "100 more bring 3."
    told = charts.assumptions({"effects": [{"action": "call", "save_chance": 0.2, "said": "assumed"}]})
    assert told.rows == (("call", "20.0 %", "0.0 %", "assumed"),)
    assert [f({}) for f in (charts.actions, charts.limits, charts.assumptions)] == [None] * 3
