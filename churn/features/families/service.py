"""Service: tickets and complaints, what was ignored, how fast answers came, and the marks given.

A ticket is answered by its first reply or by its resolution, whichever comes first.
"""

from __future__ import annotations

from collections.abc import Iterator

from churn.data.history import HOUR_US
from churn.features.families._make import Make, maker
from churn.features.measures import Count, CountAfter, Decline, Last, Mean, Minus, Ratio, Since, Slope
from churn.features.pooled import AgainstMean
from churn.features.signal import Above, Both, Known, Missing, Signal, Unmet

COMPLAINT = Above("is_complaint")
RATED = Both(Known("satisfaction"), Known("resolved"))


def signals(ignored_after_days: float) -> Iterator[Signal]:
    """Yield the service signals; a complaint is ignored after so many days without an answer."""
    make = maker("service")
    yield from _tickets(make)
    yield from _complaints(make)
    yield from _ignored(make, ignored_after_days)
    yield from _answers(make)
    yield from _trouble(make)
    yield from _marks(make)


def _tickets(make: Make) -> Iterator[Signal]:
    for d in (30, 90, 365):
        meaning = f"tickets opened in the last {d} days"
        yield make(f"tickets_count_{d}d", "tickets", Count("tickets", d), "tickets", "high", meaning)
    yield make("tickets_count", "tickets", Count("tickets"), "tickets", "high", "tickets ever")
    yield make(
        "ticket_recency_days",
        "tickets",
        Since("tickets"),
        "days",
        "low",
        "days since the last ticket was opened; unknown without one",
    )
    yield make(
        "tickets_per_order",
        "tickets",
        Ratio(Count("tickets"), Count("orders")),
        "ratio",
        "high",
        "tickets per order; unknown without orders",
    )
    yield make(
        "tickets_decline_90d",
        "tickets",
        Decline("tickets"),
        "share",
        "low",
        "share by which the rate of tickets in the last 90 days lies under the own rate of the 365 days before: below "
        "0 they become more, -3 at least; unknown without 30 earlier days or earlier tickets",
    )
    yield make(
        "tickets_slope_6x30d",
        "tickets",
        Slope("tickets"),
        "ratio",
        "high",
        "trend of tickets over six stretches of 30 days, per stretch, as a share of their mean; unknown for customers "
        "of less than 180 days or without tickets in them",
    )
    yield make(
        "orders_after_ticket",
        "tickets",
        CountAfter("orders", "tickets"),
        "orders",
        "low",
        "orders since the last ticket was opened; unknown without one",
    )


def _complaints(make: Make) -> Iterator[Signal]:
    for d in (30, 90, 365):
        yield make(
            f"complaints_count_{d}d",
            "complaints",
            Count("tickets", d, where=COMPLAINT),
            "tickets",
            "high",
            f"complaints in the last {d} days",
        )
    ever = Count("tickets", where=COMPLAINT)
    yield make("complaints_count", "complaints", ever, "tickets", "high", "complaints ever")
    yield make(
        "complaint_recency_days",
        "complaints",
        Since("tickets", COMPLAINT),
        "days",
        "low",
        "days since the last complaint; unknown without one",
    )
    yield make(
        "complaints_share",
        "complaints",
        Ratio(ever, Count("tickets")),
        "share",
        "high",
        "share of the tickets that are complaints; unknown without tickets",
    )
    yield make(
        "complaints_slope_6x30d",
        "complaints",
        Slope("tickets", where=COMPLAINT),
        "ratio",
        "high",
        "trend of complaints over six stretches of 30 days, per stretch, as a share of their mean; unknown for "
        "customers of less than 180 days or without complaints in them",
    )
    yield make(
        "orders_after_complaint",
        "complaints",
        CountAfter("orders", "tickets", COMPLAINT),
        "orders",
        "low",
        "orders since the last complaint was opened; unknown without one",
    )


def _ignored(make: Make, days: float) -> Iterator[Signal]:
    ignored, n = Both(COMPLAINT, Unmet("answer", days)), f"{days:g} days"
    yield make(
        "ignored_complaints_count",
        "ignored",
        Count("tickets", where=ignored),
        "tickets",
        "high",
        f"complaints without an answer within {n}, ever",
    )
    yield make(
        "ignored_complaints_count_180d",
        "ignored",
        Count("tickets", 180, where=ignored),
        "tickets",
        "high",
        f"complaints of the last 180 days without an answer within {n}",
    )
    yield make(
        "ignored_complaints_share",
        "ignored",
        Ratio(Count("tickets", where=ignored), Count("tickets", where=COMPLAINT)),
        "share",
        "high",
        f"share of complaints without an answer within {n}; unknown without complaints",
    )
    yield make(
        "ignored_complaint_recency_days",
        "ignored",
        Since("tickets", ignored),
        "days",
        "low",
        "days since the last ignored complaint was opened; unknown without one",
    )
    yield make(
        "unanswered_complaint_oldest_days",
        "ignored",
        Since("tickets", Both(COMPLAINT, Missing("answer")), first=True),
        "days",
        "high",
        "age of the oldest complaint still without an answer; unknown without one",
    )
    yield make(
        "orders_after_ignored",
        "ignored",
        CountAfter("orders", "tickets", ignored),
        "orders",
        "low",
        "orders since the last ignored complaint was opened; unknown without one",
    )


