"""Rhythm: how often, how regularly and how long ago the customer ordered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from churn.features.families._make import DECLINE_UNKNOWN, maker
from churn.features.measures import Count, Decline, FadingRate, Last, Mean, Rate, Ratio, Since, Slope, Total
from churn.features.rhythm import (
    ActiveShare,
    GapMedian,
    GapSpread,
    OrderDays,
    Overdue,
    RecentGaps,
    UsualGap,
)
from churn.features.signal import GAPS, Above, Signal

LONGEST_GAP = Last("orders", "gap", where=Above("longest_gap"))
GAP_MEAN = Mean("orders", "gap")


def signals(windows: Sequence[int]) -> Iterator[Signal]:
    """Yield the rhythm signals; counts and rates come per window of days."""
    yield from _frequency(windows)
    yield from _gaps()
    yield from _silence()


def _frequency(windows: Sequence[int]) -> Iterator[Signal]:
    make = maker("rhythm")
    for d in windows:
        yield make(
            f"orders_count_{d}d",
            "frequency",
            Count("orders", d),
            "orders",
            "low",
            f"orders in the last {d} days",
        )
    for d in windows:
        if d >= 30:
            yield make(
                f"orders_rate_{d}d",
                "frequency",
                Rate("orders", d),
                "per 30 days",
                "low",
                f"orders per 30 days over the last {d} days, as far as the customer was there, 30 days at least; "
                "unknown before the first order of customers whose joining date is not known",
            )
    yield make("orders_count", "experience", Count("orders"), "orders", "low", "orders ever")
    meaning = "different days with an order, ever"
    yield make("order_days_count", "experience", OrderDays(), "days", "low", meaning)
    meaning = "different days with an order in the last 365 days"
    yield make("order_days_count_365d", "frequency", OrderDays(365), "days", "low", meaning)
    for recent, earlier in ((30, 180), (90, 365)):
        yield make(
            f"orders_decline_{recent}d",
            "frequency",
            Decline("orders", None, recent, earlier),
            "share",
            "high",
            f"share by which the rate of the last {recent} days lies under the own rate of the {earlier} days "
            f"before, {DECLINE_UNKNOWN}",
        )
    for buckets, days in ((6, 30), (4, 90)):
        yield make(
            f"orders_slope_{buckets}x{days}d",
            "frequency",
            Slope("orders", None, buckets, days),
            "ratio",
            "low",
            f"trend of orders over {buckets} stretches of {days} days, per stretch, as a share of their mean; unknown "
            f"for customers of less than {buckets * days} days or without orders in them",
        )
    for d in (30, 120):
        yield make(
            f"orders_rate_half_life_{d}d",
            "frequency",
            FadingRate("orders", d),
            "per 30 days",
            "low",
            f"orders per 30 days, an order's weight halving every {d} days",
        )
    yield make(
        "active_share_12x30d",
        "frequency",
        ActiveShare(),
        "share",
        "low",
        "share of the last 12 stretches of 30 days (as far as the customer was there) with an order",
    )
    season = Count("orders", 365, 305)
    yield make(
        "orders_same_season",
        "season",
        season,
        "orders",
        "low",
        "orders between 365 and 305 days ago, the coming 60 days a year earlier; 0 also for customers who "
        "were not there yet",
    )
    yield make(
        "orders_same_season_share",
        "season",
        Ratio(season, Count("orders", 425, 60)),
        "share",
        "low",
        "orders between 365 and 305 days ago as a share of those between 425 and 60 days ago; unknown without any",
    )
    yield make(
        "amount_same_season",
        "season",
        Total("orders", "amount", 365, 305),
        "amount",
        "low",
        "amount ordered between 365 and 305 days ago; 0 also for customers who were not there yet",
    )


def _gaps() -> Iterator[Signal]:
    make = maker("rhythm")
    once = "unknown with one order day"
    yield make("gap_mean_days", "silence", GAP_MEAN, "days", "high", f"mean days between order days; {once}")
    yield make(
        "gap_median_days",
        "silence",
        GapMedian(9),
        "days",
        "high",
        f"median days between the last ten order days; {once}",
    )
    yield make(
        "gap_spread_days",
        "silence",
        GapSpread(),
        "days",
        "either",
        "standard deviation of the days between order days; unknown with fewer than three order days",
    )
    yield make(
        "gap_spread_ratio",
        "silence",
        Ratio(GapSpread(), GAP_MEAN),
        "ratio",
        "either",
        "standard deviation of the days between order days over their mean: 0 is a clockwork, 1 is chance; unknown "
        "with fewer than three order days",
    )
    yield make(
        "gap_last_days",
        "silence",
        Last("orders", "gap", GAPS),
        "days",
        "high",
        f"days between the last two order days; {once}",
    )
    yield make(
        "gap_last_vs_mean",
        "silence",
        Ratio(Last("orders", "gap", GAPS), GAP_MEAN),
        "ratio",
        "high",
        f"days between the last two order days over the own mean; {once}",
    )
    yield make(
        "gap_recent_vs_mean",
        "silence",
        RecentGaps(3),
        "ratio",
        "high",
        "mean of the last three gaps between order days over the own mean; unknown with fewer than five order days",
    )
    meaning = f"longest silence between two order days so far; {once}"
    yield make("gap_largest_days", "silence", LONGEST_GAP, "days", "either", meaning)
    yield make(
        "gap_usual_days",
        "silence",
        UsualGap(),
        "days",
        "high",
        "the customer's usual gap: the own mean, mixed with two gaps of the base's mean; unknown while nobody has "
        "two order days",
    )


def _silence() -> Iterator[Signal]:
    make = maker("rhythm")
    yield make("recency_days", "silence", Since("orders"), "days", "high", "days since the last order")
    meaning = "days since the last order over the usual gap; above 1 is overdue"
    yield make("overdue_ratio", "silence", Overdue("ratio"), "ratio", "high", meaning)
    yield make(
        "overdue_days",
        "silence",
        Overdue("days"),
        "days",
        "high",
        "days by which the last order lies further back than the usual gap; 0 when not yet due",
    )
    yield make(
        "overdue_score",
        "silence",
        Overdue("score"),
        "score",
        "high",
        "days since the last order less the usual gap, in standard deviations of the gaps: the own, mixed with "
        "two gaps of the base's, at least half a day; below 0 when not yet due",
    )
    yield make(
        "silence_probability",
        "silence",
        Overdue("silence"),
        "probability",
        "low",
        "chance of so long a silence under a Poisson rhythm of the usual gap",
    )
    yield make(
        "silence_probability_gamma",
        "silence",
        Overdue("gamma"),
        "probability",
        "low",
        "chance of so long a silence under a gamma rhythm of the usual gap and the spread in overdue_score, its shape "
        "(gap over spread, squared) kept between 0.02 and 50",
    )
    yield make(
        "recency_vs_largest_gap",
        "silence",
        Ratio(Since("orders"), LONGEST_GAP),
        "ratio",
        "high",
        "days since the last order over the longest silence so far; unknown with one order day",
    )
    yield make(
        "recency_vs_median_gap",
        "silence",
        Ratio(Since("orders"), GapMedian(9)),
        "ratio",
        "high",
        "days since the last order over the median of the last nine gaps; unknown with one order day",
    )
