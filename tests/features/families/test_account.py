from __future__ import annotations

import math

import pytest

from churn.features.catalogue import Schema, catalogue
from churn.features.compute import compute_features
from churn.features.families.account import signals
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
    (segment,) = [s for s in catalogue(history_of(tables)) if s.name.startswith("segment:")]
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
    assert schema.segments == {"size": (*(f"s{i:02}" for i in range(19)), "s21")}
    frame = compute_features(history_of(tables), T)
    assert frame["segment:size"].isna().tolist() == [f"s{min(i, 21):02}" in ("s19", "s20") for i in range(23)]


def test_without_segments_and_subscriptions_the_first_order_is_left() -> None:
    names = [s.name for s in signals({}, ()) if "subscriptions" not in s.sources]
    assert names[:2] == ["tenure_days", "first_order_days"]
    assert all(name.startswith("first_order") for name in names[1:])


def plans(*rows: tuple[float, dict[str, object]]) -> Tables:
    """Changes of the subscription so many days ago."""
    found = [{"customer": "a", "time": T - round(d * DAY), **values} for d, values in rows]
    return Tables(orders(T - 500 * DAY), subscriptions=found)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("plan", "gold"),
        ("plan_price", 4.0),
        ("plan_price_change", -1.0),
        ("price_cuts_count_365d", 2),
        ("price_rises_count_365d", 1),
        ("price_cut_recency_days", 20.0),
        ("renewal_days", 30.0),
        ("failed_payments_count_90d", 1),
        ("failed_payments_count_365d", 2),
        ("failed_payment_recency_days", 10.0),
    ],
)
def test_the_subscription_at_the_cutoff(name: str, want: float | str) -> None:
    tables = plans(
        (400, {"plan": "basic", "price": 9.0, "renews": T - 35 * DAY, "is_failed_payment": False}),
        (365, {"price": 3.0, "is_failed_payment": True}),
        (90.1, {"price": 5.0, "plan": "gold"}),
        (30, {"renews": T + 30 * DAY}),
        (20, {"price": 4.0}),
        (10, {"is_failed_payment": True}),
        (0, {"plan": "basic", "price": 99.0, "renews": T + DAY, "is_failed_payment": True}),
    )
    assert value(tables, name, T) == want


@pytest.mark.parametrize(
    ("local", "month"), [("2024-01-31 23:30", "January"), ("2024-02-01 00:00", "February")]
)
def test_the_month_of_the_first_order(local: str, month: str) -> None:
    first = instant(local, "Asia/Kolkata")
    assert value(Tables(orders(first, T - 1), timezone="Asia/Kolkata"), "first_order_month", T) == month


def test_the_first_order_against_the_mean() -> None:
    tables = Tables(orders(T - 90 * DAY, amount=2.0) + orders(T - 9 * DAY, amount=6.0))
    assert value(tables, "first_order_amount", T) == 2.0
    assert value(tables, "first_order_amount_vs_mean", T) == 0.5
