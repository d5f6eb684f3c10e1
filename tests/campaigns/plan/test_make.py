"""The plan at its edges, and what must hold for every plan."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.campaigns.plan.make import make_plan
from churn.campaigns.plan.past import Past
from churn.campaigns.plan.planned import PLAN_COLUMNS
from churn.campaigns.plan.scored import Scored
from tests.campaigns.planning import CALL, MAIL, codes, plan, policy, scored

HOSTILE = ["=1+1", "<script>alert(1)</script>", "a\nb", "x" * 10_000, "😀", "007", "NA", "-5", "a,b;c"]


def test_nobody_is_a_plan_too():
    made = plan(policy(), scored(0))
    assert len(made.customers) == 0
    assert "contacts nobody" in made.render()
    assert made.contacts().columns.tolist()[:3] == ["customer", "step", "day"]


def test_one_customer():
    made = plan(policy(), scored(1))
    assert made.customers["arm"].tolist() == ["treated"]
    assert list(made.customers.columns) == list(PLAN_COLUMNS)


@pytest.mark.parametrize(
    ("limits", "code"),
    [({"budget": 0}, "budget"), ({"capacity": {"phone": 0}}, "capacity"), ({"budget": 5.99}, "budget")],
)
def test_a_limit_of_nothing_leaves_nobody(limits, code):
    made = plan(policy(CALL, limits=limits), scored(3))
    assert set(codes(made).values()) == {code}
    assert made.summary()["expected"]["cost"]["mean"] == 0


def test_a_budget_of_exactly_one_contact_is_used():
    made = plan(policy(CALL, limits={"budget": 6}), scored(3))
    assert made.customers["arm"].tolist() == ["treated", "", ""]
    assert made.customers["why"][1].startswith("call would earn 10.00, and the budget goes to others")


def test_capacity_is_per_day_and_the_most_profit_goes_first():
    made = plan(policy(CALL, days=2, limits={"capacity": {"phone": 2}}), scored(6))
    assert made.customers["day"].tolist() == ["2026-01-05"] * 2 + ["2026-01-06"] * 2 + ["", ""]
    assert list(codes(made).values())[4:] == ["capacity"] * 2


def test_later_contacts_take_places_too_and_skip_closed_days():
    limits = {"capacity": {"email": 1}, "no_contact_on": ["thu"]}  # 8 January
    made = plan(policy(MAIL, days=2, limits=limits), scored(3))
    assert made.contacts()["day"].tolist() == sorted(made.contacts()["day"])
    first = made.contacts().query("customer == 'C0'")["day"].tolist()
    assert first == ["2026-01-05", "2026-01-09", "2026-01-12"]
    # The third contact on the 12th is taken, so who starts on the 6th (9th, 13th) meets the second one of the 9th.
    assert made.customers["arm"].tolist() == ["treated", "", ""]


def test_a_cap_that_ends_on_the_last_day_leaves_it():
    past = pd.DataFrame(
        [("C0", "autumn", "phone", "2026-01-02T12:00:00Z")],
        columns=["customer", "campaign", "channel", "time"],
    )
    for days, day in ((7, "2026-01-09"), (8, "")):
        limits = {"caps": [{"contacts": 1, "days": days}]}
        made = make_plan(policy(CALL, limits=limits), scored=scored(1), past=Past(past))
        assert made.customers["day"].tolist() == [day]


def test_the_held_out_are_chosen_by_the_same_rule_and_cost_nothing():
    made = plan(policy(CALL, holdout={"share": 0.5}, limits={"budget": 60}), scored(40, **flat(40)))
    arms = made.customers["arm"].value_counts()
    assert arms["treated"] == arms["holdout"] == 10
    assert made.summary()["expected"]["cost"]["mean"] == 60
    held = made.customers[made.customers["arm"] == "holdout"]
    assert held["why"].str.startswith("Held out, would be call").all()
    assert not set(held["customer"]) & set(made.contacts()["customer"])
    assert (held["expected_profit"] > 0).all()


def flat(n):
    return {"churn_probability": [0.5] * n, "spend_if_staying": [100.0] * n}


def test_ids_are_kept_whatever_is_in_them(tmp_path):
    table = scored(len(HOSTILE), customer=HOSTILE)
    made = plan(policy(CALL, folder=tmp_path), table)
    folder = made.write()
    assert made.customers["customer"].tolist() == HOSTILE
    assert "'=1+1" in (folder / "contacts.csv").read_text()
    from churn.campaigns.plan.files import read_plan

    assert read_plan(folder).customers["customer"].tolist() == HOSTILE


def test_numbers_stay_numbers_as_ids():
    made = plan(policy(CALL), scored(2, customer=[10, 9]))
    assert made.customers["customer"].tolist() == [10, 9]
    assert made.customers["customer"].dtype == np.int64


def test_the_same_customers_in_another_order_are_the_same_plan():
    n = 60
    table = scored(n, **flat(n)).customers
    limits = {"budget": 100, "capacity": {"phone": 3}}
    rules = policy(CALL, MAIL, limits=limits, holdout={"share": 0.2})
    one = make_plan(rules, scored=Scored.of(table), past=Past())
    other = make_plan(rules, scored=Scored.of(table.sample(frac=1, random_state=1)), past=Past())
    left = one.customers.set_index("customer")
    right = other.customers.set_index("customer").loc[left.index]
    pd.testing.assert_frame_equal(left, right)
    assert one.digest == other.digest


def test_strata_may_be_segments_and_unknown_ones_are_told():
    from churn.errors import ConfigError

    table = scored(40, **flat(40), country=["DE", "FR"] * 20)
    made = plan(policy(CALL, segments=["country"], holdout={"share": 0.2, "stratify": ["country"]}), table)
    held = made.customers[made.customers["arm"] == "holdout"]
    assert held["segment_country"].value_counts().to_dict() == {"DE": 4, "FR": 4}
    with pytest.raises(ConfigError, match="names town"):
        plan(policy(CALL, holdout={"share": 0.2, "stratify": ["town"]}), table)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(0, 60),
    budget=st.one_of(st.none(), st.floats(0, 200)),
    phone=st.integers(0, 4),
    email=st.one_of(st.none(), st.integers(0, 5)),
    share=st.sampled_from([0.0, 0.1, 0.5]),
)
def test_the_treated_never_exceed_a_limit_and_nobody_outside_is_chosen(seed, n, budget, phone, email, share):
    rng = np.random.default_rng(seed)
    when = {"stages": ["slipping"]}
    capacity = {"phone": phone} | ({} if email is None else {"email": email})
    rules = policy(
        {**CALL, "offer_cost": 3},
        {**MAIL, "when": when},
        limits={"budget": budget, "capacity": capacity, "no_contact_on": ["wed"]},
        holdout={"share": share},
    )
    table = scored(
        n,
        churn_probability=rng.random(n),
        spend_if_staying=rng.gamma(1, 200, n),
        stage=rng.choice(["slipping", "active"], n),
    )
    made = make_plan(rules, scored=table, past=Past())
    customers = made.customers
    treated = customers[customers["arm"] == "treated"]
    if budget is not None:
        assert treated["cost"].sum() <= budget * (1 + 1e-6)
    contacts = made.contacts()
    per_day = contacts.groupby(["channel", "day"]).size()
    for (channel, day), count in per_day.items():
        assert count <= capacity.get(channel, np.inf)
        assert dt.date.fromisoformat(day).weekday() != 2
    assert len(contacts) == treated["contacts"].sum()
    chosen = customers[customers["selected"]]
    assert (chosen["expected_profit"] > 0).all()
    assert (chosen.loc[chosen["action"] == "mail", "stage"] == "slipping").all()
    assert ((customers["arm"] != "") == customers["selected"]).all()
    assert (customers["why"] != "").all()
    facts = made.summary()
    assert sum(facts["why"].values()) == n
    assert facts["solver"]["bound"] >= facts["solver"]["profit"] - 1e-9
