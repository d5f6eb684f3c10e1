"""Signals from support tickets: volume, complaints, what was ignored, how fast answers came.

A ticket is answered by its first reply or by its resolution, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Iterator

from churn.features.measures import Count, CountAfter, Hours, Last, Mean, Ratio, Since
from churn.features.signal import Rule, Signal

IGNORED, COMPLAINT, OPEN = Rule("ignored complaint"), Rule("complaint"), Rule("open")
ANSWERED, RESOLVED, RATED = Rule("answered"), Rule("resolved"), Rule("rated")


def signals(ignored_after_days: float) -> Iterator[Signal]:
    """Yield the service signals; a complaint is ignored after so many days without an answer."""

    def make(name: str, topic: str, measure: object, unit: object, meaning: str, warns: object) -> Signal:
        return Signal(name, "service", topic, measure, unit, meaning, warns)  # type: ignore[arg-type]

    for d in (30, 90, 365):
        yield make(
            f"tickets_count_{d}d",
            "tickets",
            Count("tickets", d),
            "tickets",
            f"tickets opened in the last {d} days",
            "high",
        )
    yield make("tickets_count", "tickets", Count("tickets"), "tickets", "tickets ever", "high")
    yield make(
        "ticket_recency_days",
        "tickets",
        Since("tickets"),
        "days",
        "days since the last ticket was opened; unknown without one",
        "low",
    )
    yield make(
        "tickets_per_order",
        "tickets",
        Ratio(Count("tickets"), Count("orders")),
        "ratio",
        "tickets per order; unknown without orders",
        "high",
    )
    for d in (30, 90, 365):
        yield make(
            f"complaints_count_{d}d",
            "complaints",
            Count("tickets", d, where=COMPLAINT),
            "tickets",
            f"complaints in the last {d} days",
            "high",
        )
    yield make(
        "complaints_count",
        "complaints",
        Count("tickets", where=COMPLAINT),
        "tickets",
        "complaints ever",
        "high",
    )
    yield make(
        "complaint_recency_days",
        "complaints",
        Since("tickets", COMPLAINT),
        "days",
        "days since the last complaint; unknown without one",
        "low",
    )
    n = f"{ignored_after_days:g} days"
    yield make(
        "ignored_complaints_count",
        "ignored",
        Count("tickets", where=IGNORED),
        "tickets",
        f"complaints without an answer within {n}, ever",
        "high",
    )
    yield make(
        "ignored_complaints_count_180d",
        "ignored",
        Count("tickets", 180, where=IGNORED),
        "tickets",
        f"complaints of the last 180 days without an answer within {n}",
        "high",
    )
    yield make(
        "ignored_complaints_share",
        "ignored",
        Ratio(Count("tickets", where=IGNORED), Count("tickets", where=COMPLAINT)),
        "share",
        f"share of complaints without an answer within {n}; unknown without complaints",
        "high",
    )
    yield make(
        "ignored_complaint_recency_days",
        "ignored",
        Since("tickets", IGNORED),
        "days",
        "days since the last ignored complaint was opened; unknown without one",
        "low",
    )
    yield make(
        "unanswered_complaint_oldest_days",
        "ignored",
        Since("tickets", Rule("unanswered complaint"), first=True),
        "days",
        "age of the oldest complaint still without an answer; unknown without one",
        "high",
    )
    yield make(
        "orders_after_ignored",
        "ignored",
        CountAfter("orders", "tickets", IGNORED),
        "orders",
        "orders since the last ignored complaint was opened; unknown without one",
        "low",
    )
    yield make(
        "open_tickets_count",
        "open tickets",
        Count("tickets", where=OPEN),
        "tickets",
        "tickets not resolved at the cutoff",
        "high",
    )
    yield make(
        "unanswered_tickets_count",
        "open tickets",
        Count("tickets", where=Rule("unanswered")),
        "tickets",
        "tickets without an answer at the cutoff",
        "high",
    )
    yield make(
        "first_reply_hours_mean",
        "replies",
        Hours("first_reply", ANSWERED),
        "hours",
        "mean hours to the first answer (reply or resolution) of the tickets answered so far; unknown without one",
        "high",
    )
    yield make(
        "first_reply_hours_last",
        "replies",
        Hours("first_reply", ANSWERED, last=True),
        "hours",
        "hours to the first answer of the ticket opened last among those answered; unknown without one",
        "high",
    )
    yield make(
        "resolution_hours_mean",
        "replies",
        Hours("resolved", RESOLVED),
        "hours",
        "mean hours to resolution of the tickets resolved so far; unknown without one",
        "high",
    )
    yield make(
        "satisfaction_last",
        "satisfaction",
        Last("tickets", "satisfaction", RATED, by="resolved"),
        "score",
        "mark of the ticket resolved last; unknown without one",
        "low",
    )
    yield make(
        "satisfaction_mean",
        "satisfaction",
        Mean("tickets", "satisfaction", where=RATED),
        "score",
        "mean of the marks given; unknown without one",
        "low",
    )
