"""Claims: one live worker at a time, the same key whatever happens, and nothing is lost."""

from __future__ import annotations

import datetime as dt

import pytest

from churn.errors import OutputError, ParameterError
from tests.campaigns.ledger.conftest import DAY, NOON, at, small_plan


def state(ledger, customer="C0", step=0):
    frame = ledger.contacts("winter")
    return frame[(frame["customer"] == customer) & (frame["step"] == step)].iloc[0]


def test_what_is_due_is_claimed_once_until_the_lease_ends(approved):
    first = approved.claim("winter", "email", DAY, 3, "a", 60, NOON)
    second = approved.claim("winter", "email", DAY, 10, "b", 60, NOON)
    assert [c.customer for c in first + second] == ["C0", "C1", "C2", "C3", "C4"]
    assert {(c.step, c.attempt, c.due, c.action) for c in first} == {(0, 1, DAY, "mails")}
    assert approved.claim("winter", "email", DAY, 10, "c", 60, at(seconds=59)) == []
    again = approved.claim("winter", "email", DAY, 10, "c", 60, at(seconds=60))
    assert [(c.key, c.attempt) for c in again] == [(c.key, 2) for c in first + second]


def test_later_steps_are_due_on_their_days(approved):
    assert len(approved.claim("winter", "email", DAY, 99, "a", 60, NOON)) == 5
    assert approved.claim("winter", "email", dt.date(2026, 1, 7), 99, "a", 60, NOON) == []
    third = approved.claim("winter", None, dt.date(2026, 1, 8), 99, "a", 60, NOON)
    assert {c.step for c in third} == {1}
    assert approved.claim("winter", "phone", dt.date(2027, 1, 1), 99, "a", 60, NOON) == []


def test_what_was_sent_is_never_claimed_again(approved):
    claims = approved.claim("winter", "email", DAY, 99, "a", 60, NOON)
    assert approved.sent(claims, {claims[0].key: "receipt 1"}, now=at(seconds=5)) == 5
    assert approved.sent(claims, now=at(seconds=6)) == 0  # recorded twice is recorded once
    assert approved.claim("winter", "email", DAY, 99, "a", 60, at(days=9)) == []
    row = state(approved)
    assert (row["state"], row["detail"], row["time"]) == ("sent", "receipt 1", at(seconds=5))


def test_a_failed_contact_waits_for_its_time_and_keeps_its_key(approved):
    (claim,) = approved.claim("winter", "email", DAY, 1, "a", 60, NOON)
    approved.failed([claim], "HTTP 503", at(minutes=5), now=at(seconds=1))
    row = state(approved)
    assert (row["state"], row["detail"], row["retry_at"]) == ("failed", "HTTP 503", at(minutes=5))
    assert "C0" not in [
        c.customer for c in approved.claim("winter", "email", DAY, 99, "a", 60, at(minutes=4))
    ]
    (again,) = [
        c for c in approved.claim("winter", "email", DAY, 99, "a", 60, at(minutes=5)) if c.customer == "C0"
    ]
    assert (again.key, again.attempt) == (claim.key, 2)


def test_a_dead_contact_waits_for_somebody_to_revive_it(approved):
    claims = approved.claim("winter", "email", DAY, 2, "a", 60, NOON)
    approved.dead(claims, {claims[0].key: "HTTP 400", claims[1].key: "HTTP 410"})
    assert state(approved, "C1")["detail"] == "HTTP 410"
    assert {"C0", "C1"}.isdisjoint(
        c.customer for c in approved.claim("winter", "email", DAY, 99, "a", 60, at(days=2))
    )
    assert approved.revive("winter", channel="phone") == 0
    assert approved.revive("winter") == 2
    assert state(approved)["state"] == "due"
    assert [c.key for c in approved.claim("winter", "email", DAY, 2, "a", 60, NOON)] == [
        c.key for c in claims
    ]


def test_a_worker_that_lost_its_claim_may_still_tell_what_it_did(approved):
    (slow,) = approved.claim("winter", "email", DAY, 1, "a", 60, NOON)
    fast = approved.claim("winter", "email", DAY, 99, "b", 60, at(seconds=60))[-1]
    assert fast.key == slow.key
    approved.failed([slow], "too late", now=at(seconds=61))
    assert state(approved)["state"] == "claimed"  # by the newer attempt
    approved.sent([slow], now=at(seconds=62))
    assert state(approved)["state"] == "sent"
    assert approved.sent([fast], now=at(seconds=63)) == 0
    with approved._reading() as c:
        kinds = c.exec_driver_sql("SELECT kind, attempt FROM ledger_events ORDER BY number").all()
    assert [tuple(k) for k in kinds] == [("failed", 1), ("sent", 1), ("repeated", 2)]


