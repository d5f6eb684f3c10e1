"""Engagement: every kind of interaction found in the data, its rate, decline, recency and channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from churn.features.families._make import DECLINE_UNKNOWN, label_signal, maker
from churn.features.labels import LastLabel, Switched, TopLabel, TopShare
from churn.features.measures import (
    Count,
    CountAfter,
    Decline,
    FadingRate,
    Mean,
    Ratio,
    Since,
    Slope,
)
from churn.features.signal import Is, Known, Signal, Where

# Kinds whose names would be those of other signals, such as tickets_count_30d.
_TAKEN = frozenset(
    [
        "interactions",
        "orders",
        "returns",
        "tickets",
        "complaints",
        "return",
        "ticket",
        "complaint",
        "ignored_complaint",
        "high_value",
        "reopened",
        "escalated",
        "failed_payment",
        "failed_payments",
        "price_cuts",
        "price_rises",
        "late_delivery",
        "late_deliveries",
        "full_price",
        "largest_order",
        "order_days",
    ]
)


def signals(kinds: tuple[str, ...], channels: tuple[str, ...], windows: Sequence[int]) -> Iterator[Signal]:
    """Yield the engagement signals; `kinds` and `channels` are those found in the data."""
    make = maker("engagement")
    yield from _of("interactions", None, "contacts of any kind", [w for w in windows if w <= 180])
    for kind in kinds:
        yield from _of(_name(kind, kinds), Is("kind", kind), f"{kind!r} interactions", (14, 30, 90))
    yield make(
        "interactions_after_order",
        "engagement:interactions",
        Ratio(Since("interactions"), Since("orders")),
        "ratio",
        "high",
        "days since the last interaction over days since the last order; below 1 means still in touch; "
        "unknown without interactions",
    )
    yield make(
        "interactions_slope_6x30d",
        "engagement:interactions",
        Slope("interactions"),
        "ratio",
        "low",
        "trend of contacts of any kind over six stretches of 30 days, per stretch, as a share of their mean; unknown "
        "for customers of less than 180 days or without contacts in them",
    )
    yield make(
        "interactions_rate_half_life_30d",
        "engagement:interactions",
        FadingRate("interactions", 30),
        "per 30 days",
        "low",
        "contacts of any kind per 30 days, a contact's weight halving every 30 days",
    )
    yield make(
        "interactions_per_order",
        "engagement:interactions",
        Ratio(Count("interactions"), Count("orders")),
        "ratio",
        "either",
        "contacts of any kind per order; unknown without orders",
    )
    yield make(
        "interaction_value_mean",
        "engagement:interactions",
        Mean("interactions", "value"),
        "units",
        "low",
        "mean value of the interactions that have one; unknown without one",
    )
    yield make(
        "interaction_value_mean_90d",
        "engagement:interactions",
        Mean("interactions", "value", 90),
        "units",
        "low",
        "mean value of the interactions of the last 90 days that have one; unknown without one in them",
    )
    yield from _channels(channels)


def _channels(channels: tuple[str, ...]) -> Iterator[Signal]:
    if not channels:
        return
    make, known = maker("engagement"), Count("interactions", where=Known("channel"))
    for value in channels:
        yield make(
            f"interaction_channel_share:{value}",
            "channel",
            Ratio(Count("interactions", where=Is("channel", value)), known),
            "share",
            "either",
            f"share of the interactions with a known channel through {value}; unknown without one",
        )
    yield make(
        "interaction_channel_top_share",
        "channel",
        TopShare("interactions", "channel", channels),
        "share",
        "either",
        "share of the interactions with a known channel in the most used one of these; unknown without one",
    )
    yield label_signal(
        "engagement",
        "interaction_channel_preferred",
        "channel",
        TopLabel("interactions", "channel", channels),
        "the channel most interactions came through, the first of equals; unknown without one",
        channels,
    )
    yield label_signal(
        "engagement",
        "interaction_channel_last",
        "channel",
        LastLabel("interactions", "channel", channels),
        "the channel of the last interaction that has one; unknown without one",
        channels,
    )
    yield make(
        "interaction_channel_switched",
        "channel",
        Switched("interactions", "channel"),
        "count",
        "either",
        "1 where the last interaction with a known channel came through another one than that before it, else 0; "
        "unknown with fewer than two",
    )


def _name(kind: str, kinds: tuple[str, ...]) -> str:
    name = kind
    while name in _TAKEN or (name != kind and name in kinds):
        name += "_contact"
    return name


def _of(name: str, where: Where | None, words: str, windows: Sequence[int]) -> Iterator[Signal]:
    make, topic = maker("engagement"), f"engagement:{name}"
    for d in windows:
        count = Count("interactions", d, where=where)
        yield make(f"{name}_count_{d}d", topic, count, "events", "low", f"{words} in the last {d} days")
    yield make(
        f"{name}_recency_days",
        topic,
        Since("interactions", where),
        "days",
        "high",
        f"days since the last of the {words}; unknown without one",
    )
    for recent, earlier in ((14, 90), (30, 180)):
        yield make(
            f"{name}_decline_{recent}d",
            topic,
            Decline("interactions", None, recent, earlier, where),
            "share",
            "high",
            f"share by which the rate of {words} in the last {recent} days lies under the own rate of the "
            f"{earlier} days before, {DECLINE_UNKNOWN}",
        )
    yield make(
        f"orders_after_{name}",
        topic,
        CountAfter("orders", "interactions", where),
        "orders",
        "low",
        f"orders since the last of the {words}, 0 for silence after it; unknown without one",
    )
