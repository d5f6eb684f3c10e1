"""Sentences with the customer's own numbers, which add up."""

from __future__ import annotations

from tests.campaigns.planning import CALL, GIFT, MAIL, plan, policy, scored


def test_the_chosen_are_told_the_sum():
    made = plan(policy({**GIFT, "wakes": 0.02, "stayers_accept": 0.5}), scored(1, churn_probability=[0.5]))
    # 0.5 x 0.3 x 100 = 15; offer 5 x (0.15 + 0.25) = 2; woken 0.5 x 0.02 x 100 = 1
    assert made.customers["why"][0] == (
        "Chosen: gift; 50 % risk x 30 % chance to save x 100 at stake = 15.00, less 1.00 for the contact, "
        "2.00 for the offer, 1.00 for stayers it wakes: 11.00."
    )
    assert round(made.customers["expected_profit"][0], 9) == 11


def test_several_contacts_and_what_the_best_would_earn():
    made = plan(policy(MAIL, CALL, currency="EUR"), scored(2, churn_probability=[0.5, 0.001]))
    assert (
        "less EUR 1.50 for 3 contacts: EUR 3.50." in made.customers["why"][0]
        or "call" in made.customers["action"][0]
    )
    assert made.customers["why"][1].startswith("No action pays: the best, mail, is expected to earn ")


def test_who_is_out_for_the_limits_is_told_from_what_on_it_would_pay():
    made = plan(policy(CALL, days=1, limits={"capacity": {"phone": 2}}), scored(5))
    assert made.customers["why"][4].startswith("call would earn 4.00, and the channel's days go to others")
    assert made.customers["why_code"][4] == "capacity"
