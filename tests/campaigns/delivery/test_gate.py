"""The rules of sending at their edges, without a ledger."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from churn.campaigns.blocks import Limits
from churn.campaigns.delivery.gate import CANCELS, WAITS, Known, is_open, judged

DAY = dt.date(2026, 1, 5)
NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


def contacts(*rows):
    """Rows of (customer, step, days from DAY, state, and what else is known)."""
    made = [
        {
            "customer": customer,
            "step": step,
            "action": "mail",
            "channel": "email",
            "due": pd.Timestamp(DAY) + pd.Timedelta(days=days),
            "key": f"{customer}{step}",
            "state": state,
            "time": pd.NaT,
            "retry_at": pd.NaT,
            "lease_until": pd.NaT,
            **(more[0] if more else {}),
        }
        for customer, step, days, state, *more in rows
    ]
    frame = pd.DataFrame(made)
    for name in ("time", "retry_at", "lease_until"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def past(*rows):
    frame = pd.DataFrame(rows, columns=["customer", "campaign", "channel", "time"])
    return frame.assign(time=pd.to_datetime(frame["time"], utc=True))


def judge(frame, *, limits=None, days=0, now=None, revive=False, people=None, **known):
    ids = sorted(set(frame["customer"]))
    if people is None:
        people = pd.DataFrame({"suppressed": False, "consent": True, "reachable": True}, index=ids)
    known = {"past": past(), **known}
    found = judged(
        frame,
        Limits.model_validate(limits or {}),
        Known({"email": people, "phone": people}, **known),
        campaign="winter",
        on=DAY + dt.timedelta(days=days),
        now=now or NOON + dt.timedelta(days=days),
        revive=revive,
    )
    return [(r.key, r.code or r.verdict) for r in found.itertuples()]


def test_what_is_not_due_sent_or_cancelled_is_not_judged():
    frame = contacts(("A", 0, 0, "due"), ("B", 0, 1, "due"), ("C", 0, 0, "sent"), ("D", 0, 0, "cancelled"))
    assert judge(frame) == [("A0", "send")]
    assert judge(frame.iloc[:0]) == []


def test_the_last_day_on_which_a_contact_is_late_enough():
    frame = contacts(("A", 0, 0, "due"))
    assert judge(frame, days=3) == [("A0", "send")]
    assert judge(frame, days=4) == [("A0", "late")]
    assert judge(frame, days=1, limits={"late_days": 0}) == [("A0", "late")]


@pytest.mark.parametrize(
    ("flag", "value", "code"),
    [
        ("suppressed", True, "suppressed"),
        ("consent", False, "no consent"),
        ("reachable", False, "unreachable"),
    ],
)
def test_who_may_not_be_contacted(flag, value, code):
    people = pd.DataFrame({"suppressed": False, "consent": True, "reachable": True}, index=["A", "B"])
    people.loc["A", flag] = value
    frame = contacts(("A", 0, 0, "due"), ("B", 0, 0, "due"))
    assert judge(frame, people=people) == [("A0", code), ("B0", "send")]


def test_states():
    frame = contacts(
        ("A", 0, 0, "claimed", {"lease_until": NOON + dt.timedelta(seconds=1)}),
        ("B", 0, 0, "claimed", {"lease_until": NOON}),
        ("C", 0, 0, "failed", {"retry_at": NOON + dt.timedelta(seconds=1)}),
        ("D", 0, 0, "failed", {"retry_at": NOON}),
        ("E", 0, 0, "failed"),
        ("F", 0, 0, "dead"),
    )
    wanted = [
        ("A0", "in hand"),
        ("B0", "send"),
        ("C0", "retry"),
        ("D0", "send"),
        ("E0", "send"),
        ("F0", "dead"),
    ]
    assert judge(frame) == wanted
    assert judge(frame, revive=True)[-1] == ("F0", "send")


@pytest.mark.parametrize(
    ("state", "code"),
    [("sent", "send"), ("cancelled", "stopped"), ("due", "series"), ("failed", "series"), ("dead", "series")],
)
def test_a_later_contact_follows_the_one_before(state, code):
    time = NOON - dt.timedelta(days=3)
    frame = contacts(("A", 0, -3, state, {"time": time}), ("A", 1, 0, "due"))
    assert dict(judge(frame))["A1"] == code


def test_the_days_between_are_kept_when_the_first_was_late():
    late = NOON - dt.timedelta(days=1)
    frame = contacts(("A", 0, -3, "sent", {"time": late}), ("A", 1, 0, "due"))
    assert [judge(frame, days=n)[0][1] for n in (0, 1, 2)] == ["spacing", "spacing", "send"]
    # Late is counted from the day on which it may go.
    assert [judge(frame, days=n)[0][1] for n in (5, 6)] == ["send", "late"]


def test_answers_and_orders_stop_what_follows_and_not_the_first():
    sent = {"time": NOON - dt.timedelta(days=3)}
    frame = contacts(("A", 0, -3, "sent", sent), ("A", 1, 0, "due"), ("B", 0, 0, "due"))
    assert judge(frame, answered={"A", "B"}) == [("B0", "send"), ("A1", "answered")]
    assert judge(frame, ordered={"A", "B"}) == [("B0", "send"), ("A1", "ordered")]


def test_caps_count_this_day_and_the_days_before_over_their_channel():
    frame = contacts(("A", 0, 0, "due"))
    limits = {"caps": [{"contacts": 1, "days": 7}]}

    def before(days, channel="email", campaign="other"):
        return past(("A", campaign, channel, NOON - dt.timedelta(days=days)))

    assert judge(frame, limits=limits, past=before(6)) == [("A0", "cap")]
    assert judge(frame, limits=limits, past=before(7)) == [("A0", "send")]
    assert judge(frame, limits=limits, past=before(0)) == [("A0", "cap")]
    assert judge(frame, limits=limits, past=before(0, campaign="winter")) == [
        ("A0", "send")
    ]  # our own are in the ledger's list
    over = {"caps": [{"contacts": 1, "days": 7, "channel": "phone"}]}
    assert judge(frame, limits=over, past=before(0, "phone")) == [("A0", "send")]
    assert judge(frame, limits={"caps": [{"contacts": 2, "days": 7}]}, past=before(0)) == [("A0", "send")]


def test_own_contacts_count_when_they_are_sent_or_in_hand():
    limits = {"caps": [{"contacts": 1, "days": 7}], "quiet_days": 7}
    sent = {"time": NOON - dt.timedelta(days=3)}
    frame = contacts(("A", 0, -3, "sent", sent), ("A", 1, 0, "due"))
    assert judge(frame, limits=limits) == [("A1", "cap")]
    failed = contacts(("A", 0, 0, "failed", {"time": NOON}))
    assert judge(failed, limits=limits) == [("A0", "send")]


def test_quiet_days_are_about_other_campaigns():
    frame = contacts(("A", 0, 0, "due"))
    for days, code in ((0, "quiet"), (2, "quiet"), (3, "send")):
        rows = past(("A", "other", "phone", NOON - dt.timedelta(days=days)))
        assert judge(frame, limits={"quiet_days": 2}, past=rows) == [("A0", code)]


def test_capacity_is_for_the_oldest_and_less_what_went_today():
    frame = contacts(
        ("A", 0, 0, "due"),
        ("B", 0, -1, "due"),
        ("C", 0, 0, "due"),
        ("D", 0, 0, "sent", {"time": NOON}),
        ("E", 0, 0, "sent", {"time": NOON - dt.timedelta(days=1)}),
    )
    assert judge(frame, limits={"capacity": {"email": 2}}) == [
        ("B0", "send"),
        ("A0", "capacity"),
        ("C0", "capacity"),
    ]
    assert {c for _, c in judge(frame, limits={"capacity": {"email": 0}})} == {"capacity"}
    assert {c for _, c in judge(frame, limits={"capacity": {"phone": 0}})} == {"send"}


def test_no_earlier_day_lifts_a_limit():
    now = NOON + dt.timedelta(days=4)  # a run that was missed is made up for with --on
    frame = contacts(("A", 0, 0, "due"), ("B", 0, 0, "sent", {"time": now}))
    assert judge(frame, now=now, limits={"capacity": {"email": 1}}) == [("A0", "capacity")]
    elsewhere = past(("A", "other", "email", now))
    assert judge(frame, now=now, limits={"quiet_days": 2}, past=elsewhere) == [("A0", "quiet")]
    capped = {"caps": [{"contacts": 1, "days": 7}]}
    assert judge(frame, now=now, limits=capped, past=elsewhere) == [("A0", "cap")]
    series = contacts(("A", 0, -3, "sent", {"time": now}), ("A", 1, 0, "due"))
    assert judge(series, now=now) == [("A1", "spacing")]


def test_what_went_today_uses_no_capacity_of_a_later_day():
    frame = contacts(("A", 0, 1, "due"), ("B", 0, 0, "sent", {"time": NOON}))
    assert judge(frame, days=1, now=NOON, limits={"capacity": {"email": 1}}) == [("A0", "send")]


def test_a_day_is_that_of_the_place_where_it_runs():
    east = dt.timezone(dt.timedelta(hours=9))
    night = dt.datetime(2026, 1, 5, 1, tzinfo=east)  # still the 4th in UTC
    frame = contacts(("A", 0, 0, "due"), ("B", 0, 0, "sent", {"time": night}))
    assert judge(frame, limits={"capacity": {"email": 1}}, now=night) == [("A0", "capacity")]


def test_closed_days():
    assert is_open(Limits(), DAY)
    assert not is_open(Limits(no_contact_on=("mon",)), DAY)
    pause = {"pauses": [{"first": "2026-01-05", "last": "2026-01-06"}]}
    limits = Limits.model_validate(pause)
    assert [is_open(limits, DAY + dt.timedelta(days=n)) for n in (-1, 0, 1, 2)] == [True, False, False, True]
    assert judge(contacts(("A", 0, 0, "due")), limits=pause) == [("A0", "closed day")]


def test_every_code_has_words():
    assert not set(CANCELS) & set(WAITS)
    assert all(isinstance(text, str) and text for text in [*CANCELS.values(), *WAITS.values()])
    assert np.datetime64(DAY, "D") == np.datetime64("2026-01-05")
