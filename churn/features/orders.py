"""Signals from orders and returns: rhythm, volume, returns."""

from __future__ import annotations

from collections.abc import Iterator

from churn.features.measures import (
    Count,
    CountAfter,
    Decline,
    FadingRate,
    Last,
    Mean,
    MeanDecline,
    Ratio,
    Since,
    Slope,
    TopShare,
    Total,
)
from churn.features.rhythm import ActiveShare, GapSpread, GapSum, OrderDays, Overdue, UsualGap
from churn.features.signal import Is, Known, Signal

WINDOWS = (30, 60, 90, 180, 365)


def signals(channels: tuple[str, ...]) -> Iterator[Signal]:
    """Yield the signals over orders and returns; `channels` are the order channels found in the data."""
    yield from _rhythm()
    yield from _volume()
    yield from _channels(channels)
    yield from _returns()


def _rhythm() -> Iterator[Signal]:
    for d in WINDOWS:
        yield Signal(
            f"orders_count_{d}d",
            "rhythm",
            "frequency",
            Count("orders", d),
            "orders",
            f"orders in the last {d} days",
            "low",
        )
    yield Signal("orders_count", "rhythm", "experience", Count("orders"), "orders", "orders ever", "low")
    yield Signal(
        "order_days_count",
        "rhythm",
        "experience",
        OrderDays(),
        "days",
        "different days with an order, ever",
        "low",
    )
    yield Signal(
        "order_days_count_365d",
        "rhythm",
        "frequency",
        OrderDays(365),
        "days",
        "different days with an order in the last 365 days",
        "low",
    )
    yield Signal(
        "orders_same_season",
        "rhythm",
        "season",
        Count("orders", 365, 305),
        "orders",
        "orders between 365 and 305 days ago, the coming 60 days a year earlier; 0 also for customers who "
        "were not there yet",
        "low",
    )
    yield Signal(
        "recency_days", "rhythm", "silence", Since("orders"), "days", "days since the last order", "high"
    )
    yield Signal(
        "gap_mean_days",
        "rhythm",
        "silence",
        Ratio(GapSum("sum"), GapSum("count")),
        "days",
        "mean days between order days; unknown with one order day",
        "high",
    )
    yield Signal(
        "gap_spread_days",
        "rhythm",
        "silence",
        GapSpread(),
        "days",
        "standard deviation of the days between order days; unknown with fewer than three order days",
        "either",
    )
    yield Signal(
        "gap_last_days",
        "rhythm",
        "silence",
        GapSum("last"),
        "days",
        "days between the last two order days; unknown with one order day",
        "high",
    )
    yield Signal(
        "gap_largest_days",
        "rhythm",
        "silence",
        GapSum("largest"),
        "days",
        "longest silence between two order days so far; unknown with one order day",
        "either",
    )
    yield Signal(
        "gap_usual_days",
        "rhythm",
        "silence",
        UsualGap(),
        "days",
        "the customer's usual gap: the own mean, mixed with two gaps of the base's mean; unknown while nobody has "
        "two order days",
        "high",
    )
    yield Signal(
        "overdue_ratio",
        "rhythm",
        "silence",
        Overdue("ratio"),
        "ratio",
        "days since the last order over the usual gap; above 1 is overdue",
        "high",
    )
    yield Signal(
        "overdue_days",
        "rhythm",
        "silence",
        Overdue("days"),
        "days",
        "days by which the last order lies further back than the usual gap; 0 when not yet due",
        "high",
    )
    yield Signal(
        "overdue_score",
        "rhythm",
        "silence",
        Overdue("score"),
        "score",
        "days since the last order less the usual gap, in standard deviations of the gaps: the own, mixed with "
        "two gaps of the base's, at least half a day; below 0 when not yet due",
        "high",
    )
    yield Signal(
        "silence_probability",
        "rhythm",
        "silence",
        Overdue("silence"),
        "probability",
        "chance of so long a silence under a Poisson rhythm of the usual gap",
        "low",
    )
    yield Signal(
        "recency_vs_largest_gap",
        "rhythm",
        "silence",
        Ratio(Since("orders"), GapSum("largest")),
        "ratio",
        "days since the last order over the longest silence so far; unknown with one order day",
        "high",
    )
    yield Signal(
        "orders_decline_30d",
        "rhythm",
        "frequency",
        Decline("orders", None, 30, 180),
        "share",
        "share by which the rate of the last 30 days lies under the own rate of the 180 days before, -3 at "
        "least; unknown without 30 earlier days or earlier orders",
        "high",
    )
    yield Signal(
        "orders_decline_90d",
        "rhythm",
        "frequency",
        Decline("orders"),
        "share",
        "share by which the rate of the last 90 days lies under the own rate of the 365 days before, -3 at "
        "least; unknown without 30 earlier days or earlier orders",
        "high",
    )
    yield Signal(
        "orders_slope_6x30d",
        "rhythm",
        "frequency",
        Slope("orders"),
        "per 30 days",
        "trend of orders over six stretches of 30 days, as a share of their mean; unknown for customers "
        "of less than 180 days or without orders in them",
        "low",
    )
    for d in (30, 120):
        yield Signal(
            f"orders_rate_half_life_{d}d",
            "rhythm",
            "frequency",
            FadingRate("orders", d),
            "per 30 days",
            f"orders per 30 days, an order's weight halving every {d} days",
            "low",
        )
    yield Signal(
        "active_share_12x30d",
        "rhythm",
        "frequency",
        ActiveShare(),
        "share",
        "share of the last 12 stretches of 30 days (as far as the customer was there) with an order",
        "low",
    )


