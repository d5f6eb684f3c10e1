"""Earlier contacts: quiet days and caps, on the day itself."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.campaigns.blocks import Cap, Limits
from churn.campaigns.days import Days
from churn.campaigns.plan.past import PastContacts

START = dt.date(2026, 1, 5)
IDS = pd.Index(["A", "B"])


def contacts(*rows):
    return pd.DataFrame(rows, columns=["customer", "campaign", "channel", "time"])


def ready(past, caps, *, steps=(0,), channel="email", window=14):
    days = Days.of(START, window, Limits(), longest=max(steps))
    return (
        PastContacts(past, IDS, days, "winter").ready(channel, steps, caps, np.zeros(2, dtype=int)).tolist()
    )


def test_quiet_days_end_after_the_last_of_them():
    past = contacts(
        ("A", "autumn", "email", "2026-01-01T23:00:00Z"), ("A", "winter", "email", "2026-01-04T00:00:00Z")
    )
    days = Days.of(START, 14, Limits())
    assert PastContacts(past, IDS, days, "winter").quiet_until(7).tolist() == [
        4,
        0,
    ]  # 1 + 7 days: quiet up to the 8th


@pytest.mark.parametrize(("before", "expected"), [("2025-12-29", 0), ("2025-12-30", 1), ("2026-01-04", 6)])
def test_a_cap_ends_when_its_days_are_over(before, expected):
    past = contacts(("A", "autumn", "email", f"{before}T10:00:00Z"))
    assert ready(past, [Cap(contacts=1, days=7)]) == [expected, 0]


def test_a_cap_that_ends_on_the_last_day_still_leaves_it():
    past = contacts(("A", "autumn", "email", "2026-01-04T10:00:00Z"))
    assert ready(past, [Cap(contacts=1, days=14)], window=14) == [13, 0]
    assert ready(past, [Cap(contacts=1, days=15)], window=14) == [14, 0]


def test_a_cap_of_another_channel_does_not_count():
    past = contacts(("A", "autumn", "phone", "2026-01-04T10:00:00Z"))
    assert ready(past, [Cap(contacts=1, days=14, channel="email")]) == [0, 0]
    assert ready(past, [Cap(contacts=1, days=14, channel="phone")]) == [0, 0]
    assert ready(past, [Cap(contacts=1, days=14)]) == [13, 0]


def test_the_own_contacts_of_an_action_count_too():
    assert ready(None, [Cap(contacts=2, days=7)], steps=(0, 2, 4)) == [14, 14]
    assert ready(None, [Cap(contacts=2, days=4)], steps=(0, 2, 4)) == [0, 0]
    past = contacts(("A", "autumn", "email", "2026-01-04T10:00:00Z"))
    assert ready(past, [Cap(contacts=2, days=4)], steps=(0, 2, 4)) == [1, 0]  # 4th, 6th, 8th, 10th


@settings(max_examples=40, deadline=None)
@given(
    before=st.lists(st.integers(-12, 0), max_size=5),
    cap=st.builds(Cap, contacts=st.integers(1, 3), days=st.integers(1, 10)),
    steps=st.sampled_from([(0,), (0, 1), (0, 3, 5)]),
)
def test_the_first_ready_day_is_the_first_on_which_no_window_holds_too_many(before, cap, steps):
    times = [str(START + dt.timedelta(days=d)) + "T08:00:00Z" for d in before]
    past = contacts(*(("A", "autumn", "email", t) for t in times))

    def fits(first):
        every = [*before, *(first + s for s in steps)]
        return all(sum(first + s - cap.days < x <= first + s for x in every) <= cap.contacts for s in steps)

    expected = next((d for d in range(14) if fits(d)), 14)
    assert ready(past, [cap], steps=steps)[0] >= expected  # never too early
    if len(steps) == 1:
        assert ready(past, [cap], steps=steps)[0] == expected


def test_a_contact_that_is_planned_later_leaves_room_before_and_after_it():
    past = contacts(("A", "autumn", "email", "2026-01-08T00:00:00Z"))  # day 3
    assert ready(past, [Cap(contacts=1, days=3)]) == [6, 0]
    assert ready(past, [Cap(contacts=2, days=3)]) == [0, 0]


def test_the_ledger_gives_contacts_lists_and_measurements_and_is_not_made(tmp_path):
    from churn.campaigns.ledger import open_ledger
    from churn.campaigns.plan.past import Past, read_past
    from tests.campaigns.planning import CALL, MAIL, codes, plan, policy, scored

    rules = policy(
        CALL,
        folder=tmp_path,
        campaign="autumn",
        start="2026-01-02",
        days=4,
        limits={"capacity": {"phone": 1}},
    )
    later = policy(CALL, folder=tmp_path, limits={"quiet_days": 3})
    assert read_past(later) == Past()
    assert not (tmp_path / "campaigns.db").exists()
    made = plan(rules, scored(5))  # one on each day from the 2nd to the 5th
    with open_ledger(rules) as ledger:
        ledger.approve(made)
        ledger.suppress([("C4", "*", "asked to be left alone")])

    found = read_past(later)

    assert len(found.contacts) == 4
    from churn.campaigns.plan.make import make_plan

    again = make_plan(later, scored=scored(5), past=found)
    assert codes(again)["C4"] == "suppressed"
    assert again.customers["day"].tolist()[:4] == ["2026-01-06", "2026-01-07", "2026-01-08", "2026-01-09"]
    assert len(read_past(rules).contacts) == 0  # the own ones do not stand in the way of planning again
    assert len(read_past(policy(MAIL, folder=tmp_path, start="2027-01-02")).contacts) == 0


def test_an_erased_customer_whom_the_source_still_holds_is_not_planned(tmp_path):
    from churn.campaigns.ledger import open_ledger
    from churn.campaigns.plan.make import make_plan
    from tests.campaigns.planning import CALL, policy, scored

    rules = policy(CALL, folder=tmp_path)
    with open_ledger(rules) as ledger:
        ledger.erase(["C1"])
    made = make_plan(rules, scored=scored(3)).customers.set_index("customer")
    assert made["why_code"]["C1"] == "suppressed"
    assert made["selected"].tolist() == [True, False, True]


def test_a_plan_that_touches_the_global_holdout_of_others_says_so(tmp_path):
    from churn.campaigns.ledger import open_ledger
    from churn.campaigns.plan.make import make_plan
    from tests.campaigns.planning import CALL, policy, scored

    first = policy(CALL, folder=tmp_path, campaign="autumn", holdout={"global_share": 0.2})
    with open_ledger(first) as ledger:
        ledger.approve(make_plan(first, scored=scored(8)))
    words = "keep 20 % of all customers in a global holdout, and this one touches them"
    for holdout, told in (({}, True), ({"global_share": 0.2}, False), ({"key": "other"}, False)):
        made = make_plan(policy(CALL, folder=tmp_path, holdout=holdout), scored=scored(8))
        assert (words in " ".join(made.facts["warnings"])) is told
