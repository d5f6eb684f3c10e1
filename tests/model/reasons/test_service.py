import pytest

from churn.model.reasons import service  # noqa: F401
from tests.model.reasons.test_orders import HABIT, said


@pytest.mark.parametrize(
    ("topic", "direction", "facts", "text"),
    [
        (
            "ignored",
            "up",
            {"unanswered_complaint_oldest_days": 41.3, "ignored_complaints_count": 1},
            "Complaint of 3 March 2025 unanswered for 41 days",
        ),
        (
            "ignored",
            "up",
            {"unanswered_complaint_oldest_days": 41.3, "ignored_complaints_count": 3},
            "Complaint of 3 March 2025 unanswered for 41 days; 3 complaints ignored in all",
        ),
        (
            "ignored",
            "up",
            {"ignored_complaints_count": 1, "ignored_complaint_recency_days": 41.3},
            "The complaint of 3 March 2025 got no answer within 7 days",
        ),
        ("ignored", "up", {"ignored_complaints_count": 0, "unanswered_complaint_oldest_days": 0.5}, None),
        (
            "ignored",
            "down",
            {"ignored_complaints_count": 0, "complaints_share": 0.5, "complaint_recency_days": 41.3},
            "Every complaint was answered within 7 days, the last of 3 March 2025",
        ),
        (  # one still waits within the days of patience: nothing may be said of every complaint
            "ignored",
            "down",
            {"ignored_complaints_count": 0, "complaints_share": 0.5, "unanswered_complaint_oldest_days": 2.0},
            None,
        ),
        (
            "complaints",
            "up",
            {"orders_after_complaint": 0, "complaint_recency_days": 41.3},
            "No order since the complaint of 3 March 2025, 41 days ago",
        ),
        (
            "complaints",
            "down",
            {"orders_after_complaint": 2, "complaint_recency_days": 41.3},
            "Ordered twice since the complaint of 3 March 2025",
        ),
        (  # orders long ago are no comfort while the customer is silent
            "complaints",
            "down",
            HABIT | {"orders_after_complaint": 2, "complaint_recency_days": 41.3, "recency_days": 40.0},
            None,
        ),
        ("complaints", "down", HABIT | {"complaints_count": 0, "orders_count": 12}, "Has not complained in 12 orders"),
        (
            "tickets",
            "up",
            {"tickets_count_90d": 3, "tickets_decline_90d": -2.0},
            "3 support tickets in the last 90 days instead of the usual 1",
        ),
        ("tickets", "up", {"tickets_count_90d": 1, "ticket_recency_days": 41.3}, "1 support ticket in the last 90 days, on 3 March 2025"),
        ("tickets", "up", {"tickets_count_90d": 2, "ticket_recency_days": 41.3}, "2 support tickets in the last 90 days, the last on 3 March 2025"),
        ("open tickets", "up", {"open_tickets_count": 0}, None),
        (
            "replies",
            "up",
            {"first_reply_hours_last": 96, "first_reply_hours_mean": 40},
            "Waited 4 days for the last answer from support, 40 hours on average",
        ),
        ("replies", "up", {"first_reply_hours_last": 23.9}, None),
        ("satisfaction", "up", {"satisfaction_last": 2.0, "satisfaction_change": 0.0}, "Gave 2 as the last satisfaction mark"),
        ("satisfaction", "up", {"satisfaction_last": 5.0, "satisfaction_change": 0.0}, None),
    ],
)  # fmt: skip
def test_sentences(topic, direction, facts, text):
    assert said(topic, direction, **facts) == text