def _volume() -> Iterator[Signal]:
    for d in (30, 90, 180, 365):
        yield Signal(
            f"amount_{d}d",
            "volume",
            "spend",
            Total("orders", "amount", d),
            "amount",
            f"amount ordered in the last {d} days",
            "low",
        )
    yield Signal(
        "amount_total", "volume", "spend", Total("orders", "amount"), "amount", "amount ordered ever", "low"
    )
    yield Signal(
        "amount_mean", "volume", "basket", Mean("orders", "amount"), "amount", "mean amount per order", "low"
    )
    yield Signal(
        "amount_mean_180d",
        "volume",
        "basket",
        Mean("orders", "amount", 180),
        "amount",
        "mean amount per order in the last 180 days; unknown without orders in them",
        "low",
    )
    yield Signal(
        "amount_last",
        "volume",
        "basket",
        Last("orders", "amount"),
        "amount",
        "amount of the last order",
        "low",
    )
    yield Signal(
        "amount_last_vs_mean",
        "volume",
        "basket",
        Ratio(Last("orders", "amount"), Mean("orders", "amount")),
        "ratio",
        "last order's amount over the own mean; unknown where the mean is 0",
        "low",
    )
    yield Signal(
        "amount_mean_decline_90d",
        "volume",
        "basket",
        MeanDecline("orders", "amount"),
        "share",
        "share by which the mean order of the last 90 days lies under that of the 365 days before, -3 at "
        "least; unknown without orders in both or where the earlier mean is not above 0",
        "high",
    )
    yield Signal(
        "amount_decline_90d",
        "volume",
        "spend",
        Decline("orders", "amount"),
        "share",
        "share by which the spend per day of the last 90 days lies under that of the 365 days before, -3 at "
        "least; unknown without 30 earlier days or where the earlier spend is not above 0",
        "high",
    )
    yield Signal(
        "amount_slope_6x30d",
        "volume",
        "spend",
        Slope("orders", "amount"),
        "per 30 days",
        "trend of the amount over six stretches of 30 days, as a share of their mean; unknown for "
        "customers of less than 180 days or where the mean is not above 0",
        "low",
    )
    for column, word in (("quantity", "units"), ("products", "different products")):
        yield Signal(
            f"{column}_mean",
            "volume",
            "basket",
            Mean("orders", column),
            "units",
            f"mean {word} per order",
            "low",
        )
        yield Signal(
            f"{column}_last_vs_mean",
            "volume",
            "basket",
            Ratio(Last("orders", column), Mean("orders", column)),
            "ratio",
            f"{word} of the last order over the own mean; unknown where the mean is 0 or the last order has none",
            "low",
        )
        yield Signal(
            f"{column}_mean_decline_90d",
            "volume",
            "basket",
            MeanDecline("orders", column),
            "share",
            f"share by which the mean {word} per order of the last 90 days lie under those of the 365 days "
            "before, -3 at least; unknown without orders in both or where the earlier mean is not above 0",
            "high",
        )


def _channels(channels: tuple[str, ...]) -> Iterator[Signal]:
    if not channels:
        return
    for value in channels:
        yield Signal(
            f"order_channel_share:{value}",
            "volume",
            "channel",
            Ratio(Count("orders", where=Is("channel", value)), Count("orders", where=Known("channel"))),
            "share",
            f"share of the orders with a known channel placed through {value}; unknown without one",
            "either",
        )
    yield Signal(
        "order_channel_top_share",
        "volume",
        "channel",
        TopShare("orders", "channel", channels),
        "share",
        "share of the orders with a known channel in the most used one of these; unknown without one",
        "either",
    )


def _returns() -> Iterator[Signal]:
    for d in (90, 365):
        yield Signal(
            f"returns_count_{d}d",
            "returns",
            "returns",
            Count("returns", d),
            "returns",
            f"returns in the last {d} days",
            "high",
        )
    yield Signal("returns_count", "returns", "returns", Count("returns"), "returns", "returns ever", "high")
    yield Signal(
        "returns_share",
        "returns",
        "returns",
        Ratio(Count("returns"), Count("orders")),
        "ratio",
        "returns per order; unknown without orders",
        "high",
    )
    yield Signal(
        "returned_amount_share",
        "returns",
        "returns",
        Ratio(Total("returns", "amount"), Total("orders", "amount")),
        "share",
        "value returned over value ordered; unknown where nothing was ordered",
        "high",
    )
    yield Signal(
        "return_recency_days",
        "returns",
        "returns",
        Since("returns"),
        "days",
        "days since the last return; unknown without one",
        "low",
    )
    yield Signal(
        "orders_after_return",
        "returns",
        "returns",
        CountAfter("orders", "returns"),
        "orders",
        "orders since the last return; unknown without one",
        "low",
    )
