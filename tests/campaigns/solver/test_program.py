"""The linear program, its prices and its whole-number form."""

from __future__ import annotations

import numpy as np
import pytest

from churn.campaigns.solver.lanes import Lanes
from churn.campaigns.solver.offers import Offers, make_offers
from churn.campaigns.solver.program import Fixed, Prices, Program, choose, dual_value
from churn.campaigns.solver.sift import nothing

DAILY = np.arange(2)[:, None]


def setting(gains: list[float], capacity: float = np.inf, ready: int = 0) -> tuple[Offers, Lanes]:
    n = len(gains)
    lanes = Lanes.of(np.full((1, 2), capacity), [0], [DAILY])
    gain, ones = np.array(gains)[:, None], np.ones((n, 1))
    return make_offers(gain, ones > 0, np.full(n, ready), ones, np.arange(n) / n, lanes), lanes


def program(offers: Offers, lanes: Lanes, budget: float = np.inf, fixed: Fixed | None = None) -> Program:
    pairs = np.arange(len(offers.owner))
    return Program(offers, pairs, offers.number, lanes, budget, fixed or nothing(lanes))


def test_the_price_of_money_is_what_the_next_customer_would_bring():
    answer = program(*setting([5.0, 4, 3, 2]), budget=2.5).solve()
    assert answer.value == pytest.approx(5 + 4 + 1.5)
    assert answer.prices.budget == pytest.approx(3)


def test_the_price_of_a_day_counts_only_where_it_can_be_used():
    answer = program(*setting([5.0, 4, 3], capacity=1, ready=1)).solve()
    assert answer.value == pytest.approx(5)
    assert answer.prices.slots[0, 0] == pytest.approx(0)
    assert 4 <= answer.prices.slots[0, 1] <= 5


def test_the_bound_of_any_prices_holds():
    offers, lanes = setting([5.0, 4, 3, 2], capacity=1)
    for price in (0.0, 2.0, 3.5, 9.0):
        prices = Prices(0.1, np.full((1, 2), price))
        _, worth = choose(offers, prices.reduced(offers, lanes))
        assert dual_value(offers, worth, prices, lanes, 4.0) >= 9 - 1e-9


def test_prices_stay_between_the_given_ones():
    offers, lanes = setting([5.0, 4, 3, 2])
    low, high = (Prices(p, np.zeros((1, 2))) for p in (3.5, 3.8))
    assert program(offers, lanes, 2.5).solve((low, high)).prices.budget == pytest.approx(3.5)
    assert program(offers, lanes, 0.5).solve((low, high)).prices.budget == pytest.approx(3.8)


def test_whole_numbers_take_no_half_customer():
    answer = program(*setting([5.0, 4, 3, 2]), budget=2.5).solve_whole(0.0, 100)
    assert answer is not None
    assert answer.number.tolist() == [1, 1, 0, 0]
    assert answer.value == pytest.approx(9)


def test_what_others_use_is_taken_off_and_too_much_of_it_has_no_answer():
    offers, lanes = setting([5.0, 4, 3], capacity=1)
    places = np.array([1, 0, 0])
    answer = program(offers, lanes, fixed=Fixed(0.0, places)).solve_whole(0.0, 100)
    assert answer is not None
    assert answer.value == pytest.approx(5)
    assert program(offers, lanes, fixed=Fixed(0.0, 3 * places)).solve_whole(0.0, 100) is None


def test_of_equal_pairs_the_first_is_chosen_and_nothing_where_nothing_pays():
    lanes = Lanes.of(np.full((1, 2), np.inf), [0, 0], [DAILY, DAILY])
    gain = np.array([[2.0, 2], [1, 3]])
    offers = make_offers(gain, gain > 0, np.zeros(2, int), gain, np.arange(2) / 2, lanes)
    chosen, worth = choose(offers, offers.gain - 2)
    assert chosen.tolist() == [-1, 3]
    assert worth.tolist() == [0, 1]
