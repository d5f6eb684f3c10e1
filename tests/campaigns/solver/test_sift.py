"""Prices found from the undecided are those of the whole program."""

from __future__ import annotations

import numpy as np
import pytest

from churn.campaigns.solver import sift
from churn.campaigns.solver.lanes import Lanes
from churn.campaigns.solver.offers import Offers, make_offers
from churn.campaigns.solver.program import Prices


def setting(seed: int, share: float, n: int = 3000) -> tuple[Offers, Lanes, float]:
    rng = np.random.default_rng(seed)
    slots = [np.arange(5)[:, None] + np.array(s) for s in ((0,), (0, 2), (0,))]
    gain, cost = rng.lognormal(1, 1.5, (n, 3)), rng.uniform(0, 3, (n, 3))
    capacity = np.floor(rng.uniform(0, share * n / 5, (2, 8)))
    lanes = Lanes.of(capacity, [0, 0, 1], slots)
    ready = rng.integers(0, 5, n)
    is_open = (rng.random((n, 3)) < 0.8) & (lanes.first_open[lanes.of_action, ready[:, None]] < 5)
    return make_offers(gain, is_open, ready, cost, rng.random(n), lanes), lanes, share * n


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.005, 0.1, 0.8])
def test_sifting_proves_the_bound_of_the_whole_program(monkeypatch, seed, share):
    offers, lanes, budget = setting(seed, share)
    whole = sift.find_prices(offers, lanes, budget).bound
    monkeypatch.setattr(sift, "_CORE", 300)
    found = sift.find_prices(offers, lanes, budget)
    assert found.bound == pytest.approx(whole, rel=1e-5)


def test_it_comes_back_from_prices_that_are_far_off(monkeypatch):
    offers, lanes, budget = setting(1, 0.1)
    whole = sift.find_prices(offers, lanes, budget).bound
    monkeypatch.setattr(sift, "_CORE", 300)
    far = Prices(50.0, np.full(lanes.capacity.shape, 20.0))
    assert sift.find_prices(offers, lanes, budget, warm=far).bound == pytest.approx(whole, rel=1e-5)


def test_who_is_close_is_who_changes_when_prices_move():
    offers, lanes, budget = setting(2, 0.3)
    state = sift.find_prices(offers, lanes, budget)
    close = sift.closeness(state, offers, lanes, Prices(0.0, np.zeros(lanes.capacity.shape)))
    moved = Prices(state.prices.budget * 1.05, state.prices.slots * 0.95)
    changed = sift.state_at(moved, offers, lanes, budget).chosen != state.chosen
    assert 0 < changed.sum() < len(offers) / 2
    assert (close[changed] <= 0.05 + 1e-9).all()
