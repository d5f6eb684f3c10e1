from __future__ import annotations

import math

import pytest

from churn.features.catalogue import catalogue
from churn.features.families.relative import signals
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders, value

T = instant("2024-03-01")


def shop() -> Tables:
    rows = {"a": (300, 200, 100), "b": (20, 10), "c": (5,), "d": (900, 800)}
    return Tables(
        [
            r
            for c, days in rows.items()
            for d in days
            for r in orders(T - d * DAY, customer=c, amount=10.0 * len(days))
        ],
        customers=[
            {"customer": c, "size": s} for c, s in zip("abcd", ("big", "big", "small", "big"), strict=True)
        ],
    )


@pytest.mark.parametrize(
    ("name", "who", "want"),
    [
        ("recency_days_rank", "a", 5 / 6),
        ("recency_days_rank", "c", 1 / 6),
        ("recency_days_rank", "d", 1.0),  # later than all who ordered within the year
        ("gap_mean_days_rank", "a", 0.75),  # nobody knows the gap of c
        ("gap_mean_days_rank", "c", math.nan),
        ("orders_count_90d_rank", "a", 1 / 6),
        ("orders_count_365d_rank", "b", 0.5),
        ("amount_365d_rank", "d", 0.0),
        ("amount_mean_rank", "d", 0.5),
        ("recency_days_vs_segment:size", "a", 100 / 55),
        ("recency_days_vs_segment:size", "d", 800 / 55),
        ("orders_count_365d_vs_segment:size", "b", 2 / 2.5),
        ("amount_365d_vs_segment:size", "c", 1.0),
    ],
)
def test_a_customer_among_the_others(name: str, who: str, want: float) -> None:
    assert value(shop(), name, T, who=who) == pytest.approx(want, nan_ok=True)


def test_what_is_ranked_is_in_the_catalogue() -> None:
    """The meaning names another signal, so that signal must be there, and have that measure."""
    by_name = {s.name: s for s in catalogue()}
    for s in signals({"SEGMENT": ("VALUE",)}):
        name = s.name.removesuffix("_rank").removesuffix("_vs_segment:SEGMENT")
        assert by_name[name].measure == s.measure.measure  # type: ignore[attr-defined]
        assert by_name[name].warns == s.warns or "either" in (by_name[name].warns, s.warns)
        assert name in s.meaning
        assert s.topic == by_name[name].topic


def test_without_interactions_nobody_is_ranked_by_them() -> None:
    names = {s.name for s in catalogue(history_of(shop())) if s.family == "relative"}
    assert len(names) == 9 + 3
    assert not {n for n in names if "interaction" in n}
