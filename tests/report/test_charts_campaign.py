"""The pictures of a measurement: what they are drawn from, hostile names, and what is not there."""

import numpy as np

from churn.campaigns.measurement.assess import assess
from churn.report import charts_campaign as charts
from tests.campaigns.campaign_data import a_policy, evidence
from tests.campaigns.measurement.test_assess import PLAN
from tests.report.conftest import HOSTILE


def measured(**more):
    return assess(a_policy(), evidence(plan=PLAN, **more)).to_dict()


def test_the_effects_have_a_row_for_each_comparison():
    found = measured()
    chart = charts.effects(found)
    assert [r[0] for r in chart.rows][:2] == ["all, adjusted", "all, plain"]
    assert len(chart.rows) == 2 + len(found["by_action"]) + len(found["by_segment"])
    assert found["multiplicity"] in chart.caption
    assert chart.rows[0][3].startswith("+")


def test_hostile_values_of_segments_are_texts():
    given = evidence()
    customers = given.assignments.assign(risk_band=np.resize(HOSTILE, 500))
    chart = charts.effects(assess(a_policy(), evidence(assignments=customers)).to_dict())
    for bad in ("<script>", "<img", "onerror=alert(1)>"):
        assert bad not in chart.svg


def test_early_the_interval_that_holds_at_every_look_is_drawn():
    found = measured() | {"status": "interim", "by_action": [], "by_segment": []}
    chart = charts.effects(found)
    main = found["effects"][0]
    assert chart.rows[0][4] == charts.format_measure(
        "retained", main["always_valid"]["low"], signed=True
    ) + " to " + (charts.format_measure("retained", main["always_valid"]["high"], signed=True))
    assert "hold at every look" in chart.caption


def test_every_measure_stands_in_the_table_with_its_total():
    chart = charts.measures(measured())
    assert chart.svg == ""
    assert chart.rows[0][0] == "customers kept, adjusted (main)"
    assert "EUR" in chart.rows[4][6]


def test_the_days_of_both_arms():
    chart = charts.days(measured())
    assert chart.columns == ("day", "contacted as planned", "held out")
    assert [r[0] for r in chart.rows] == ["10", "20", "30", "40", "50", "60"]
    assert charts.days({"curve": {"days": [1], "kept": {"treated": [0.1]}}}) is None
    assert charts.days({"curve": {"days": [1, 2], "kept": {"treated": [0.1, None], "holdout": [None, None]}}})


def test_the_forecast_beside_what_came():
    chart = charts.forecast(measured())
    assert [r[0] for r in chart.rows] == ["contacts", "cost", "customers kept"]
    assert chart.rows[0][1:4] == ("400", "400 to 400", "400")


def test_nothing_measured_draws_nothing():
    empty = {"status": "not enough data", "effects": [], "curve": {}, "forecast": []}
    assert [f(empty) for f in (charts.effects, charts.measures, charts.days, charts.forecast)] == [None] * 4
