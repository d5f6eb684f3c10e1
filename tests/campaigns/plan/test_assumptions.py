"""What is taken as an action's effect."""

from __future__ import annotations

import pytest

from churn.campaigns.plan.assumptions import planned_effects
from tests.campaigns.planning import CALL, MAIL, policy

ROW = {
    "measure": "retained",
    "group": "action",
    "value": "call",
    "holdout_mean": 0.5,
    "effect": 0.1,
    "low": 0.02,
    "high": 0.18,
}


def result(campaign="autumn", status="measured", **row):
    return {"campaign": campaign, "status": status, "by_action": [{**ROW, **row}]}


def test_what_was_measured_is_said_and_used_only_where_the_policy_says_so():
    assumed, mail = planned_effects(policy(CALL, MAIL), [result()])
    assert (assumed.save_chance, assumed.source) == (0.2, "assumed")
    assert (
        assumed.said
        == "assumed: saves 20 % of those who would leave; measured by autumn: 20.0 % saved [4.0 %, 36.0 %]"
    )
    assert "measured" not in mail.said


def test_assumption_and_measurement_are_weighed_by_their_precision():
    used = planned_effects(policy(CALL, effects="measured"), [result(effect=0.15, low=0.05, high=0.25)])[0]
    assumed, measured = 0.2 * 0.8 / 21, (0.2 / 1.959964 / 2 * 2) ** 2  # variances of 0.2 and of 0.15 / 0.5
    mean = (0.2 / assumed + 0.3 / measured) / (1 / assumed + 1 / measured)
    assert (used.save_chance, used.source) == (pytest.approx(mean), "measured")
    assert used.weight == pytest.approx(mean * (1 - mean) * (1 / assumed + 1 / measured) - 1)
    assert used.wakes == 0


def test_a_measurement_of_nothing_counts_too_and_a_sure_harm_leaves_nothing():
    nothing = planned_effects(policy(CALL, effects="measured"), [result(effect=0.0, low=-0.02, high=0.02)])[0]
    assert 0 < nothing.save_chance < 0.02
    harm = planned_effects(policy(CALL, effects="measured"), [result(effect=-0.1, low=-0.11, high=-0.09)])[0]
    assert harm.save_chance == pytest.approx(1e-4)


def test_every_campaign_counts_once_by_its_newest_result():
    tight = {"effect": 0.05, "low": 0.04, "high": 0.06}
    one = planned_effects(policy(CALL, effects="measured"), [result("a", **tight)])[0]
    again = planned_effects(policy(CALL, effects="measured"), [result("a"), result("a", **tight)])[0]
    two = planned_effects(policy(CALL, effects="measured"), [result("a", **tight), result("b", **tight)])[0]
    assert again.save_chance == one.save_chance
    assert abs(two.save_chance - 0.1) < abs(one.save_chance - 0.1)
    assert two.weight > 1.9 * one.weight


def test_means_over_many_campaigns_are_right_without_a_bar():
    """True chance 10 %: what is planned with is right on the mean, where only clear results would say twice as much."""
    import numpy as np

    rng = np.random.default_rng(1)
    vague = {**CALL, "save_chance": 0.1, "save_chance_weight": 30}
    planned, clear = [], []
    for _ in range(400):
        e = rng.normal(0.05, 0.04)
        low, high = e - 1.96 * 0.04, e + 1.96 * 0.04
        planned.append(
            planned_effects(policy(vague, effects="measured"), [result(effect=e, low=low, high=high)])[0]
        )
        if low > 0:
            clear.append(e / 0.5)
    assert np.mean([e.save_chance for e in planned]) == pytest.approx(0.1, abs=0.01)
    assert np.mean(clear) > 0.18


@pytest.mark.parametrize(
    "row",
    [{"effect": None}, {"holdout_mean": 1.0}, {"measure": "orders"}, {"value": "other"}],
)
def test_what_says_nothing_of_the_action_is_not_used(row):
    found = planned_effects(policy(CALL, effects="measured"), [result(**row)])[0]
    assert (found.save_chance, found.source) == (0.2, "assumed")


def test_the_newest_finished_campaign_counts():
    found = planned_effects(
        policy(CALL), [result("old"), result("new", effect=0.05), result("now", "interim")]
    )[0]
    assert "measured by new: 10.0 %" in found.said
