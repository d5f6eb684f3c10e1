import math
import re

import numpy as np
import pytest

from churn.features.catalogue import catalogue
from churn.features.compute import feature_matrix
from churn.model.explain import _Teller, explain_rows


@pytest.fixture(scope="module")
def listed(history, definition, model):
    view = history.as_of(definition.last_mature_cutoff(history))
    population = definition.population(view)
    X = feature_matrix(view, population, model.signals)
    top = np.argsort(-model.predict(X))[:200]
    return X[top], model.contributions(X[top])[:, :-1]


def test_listed_customers_get_three_different_reasons(listed, model):
    X, contributions = listed
    reasons = explain_rows(model.signals, X, contributions)
    assert len(reasons) == 200
    assert np.mean([len(r) == 3 for r in reasons]) > 0.9
    for found in reasons:
        assert len({r.text for r in found}) == len(found)
        assert all(r.push > 0 for r in found)
        assert [r.push for r in found] == sorted((r.push for r in found), reverse=True)
        assert all("nan" not in r.text and "inf" not in r.text for r in found)


def test_reasons_carry_the_customers_own_numbers(listed, model):
    X, contributions = listed
    names = [s.name for s in model.signals]
    told = 0
    for row, found in zip(X, explain_rows(model.signals, X, contributions), strict=True):
        for reason in found:
            match = re.fullmatch(r"No order for (\d+) days?; usually one every (\d+) days?", reason.text)
            if match:
                told += 1
                assert int(match[1]) == round(row[names.index("recency_days")])
                assert int(match[2]) == round(row[names.index("gap_mean_days")])
    assert told > 10


def test_topic_push_is_the_sum_of_its_contributions(listed, model):
    X, contributions = listed
    topics = np.array([s.topic for s in model.signals])
    reason = explain_rows(model.signals, X[:1], contributions[:1])[0][0]
    assert reason.push == pytest.approx(contributions[0, topics == reason.topic].sum())


def test_what_pushes_down_is_no_reason(listed, model):
    X, contributions = listed
    assert explain_rows(model.signals, X[:3], -np.abs(contributions[:3])) == [[], [], []]


def test_few_orders_are_no_habit():
    text = tell("silence", recency_days=109.0, gap_mean_days=2.0, order_days_count=3)
    assert text == "No order for 109 days; the few before came 2 days apart"


def test_plain_facts_only_fill_what_comparisons_leave():
    signals = tuple(s for s in catalogue() if s.topic in ("spend", "silence"))
    X = np.array(
        [[{"recency_days": 64, "gap_mean_days": 21, "amount_180d": 50}.get(s.name, np.nan) for s in signals]]
    )
    push = np.array([[5.0 if s.topic == "spend" else 1.0 for s in signals]])
    assert [r.text for r in explain_rows(signals, X, push)[0]] == [
        "Spent 50.00 in the last 180 days",
        "No order for 64 days; usually one every 21 days",
    ]
    assert [r.topic for r in explain_rows(signals, X, push, most=1)[0]] == ["silence"]


def tell(topic, **facts):
    return _Teller("£", 7).tell(topic, facts, {})