def test_cancelled_contacts_are_not_sent_but_what_is_in_hand_stays(approved):
    held = approved.claim("winter", "email", DAY, 1, "a", 60, NOON)
    assert approved.cancel("winter", "the shop is closed", now=at(seconds=1)) == 14
    assert approved.claim("winter", None, dt.date(2027, 1, 1), 99, "a", 60, at(seconds=2)) == []
    assert approved.cancel("winter", now=at(seconds=60)) == 1  # the worker died
    assert state(approved)["state"] == "cancelled"
    approved.sent(held, now=at(seconds=61))  # or it was slow: what happened is what counts
    assert state(approved)["state"] == "sent"


def test_some_may_be_cancelled_by_customer_channel_and_day(approved):
    assert approved.cancel("winter", customers=["C1", "nobody"], due_from=dt.date(2026, 1, 8)) == 2
    assert approved.cancel("winter", channel="phone") == 0
    assert approved.cancel("winter", due_by=DAY) == 5
    frame = approved.contacts("winter")
    assert frame.groupby("state").size().to_dict() == {"cancelled": 7, "due": 8}


def test_a_claim_that_is_cancelled_when_it_is_looked_at_again(approved):
    claims = approved.claim("winter", "email", DAY, 1, "a", 60, NOON)
    approved.cancelled(claims, "unsubscribed since", now=at(seconds=1))
    row = state(approved)
    assert (row["state"], row["detail"]) == ("cancelled", "unsubscribed since")


def test_who_is_held_out_cannot_have_a_contact(approved):
    with (
        pytest.raises(OutputError, match=r"ledger_no_contact_in_holdout|FOREIGN KEY"),
        approved._writing() as c,
    ):
        c.exec_driver_sql(
            "INSERT INTO ledger_contacts SELECT campaign, person, 0, arm, action, channel, day, 'k' "
            "FROM ledger_assignments WHERE arm = 'holdout'"
        )


def test_past_contacts_of_all_campaigns(approved):
    approved.approve(small_plan(campaign="spring", start="2026-03-02", action="call"), now=at(days=1))
    claims = approved.claim("winter", "email", DAY, 3, "a", 60, NOON)
    approved.sent(claims[:1], now=at(minutes=1))
    approved.cancelled(claims[1:2], "no consent")
    past = approved.past_contacts()
    assert past[["customer", "state"]].to_numpy().tolist() == [["C2", "claimed"], ["C0", "sent"]]
    assert approved.past_contacts(["C0", "C9"])["customer"].tolist() == ["C0"]
    assert approved.past_contacts(since=at(seconds=1))["customer"].tolist() == ["C0"]
    assert approved.past_contacts(since=dt.date(2026, 1, 6)).empty
    planned = approved.past_contacts(planned=True)
    assert planned.groupby(["campaign", "state"]).size().to_dict() == {
        ("spring", "due"): 5,
        ("winter", "claimed"): 1,
        ("winter", "due"): 12,
        ("winter", "sent"): 1,
    }


def test_many_claims_go_on_where_the_last_ended_and_then_look_from_the_start(approved):
    claims = [approved.claim("winter", "email", DAY, 2, "a", 60, NOON)[0:2] for _ in range(2)]
    approved.failed(claims[0], "again", now=NOON)
    third = approved.claim("winter", "email", DAY, 2, "a", 60, NOON)
    assert [(c.customer, c.attempt) for c in third] == [("C4", 1), ("C0", 2)]


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_lease_lasts(approved, seconds):
    with pytest.raises(ParameterError, match="lease"):
        approved.claim("winter", "email", DAY, 1, "a", seconds, NOON)


def test_only_named_contacts_are_claimed_as_far_as_nobody_has_them(approved):
    keys = {r.customer: r.key for r in approved.contacts("winter").itertuples() if r.step == 0}
    first = approved.claim("winter", "email", DAY, now=NOON, keys=[keys["C1"], keys["C3"], "foreign"])
    assert [c.customer for c in first] == ["C1", "C3"]
    second = approved.claim("winter", "email", DAY, now=NOON, keys=[keys["C3"], keys["C4"]])
    assert [c.customer for c in second] == ["C4"]
    assert approved.claim("winter", "email", DAY, now=NOON, keys=[]) == []
    assert approved.claim("winter", "phone", DAY, now=NOON, keys=[keys["C0"]]) == []
    assert [c.customer for c in approved.claim("winter", "email", DAY, now=NOON)] == ["C0", "C2"]
