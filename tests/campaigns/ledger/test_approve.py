"""Approval: all or nothing, once, and never anything else under the same name."""

from __future__ import annotations

import pandas as pd
import pytest

from churn.campaigns.ledger import open_ledger
from churn.errors import DataError, ParameterError
from tests.campaigns.ledger.conftest import NOON, at, small_plan

HOSTILE = [
    "=1+1",
    "<script>alert(1)</script>",
    "two\nlines",
    "L" * 10_000,
    "😀'\"; DROP TABLE x",
    "a,b",
    "ß",
    "9",
]


def test_everything_is_recorded_and_again_changes_nothing(ledger):
    told = ledger.approve(small_plan(), by="Ann", now=NOON)
    assert told == {
        "campaign": "winter",
        "new": True,
        "treated": 5,
        "holdout": 2,
        "global_holdout": 0,
        "contacts": 15,
    }
    before = ledger.contacts("winter")
    assert ledger.approve(small_plan(), by="Bob", now=at(days=1)) == {**told, "new": False}
    pd.testing.assert_frame_equal(ledger.contacts("winter"), before)
    row = ledger.campaigns().iloc[0]
    assert (row["approved_by"], row["approved"], row["holdout"]) == ("Ann", NOON, 2)
    assert ledger.campaign("winter")["policy"]["actions"][1]["steps"] == [0, 3, 7]


def test_what_was_known_before_comes_back_as_it_was(approved):
    plan = small_plan().customers
    frame = approved.assignments("winter").set_index("customer")
    assert sorted(frame.index) == [f"C{n}" for n in range(7)]
    for customer, row in plan.set_index("customer").drop(index="C7").iterrows():
        got = frame.loc[customer]
        for name in ("arm", "action", "channel", "value", "churn_probability", "stratum", "draw", "contacts"):
            assert got[name] == row[name], name
        assert str(got["day"].date()) == row["day"]
        assert got["segment_country"] == (None if pd.isna(row["segment_country"]) else row["segment_country"])


def test_holdout_has_no_contacts_and_days_follow_the_steps(approved):
    contacts = approved.contacts("winter")
    assert set(contacts["customer"]) == {"C0", "C1", "C2", "C3", "C4"}
    days = contacts[contacts["customer"] == "C3"]["due"].dt.strftime("%m-%d").tolist()
    assert days == ["01-05", "01-08", "01-12"]
    assert contacts["key"].nunique() == 15


def test_later_contacts_leave_out_the_days_on_which_nobody_is_contacted(ledger):
    ledger.approve(small_plan(limits={"no_contact_on": ["thu", "sat", "sun"]}))
    days = ledger.contacts("winter").query("customer == 'C3'")["due"].dt.strftime("%a %d").tolist()
    assert days == ["Mon 05", "Fri 09", "Mon 12"]


def test_keys_are_the_same_wherever_the_campaign_is_approved_and_differ_between_campaigns(approved, tmp_path):
    with open_ledger("sqlite:///other.db", folder=tmp_path) as other:
        other.approve(small_plan())
        other.approve(small_plan(campaign="spring"))
        again = other.contacts("winter").sort_values(["customer", "step"])["key"].tolist()
        assert set(again).isdisjoint(other.contacts("spring")["key"])
    assert again == approved.contacts("winter").sort_values(["customer", "step"])["key"].tolist()


def test_another_plan_under_the_same_name_is_refused_with_what_differs(approved):
    before = approved.assignments("winter")
    plan = small_plan(customers=9, held=1, days=7)
    with pytest.raises(ParameterError) as told:
        approved.approve(plan)
    for words in (
        "approved campaign is never changed",
        "policy: days",
        "1 customers added",
        "2 customers with another arm",
        "churn campaign cancel",
    ):
        assert words in str(told.value)
    assert told.value.code == "other-plan"
    pd.testing.assert_frame_equal(approved.assignments("winter"), before)


def test_hostile_ids_are_kept_as_they_are(ledger):
    ledger.approve(small_plan(customers=[*HOSTILE, "last"], held=1))
    assert set(ledger.assignments("winter")["customer"]) == set(HOSTILE)
    assert set(ledger.past_contacts(planned=True)["customer"]) == set(HOSTILE[:-1])


def test_integers_and_their_texts_are_one_customer(ledger):
    ledger.approve(small_plan(customers=range(8), action="call"))
    ledger.approve(small_plan(customers=[str(n) for n in range(8)], campaign="spring"))
    assert ledger.past_contacts([3.0], planned=True)["campaign"].unique().tolist() == ["spring", "winter"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"customer": ["C1"] * 8}, "names a customer twice"),
        ({"customer": ["C0", None, "", "C3", "C4", "C5", "C6", "C7"]}, "empty, or holds letters.*2 of 7 ids"),
        ({"customer": ["a\0b", *"1234567"]}, "no database can keep"),
        ({"action": "dance"}, "an action that its policy does not have.*dance"),
        ({"day": ""}, "a day that its policy does not allow. Given: no day"),
        ({"day": "2026-02-05"}, "a day that its policy does not allow. Given: 2026-02-05"),
    ],
)
def test_a_plan_that_contradicts_itself_leaves_nothing(ledger, change, words):
    plan = small_plan()
    plan.customers = plan.customers.assign(**change)
    with pytest.raises(DataError, match=words):
        ledger.approve(plan)
    assert ledger.campaigns().empty
    with ledger._reading() as c:
        assert c.exec_driver_sql("SELECT count(*) FROM ledger_people").scalar() == 0


def test_a_campaign_that_is_not_there_is_told_with_those_that_are(approved):
    with pytest.raises(ParameterError, match=r"No campaign 'autumn'.*Allowed: winter"):
        approved.campaign("autumn")


def test_an_empty_ledger_says_that_another_may_be_meant(ledger):
    with pytest.raises(ParameterError, match="put its file back"):
        ledger.campaign("winter")
