"""Lanes on their calendar."""

from __future__ import annotations

import numpy as np

from churn.campaigns.solver.lanes import Lanes

SINGLE = np.arange(4)[:, None]
TWICE = np.array([[0, 2], [1, 3], [-1, -1], [3, 5]])


def lanes() -> Lanes:
    capacity = np.array([[2.0, 1, 0, 3, 9, 9], [np.inf] * 6])
    return Lanes.of(capacity, [0, 0, 0, 1], [SINGLE, TWICE, SINGLE, TWICE])


def test_actions_with_equal_slots_of_one_channel_share_a_lane():
    assert lanes().of_action.tolist() == [0, 1, 0, 2]
    assert lanes().is_limited.tolist() == [True, True, False]


def test_room_is_the_least_of_all_contacts_and_none_on_closed_days():
    assert lanes().room[0].tolist() == [2, 1, 0, 3]
    assert lanes().room[1].tolist() == [0, 1, 0, 3]
    assert lanes().first_open[1].tolist() == [1, 1, 3, 3]
    assert lanes().first_day[2].tolist() == [0, 1, 3, 3]


def test_capacity_of_a_scaled_limit_is_cut_to_whole_contacts():
    assert Lanes.of(np.array([[22.2, 0.3 / 0.1]]), [0], [SINGLE[:2]]).capacity.tolist() == [[22, 3]]


def test_a_place_costs_its_cheapest_start_from_its_day_on():
    price = lanes().prices(np.array([[5.0, 4, 0, 1, 0, 2], [0.0] * 6])).reshape(3, 4)
    assert price[0].tolist() == [1, 1, 1, 1]
    assert price[1].tolist() == [3, 3, 3, 3]
    assert Lanes.of(np.array([[1.0, 0]]), [0], [SINGLE[:2]]).prices(np.zeros((1, 2))).tolist() == [0, np.inf]


def test_use_counts_every_contact():
    used = lanes().use(np.array([0, 1, 1, 2, -1]), np.array([0, 1, 1, 3, -1]))
    assert used.tolist() == [[1, 2, 0, 2, 0, 0], [0, 0, 0, 1, 0, 1]]
