import pytest

from churn.features.catalogue import catalogue
from churn.model.reasons import orders, spending  # noqa: F401
from churn.model.reasons.registry import tell
from churn.model.reasons.words import Facts, Setting

SIGNALS = catalogue()
WHERE = {s.name: i for i, s in enumerate(SIGNALS)}
AS_OF = 1_744_588_800_000_000  # 14 April 2025, midnight UTC
HABIT = {"gap_mean_days": 21.2, "order_days_count": 9, "gap_largest_days": 70}


def said(topic, direction, plain=False, pushes=None, **known):
    values = [known.get(s.name, float("nan")) for s in SIGNALS]
    weights = [(pushes or {}).get(s.name, 0.0) for s in SIGNALS]
    found = tell(
        topic, direction, Facts(Setting(SIGNALS, AS_OF, "UTC", "£"), WHERE, values, weights), plain=plain
    )
    return found and found.text


@pytest.mark.parametrize(
    ("topic", "direction", "facts", "text"),
    [
        ("silence", "up", HABIT | {"recency_days": 64.4}, "Ordered every 21 days, now silent for 64 days"),
        (
            "silence",
            "up",
            HABIT | {"recency_days": 71.0},
            "Ordered every 21 days, now silent for 71 days, longer than ever before",
        ),
        ("silence", "up", HABIT | {"recency_days": 25.0}, None),  # not late enough to be called silent
        (
            "silence",
            "up",
            HABIT | {"recency_days": 3.0, "gap_spread_days": 18.0},
            "Irregular: 21 days between orders on average, give or take 18 days",
        ),
        (
            "silence",
            "up",
            {"gap_mean_days": 21.0, "order_days_count": 3, "recency_days": 64.0},
            "No order for 64 days; the few orders before were 21 days apart",
        ),
        (
            "silence",
            "up",
            {"gap_mean_days": 1.0, "order_days_count": 2, "recency_days": 64.0},
            "No order for 64 days; the two days with orders were 1 day apart",
        ),
        (
            "silence",
            "up",
            {"orders_count": 1, "recency_days": 64.0, "gap_usual_days": 50.0},
            "Ordered once, 64 days ago, and not again; others come back after 50 days",
        ),
        (
            "silence",
            "up",
            {"orders_count": 3, "recency_days": 9.0, "gap_usual_days": 50.0},
            "Ordered only on a single day so far, 9 days ago",
        ),
        (
            "silence",
            "down",
            HABIT | {"recency_days": 6.0, "gap_spread_days": 5.0, "orders_count_365d": 14},
            "Orders steadily: 14 in 365 days, the last 6 days ago, usually one every 21 days",
        ),
        ("silence", "down", HABIT | {"recency_days": 22.0, "orders_count_365d": 14}, None),
        (
            "silence",
            "down",
            {"orders_count": 1, "recency_days": 9.0, "gap_usual_days": 50.0},
            "First ordered 9 days ago; others come back after 50 days on average",
        ),
        ("silence", "down", {"orders_count": 1, "recency_days": 60.0, "gap_usual_days": 50.0}, None),
        (
            "frequency",
            "up",
            HABIT | {"orders_count_90d": 1, "orders_decline_90d": 0.5},
            "1 order in the last 90 days instead of the usual 2",
        ),
        (
            "frequency",
            "up",
            HABIT | {"orders_count_90d": 0, "orders_count_365d": 9, "orders_decline_90d": 1.0, "recency_days": 99},
            "No order for 99 days, 9 in the last 365",
        ),
        ("frequency", "up", HABIT | {"orders_count_90d": 9, "orders_decline_90d": -1.0}, None),
        ("frequency", "up", {**HABIT, "order_days_count": 3, "orders_count_90d": 1, "orders_decline_90d": 0.5}, None),
        (
            "frequency",
            "down",
            HABIT | {"orders_count_90d": 6, "orders_decline_90d": -1.0},
            "6 orders in the last 90 days, more than the usual 3",
        ),
        ("frequency", "down", HABIT | {"orders_count_90d": 6, "orders_decline_90d": -3.0}, None),  # cut off there
        (
            "experience",
            "down",
            HABIT | {"tenure_days": 407.0, "orders_count": 20},
            "A customer since 3 March 2024, with 20 orders",
        ),
        (
            "season",
            "up",
            {"first_order_days": 365.0, "orders_same_season": 0},
            "Ordered nothing in the coming season a year ago, the 60 days from 14 April 2024",
        ),
        ("season", "up", {"first_order_days": 364.0, "orders_same_season": 0}, None),
        (
            "spend",
            "up",
            HABIT | {"amount_decline_90d": 0.6, "amount_90d": 50.0},
            "Spent £50.00 in the last 90 days instead of the usual £125",
        ),
        ("spend", "up", {"amount_decline_90d": 0.6, "amount_90d": 50.0}, None),  # no habit, no "usual"
        (
            "basket",
            "up",
            HABIT | {"amount_last": 30, "amount_mean": 80, "amount_last_vs_mean": 0.375},
            "The last order was £30.00; the average is £80.00",
        ),
        ("returns", "up", {"returns_count": 2, "returned_amount_share": 0.3}, "Returned 30 % of what was ordered (2 returns)"),
        ("returns", "up", {"returns_count": 0, "returned_amount_share": 0.0}, None),
    ],
)  # fmt: skip
def test_sentences(topic, direction, facts, text):
    assert said(topic, direction, **facts) == text


def test_a_group_is_told_only_where_the_model_says_so_of_it():
    month = {"first_order_month": 10.0}
    text = "First ordered in November, which raises the risk"
    assert said("acquisition", "up", True, {"first_order_month": 0.1}, **month) == text
    assert said("acquisition", "up", True, {"first_order_month": 0.09}, **month) is None
    assert said("acquisition", "down", True, {"first_order_month": 0.3}, **month) is None
