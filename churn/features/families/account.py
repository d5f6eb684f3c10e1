"""Account: how long, which segment, which plan at what price, and how the customer came."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping

from churn.features.families._make import label_signal, maker
from churn.features.labels import LastLabel, Segment
from churn.features.measures import Ahead, Count, Last, Mean, Minus, Ratio, Since, Tenure
from churn.features.rhythm import FirstOrder, FirstOrderMonth
from churn.features.signal import Above, Below, Known, Signal

MONTHS = tuple(calendar.month_name)[1:]


def signals(segments: Mapping[str, tuple[str, ...]], plans: tuple[str, ...]) -> Iterator[Signal]:
    """Yield the account signals; `segments` maps each segment column to the values it may take."""
    make = maker("account")
    yield make(
        "tenure_days",
        "experience",
        Tenure(),
        "days",
        "low",
        "days since joining or the first order, whichever came first",
    )
    yield make(
        "first_order_days",
        "experience",
        Since("orders", first=True),
        "days",
        "low",
        "days since the first order",
    )
    yield make(
        "first_order_amount",
        "acquisition",
        FirstOrder("amount"),
        "amount",
        "low",
        "amount of the first order",
    )
    yield make(
        "first_order_amount_vs_mean",
        "acquisition",
        Ratio(FirstOrder("amount"), Mean("orders", "amount")),
        "ratio",
        "high",
        "amount of the first order over the own mean; unknown where the mean is 0",
    )
    yield make(
        "first_order_discount",
        "acquisition",
        FirstOrder("discount"),
        "amount",
        "high",
        "discount on the first order; unknown where that is not given",
    )
    yield label_signal(
        "account",
        "first_order_month",
        "acquisition",
        FirstOrderMonth(),
        "the calendar month of the first order, the cohort the customer came with",
        MONTHS,
    )
    for column, labels in segments.items():
        topic = f"segment:{column}"
        meaning = f"the customer's {column}; unknown where it is empty or was not seen in training"
        yield label_signal("account", topic, topic, Segment(column, labels), meaning, labels)
    yield from _subscription(plans)


def _subscription(plans: tuple[str, ...]) -> Iterator[Signal]:
    make = maker("account")
    if plans:
        meaning = "the plan the customer is on; unknown without one"
        yield label_signal(
            "account", "plan", "plan", LastLabel("subscriptions", "plan", plans), meaning, plans
        )
    price = Last("subscriptions", "price", Known("price"))
    meaning = "price of the plan per month; unknown without one"
    yield make("plan_price", "plan", price, "amount", "either", meaning)
    yield make(
        "plan_price_change",
        "plan",
        Minus(price, Last("subscriptions", "price", Known("price"), back=1)),
        "amount",
        "low",
        "price of the plan less the one before; unknown with fewer than two prices",
    )
    meaning = "entries about the subscription in the last 365 days, failed payments among them"
    yield make(
        "subscription_events_count_365d", "plan", Count("subscriptions", 365), "events", "either", meaning
    )
    meaning = "days since the last entry about the subscription; unknown without one"
    yield make("subscription_recency_days", "plan", Since("subscriptions"), "days", "either", meaning)
    for name, step, words, warns in (
        ("price_cuts", Below("price_step"), "down to a lower price", "high"),
        ("price_rises", Above("price_step"), "up to a higher price", "low"),
    ):
        yield make(
            f"{name}_count_365d",
            "plan",
            Count("subscriptions", 365, where=step),
            "events",
            warns,  # type: ignore[arg-type]
            f"changes of the subscription {words} in the last 365 days",
        )
    yield make(
        "price_cut_recency_days",
        "plan",
        Since("subscriptions", Below("price_step")),
        "days",
        "low",
        "days since the subscription last went down to a lower price; unknown when it never did",
    )
    yield make(
        "renewal_days",
        "renewal",
        Ahead("subscriptions", "renews"),
        "days",
        "low",
        "days to the end of the paid term, below 0 when it has passed; unknown where that is not given",
    )
    failed = Above("is_failed_payment")
    for d in (90, 365):
        yield make(
            f"failed_payments_count_{d}d",
            "payments",
            Count("subscriptions", d, where=failed),
            "events",
            "high",
            f"failed payments in the last {d} days",
        )
    yield make(
        "failed_payment_recency_days",
        "payments",
        Since("subscriptions", failed),
        "days",
        "low",
        "days since the last failed payment; unknown without one",
    )
