from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.data.history import History
from churn.definition import Inactivity, Subscription
from churn.errors import ModelError
from churn.features.catalogue import catalogue
from churn.features.compute import feature_matrix
from churn.model.snapshots import Snapshots, build_snapshots, training_cutoffs
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders

RULE = Inactivity(active_days=60, horizon_days=30, gap_days=5)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland")


def two_years(zone: str = "UTC") -> History:
    """Orders every 20 days of a, now and then of b, and of c who falls silent."""
    start = instant("2022-01-01", zone)
    rows = orders(*(start + 20 * k * DAY for k in range(37)))
    rows += orders(*(start + d * DAY for d in (3, 50, 300, 301, 305, 600)), customer="b")
    rows += orders(*(start + 10 * k * DAY for k in range(20)), customer="c")
    return history_of(Tables(rows, timezone=zone))


HISTORIES = {zone: two_years(zone) for zone in ZONES}
HISTORY = HISTORIES["UTC"]
TEST = instant("2023-11-01")


@settings(max_examples=80, deadline=None, derandomize=True, database=None)
@given(
    zone=st.sampled_from(ZONES),
    offset=st.integers(0, 60 * 86_400_000_000),
    midnight=st.booleans(),
    step=st.integers(1, 90),
    most=st.integers(3, 40),
    gap=st.integers(0, 40),
)
def test_training_labels_end_by_the_test_cutoff(
    zone: str, offset: int, midnight: bool, step: int, most: int, gap: int
) -> None:
    history, rule = HISTORIES[zone], Inactivity(60, 30, gap)
    test = TEST - offset
    if midnight:
        test = history.midnight(test)
    cutoffs = training_cutoffs(history, rule, test, step_days=step, max_snapshots=most)
    assert 3 <= len(cutoffs) <= most
    assert all(c + rule.window_us <= test for c in cutoffs)  # purge
    assert all(c - 60 * DAY >= history.data_start for c in cutoffs)  # who is active is fully known
    gaps = np.diff(cutoffs)
    assert (gaps > 0).all()
    assert (abs(gaps - step * DAY) <= 1.1 * DAY).all()
    assert all(c == history.midnight(c) for c in cutoffs[:-1])
    # As late as the purge allows, and as early as there is room.
    assert test - rule.window_us - cutoffs[-1] <= DAY
    if len(cutoffs) < most:
        assert cutoffs[0] - (step + 1) * DAY < history.data_start + 60 * DAY


def test_cutoffs_are_local_midnights_a_step_apart() -> None:
    cutoffs = training_cutoffs(HISTORY, RULE, TEST, step_days=30, max_snapshots=4)
    assert [HISTORY.date(c) for c in cutoffs] == ["2023-06-29", "2023-07-29", "2023-08-28", "2023-09-27"]
    assert cutoffs[-1] + RULE.window_us == TEST


def test_the_first_cutoff_may_sit_exactly_on_the_earliest_instant() -> None:
    test = HISTORY.data_start + (60 + 35 + 2 * 30) * DAY
    cutoffs = training_cutoffs(HISTORY, RULE, test, step_days=30, max_snapshots=36)
    assert len(cutoffs) == 3
    assert cutoffs[0] == HISTORY.data_start + 60 * DAY
    with pytest.raises(ModelError):
        training_cutoffs(HISTORY, RULE, test - DAY, step_days=30, max_snapshots=36)


def test_less_history_before_the_oldest_cutoff_can_be_asked_for() -> None:
    test = HISTORY.data_start + (60 + 35) * DAY
    with pytest.raises(ModelError):
        training_cutoffs(HISTORY, RULE, test, step_days=10, max_snapshots=36)
    cutoffs = training_cutoffs(HISTORY, RULE, test, step_days=10, max_snapshots=36, history_days=40)
    assert len(cutoffs) == 3
    assert cutoffs[0] == HISTORY.data_start + 40 * DAY


def test_too_short_a_history_says_what_it_would_take() -> None:
    with pytest.raises(ModelError) as error:
        training_cutoffs(HISTORY, RULE, instant("2022-05-01"), step_days=30, max_snapshots=36)
    assert error.value.code == "short-history"
    assert str(error.value) == (
        "The history is too short to learn from. Given: 120 days of orders before the test cutoff 2022-05-01, room "
        "for 1 training snapshot. Allowed: at least 3 snapshots: 60 days to see who is active, 35 days of outcome "
        "and 60 days between. Shorten active_days, horizon_days, step_days or training.history_days, or bring more "
        "history."
    )


