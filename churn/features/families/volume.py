"""Volume: how much the customer buys, of what size and through which channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from churn.features.families._make import label_signal, maker
from churn.features.labels import LastLabel, Switched, TopLabel, TopShare
from churn.features.measures import (
    Count,
    Decline,
    Last,
    Mean,
    MeanDecline,
    Plus,
    Ratio,
    Since,
    Slope,
    Total,
)
from churn.features.signal import Above, Equals, Is, Known, Signal

_BASKET = (
    ("amount", "amount", "amount"),
    ("quantity", "units", "units"),
    ("products", "different products", "units"),
)


def signals(windows: Sequence[int], channels: tuple[str, ...]) -> Iterator[Signal]:
    """Yield the volume signals; `channels` are the order channels found in the data."""
    yield from _spend(windows)
    yield from _basket()
    yield from _discount()
    yield from _channels(channels)


def _spend(windows: Sequence[int]) -> Iterator[Signal]:
    make = maker("volume")
    for d in (d for d in windows if d >= 30):
        meaning = f"amount ordered in the last {d} days"
        yield make(f"amount_{d}d", "spend", Total("orders", "amount", d), "amount", "low", meaning)
    yield make("amount_total", "spend", Total("orders", "amount"), "amount", "low", "amount ordered ever")
    yield make(
        "amount_decline_90d",
        "spend",
        Decline("orders", "amount"),
        "share",
        "high",
        "share by which the spend per day of the last 90 days lies under that of the 365 days before, -3 at "
        "least; unknown without 30 earlier days or where the earlier spend is not above 0",
    )
    for buckets, days in ((6, 30), (4, 90)):
        yield make(
            f"amount_slope_{buckets}x{days}d",
            "spend",
            Slope("orders", "amount", buckets, days),
            "ratio",
            "low",
            f"trend of the amount over {buckets} stretches of {days} days, per stretch, as a share of their mean; "
            f"unknown for customers of less than {buckets * days} days or where the mean is not above 0",
        )
    big, largest = Above("high_value"), Above("largest")
    what = (
        "orders of more than one and a half times the mean of the customer's orders before (three at least)"
    )
    yield make(
        "high_value_count_365d",
        "spend",
        Count("orders", 365, where=big),
        "orders",
        "low",
        f"{what}, in the last 365 days",
    )
    yield make(
        "high_value_recency_days",
        "spend",
        Since("orders", big),
        "days",
        "high",
        f"days since the last of the {what}; unknown without one",
    )
    yield make(
        "largest_order_recency_days",
        "spend",
        Since("orders", largest),
        "days",
        "high",
        "days since the customer's largest order so far, the last of equals",
    )


def _basket() -> Iterator[Signal]:
    make = maker("volume")
    for column, words, unit in _BASKET:
        of = f"mean {words} per order"
        yield make(f"{column}_mean", "basket", Mean("orders", column), unit, "low", of)  # type: ignore[arg-type]
        yield make(
            f"{column}_mean_180d",
            "basket",
            Mean("orders", column, 180),
            unit,  # type: ignore[arg-type]
            "low",
            f"{of} in the last 180 days; unknown without orders in them",
        )
        yield make(
            f"{column}_last",
            "basket",
            Last("orders", column),
            unit,  # type: ignore[arg-type]
            "low",
            f"{words} of the last order; unknown where that is not given",
        )
        yield make(
            f"{column}_last_vs_mean",
            "basket",
            Ratio(Last("orders", column), Mean("orders", column)),
            "ratio",
            "low",
            f"{words} of the last order over the own mean; unknown where the mean is 0 or the last order has none",
        )
        yield make(
            f"{column}_mean_decline_90d",
            "basket",
            MeanDecline("orders", column),
            "share",
            "high",
            f"share by which the {of} of the last 90 days lies under that of the 365 days before, -3 at least; "
            "unknown without orders in both or where the earlier mean is not above 0",
        )
    yield make(
        "quantity_decline_90d",
        "basket",
        Decline("orders", "quantity"),
        "share",
        "high",
        "share by which the units per day of the last 90 days lie under those of the 365 days before, -3 at "
        "least; unknown without 30 earlier days or where the earlier units are not above 0",
    )
    yield make(
        "products_slope_6x30d",
        "basket",
        Slope("orders", "products"),
        "ratio",
        "low",
        "trend of the different products per order, summed over six stretches of 30 days, per stretch, as a share of "
        "their mean; unknown for customers of less than 180 days or where the mean is not above 0",
    )


def _discount() -> Iterator[Signal]:
    make = maker("volume")

    def share(days: float | None) -> Ratio:
        off = Total("orders", "discount", days)
        return Ratio(off, Plus(Total("orders", "amount", days), off))

    yield make(
        "discount_share",
        "discount",
        share(None),
        "share",
        "high",
        "what was taken off, as a share of amount and discount together; unknown where these are 0",
    )
    yield make(
        "discount_share_180d",
        "discount",
        share(180),
        "share",
        "high",
        "what was taken off in the last 180 days, as a share of amount and discount together; unknown where "
        "these are 0",
    )
    yield make(
        "discounted_orders_share",
        "discount",
        Ratio(Count("orders", where=Above("discount")), Count("orders")),
        "share",
        "high",
        "share of the orders with a discount; unknown without orders",
    )
    yield make(
        "full_price_recency_days",
        "discount",
        Since("orders", Equals("discount", 0.0)),
        "days",
        "high",
        "days since the last order known to have had no discount; unknown without one",
    )


def _channels(channels: tuple[str, ...]) -> Iterator[Signal]:
    if not channels:
        return
    make = maker("volume")
    for value in channels:
        yield make(
            f"order_channel_share:{value}",
            "channel",
            Ratio(Count("orders", where=Is("channel", value)), Count("orders", where=Known("channel"))),
            "share",
            "either",
            f"share of the orders with a known channel placed through {value}; unknown without one",
        )
    yield make(
        "order_channel_top_share",
        "channel",
        TopShare("orders", "channel", channels),
        "share",
        "either",
        "share of the orders with a known channel in the most used one of these; unknown without one",
    )
    yield label_signal(
        "volume",
        "order_channel_preferred",
        "channel",
        TopLabel("orders", "channel", channels),
        "the channel most orders came through, the first of equals; unknown without one",
        channels,
    )
    yield label_signal(
        "volume",
        "order_channel_last",
        "channel",
        LastLabel("orders", "channel", channels),
        "the channel of the last order that has one; unknown without one",
        channels,
    )
    yield make(
        "order_channel_switched",
        "channel",
        Switched("orders", "channel"),
        "count",
        "either",
        "1 where the last order with a known channel came through another one than that before it, else 0; "
        "unknown with fewer than two",
    )
