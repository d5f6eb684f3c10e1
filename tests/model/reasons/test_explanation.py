import json

import pytest

from churn.model.reasons.explanation import Compared, Explanation, Push, Reason

REASON = Reason(
    "rhythm", "rhythm of orders", "silence", "up", 1.1, "Silent for 64 days", {"recency_days": 64.2}
)
ONE = Explanation(
    "C1",
    -1.0,
    (
        Push("rhythm", "rhythm of orders", "silence", 1.3, "Silent for 64 days"),
        Push("rhythm", "rhythm of orders", "frequency", -0.2),
        Push("volume", "spend", "spend", -0.1),
    ),
    (REASON,),
    "2025-04-14",
    "churn = no order",
    (Compared("days since the last order", "64.2", "21"),),
)


def test_it_adds_up_by_family_and_by_story():
    assert ONE.log_odds == pytest.approx(0.0)
    assert ONE.probability == pytest.approx(0.5)
    assert ONE.families == pytest.approx({"rhythm": 1.1, "volume": -0.1})
    assert ONE.stories == pytest.approx({"rhythm of orders": 1.1, "spend": -0.1})
    assert REASON.odds_factor == pytest.approx(3.004, abs=0.001)


def test_as_plain_values():
    found = json.loads(json.dumps(ONE.to_dict(), allow_nan=False))
    assert found["churn_probability"] == pytest.approx(0.5)
    assert found["base_log_odds"] + sum(t["push"] for t in found["topics"]) == pytest.approx(
        found["log_odds"]
    )
    assert found["reasons"][0]["numbers"] == {"recency_days": 64.2}


def test_it_renders_the_sum_line_by_line():
    text = ONE.render()
    assert text.startswith("Customer C1 as of 2025-04-14: 50.0 % churn\nChurn = no order.")
    assert "nothing that can be told in words" in text  # nothing holds the risk down
    rows = [line.split() for line in text.splitlines()]
    assert ["without", "any", "signal", "-1.00", "26.9", "%"] in rows
    assert ["rhythm", "of", "orders", "x", "3.00", "+1.10", "52.5", "%"] in rows
    assert ["score", "+0.00", "50.0", "%"] in rows


def test_probabilities_at_the_far_ends():
    for base in (-800.0, 800.0):
        assert Explanation("x", base, (), ()).probability == (0.0 if base < 0 else 1.0)
