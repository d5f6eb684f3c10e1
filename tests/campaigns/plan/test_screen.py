"""The plan as it is read in a terminal."""

from __future__ import annotations

from tests.campaigns.planning import CALL, MAIL, plan, policy, scored


def test_it_says_what_it_would_do_and_who_is_out():
    made = plan(
        policy(CALL, MAIL, currency="EUR", limits={"budget": 9, "capacity": {"phone": 1}}),
        scored(5, churn_probability=[0.9, 0.8, 0.7, 0.01, None]),
    )
    text = made.render()
    assert "Nothing is sent." in text
    assert "Plan of winter: " in text
    assert "budget: EUR " in text
    assert "  1  no score: no churn probability in the table" in text
    assert "phone per day: at most 1 of 1" in text
    assert "assumed: saves 20 % of those who would leave" in text
    assert "—" not in text


def test_nobody_to_contact_is_said_first():
    text = plan(policy(CALL, limits={"budget": 0}), scored(2)).render()
    assert text.startswith("! The plan contacts nobody.")
    assert "Expected of" not in text
