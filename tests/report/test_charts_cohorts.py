import pytest

from churn.report.charts_cohorts import curve, survival, survival_curves, triangle
from tests.report.chart_data import HOSTILE, texts


def entry(name, size, active, *, running=False, small=False):
    open_ = [False] * len(active)
    open_[-1] = running
    rate = [None if o or not size else a / size for a, o in zip(active, open_, strict=True)]
    return {
        "cohort": name,
        "customers": size,
        "small": small,
        "active": active,
        "ordered": active,
        "rate": rate,
        "low": rate,
        "high": rate,
        "running": open_,
    }


COHORTS = {
    "every": "month",
    "measure": "active",
    "notes": ["A note."],
    "before": entry("earlier", 500, [400, 300, 200]),
    "cohorts": [
        entry("2025-01-01", 50, [50, 40, 30], running=True),
        entry("2025-02-01", 0, [0, 0], running=True),
        entry("2025-03-01", 10, [9], running=True, small=True),
    ],
    "curve": [
        {
            "age": a,
            "cohorts": 2,
            "customers": 60,
            "retained": r,
            "rate": r / 60,
            "low": r / 70,
            "high": r / 50,
        }
        for a, r in enumerate([50, 40])
    ],
}


def test_the_triangle_has_shares_in_its_cells_and_a_running_period_in_brackets():
    chart = triangle(COHORTS)
    said = texts(chart)
    assert {"100", "80", "(60)", "(90)"} <= set(said)
    assert "~ 2025-03  (10)" in said
    assert "all, pooled" in said
    assert chart.wide


def test_the_data_have_every_cohort_also_one_of_nobody_and_those_from_before():
    chart = triangle(COHORTS)
    assert chart.rows == (
        ("earlier", "500", "80.0 %", "60.0 %", "40.0 %"),
        ("2025-01-01", "50", "100.0 %", "80.0 %", "(60.0 % so far)"),
        ("2025-02-01", "0", "no rate", "no rate", ""),
        ("2025-03-01", "10 (few)", "(90.0 % so far)", "", ""),
    )
    assert chart.caption == "A note."


def test_a_running_cell_has_no_colour_as_it_is_no_drop():
    only = COHORTS | {"cohorts": COHORTS["cohorts"][2:], "curve": []}
    assert "--heat" not in triangle(only).svg
    assert "--heat" in triangle(COHORTS).svg


def test_long_triangles_are_cut_and_say_so():
    many = [entry(f"{2000 + i}-01-01", 10, [10] * (40 - i)) for i in range(40)]
    chart = triangle(COHORTS | {"cohorts": many})
    assert len(chart.rows) == 41
    assert "The 24 newest cohorts are drawn" in chart.caption
    assert sum(t.endswith("(10)") and t[:4].isdigit() for t in texts(chart)) == 24


def test_the_pooled_curve_is_drawn_with_its_counts():
    chart = curve(COHORTS)
    assert chart.rows[1] == ("1", "2", "60", "40", "66.7 %", "57.1 % to 80.0 %")
    assert "67 %" in texts(chart)


@pytest.mark.parametrize("draw", [triangle, curve, survival])
@pytest.mark.parametrize("nothing", [None, {}, {"cohorts": [], "curve": [], "total": None, "groups": {}}])
def test_what_is_not_there_is_not_drawn(draw, nothing):
    assert draw(nothing) is None


def km(**more):
    return {
        "customers": 50,
        "days": [0, 10, 20],
        "share": [1.0, 0.8, 0.5],
        "low": [None, 0.7, 0.4],
        "high": [None, 0.9, 0.6],
        "at_risk": [50, 40, 20],
        **more,
    }


def test_survival_of_all_has_a_band_and_its_figures():
    chart = survival({"total": km(), "groups": {}, "notes": ["Lost at the instant."]})
    assert chart.rows[1] == ("all", "10", "80.0 %", "70.0 % to 90.0 %", "40")
    assert chart.rows[0] == ("all", "0", "100.0 %", "", "50")
    assert "50 %" in texts(chart)
    assert chart.caption == "Lost at the instant."


def test_the_tail_of_few_customers_is_in_the_data_and_not_in_the_picture():
    whole, cut = (survival({"total": km(known_days=d), "groups": {}}) for d in (20, 10))
    assert (len(whole.rows), len(cut.rows)) == (3, 3)
    assert "50 %" in texts(whole)
    assert "80 %" in texts(cut)
    found = {"total": km(), "groups": {"DE": km(known_days=20), "FR": km(known_days=0)}}
    assert "DE" in texts(survival(found))
    assert "FR" not in texts(survival(found))
    assert {r[0] for r in survival(found).rows} == {"DE", "FR"}


def test_survival_of_groups_is_told_by_name_and_empty_ones_left_out():
    found = {"total": km(), "groups": {HOSTILE: km(), "FR": km(), "none": km(customers=0)}}
    assert [name for name, _ in survival_curves(found)] == [HOSTILE, "FR"]
    chart = survival(found)
    assert "FR" in texts(chart)
    assert {r[0] for r in chart.rows} == {HOSTILE, "FR"}
