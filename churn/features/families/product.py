"""Product: what came back, and what came late."""

from __future__ import annotations

from collections.abc import Iterator

from churn.data.history import DAY_US
from churn.features.families._make import maker
from churn.features.measures import Count, CountAfter, Last, Mean, Ratio, Since, Total
from churn.features.signal import Above, Known, Signal

LATE, DELIVERED = Above("delay_days"), Known("delay_days")


def signals() -> Iterator[Signal]:
    """Yield the signals about returns and deliveries."""
    yield from _returns()
    yield from _deliveries()


def _returns() -> Iterator[Signal]:
    make = maker("product")
    for d in (90, 365):
        meaning = f"returns in the last {d} days"
        yield make(f"returns_count_{d}d", "returns", Count("returns", d), "returns", "high", meaning)
    yield make("returns_count", "returns", Count("returns"), "returns", "high", "returns ever")
    meaning = "returns per order; unknown without orders"
    yield make("returns_share", "returns", Ratio(Count("returns"), Count("orders")), "ratio", "high", meaning)
    yield make(
        "returns_share_365d",
        "returns",
        Ratio(Count("returns", 365), Count("orders", 365)),
        "ratio",
        "high",
        "returns per order in the last 365 days; unknown without orders in them",
    )
    meaning = "value returned ever"
    yield make("returned_amount", "returns", Total("returns", "amount"), "amount", "high", meaning)
    yield make(
        "returned_amount_share",
        "returns",
        Ratio(Total("returns", "amount"), Total("orders", "amount")),
        "share",
        "high",
        "value returned over value ordered; unknown where nothing was ordered",
    )
    yield make(
        "returned_amount_share_365d",
        "returns",
        Ratio(Total("returns", "amount", 365), Total("orders", "amount", 365)),
        "share",
        "high",
        "value returned over value ordered in the last 365 days; unknown where nothing was ordered",
    )
    meaning = "days since the last return; unknown without one"
    yield make("return_recency_days", "returns", Since("returns"), "days", "low", meaning)
    meaning = "orders since the last return; unknown without one"
    yield make("orders_after_return", "returns", CountAfter("orders", "returns"), "orders", "low", meaning)
    yield make(
        "returns_after_last_order",
        "returns",
        CountAfter("returns", "orders"),
        "returns",
        "high",
        "returns since the last order; unknown without orders",
    )


def _deliveries() -> Iterator[Signal]:
    make = maker("product")
    late = "deliveries that came later than promised"
    yield make(
        "late_deliveries_count_365d",
        "deliveries",
        Count("orders", 365, where=LATE, by="delivered"),
        "orders",
        "high",
        f"{late} in the last 365 days",
    )
    yield make(
        "late_deliveries_share",
        "deliveries",
        Ratio(Count("orders", where=LATE), Count("orders", where=DELIVERED)),
        "share",
        "high",
        "share of the deliveries with a promised day that came later; unknown without such a delivery",
    )
    yield make(
        "delivery_delay_days_mean",
        "deliveries",
        Mean("orders", "delay_us", per=DAY_US),
        "days",
        "high",
        "mean days by which deliveries came later than promised, 0 where in time; unknown without a delivery",
    )
    yield make(
        "delivery_delay_days_last",
        "deliveries",
        Last("orders", "delay_days", DELIVERED, by="delivered"),
        "days",
        "high",
        "days by which the last delivery came later than promised, 0 where in time; unknown without a delivery",
    )
    yield make(
        "late_delivery_recency_days",
        "deliveries",
        Since("orders", LATE, by="delivered"),
        "days",
        "low",
        f"days since the last of the {late}; unknown without one",
    )
