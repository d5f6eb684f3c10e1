"""Who may be contacted: every reason to be out, in its order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churn.campaigns.plan.make import make_plan
from churn.campaigns.plan.past import Past
from churn.errors import ConfigError, DataError
from tests.campaigns.planning import CALL, GIFT, MAIL, codes, contacted, plan, policy, scored


def test_who_has_no_score_is_out_and_counted():
    made = plan(policy(), scored(3, churn_probability=[0.5, None, 0.4]))
    assert codes(made) == {"C0": "chosen", "C1": "no-score", "C2": "chosen"}
    assert made.summary()["why"] == {"chosen": 2, "no-score": 1}


def test_the_global_holdout_is_taken_out_before_anything_else():
    made = plan(policy(holdout={"share": 0.0, "global_share": 0.999999}), scored(4))
    assert set(codes(made).values()) == {"global-holdout"}
    assert set(made.customers["arm"]) == {"global holdout"}
    assert not made.customers["selected"].any()


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (("C0", "*"), "suppressed"),
        (("C0", ""), "suppressed"),
        (("C0", "phone"), "chosen"),  # the mail is left
    ],
)
def test_suppression_is_per_channel(rows, expected):
    frame = pd.DataFrame([rows], columns=["customer", "channel"])
    made = plan(policy(), scored(2), suppressed=frame)
    assert codes(made) == {"C0": expected, "C1": "chosen"}
    if expected == "chosen":
        assert made.customers["action"][0] == "mail"


def test_consent_refused_and_consent_unknown_are_two_things():
    rules = {"columns": {"*": "ok"}}
    made = plan(policy(consent=rules), scored(4, ok=["yes", "no", "", "1"]))
    assert list(codes(made).values()) == ["chosen", "no-consent", "consent-unknown", "chosen"]


def test_consent_may_differ_by_channel():
    rules = {"columns": {"phone": "call_ok", "email": "mail_ok"}}
    made = plan(policy(consent=rules), scored(2, call_ok=["no", "no"], mail_ok=["yes", ""]))
    assert list(codes(made).values()) == ["chosen", "no-consent"]
    assert made.customers["channel"][0] == "email"


def test_a_consent_that_is_no_answer_is_told():
    with pytest.raises(DataError, match="neither yes nor no in 1 rows"):
        plan(policy(consent={"columns": {"*": "ok"}}), scored(2, ok=["yes", "perhaps"]))


def test_a_consent_column_that_is_nowhere_is_told_with_what_to_do():
    with pytest.raises(ConfigError, match=r"consent\.required: false"):
        plan(policy(consent={}), scored(2))


def test_without_contact_data_a_channel_reaches_nobody():
    rules = {"required": False, "needed_by": {"email": "mail_address", "phone": "number"}}
    made = plan(policy(consent=rules), scored(3, mail_address=["a@b", "", " "], number=["", "1", ""]))
    assert list(codes(made).values()) == ["chosen", "chosen", "no-contact-data"]
    assert made.customers["channel"].tolist() == ["email", "phone", ""]


def test_contact_data_may_come_besides_in_any_order():
    contacts = pd.DataFrame({"customer": ["C1", "C0"], "mail_address": ["", "a@b"]})
    rules = {"required": False, "needed_by": {"email": "mail_address"}}
    made = plan(policy(MAIL, consent=rules), scored(3), contacts)
    assert list(codes(made).values()) == ["chosen", "no-contact-data", "no-contact-data"]


def test_quiet_days_move_the_first_contact_and_end_it_where_no_day_is_left():
    past = contacted(C0="2026-01-01T09:00:00Z", C1="2026-01-04T09:00:00Z")
    made = make_plan(policy(limits={"quiet_days": 5}), scored=scored(3), past=Past(past))
    assert list(codes(made).values()) == ["chosen", "contacted-lately", "chosen"]
    assert made.customers["day"].tolist() == ["2026-01-07", "", "2026-01-05"]


def test_a_complaint_is_answered_before_anything_is_sold():
    answer = {**CALL, "name": "answer", "answers_complaint": True}
    table = scored(3, ignored_complaints=[1, 0, None])
    made = plan(policy(answer, GIFT), table)
    assert made.customers["action"].tolist() == ["answer", "gift", "gift"]
    assert plan(policy(GIFT), table).customers["why_code"][0] == "open-complaint"
    assert "no action answers one" in " ".join(plan(policy(GIFT), table).summary()["warnings"])


def test_a_complaint_that_was_answered_late_no_longer_stands_in_the_way():
    table = scored(3, ignored_complaints=[2, 0, 2], unanswered_complaint_days=[0, 3, None])
    assert list(codes(plan(policy(GIFT), table)).values()) == ["chosen", "open-complaint", "open-complaint"]


def test_who_meets_no_condition_is_told_the_nearest():
    near = {**CALL, "when": {"churn_probability": {"min": 0.85}}}
    far = {**MAIL, "when": {"churn_probability": {"min": 0.95}, "stages": ["new"]}}
    made = plan(policy(near, far), scored(2))
    assert list(codes(made).values()) == ["chosen", "no-condition"]
    assert (
        made.customers["why"][1]
        == "No action is meant for this customer: nearest is call, for a churn probability of 85 % or more (here 80 %)."
    )


def test_the_preferred_channel_goes_first_and_another_only_where_it_has_nothing():
    rules = {"required": False, "preferred": "likes"}
    actions = {**CALL, "when": {"churn_probability": {"min": 0.75}}}, MAIL
    made = plan(policy(*actions, consent=rules), scored(4, likes=["email", "phone", "phone", "pigeon"]))
    assert made.customers["channel"].tolist() == ["email", "phone", "email", "email"]
    assert made.summary()["preferred_elsewhere"] == 1
    assert "'pigeon'" in made.summary()["notes"][0]


def test_a_worth_that_is_not_known_is_out_unless_there_is_a_fallback():
    table = scored(2, spend_if_staying=[None, 100.0])
    assert list(codes(plan(policy(), table)).values()) == ["no-worth", "chosen"]
    made = plan(policy(worth={"fallback": 200}), table)
    assert made.customers["value"].tolist() == [200, 100]


def test_a_table_without_worth_is_told():
    with pytest.raises(DataError, match="no column lifetime_value"):
        plan(policy(worth={"column": "lifetime_value"}), scored(2))


def test_who_would_cost_more_than_he_brings_is_out():
    made = plan(policy(CALL), scored(2, churn_probability=[0.3, 0.3], spend_if_staying=[100.0, 100.1]))
    assert list(codes(made).values()) == ["no-profit", "chosen"]  # 0.3 x 0.2 x 100 is just the cost


def test_who_has_no_open_day_is_out():
    closed = {"no_contact_on": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}
    assert set(codes(plan(policy(limits=closed), scored(2))).values()) == {"no-day"}


def test_uplift_of_a_model_counts_where_it_says_something():
    uplift = np.array([[0.5, np.nan], [-0.1, np.nan]])
    made = make_plan(policy(CALL, MAIL), scored=scored(2), past=Past(), uplift=uplift)
    assert made.customers["action"].tolist() == ["call", "mail"]
    assert made.customers["uplift"][0] == 0.5
    assert "by the uplift model" in made.customers["why"][0]
    assert "by the uplift model" not in made.customers["why"][1]


def test_a_model_saves_no_more_than_would_leave():
    table = scored(2, churn_probability=[0.02, 0.5], spend_if_staying=[1000.0, 1000.0])
    made = make_plan(policy(CALL), scored=table, past=Past(), uplift=np.array([[0.08], [0.08]]))
    assert made.customers["uplift"].tolist() == [0.02, 0.08]
    assert "100.0 % chance to save, by the uplift model" in made.customers["why"][0]
