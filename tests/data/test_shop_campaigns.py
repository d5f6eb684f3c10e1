"""Contacts in the generated shop: the past stays, the others stay, and those who change do it as documented."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import churn
from churn.data.responses import KINDS
from churn.data.shop_campaigns import contacted, responses
from churn.errors import ParameterError

NOW = pd.Timestamp("2025-08-01", tz="UTC")
DAY = pd.Timedelta(days=1)
TIMES = {"customers": "joined", "tickets": "opened"}


@pytest.fixture(scope="module")
def shop():
    return churn.make_shop(1500, seed=3, days=900)


def known(shop, before=NOW):
    return shop.orders[shop.orders["time"] < before]["customer"].drop_duplicates()


def contacts(shop, kind, time=NOW, customers=None):
    return pd.DataFrame(
        {"customer": known(shop) if customers is None else customers, "kind": kind, "time": time}
    )


@pytest.fixture(scope="module")
def after(shop):
    """The shop after a contact of each kind with each customer."""
    return {kind: contacted(shop, contacts(shop, kind)) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_all_before_the_contact_stays_bit_for_bit(shop, after, kind):
    for name, table in shop.tables().items():
        time = TIMES.get(name, "time")
        early, other = table[table[time] < NOW], after[kind].tables()[name]
        other = other[other[time] < NOW]
        if name == "tickets":  # what happened to them later may differ; what had happened may not
            for column in ("first_reply", "resolved"):
                early = early.assign(**{column: early[column].where(early[column] < NOW)})
                other = other.assign(**{column: other[column].where(other[column] < NOW)})
            early, other = (x.drop(columns="satisfaction") for x in (early, other))
        assert_frame_equal(early, other)


def test_who_is_not_contacted_or_not_changed_stays_as_he_was(shop, after):
    half = known(shop).iloc[::2]
    other = contacted(shop, contacts(shop, "email_series", customers=half))
    changed = other.contacts.loc[other.contacts["outcome"] != "nothing", "customer"]
    assert 20 < len(changed) < len(half) / 3
    for name, table in shop.tables().items():
        same = table[~table["customer"].isin(changed)].reset_index(drop=True)
        theirs = other.tables()[name]
        assert_frame_equal(same, theirs[~theirs["customer"].isin(changed)].reset_index(drop=True))
    stayed = ~shop.truth["customer"].isin(changed)
    assert_frame_equal(shop.truth[stayed], other.truth[stayed])


def test_a_future_rests_on_the_own_contacts_alone(shop, after):
    all_, half = after["email_series"], known(shop).iloc[::2]
    some = contacted(shop, contacts(shop, "email_series", customers=half).iloc[::-1])
    for name in ("orders", "returns", "interactions"):
        one, two = (x.tables()[name] for x in (all_, some))
        assert_frame_equal(
            *(
                t[t["customer"].isin(half)].drop(columns="order_id", errors="ignore").reset_index(drop=True)
                for t in (one, two)
            )
        )


def test_without_an_effect_it_is_exactly_the_same_shop(shop):
    for kind in ("call", "discount"):
        same = contacted(shop, contacts(shop, kind), effect=0)
        for name, table in shop.tables().items():
            assert_frame_equal(table, same.tables()[name])
        assert_frame_equal(shop.truth, same.truth)
        assert set(same.contacts["outcome"]) == {"nothing"}
    assert contacted(shop, contacts(shop, "call").iloc[:0]) is shop


def test_the_won_back_are_those_who_were_leaving_and_the_woken_those_who_were_not(shop, after):
    before = shop.truth.set_index("customer")["leaves_at"]
    for kind, other in after.items():
        left = other.contacts["customer"].map(before) <= NOW
        outcome = other.contacts["outcome"]
        assert left[outcome == "won back"].all()
        assert not left[outcome.isin(["woken", "answered"])].any()
        now = other.truth.set_index("customer").loc[other.contacts["customer"]]
        woken = (outcome == "woken").to_numpy()
        assert (now["leaves_at"][woken] == NOW).all()
        assert (now["reason"][woken] == "campaign").all()
        won = (outcome == "won back").to_numpy()
        assert not (now["leaves_at"][won] <= NOW).any()
        assert woken.any() == (kind not in ("bonus", "gift", "points"))
        assert won.sum() > 4


def test_orders_tell_the_difference(shop, after):
    ordered = after["bonus"].orders
    window = (ordered["time"] >= NOW) & (ordered["time"] < NOW + 60 * DAY)
    done = after["bonus"].contacts.set_index("customer")["outcome"]
    back = done.index[done == "won back"].isin(ordered["customer"][window])
    mine = shop.orders[(shop.orders["time"] >= NOW) & (shop.orders["time"] < NOW + 60 * DAY)]
    assert back.mean() > done.index[done == "won back"].isin(mine["customer"]).mean() + 0.4


def test_tables_are_sound_after_many_contacts(shop):
    other = shop
    for n, kind in enumerate(("discount", "call", "email_series", "call")):
        time = NOW - (100 - 30 * n) * DAY
        some = known(shop, time).sample(frac=0.6, random_state=n)
        other = contacted(other, contacts(shop, kind, time, some))
    for name, table in other.tables().items():
        time = table[TIMES.get(name, "time")]
        assert time.is_monotonic_increasing
        assert (table.dtypes == shop.tables()[name].dtypes).all()
        assert (time < shop.end).all()
    assert other.orders["order_id"].is_unique
    assert other.tickets["ticket_id"].is_unique
    tickets = other.tickets
    assert (tickets["first_reply"] >= tickets["opened"])[tickets["first_reply"].notna()].all()
    assert (tickets["resolved"] >= tickets["first_reply"])[tickets["resolved"].notna()].all()
    gone = other.orders["customer"].map(other.truth.set_index("customer")["gone_at"])
    assert not (other.orders["time"] > gone + 2 * pd.Timedelta(seconds=1)).any()
    assert other.contacts["time"].is_monotonic_increasing
    assert len(other.history().customers) == len(shop.history().customers)


def test_a_call_answers_the_complaints_that_wait(shop, after):
    tickets = after["call"].tickets
    old = tickets["is_complaint"] & (tickets["opened"] < NOW)
    assert not (tickets["first_reply"][old].isna() | (tickets["first_reply"][old] > NOW)).any()
    waiting = (
        shop.tickets["is_complaint"] & (shop.tickets["opened"] < NOW) & shop.tickets["first_reply"].isna()
    )
    assert waiting.sum() > 10


def test_a_further_step_of_an_action_does_nothing_more(shop):
    once = contacted(shop, contacts(shop, "email_series"))
    steps = pd.concat([contacts(shop, "email_series", NOW + n * DAY) for n in (0, 3, 7)])
    series = contacted(shop, steps)
    assert_frame_equal(once.orders, series.orders)
    assert series.contacts["outcome"].value_counts()["further step"] == 2 * len(known(shop))
    later = contacted(once, contacts(shop, "email_series", NOW + 40 * DAY))
    assert "further step" not in set(later.contacts["outcome"])


def test_responses_are_the_offers_taken_and_the_mails_no_longer_wanted(shop, after):
    taken = responses(after["discount"])
    accepted = taken[taken["response"] == "redeemed"]
    assert (accepted["time"] - accepted["contacted"]).between(0 * DAY, 60 * DAY).all()
    assert accepted["customer"].is_unique
    left = after["discount"].contacts.query("outcome == 'woken'")["customer"]
    assert set(taken.query("response == 'unsubscribed'")["customer"]) == set(left)
    assert responses(after["call"]).empty
    assert list(responses(shop)) == ["customer", "kind", "contacted", "time", "response"]


WRONG = [
    ({"customer": ["nobody"]}, "whom the shop does not know"),
    ({"kind": ["visit"]}, "a kind that the shop does not know"),
    ({"time": ["2020-01-01"]}, "before the customer's first order"),
    ({"time": ["2025-12-31"]}, "not before the shop's end"),
    ({"time": [pd.NaT]}, "not before the shop's end"),
    ({"time": ["soon"]}, "not instants"),
    ({"customer": ["C000001"] * 2}, "twice at the same instant"),
]


@pytest.mark.parametrize(("change", "words"), WRONG)
def test_contacts_that_cannot_be_made_are_refused(shop, change, words):
    given = {"customer": ["C000001"], "kind": ["call"], "time": ["2025-08-01"]} | change
    rows = max(len(v) for v in given.values())
    frame = pd.DataFrame({k: v * (rows // len(v)) for k, v in given.items()})
    with pytest.raises(ParameterError, match=words):
        contacted(shop, frame)


def test_contacts_without_a_column_or_a_generated_shop_are_refused(shop, after):
    with pytest.raises(ParameterError, match="lack a column"):
        contacted(shop, pd.DataFrame({"customer": ["C000001"]}))
    with pytest.raises(ParameterError, match="generated shop"):
        contacted(dataclasses.replace(shop, course=None), contacts(shop, "call"))
    with pytest.raises(ParameterError, match="made already"):
        contacted(after["call"], contacts(shop, "gift", NOW))
    with pytest.raises(ParameterError, match="effect"):
        contacted(shop, contacts(shop, "call"), effect=2)


def test_ids_of_another_type_of_text_are_the_same_customers(shop, after):
    made = contacts(shop, "discount").astype({"customer": object})
    other = contacted(shop, made)
    assert_frame_equal(other.contacts, after["discount"].contacts)
    assert_frame_equal(responses(other), responses(after["discount"]))
