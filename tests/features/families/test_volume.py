from __future__ import annotations

import math

import pytest

from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import orders, value

T = instant("2024-03-01")


def ordered(*days: float, customer: str = "a", **values: object) -> list[dict[str, object]]:
    return orders(*(T - round(d * DAY) for d in days), customer=customer, **values)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("orders_count_30d", 1),
        ("orders_count_60d", 2),
        ("orders_count_90d", 2),
        ("orders_count_180d", 3),
        ("orders_count_365d", 4),
        ("orders_count", 5),
        ("recency_days", 30.0),
        ("amount_30d", 10.0),
        ("amount_90d", 20.0),
        ("amount_total", 50.0),
    ],
)
def test_windows_hold_an_order_exactly_that_old(name: str, want: float) -> None:
    just_outside = orders(T - 365 * DAY - 1)
    assert value(Tables(ordered(30, 60, 180, 365) + just_outside), name, T) == want


def test_the_same_season_is_the_coming_60_days_a_year_earlier() -> None:
    tables = Tables(orders(T - 365 * DAY - 1, T - 365 * DAY, T - 305 * DAY - 1, T - 305 * DAY))
    assert value(tables, "orders_same_season", T) == 2


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("amount_mean", 20.0),
        ("amount_mean_180d", 15.0),
        ("amount_last", 10.0),
        ("amount_last_vs_mean", 0.5),
        ("amount_mean_decline_90d", 1 - 10 / 25),
        ("quantity_mean", 3.0),
        ("quantity_last_vs_mean", math.nan),
        ("quantity_mean_decline_90d", math.nan),
        ("products_mean", 4.0),
        ("products_last_vs_mean", 1.0),
        ("products_mean_decline_90d", 0.0),
        ("order_channel_share:web", 0.5),
        ("order_channel_share:shop", 0.5),
        ("order_channel_top_share", 0.5),
    ],
)
def test_baskets_and_channels(name: str, want: float) -> None:
    tables = Tables(
        ordered(200, amount=30.0, quantity=2.0, products=4.0, channel="web")
        + ordered(100, amount=20.0, quantity=4.0, products=4.0, channel=None)
        + ordered(5, amount=10.0, quantity=None, products=4.0, channel="shop")
    )
    assert value(tables, name, T) == pytest.approx(want, nan_ok=True)


def test_of_two_last_orders_at_one_instant_the_later_row_counts() -> None:
    tables = Tables(ordered(3, amount=1.0) + ordered(3, amount=2.0))
    assert value(tables, "amount_last", T) == 2.0


def test_amounts_that_sum_to_nothing_have_no_ratio() -> None:
    tables = Tables(ordered(200, 5, amount=8.0) + ordered(210, 4, amount=-8.0))
    assert value(tables, "amount_total", T) == 0.0
    assert math.isnan(value(tables, "amount_last_vs_mean", T))
    assert math.isnan(value(tables, "amount_decline_90d", T))
    assert math.isnan(value(tables, "amount_mean_decline_90d", T))


def test_spend_per_day_falls() -> None:
    # 180 earlier days at 1 a day, then 45 in 90 days.
    tables = Tables(ordered(270, amount=180.0) + ordered(5, amount=45.0))
    assert value(tables, "amount_decline_90d", T) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("returns_count_90d", 1),
        ("returns_count_365d", 2),
        ("returns_count", 3),
        ("returns_share", 1.5),
        ("returned_amount_share", 18 / 20),
        ("return_recency_days", 90.0),
        ("orders_after_return", 1),
    ],
)
def test_returns(name: str, want: float) -> None:
    returns = [
        {"customer": "a", "time": T - d * DAY, "amount": x} for d, x in ((400, 4.0), (200, -8.0), (90, 6.0))
    ]
    assert value(Tables(ordered(300, 20), returns=returns), name, T) == pytest.approx(want)


def test_who_returned_nothing() -> None:
    tables = Tables(
        ordered(20) + ordered(20, customer="b"), returns=[{"customer": "b", "time": T - 9, "amount": 1}]
    )
    assert value(tables, "returns_share", T) == 0.0
    assert value(tables, "returned_amount_share", T) == 0.0
    assert math.isnan(value(tables, "return_recency_days", T))
    assert math.isnan(value(tables, "orders_after_return", T))
