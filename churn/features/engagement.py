"""Signals from interactions: every kind found in the data, its rate, decline and recency."""

from __future__ import annotations

from collections.abc import Iterator

from churn.features.measures import Count, Decline, Ratio, Since, TopShare
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
    ]
)


def signals(kinds: tuple[str, ...], channels: tuple[str, ...]) -> Iterator[Signal]:
    """Yield the engagement signals; `kinds` and `channels` are those found in the data."""
    yield from _of("interactions", None, "contacts of any kind")
    for kind in kinds:
        yield from _of(_name(kind, kinds), Is("kind", kind), f"{kind!r} interactions")
    yield Signal(
        "interactions_after_order",
        "engagement",
        "engagement:interactions",
        Ratio(Since("interactions"), Since("orders")),
        "ratio",
        "days since the last interaction over days since the last order; below 1 means still in touch; "
        "unknown without interactions",
        "high",
    )
    for value in channels:
        yield Signal(
            f"interaction_channel_share:{value}",
            "engagement",
            "channel",
            Ratio(
                Count("interactions", where=Is("channel", value)),
                Count("interactions", where=Known("channel")),
            ),
            "share",
            f"share of the interactions with a known channel through {value}; unknown without one",
            "either",
        )
    if channels:
        yield Signal(
            "interaction_channel_top_share",
            "engagement",
            "channel",
            TopShare("interactions", "channel", channels),
            "share",
            "share of the interactions with a known channel in the most used one of these; unknown without one",
            "either",
        )


def _name(kind: str, kinds: tuple[str, ...]) -> str:
    name = kind
    while name in _TAKEN or (name != kind and name in kinds):
        name += "_contact"
    return name


def _of(name: str, where: Where | None, words: str) -> Iterator[Signal]:
    topic = f"engagement:{name}"
    for d in (14, 30, 90):
        yield Signal(
            f"{name}_count_{d}d",
            "engagement",
            topic,
            Count("interactions", d, where=where),
            "events",
            f"{words} in the last {d} days",
            "low",
        )
    yield Signal(
        f"{name}_recency_days",
        "engagement",
        topic,
        Since("interactions", where),
        "days",
        f"days since the last of the {words}; unknown without one",
        "high",
    )
    for recent, earlier in ((14, 90), (30, 180)):
        yield Signal(
            f"{name}_decline_{recent}d",
            "engagement",
            topic,
            Decline("interactions", None, recent, earlier, where),
            "share",
            f"share by which the rate of {words} in the last {recent} days lies under the own rate of the "
            f"{earlier} days before, -3 at least; unknown without 30 earlier days or earlier ones",
            "high",
        )
