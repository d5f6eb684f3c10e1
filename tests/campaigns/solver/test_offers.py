"""Pairs of customers and actions, and who is the same as whom."""

from __future__ import annotations

import numpy as np

from churn.campaigns.solver.lanes import Lanes
from churn.campaigns.solver.offers import make_offers

DAILY = np.arange(3)[:, None]
LANES = Lanes.of(np.array([[1.0, 0, 1], [np.inf] * 3]), [0, 1], [DAILY, DAILY])


def test_customers_stand_in_the_order_of_their_draw_and_without_open_pairs_nowhere():
    gain = np.array([[1.0, 2], [3, 4], [5, 6]])
    is_open = np.array([[True, True], [False, False], [False, True]])
    found = make_offers(gain, is_open, np.array([1, 0, 2]), gain / 10, np.array([0.9, 0.1, 0.2]), LANES)
    assert found.members.tolist() == [2, 0]
    assert found.gain.tolist() == [6, 1, 2]
    assert found.start.tolist() == [0, 1]
    assert found.place.tolist() == [6, 2, 6]  # without a limit, then day 1 has no room and becomes day 2


def test_equal_customers_are_one_type_and_almost_equal_ones_are_not():
    gain = np.array([[1.0, 2], [1, 2], [1, 2 + 1e-12], [1, 2], [1, 2]])
    cost = np.ones((5, 2))
    cost[3, 0] = 2
    found = make_offers(
        gain, np.ones((5, 2), dtype=bool), np.array([0, 0, 0, 0, 1]), cost, np.arange(5)[::-1], LANES
    )
    # the last customer's first day differs, the fourth's cost, the third's gain
    assert found.number.tolist() == [1, 1, 1, 2]
    assert found.members.tolist() == [4, 3, 2, 1, 0]
    assert found.pairs_of(np.array([1, 3])).tolist() == [2, 3, 6, 7]


def test_no_customer_has_no_pairs():
    found = make_offers(
        np.empty((0, 2)), np.empty((0, 2), bool), np.empty(0, int), np.empty((0, 2)), np.empty(0), LANES
    )
    assert len(found) == 0
