"""Limits are widened for the held out, and never exceeded by the treated."""

from __future__ import annotations

import numpy as np
import pytest

from churn.campaigns.days import Days
from churn.campaigns.holdout import split
from churn.campaigns.plan.selection import _spread, capacity_of
from tests.campaigns.planning import CALL, MAIL, plan, policy, scored


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_treated_use_the_true_limits(share):
    n = 400
    table = scored(n, churn_probability=np.linspace(0.5, 0.9, n), spend_if_staying=[100.0] * n)
    limits = {"budget": 600, "capacity": {"phone": 12}}
    made = plan(policy(CALL, limits=limits, days=8, holdout={"share": share}), table)
    treated = made.customers[made.customers["arm"] == "treated"]
    per_day = treated["day"].value_counts()
    assert per_day.max() <= 12
    assert 0.95 * 96 <= len(treated) <= 96  # 8 days of 12, which is within the budget
    held = (made.customers["arm"] == "holdout").sum()
    assert abs(held - share / (1 - share) * len(treated)) <= 3


def test_the_chosen_are_the_same_whoever_is_held_out():
    n = 100
    table = scored(n, churn_probability=np.linspace(0.5, 0.9, n), spend_if_staying=[100.0] * n)
    chosen = {
        key: plan(policy(CALL, holdout={"share": 0.5, "key": key}), table).customers["selected"].tolist()
        for key in ("a", "b")
    }
    assert chosen["a"] == chosen["b"]


def test_no_drawing_decides_who_is_chosen_where_the_budget_binds():
    """Were a drawing taken back whenever it is too dear, the cheap would be treated and the dear held out."""
    n, rng = 250, np.random.default_rng(3)
    discount = {
        "name": "discount", "kind": "discount", "channel": "mail", "cost": 0.2, "offer_cost": 12,
        "save_chance": 0.35, "stayers_accept": 0.8,
    }  # fmt: skip
    table = scored(
        n, churn_probability=rng.beta(2, 3, n), spend_if_staying=np.exp(rng.normal(4.5, 0.8, n)).tolist()
    )
    chosen = set()
    for key in "abcdefgh":
        rules = policy(discount, limits={"budget": 200}, holdout={"share": 0.3, "stratify": [], "key": key})
        made = plan(rules, table).customers
        chosen.add(tuple(made["selected"]))
        assert 0.85 * 200 < made["cost"][made["arm"] == "treated"].sum() <= 200
    assert len(chosen) == 1


def test_spread_is_that_of_many_drawings():
    rng = np.random.default_rng(1)
    cost, strata = rng.uniform(1, 9, 83), np.repeat(["a", "b"], [40, 43])
    drawn = []
    for key in range(1500):
        held = split(np.arange(83), strata, 0.3, str(key), "winter").held
        drawn.append(cost[~held].sum())
    assert np.std(drawn) == pytest.approx(_spread(cost, strata, 0.3), rel=0.06)


def test_capacity_is_nothing_on_closed_days_and_a_star_stands_for_the_others():
    rules = policy(CALL, MAIL, days=2, limits={"capacity": {"phone": 3, "*": 9}, "no_contact_on": ["mon"]})
    found = capacity_of(rules, Days.of_policy(rules))
    assert found[:, :2].tolist() == [[0, 9], [0, 3]]
    free = policy(CALL, MAIL, days=2)
    assert np.isinf(capacity_of(free, Days.of_policy(free))).all()
