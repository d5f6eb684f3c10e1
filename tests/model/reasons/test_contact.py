import pytest

from churn.features.own import signal
from churn.model.reasons import contact  # noqa: F401
from churn.model.reasons.contact import tell_own
from churn.model.reasons.words import Facts, Setting
from tests.model.reasons.test_orders import said


@pytest.mark.parametrize(
    ("topic", "direction", "facts", "text"),
    [
        (
            "engagement:interactions",
            "up",
            {"interactions_recency_days": 36.2, "interactions_count_90d": 4, "recency_days": 50},
            "No contact for 36 days, after 4 in the 54 days before",
        ),
        (  # an order is a contact too, and it was later
            "engagement:interactions",
            "up",
            {"interactions_recency_days": 44.0, "recency_days": 20},
            "No contact beside orders for 44 days",
        ),
        (
            "engagement:interactions",
            "up",
            {"interactions_recency_days": 4, "interactions_count_30d": 2, "interactions_decline_30d": 0.5},
            "2 contacts in the last 30 days instead of the usual 4",
        ),
        ("engagement:interactions", "up", {"interactions_recency_days": 4, "interactions_decline_30d": -0.5}, None),
        (
            "engagement:interactions",
            "down",
            {"interactions_recency_days": 3, "interactions_count_30d": 6, "interactions_decline_30d": 0.0},
            "6 contacts in the last 30 days, the last 3 days ago",
        ),
        ("plan", "up", {"plan_price": 10, "plan_price_change": -20},
         "Went down to a plan of £10.00 a month, £20.00 less than before"),
        ("renewal", "up", {"renewal_days": -10.0}, "The paid term ended 10 days ago, on 4 April 2025"),
        ("renewal", "up", {"renewal_days": 17.0}, "The paid term ends in 17 days, on 1 May 2025"),
        ("renewal", "up", {"renewal_days": 61.0}, None),
        ("payments", "up", {"failed_payments_count_90d": 1, "failed_payment_recency_days": 13},
         "1 failed payment in the last 90 days, on 1 April 2025"),
    ],
)  # fmt: skip
def test_sentences(topic, direction, facts, text):
    assert said(topic, direction, **facts) == text


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [("share", 0.25, "25 %"), ("amount", 3.0, "£3.00"), ("days", 2.0, "2 days"), ("count", 1234.5, "1,234")],
)
def test_signals_of_the_own_are_told_in_their_unit(unit, value, text):
    ours = signal("mine", "Count('orders', 30)", meaning="what I count; unknown never", unit=unit)
    said = tell_own(ours, Facts(Setting((ours,), 0, "UTC", "£"), {"mine": 0}, [value]))
    assert said.text == f"What I count: {text}"
