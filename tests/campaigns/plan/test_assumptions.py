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
    used, _ = planned_effects(
        policy(CALL, MAIL, effects="measured"), [result(effect=0.15, low=0.05, high=0.25)]
    )
    assert (used.save_chance, used.source) == (0.3, "measured")
    assert used.weight == pytest.approx(0.3 * 0.7 / (0.2 / 1.96 / 2 * 2) ** 2 - 1, rel=1e-2)


@pytest.mark.parametrize(
    "row",
    [{"low": -0.01}, {"effect": None}, {"holdout_mean": 1.0}, {"measure": "orders"}, {"value": "other"}],
)
def test_what_may_be_nothing_is_not_used(row):
    found = planned_effects(policy(CALL, effects="measured"), [result(**row)])[0]
    assert (found.save_chance, found.source) == (0.2, "assumed")


def test_the_newest_finished_campaign_counts():
    found = planned_effects(
        policy(CALL), [result("old"), result("new", effect=0.05), result("now", "interim")]
    )[0]
    assert "measured by new: 10.0 %" in found.said
