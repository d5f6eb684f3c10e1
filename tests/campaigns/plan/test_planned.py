"""A plan as a result: its contacts, its columns, its folder."""

from __future__ import annotations

from churn.campaigns.plan.planned import PLAN_COLUMNS, PLAN_FILES
from tests.campaigns.planning import CALL, MAIL, plan, policy, scored


def test_every_contact_of_the_treated_and_no_other_is_listed_by_day():
    made = plan(
        policy(MAIL, holdout={"share": 0.5}),
        scored(20, churn_probability=[0.5] * 20, spend_if_staying=[100.0] * 20),
    )
    found = made.contacts()
    assert found["day"].is_monotonic_increasing
    assert found.groupby("customer")["step"].apply(list).map(tuple).unique().tolist() == [(0, 1, 2)]
    assert set(found["customer"]) == set(made.customers.query("arm == 'treated'")["customer"])


def test_the_columns_are_the_documented_ones_then_segments(tmp_path):
    table = scored(2, country=["DE", None])
    made = plan(policy(CALL, segments=["country"], folder=tmp_path), table)
    assert list(made.customers.columns) == [*PLAN_COLUMNS, "segment_country"]
    assert made.customers["segment_country"].tolist() == ["DE", ""]
    assert sorted(p.name for p in made.write().iterdir()) == sorted(PLAN_FILES)
    assert made.to_dict() == made.summary()