@pytest.fixture(scope="module")
def stacked() -> Snapshots:
    cutoffs = training_cutoffs(HISTORY, RULE, TEST, step_days=30, max_snapshots=36)
    return build_snapshots(HISTORY, RULE, cutoffs, catalogue(HISTORY))


def test_the_spine_is_who_was_active_at_each_cutoff(stacked: Snapshots) -> None:
    log = HISTORY.logs["orders"]
    want = {
        (c, t)
        for t in stacked.cutoffs.tolist()
        for c, time in zip(log.customer.tolist(), log.time.tolist(), strict=True)
        if t - 60 * DAY <= time < t
    }
    rows = Counter(zip(stacked.customer.tolist(), stacked.cutoff.tolist(), strict=True))
    assert set(rows) == want
    assert set(rows.values()) == {1}
    assert (np.diff(stacked.cutoff) >= 0).all()
    assert stacked.X.shape == (len(stacked), len(catalogue(HISTORY)))


def test_labels_are_what_came_after(stacked: Snapshots) -> None:
    log = HISTORY.logs["orders"]
    for c, t, y in zip(stacked.customer.tolist(), stacked.cutoff.tolist(), stacked.y.tolist(), strict=True):
        later = log.time[log.customer == c]
        assert y == float(not ((later >= t + 5 * DAY) & (later < t + 35 * DAY)).any())
    assert 0 < stacked.y.mean() < 1


def test_a_silent_customer_is_kept_as_churned(stacked: Snapshots) -> None:
    who = HISTORY.customers.get_loc("c")
    last = int(HISTORY.logs["orders"].time[HISTORY.logs["orders"].customer == who].max())
    after = stacked.y[(stacked.customer == who) & (stacked.cutoff > last)]
    assert len(after) > 0
    assert (after == 1).all()
    assert (stacked.cutoff[stacked.customer == who] <= last + 60 * DAY).all()


def test_features_of_a_row_are_those_of_its_cutoff(stacked: Snapshots) -> None:
    cutoff = int(stacked.cutoffs[3])
    part = stacked.at(cutoff)
    np.testing.assert_array_equal(
        part.X, feature_matrix(HISTORY.as_of(cutoff), part.customer, catalogue(HISTORY))
    )


def test_until_and_at_pick_whole_cutoffs(stacked: Snapshots) -> None:
    cutoffs = stacked.cutoffs
    assert stacked.until(int(cutoffs[1])).cutoffs.tolist() == cutoffs[:2].tolist()
    assert stacked.at(int(cutoffs[1])).cutoffs.tolist() == [cutoffs[1]]
    assert len(stacked.until(int(cutoffs[-1]))) == len(stacked) == len(stacked.y)
    assert len(stacked.at(0)) == 0


def test_a_cutoff_at_which_nobody_was_active_adds_no_row() -> None:
    rows = orders(TEST - 300 * DAY, TEST) + orders(TEST - 290 * DAY, customer="b")
    history = history_of(Tables(rows))
    cutoffs = [TEST - 280 * DAY, TEST - 100 * DAY]
    stacked = build_snapshots(history, RULE, cutoffs, catalogue(history))
    assert stacked.cutoffs.tolist() == [TEST - 280 * DAY]
    assert len(stacked) == 2


def test_who_was_lost_in_the_gap_is_left_out_and_counted() -> None:
    subs = [{"customer": c, "time": TEST - 200 * DAY, "event": "start"} for c in "abc"] + [
        {"customer": "a", "time": TEST + 3 * DAY, "event": "end"},  # in the gap
        {"customer": "b", "time": TEST + 9 * DAY, "event": "end"},
    ]
    rows = orders(*(TEST + 30 * k * DAY for k in range(-10, 4)), customer="c") + orders(TEST - DAY)
    history = history_of(Tables(rows, subscriptions=subs))
    rule = Subscription(30, 5, ended_when=("end",))
    stacked = build_snapshots(history, rule, [TEST - 60 * DAY, TEST], catalogue(history))
    assert stacked.neither == {TEST - 60 * DAY: 0, TEST: 1}
    assert stacked.at(TEST).y.tolist() == [1.0, 0.0]
    assert history.customers[stacked.at(TEST).customer].tolist() == ["b", "c"]
    assert len(stacked.X) == len(stacked) == 5
