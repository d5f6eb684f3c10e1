"""Signals about the customer: how long, and which segment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from churn.features.measures import Segment, Since, Tenure
from churn.features.signal import Signal


def signals(segments: Mapping[str, tuple[str, ...]]) -> Iterator[Signal]:
    """Yield the account signals; `segments` maps each segment column to the values it may take."""
    yield Signal(
        "tenure_days",
        "account",
        "experience",
        Tenure(),
        "days",
        "days since joining or the first order, whichever came first",
        "low",
    )
    yield Signal(
        "first_order_days",
        "account",
        "experience",
        Since("orders", first=True),
        "days",
        "days since the first order",
        "low",
    )
    for column, labels in segments.items():
        yield Signal(
            f"segment:{column}",
            "account",
            f"segment:{column}",
            Segment(column, labels),
            "category",
            f"the customer's {column}; unknown where it is empty or was not seen in training",
            "either",
            labels,
        )
