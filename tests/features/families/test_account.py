from __future__ import annotations

import math

import pytest

from churn.features.account import signals
from churn.features.compute import Schema, catalogue, compute_features
from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import history_of, orders, value

T = instant("2024-03-01")


def shop(*customers: Row) -> Tables:
    return Tables(orders(T - 40 * DAY, T - DAY), customers=list(customers))


@pytest.mark.parametrize(
    ("joined", "tenure"),
    [(T - 100 * DAY, 100.0), (T - 10 * DAY, 40.0), (T + DAY, 40.0), (T, 40.0), (None, 40.0)],
)
def test_tenure_runs_from_joining_or_the_first_order(joined: int | None, tenure: float) -> None:
    tables = shop({"customer": "a", "joined": joined})
    assert value(tables, "tenure_days", T) == tenure
    assert value(tables, "first_order_days", T) == 40.0


def test_who_has_not_ordered_yet_has_a_tenure_from_joining() -> None:
    tables = shop({"customer": "b", "joined": T - 9 * DAY})
    assert value(tables, "tenure_days", T, who="b") == 9.0
    assert math.isnan(value(tables, "first_order_days", T, who="b"))


def test_segments_hold_the_values_found() -> None:
    tables = shop({"customer": "a", "size": "big"}, {"customer": "b", "size": "small"})
    (segment,) = [s for s in catalogue(history_of(tables)) if s.family == "account" and s.unit == "category"]
    assert segment.name == segment.topic == "segment:size"
    assert segment.categories == ("big", "small")
    frame = compute_features(history_of(tables), T, customers=["a", "b"])
    assert frame["segment:size"].tolist() == ["big", "small"]


def test_a_segment_with_more_values_than_are_looked_at() -> None:
    customers = [{"customer": f"c{i:02}", "size": f"s{min(i, 21):02}"} for i in range(23)]
    tables = Tables(
        [r for c in customers for r in orders(T - DAY, customer=c["customer"])], customers=customers
    )
    schema = Schema.of(history_of(tables))
    # s21 is the most frequent; of the others, all equally frequent, the first in the alphabet stay.
    assert schema.segments == (("size", (*(f"s{i:02}" for i in range(19)), "s21")),)
    frame = compute_features(history_of(tables), T)
    assert frame["segment:size"].isna().tolist() == [f"s{min(i, 21):02}" in ("s19", "s20") for i in range(23)]


def test_without_segments_two_signals_are_left() -> None:
    assert [s.name for s in signals({})] == ["tenure_days", "first_order_days"]