@pytest.mark.parametrize(
    ("topic", "facts", "text"),
    [
        (
            "silence",
            {"recency_days": 64.2, "gap_mean_days": 21.3, "order_days_count": 9},
            "No order for 64 days; usually one every 21 days",
        ),
        ("silence", {"recency_days": 9.0, "orders_count": 1}, "Ordered once, 9 days ago, and not again"),
        (
            "silence",
            {"recency_days": 1.0, "orders_count": 3},
            "Ordered on a single day, 1 day ago, and not again",
        ),
        (
            "frequency",
            {"gap_mean_days": 9, "orders_count_90d": 1, "orders_count_365d": 9, "orders_decline_90d": 0.5},
            "1 order in the last 90 days; the usual pace was 2.0",
        ),
        (
            "frequency",
            {"gap_mean_days": 9, "orders_count_90d": 0, "orders_count_365d": 9, "orders_decline_90d": 1.0},
            "No order in the last 90 days, 9 in the last 365",
        ),
        (
            "frequency",
            {"gap_mean_days": 9, "orders_count_90d": 9, "orders_count_365d": 30, "orders_decline_90d": -1.0},
            None,
        ),
        (
            "ignored",
            {"ignored_complaints_count": 1, "ignored_complaint_recency_days": 41.4},
            "A complaint without an answer within 7 days, opened 41 days ago",
        ),
        (
            "ignored",
            {"ignored_complaints_count": 2, "ignored_complaint_recency_days": 41.4},
            "2 complaints without an answer within 7 days, the last opened 41 days ago",
        ),
        (
            "ignored",
            {"ignored_complaints_count": 0, "unanswered_complaint_oldest_days": 3.0},
            "A complaint has waited 3 days for an answer",
        ),
        ("ignored", {"ignored_complaints_count": 0}, None),
        (
            "complaints",
            {"complaints_count_365d": 2, "complaint_recency_days": 5},
            "Complained twice in the last 365 days, last 5 days ago",
        ),
        ("replies", {"first_reply_hours_last": 52.4}, "Waited 52 hours for the last answer from support"),
        ("replies", {"first_reply_hours_last": 3.0}, None),
        ("satisfaction", {"satisfaction_last": 2.0}, "Gave 2 as the last satisfaction mark"),
        ("satisfaction", {"satisfaction_last": 5.0}, None),
        (
            "basket",
            {"amount_last": 30, "amount_mean": 80, "amount_last_vs_mean": 0.375},
            "The last order was £30.00; the average is £80.00",
        ),
        (
            "returns",
            {"returns_count": 2, "returned_amount_share": 0.3},
            "Returned 30 % of what was ordered (2 returns)",
        ),
        ("returns", {"returns_count": 0, "returned_amount_share": 0.0}, None),
        ("engagement:visit", {"visit_recency_days": 44}, "No visit for 44 days"),
        (
            "engagement:email_open",
            {"email_open_recency_days": 4, "email_open_count_30d": 1, "email_open_decline_30d": 0.75},
            "1 email open in the last 30 days; the usual pace was 4.0",
        ),
        (
            "engagement:visit",
            {"visit_recency_days": 4, "visit_count_30d": 9, "visit_decline_30d": -0.5},
            None,
        ),
        (
            "season",
            {"tenure_days": 500, "orders_same_season": 0},
            "Ordered nothing in the same season last year",
        ),
        ("season", {"tenure_days": 100, "orders_same_season": 0}, None),
        ("channel", {}, None),
    ],
)
def test_sentences(topic, facts, text):
    assert tell(topic, **facts) == text


def test_every_topic_copes_with_nothing_known():
    for topic in {s.topic for s in catalogue()}:
        assert tell(topic) is None, topic


def test_contacts_of_any_kind_and_of_one_kind_are_not_told_twice():
    signals = tuple(s for s in catalogue() if s.topic.startswith("engagement"))
    X = np.full((1, len(signals)), math.nan)
    for i, s in enumerate(signals):
        if s.name.endswith("recency_days"):
            X[0, i] = 50
    assert len(explain_rows(signals, X, np.ones_like(X))[0]) == 1


@pytest.mark.parametrize(
    ("topic", "facts", "text"),
    [
        ("experience", {"amount_total": 120}, "No habit yet: £120 spent so far, all on one day"),
        (
            "frequency",
            {"overdue_days": 9, "gap_usual_days": 56.2},
            "Others order again after 56 days on average",
        ),
        ("frequency", {"gap_mean_days": 9, "orders_count_365d": 7}, "7 orders in the last 365 days"),
        ("silence", {"gap_mean_days": 9, "recency_days": 3}, "The last order was 3 days ago"),
        ("silence", {"recency_days": 3}, None),
        ("spend", {"gap_mean_days": 9, "amount_180d": 1500}, "Spent £1,500 in the last 180 days"),
        ("complaints", {}, None),
        ("basket", {}, None),
    ],
)
def test_plain_facts(topic, facts, text):
    assert _Teller("£", 7).tell(topic, facts, {}, plain=True) == text
