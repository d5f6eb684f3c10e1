"""The profit of a contact, at its edges and beside the same figure of the backtest."""

from __future__ import annotations

import numpy as np

from churn.campaigns.profit import action_profit, expected_taken, expected_uplift

P, VALUE = np.array([0.0, 0.3, 0.7, 1.0]), np.array([50.0, 10.0, 200.0, 80.0])


def test_it_is_the_value_of_the_uplift_less_offer_and_contact():
    uplift = expected_uplift(P, 0.2, 0.05)
    by_hand = uplift * VALUE - 4 * expected_taken(P, 0.2, 0.5) - 3

    found = action_profit(
        P, VALUE, save_chance=0.2, contact_cost=3, offer_cost=4, stayers_accept=0.5, wakes=0.05
    )
    given = action_profit(
        P, VALUE, save_chance=0.2, contact_cost=3, offer_cost=4, stayers_accept=0.5, uplift=uplift
    )

    assert np.allclose(found, by_hand)
    assert np.allclose(given, by_hand)


def test_who_would_stay_for_sure_can_only_be_woken():
    assert action_profit(P, VALUE, save_chance=0.2, contact_cost=0, wakes=0.1)[0] == -5.0


def test_what_is_not_known_is_no_number():
    found = action_profit(np.array([np.nan, 0.5]), np.array([1.0, np.nan]), save_chance=0.2, contact_cost=1)
    assert np.isnan(found).all()
