"""Counts made up by hand: the triangle, its frame, its curve and what it prints."""

import dataclasses
import json

import numpy as np
import pytest

from churn.retention.triangle import Cohorts, Triangle, shown_ages

STARTS = ("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01")
ENDS = (*STARTS[1:], "2024-05-01")


@pytest.fixture
def found():
    # January is too early to be a cohort: 40 customers; 100 came in February, nobody in March, 10 in April.
    total = Triangle(
        first=1,
        sizes=np.array([100, 0, 10]),
        active=np.array([[0, 100, 80, 70], [0, 0, 0, 0], [0, 0, 0, 10]]),
        ordered=np.array([[0, 100, 30, 20], [0, 0, 0, 0], [0, 0, 0, 10]]),
        before=40,
        before_active=np.array([40, 30, 25, 20]),
        before_ordered=np.array([40, 10, 9, 8]),
    )
    return Cohorts(
        every="month",
        measure="active",
        active_means="an order in the last 45 days",
        active_days=45,
        starts=STARTS,
        ends=ENDS,
        running=True,
        so_far="2024-04-10",
        early=1,
        begin_days=45,
        data_begin="2024-01-01",
        small_below=30,
        total=total,
        by=None,
        groups={},
    )


def test_counts_go_by_age_from_the_own_period_on(found):
    assert found.total.by_age(0, "active").tolist() == [100, 80, 70]
    assert found.total.by_age(0, "ordered").tolist() == [100, 30, 20]
    assert found.total.by_age(2, "active").tolist() == [10]
    assert found.total.by_age(-1, "active").tolist() == [40, 30, 25, 20]


def test_the_frame_is_the_data_twin_with_no_rate_for_nobody_and_none_while_running(found):
    frame = found.frame.set_index(["cohort", "age"])
    assert frame.loc[("2024-02-01", 1), ["active", "ordered", "rate"]].tolist() == [80, 30, 0.8]
    assert frame.loc[("2024-02-01", 1), "period_start"] == "2024-03-01"
    assert frame.loc[("2024-02-01", 1), "low"] < 0.8 < frame.loc[("2024-02-01", 1), "high"]
    running = frame[frame["running"]]
    assert set(running["period_start"]) == {"2024-04-01"}
    assert running["rate"].isna().all()
    assert frame.loc["2024-03-01", "rate"].isna().all()
    assert frame.loc[("earlier", 0), "period_start"] == "2024-01-01"
    assert len(frame) == 4 + 3 + 2 + 1


def test_the_curve_divides_sums_and_leaves_out_who_is_not_there_long_enough(found):
    curve = found.curve
    # April is not over; March has nobody; the early customers are no cohort.
    assert curve["customers"].tolist() == [100, 100]
    assert curve["rate"].tolist() == [1.0, 0.8]
    assert curve["cohorts"].tolist() == [2, 1]


def test_the_measure_changes_the_shares_and_nothing_else(found):
    ordered = dataclasses.replace(found, measure="ordered")
    assert ordered.curve["rate"].tolist() == [1.0, 0.3]
    assert (ordered.frame[["active", "ordered"]] == found.frame[["active", "ordered"]]).all().all()
    assert "who ordered in the month" in str(ordered)
    assert not any("Nobody can be lost" in note for note in ordered.notes())


def test_it_prints_shares_brackets_and_marks(found):
    lines = {line.split()[0]: line.split() for line in str(found).splitlines()[2:7]}
    assert lines["earlier"] == ["earlier", "40", "100", "%", "75", "%", "62", "%", "(50", "%)"]
    assert lines["2024-02"] == ["2024-02", "100", "100", "%", "80", "%", "(70", "%)"]
    assert lines["2024-03"] == ["2024-03", "~0", "-", "-"]
    assert lines["2024-04"] == ["2024-04", "~10", "(100", "%)"]
    assert lines["pooled"] == ["pooled", "100", "100", "%", "80", "%"]
    assert "counted up to 2024-04-10; no drop." in str(found)


def test_as_json_it_holds_the_cohorts_and_who_came_before(found):
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["before"]["customers"] == 40
    assert [c["customers"] for c in told["cohorts"]] == [100, 0, 10]
    assert told["cohorts"][0]["rate"] == [1.0, 0.8, None]
    assert told["running_until"] == "2024-04-10"


@pytest.mark.parametrize("n", [0, 1, 12, 13, 14, 25, 400])
def test_at_most_twelve_columns_first_and_last_among_them(n):
    ages = shown_ages(n)
    assert len(ages) == min(n, 12)
    assert ages == sorted(set(ages))
    if n:
        assert (ages[0], ages[-1]) == (0, n - 1)
