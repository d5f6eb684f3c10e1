"""Relative: the customer among all others at the same cutoff, which holds across seasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from churn.features.families._make import maker
from churn.features.families.rhythm import GAP_MEAN
from churn.features.labels import Segment
from churn.features.measures import Count, Decline, Mean, Since, Tenure, Total
from churn.features.pooled import AgainstMean, Rank
from churn.features.signal import Measure, Signal, Warns

_RANKED: tuple[tuple[str, str, Measure, Warns], ...] = (
    ("recency_days", "silence", Since("orders"), "high"),
    ("gap_mean_days", "silence", GAP_MEAN, "high"),
    ("orders_count_90d", "frequency", Count("orders", 90), "low"),
    ("orders_count_365d", "frequency", Count("orders", 365), "low"),
    ("orders_decline_90d", "frequency", Decline("orders"), "high"),
    ("amount_365d", "spend", Total("orders", "amount", 365), "low"),
    ("amount_decline_90d", "spend", Decline("orders", "amount"), "high"),
    ("amount_mean", "basket", Mean("orders", "amount"), "low"),
    ("tenure_days", "experience", Tenure(), "low"),
    ("interactions_recency_days", "engagement:interactions", Since("interactions"), "high"),
    ("interactions_count_30d", "engagement:interactions", Count("interactions", 30), "low"),
)
_AGAINST_SEGMENT: tuple[tuple[str, str, Measure, Warns], ...] = (
    ("recency_days", "silence", Since("orders"), "high"),
    ("orders_count_365d", "frequency", Count("orders", 365), "low"),
    ("amount_365d", "spend", Total("orders", "amount", 365), "low"),
)


def signals(segments: Mapping[str, tuple[str, ...]]) -> Iterator[Signal]:
    """Yield the relative signals; others are the customers who ordered in the last 365 days."""
    make, base = maker("relative"), "the customers who ordered in the last 365 days"
    for name, topic, measure, warns in _RANKED:
        yield make(
            f"{name}_rank",
            topic,
            Rank(measure),
            "rank",
            warns,
            f"share of {base} with a lower {name}, equals (closer than 3 %) counting half; unknown where {name} is",
        )
    for column, labels in segments.items():
        for name, topic, measure, warns in _AGAINST_SEGMENT:
            yield make(
                f"{name}_vs_segment:{column}",
                topic,
                AgainstMean(measure, Segment(column, labels)),
                "ratio",
                warns,
                f"{name} over its mean among {base} in the same {column}; unknown where one of them is, or the mean "
                "is 0",
            )
