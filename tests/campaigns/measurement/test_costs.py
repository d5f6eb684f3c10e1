"""What was spent: contacts that went out, offers that were taken, and nothing invented."""

import pandas as pd

from churn.campaigns.measurement.costs import spent
from tests.campaigns.campaign_data import a_policy


def contacts(*rows):
    return pd.DataFrame(rows, columns=["customer", "action", "state"])


SENT = contacts(
    ("a", "call", "sent"),
    ("a", "gift", "sent"),
    ("b", "gift", "sent"),
    ("b", "gift", "sent"),
    ("c", "gift", "dead"),
    ("d", "call", "due"),
)


def test_only_what_went_out_costs_and_an_offer_is_taken_once():
    answers = pd.DataFrame(
        {"customer": ["b", "b", "c", "a"], "kind": ["bought", "redeemed", "bought", "opened"]}
    )
    found = spent(a_policy(), SENT, answers)
    assert (found["contacts"], found["contact_cost"]) == (4, 6 + 3 * 1)
    assert (found["offers"], found["offer_cost"]) == (1, 10)  # c never got it
    assert found["said"] == "Spent: EUR 19.00 for 4 contacts and 1 offer that was taken."


def test_without_responses_offers_are_as_the_plan_expected_and_said_so():
    found = spent(a_policy(), SENT, None, expected_offers=7.5)
    assert (found["offers"], found["spent"]) == (None, 16.5)
    assert "as the plan expected" in found["said"]
    opened = pd.DataFrame({"customer": ["a"], "kind": ["opened"]})
    assert spent(a_policy(), SENT, opened)["said"].endswith("because no response says who took one.")


def test_nothing_sent_costs_nothing():
    found = spent(a_policy(), contacts())
    assert (found["spent"], found["offers"], found["said"]) == (0, 0, "Spent: EUR 0.00 for 0 contacts.")
