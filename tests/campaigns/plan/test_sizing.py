"""What the campaign of a policy can show."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churn.campaigns.plan.sizing import power_of_customers, power_of_policy
from churn.campaigns.policy import make_policy
from churn.errors import DataError, ParameterError


def policy(folder, **more):
    action = {"name": "call", "kind": "call", "channel": "phone", "cost": 1, "save_chance": 0.2}
    return make_policy(
        {
            "campaign": "winter",
            "scores": "scores.csv",
            "start": "2026-01-05",
            "actions": [action],
            "consent": {"required": False},
            **more,
        },
        folder=folder,
    )


@pytest.fixture
def scores(tmp_path):
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "customer": [f"C{n}" for n in range(500)],
            "churn_probability": random.uniform(0.2, 0.8, 500),
            "spend_if_staying": 300.0,
        }
    )
    frame.to_csv(tmp_path / "scores.csv", index=False)
    return tmp_path


def test_a_scored_table_is_enough(scores):
    answer = power_of_policy(policy(scores))
    assert answer.customers == 500
    assert answer.base_rate == pytest.approx(0.5, abs=0.02)
    assert answer.variance_kept == pytest.approx(1 - 0.6**2 / 12 / 0.25, abs=0.02)
    assert answer.share == 0.1
    assert any("How orders and money spread is not known" in n for n in answer.notes)


def test_the_policys_share_counts_unless_another_is_asked(scores):
    assert power_of_policy(policy(scores, holdout={"share": 0.25})).share == 0.25
    assert power_of_policy(policy(scores, holdout={"share": 0.25}), share=0.4).share == 0.4
    with pytest.raises(ParameterError, match=r"holds nobody out.*--share 0.1"):
        power_of_policy(policy(scores, holdout={"share": 0}))


def test_a_limit_that_binds_chooses_other_customers_for_another_share(scores):
    limited = policy(scores, limits={"budget": 100})
    assert power_of_policy(limited, share=0.5).customers > power_of_policy(limited).customers > 100
    assert any("make room for the next best" in n for n in power_of_policy(limited).notes)


def test_the_plans_uplift_and_profit_are_taken_and_an_asked_effect_wins():
    chosen = pd.DataFrame(
        {"churn_probability": [0.3, 0.5] * 100, "uplift": [0.02, 0.06] * 100, "expected_profit": 3.0}
    )
    answer = power_of_customers(chosen)
    assert answer.effect == pytest.approx(0.04)
    assert answer.now.forgone == pytest.approx(60)
    assert answer.said.startswith("The plan expects 4.0 points")
    asked = power_of_customers(chosen, effect=0.1)
    assert asked.effect == 0.1
    assert asked.said.startswith("Expected are 10.0 points")


def test_no_expected_effect_is_said():
    answer = power_of_customers(pd.DataFrame({"churn_probability": [0.3, 0.5], "uplift": -0.1}))
    assert answer.effect is None
    assert any("expects no effect" in n for n in answer.notes)


def test_nobody_and_certain_customers():
    with pytest.raises(DataError, match="contact nobody"):
        power_of_customers(pd.DataFrame({"churn_probability": [np.nan]}))
    assert power_of_customers(pd.DataFrame({"churn_probability": [0.0, 0.0]})).now.smallest is None
    assert power_of_customers(pd.DataFrame({"churn_probability": [0.0, 1.0] * 200})).variance_kept == 0.01


def test_orders_and_money_spread_as_in_the_newest_days_before_the_start(tmp_path):
    (tmp_path / "orders.csv").write_text(
        "customer,time,amount\n"
        + "".join(f"C{n},2025-11-{1 + n % 5:02d},{10 * (n + 1)}\n" for n in range(60))
        + "".join(f"C{n},2025-12-{10 + n % 5},50\n" for n in range(30))
        + "C0,2025-12-31,1\n"
    )
    (tmp_path / "shop.yaml").write_text(
        "name: shop\ntimezone: UTC\nsources: {orders: {path: orders.csv}}\ndefinition: {active_days: 60, horizon_days: 30}\n"
    )
    frame = pd.DataFrame(
        {"customer": [f"C{n}" for n in range(62)], "churn_probability": 0.5, "spend_if_staying": 300.0}
    )
    frame.to_csv(tmp_path / "scores.csv", index=False)
    found = power_of_policy(
        policy(tmp_path, config="shop.yaml", start="2025-12-30", worth={"column": "spend_if_staying"}),
        share=0.5,
    )

    # 60 customers are known; 30 of them bought once for 50 in the 30 days up to the start, the order of the 31st is after.
    assert found.amounts["orders"] == pytest.approx((0.5, np.std([0, 1] * 30, ddof=1)))
    assert found.amounts["net_value"] == pytest.approx((25, 50 * np.std([0, 1] * 30, ddof=1)))
    assert any(
        "30 days from 2025-11-30" in n and "2 of the customers are not in the data" in n for n in found.notes
    )
    assert power_of_policy(
        policy(tmp_path, config="shop.yaml", start="2025-12-30"), share=0.5, days=59
    ).amounts["orders"][0] == pytest.approx(1.5)
