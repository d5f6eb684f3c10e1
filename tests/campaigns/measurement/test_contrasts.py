"""Comparisons over all and within groups: which is the main one, and how many groups are looked at."""

import numpy as np

from churn.campaigns.measurement.contrasts import MOST_GROUPS, by_groups, known_before, overall
from churn.campaigns.measurement.evidence import with_outcomes
from tests.campaigns.campaign_data import evidence


def frame_of(**more):
    given = evidence(**more)
    return with_outcomes(given.assignments, given.outcomes)


def test_without_anything_known_before_the_plain_one_is_the_main_one():
    frame = frame_of().drop(columns=["churn_probability", "value"])
    rows, _ = overall(frame, 60)
    assert known_before(frame) is None
    assert [(r.measure, r.method, r.main) for r in rows] == [
        ("retained", "plain", True), ("orders", "plain", True), ("net_value", "plain", True),
    ]  # fmt: skip


def test_a_measure_of_which_nothing_is_known_is_left_out():
    rows, _ = overall(frame_of().assign(net_value=np.nan), 60)
    assert {r.measure for r in rows} == {"retained", "orders"}


def test_one_customer_with_all_the_money_is_told():
    frame = frame_of()
    frame.loc[0, "net_value"] = 1e6
    _, warnings = overall(frame, 60)
    assert any("One customer has" in w for w in warnings)


def test_so_many_groups_are_compared_and_the_rest_counted():
    frame = frame_of().assign(segment_city=[f"town {i % 45}" for i in range(500)], segment_none=None)
    rows, said = by_groups(frame, ["segment_city", "not there", "segment_none"])
    cities = [r for r in rows if r.group == "segment_city"]
    assert len(cities) == MOST_GROUPS + 1
    assert cities[-1].note == "15 values with few customers are not compared"
    assert [r.value for r in rows if r.group == "segment_none"] == ["not known"]
    assert "groups" in said


def test_the_p_value_of_a_single_group_stays():
    rows, said = by_groups(frame_of().assign(action="call"), ["action"])
    assert rows[0].p_adjusted == rows[0].p_value
    assert said == ""