def _answers(make: Make) -> Iterator[Signal]:
    yield make(
        "open_tickets_count",
        "open tickets",
        Count("tickets", where=Missing("resolved")),
        "tickets",
        "high",
        "tickets not resolved at the cutoff",
    )
    yield make(
        "open_ticket_oldest_days",
        "open tickets",
        Since("tickets", Missing("resolved"), first=True),
        "days",
        "high",
        "age of the oldest ticket not resolved at the cutoff; unknown without one",
    )
    yield make(
        "unanswered_tickets_count",
        "open tickets",
        Count("tickets", where=Missing("answer")),
        "tickets",
        "high",
        "tickets without an answer at the cutoff",
    )
    reply, resolution = (
        Mean("tickets", "reply_us", per=HOUR_US),
        Mean("tickets", "resolution_us", per=HOUR_US),
    )
    yield make(
        "first_reply_hours_mean",
        "replies",
        reply,
        "hours",
        "high",
        "mean hours to the first answer (reply or resolution) of the tickets answered so far; unknown without one",
    )
    yield make(
        "first_reply_hours_last",
        "replies",
        Last("tickets", "reply_hours", Known("reply_hours")),
        "hours",
        "high",
        "hours to the first answer of the ticket opened last among those answered; unknown without one",
    )
    yield make(
        "first_reply_vs_all",
        "replies",
        AgainstMean(reply),
        "ratio",
        "high",
        "first_reply_hours_mean over its mean among the customers who ordered in the last 365 days; unknown without "
        "an answered ticket",
    )
    yield make(
        "resolution_hours_mean",
        "replies",
        resolution,
        "hours",
        "high",
        "mean hours to resolution of the tickets resolved so far; unknown without one",
    )
    yield make(
        "resolution_hours_last",
        "replies",
        Last("tickets", "resolution_hours", Known("resolved"), by="resolved"),
        "hours",
        "high",
        "hours to resolution of the ticket resolved last; unknown without one",
    )
    yield make(
        "resolution_vs_all",
        "replies",
        AgainstMean(resolution),
        "ratio",
        "high",
        "resolution_hours_mean over its mean among the customers who ordered in the last 365 days; unknown without "
        "a resolved ticket",
    )


def _trouble(make: Make) -> Iterator[Signal]:
    for column, words in (("reopened", "opened again"), ("escalated", "escalated")):
        happened = Known(column)
        yield make(
            f"{column}_tickets_count_365d",
            column,
            Count("tickets", 365, where=happened, by=column),
            "tickets",
            "high",
            f"tickets {words} in the last 365 days",
        )
        yield make(
            f"{column}_tickets_share",
            column,
            Ratio(Count("tickets", where=happened), Count("tickets")),
            "share",
            "high",
            f"share of the tickets that were {words}; unknown without tickets",
        )
        yield make(
            f"{column}_recency_days",
            column,
            Since("tickets", happened, by=column),
            "days",
            "low",
            f"days since a ticket was last {words}; unknown when none was",
        )
    repeat = Above("repeat")
    what = "tickets of a category the customer had written about in the 30 days before"
    yield make(
        "repeat_tickets_count_90d",
        "repeat contact",
        Count("tickets", 90, where=repeat),
        "tickets",
        "high",
        f"{what}, in the last 90 days",
    )
    yield make(
        "repeat_tickets_share",
        "repeat contact",
        Ratio(Count("tickets", where=repeat), Count("tickets")),
        "share",
        "high",
        f"{what}, as a share of all tickets; unknown without tickets",
    )


def _marks(make: Make) -> Iterator[Signal]:
    last = Last("tickets", "satisfaction", RATED, by="resolved")
    mean = Mean("tickets", "satisfaction", where=RATED)
    resolved = Count("tickets", where=Known("resolved"))
    yield make(
        "satisfaction_last",
        "satisfaction",
        last,
        "score",
        "low",
        "mark of the ticket resolved last; unknown without one",
    )
    yield make(
        "satisfaction_mean",
        "satisfaction",
        mean,
        "score",
        "low",
        "mean of the marks given; unknown without one",
    )
    yield make(
        "satisfaction_change",
        "satisfaction",
        Minus(last, mean),
        "score",
        "low",
        "last mark less the mean of the marks given; unknown without one",
    )
    yield make(
        "satisfaction_silent_share",
        "satisfaction",
        Ratio(Minus(resolved, Count("tickets", where=RATED)), resolved),
        "share",
        "high",
        "share of the resolved tickets without a mark; unknown without a resolved ticket",
    )
