import math

import pandas as pd
import pytest

from churn.scoring.drivers import drivers


def reason(customer, story, push, *, place=1, direction="up", text=None, family="service"):
    return {
        "customer": customer,
        "direction": direction,
        "place": place,
        "family": family,
        "story": story,
        "push_log_odds": push,
        "text": text or f"{story} of {customer}",
    }


LISTED = pd.DataFrame({"customer": ["A", "B", "C", "D"], "value_at_stake": [5.0, 80.0, 10.0, 5.0]})


def test_stories_are_counted_by_customer_and_the_most_common_comes_first():
    rows = [
        reason("A", "support", 1.0),
        reason("A", "spend", 0.2, place=2, family="volume"),
        reason("B", "spend", 0.4, family="volume"),
        reason("C", "spend", 0.6, family="volume"),
        reason("B", "support", -0.5, direction="down"),
    ]
    found = drivers(pd.DataFrame(rows), LISTED)
    spend, support = found["up"]
    assert (found["listed"], found["value_at_stake"]) == (4, 100.0)
    assert (spend["story"], spend["customers"], spend["share"], spend["first"]) == ("spend", 3, 0.75, 2)
    assert spend["mean_push"] == pytest.approx(0.4)
    assert spend["odds_factor"] == pytest.approx(math.exp(0.4))
    assert spend["value_at_stake"] == 95.0
    assert (support["story"], support["customers"], support["value_at_stake"]) == ("support", 1, 5.0)
    assert [d["story"] for d in found["down"]] == ["support"]


def test_examples_are_of_those_with_most_value_and_say_different_things():
    rows = [reason(c, "support", 1.0, text=t) for c, t in zip("ABCD", ["x", "y", "y", "z"], strict=True)]
    (found,) = drivers(pd.DataFrame(rows), LISTED)["up"]
    assert found["examples"] == [
        {"customer": "B", "text": "y"},
        {"customer": "A", "text": "x"},
        {"customer": "D", "text": "z"},
    ]


def test_ties_are_settled_by_name_and_ids_become_plain_numbers():
    listed = pd.DataFrame({"customer": [1, 2], "value_at_stake": [1.0, 2.0]})
    rows = pd.DataFrame([reason(1, "support", 0.1), reason(2, "returns", 0.1)])
    found = drivers(rows, listed)["up"]
    assert [d["story"] for d in found] == ["returns", "support"]
    assert type(found[0]["examples"][0]["customer"]) is int


def test_reasons_of_customers_who_are_not_listed_do_not_count():
    rows = pd.DataFrame([reason("A", "support", 0.1), reason("Z", "support", 9.0)])
    assert drivers(rows, LISTED)["up"][0]["customers"] == 1


def test_an_empty_list_has_no_drivers():
    empty = pd.DataFrame([reason("A", "support", 0.1)]).head(0)
    found = drivers(empty, LISTED.head(0))
    assert found == {"listed": 0, "value_at_stake": 0.0, "up": [], "down": []}
