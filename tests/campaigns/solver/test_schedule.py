"""The calendar: who has more goes first, everybody whom it can hold has a day, and no slot is used twice."""

from __future__ import annotations

import numpy as np
import pytest

from churn.campaigns.solver import schedule
from churn.campaigns.solver.lanes import Lanes
from churn.campaigns.solver.schedule import place

DAILY = np.arange(4)[:, None]


def test_the_most_worth_goes_first_and_as_early_as_it_is_ready():
    lanes = Lanes.of(np.full((1, 4), 1.0), [0], [DAILY])
    ready = np.array([0, 0, 2, 0])
    assert place(lanes, np.zeros(4, int), ready, np.array([1.0, 9, 5, 2])).tolist() == [3, 0, 2, 1]


def test_who_finds_no_room_has_no_day():
    lanes = Lanes.of(np.array([[1.0, 0, 0, 1]]), [0], [DAILY])
    found = place(lanes, np.zeros(4, int), np.array([0, 1, 3, 4]), np.array([1.0, 2, 3, 4]))
    assert found.tolist() == [0, -1, 3, -1]


def test_without_limits_everybody_starts_when_ready_on_an_open_day():
    slots = DAILY.copy()
    slots[1] = -1
    lanes = Lanes.of(np.full((1, 4), np.inf), [0], [slots])
    assert place(lanes, np.array([0, 0, -1]), np.array([0, 1, 0]), np.ones(3)).tolist() == [0, 2, -1]


def test_several_contacts_that_block_each_other_are_unravelled():
    # Starting on days 0 and 1 leaves room for two more; starting one on each day would leave day 2 and 3 half used.
    lanes = Lanes.of(np.array([[2.0, 2, 2, 2, 0, 0]]), [0], [DAILY + np.array([0, 2])])
    found = place(lanes, np.zeros(4, int), np.zeros(4, int), np.arange(4.0))
    assert sorted(found.tolist()) == [0, 0, 1, 1]
    mixed = Lanes.of(np.array([[1.0, 1, 1, 0, 0, 0]]), [0, 0], [DAILY + np.array([0, 2]), DAILY])
    # The single contact is worth more and would take day 0, where the double one must start.
    assert place(mixed, np.array([0, 1]), np.zeros(2, int), np.array([1.0, 2.0])).tolist() == [0, 1]


def test_known_starts_are_taken_where_no_other_calendar_is_found(monkeypatch):
    lanes = Lanes.of(np.array([[2.0, 2, 2, 2, 0, 0]]), [0], [DAILY + np.array([0, 2])])
    monkeypatch.setattr(schedule, "_starts", lambda *_, **__: None)
    without = place(lanes, np.zeros(5, int), np.zeros(5, int), np.arange(5.0))
    assert (without >= 0).sum() == 4
    mixed = Lanes.of(np.array([[1.0, 1, 1, 0, 0, 0]]), [0, 0], [DAILY + np.array([0, 2]), DAILY])
    known = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0]])
    found = place(mixed, np.array([0, 1]), np.zeros(2, int), np.array([1.0, 2.0]), known)
    assert found.tolist() == [0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_no_slot_is_used_beyond_its_capacity(seed):
    rng = np.random.default_rng(seed)
    slots = [np.arange(6)[:, None] + np.array(s) for s in ((0,), (0, 1, 4), (0, 2))]
    capacity = rng.integers(0, 9, (2, 11)).astype(float)
    capacity[rng.integers(2), rng.integers(11)] = np.inf
    lanes = Lanes.of(capacity, [0, 0, 1], slots)
    lane, ready, worth = rng.integers(0, 3, 90), rng.integers(0, 7, 90), rng.random(90)
    found = place(lanes, lane, ready, worth)
    assert (lanes.use(lane, found) <= capacity).all()
    assert (found[found >= 0] >= ready[found >= 0]).all()
    assert (found >= 0).sum() > 10
