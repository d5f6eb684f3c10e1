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


def placed(*discounts: float | None) -> Tables:
    return Tables([r for i, x in enumerate(discounts) for r in ordered(200 - 30 * i, discount=x)])


@pytest.mark.parametrize(
    ("name", "discounts", "want"),
    [
        ("discount_share", (10.0, None, 0.0), 10 / 40),
        ("discount_share_180d", (10.0, None, 5.0), 5 / 25),
        ("discounted_orders_share", (10.0, None, 0.0), 1 / 3),
        ("full_price_recency_days", (0.0, 0.0, None, 3.0), 170.0),
        ("full_price_recency_days", (None, 3.0), math.nan),
        ("first_order_discount", (None, 3.0), math.nan),
        ("first_order_discount", (2.0, 3.0), 2.0),
    ],
)
def test_discounts(name: str, discounts: tuple[float | None, ...], want: float) -> None:
    assert value(placed(*discounts), name, T) == pytest.approx(want, nan_ok=True)


def test_a_whole_discount_of_nothing_has_no_share() -> None:
    assert math.isnan(value(Tables(ordered(9, amount=0.0, discount=0.0)), "discount_share", T))
    assert value(Tables(ordered(9, amount=0.0, discount=4.0)), "discount_share", T) == 1.0


@pytest.mark.parametrize(
    ("channels", "preferred", "last", "switched"),
    [
        (("web",), "web", "web", math.nan),
        (("web", "app"), "app", "app", 1.0),
        (("web", "web", None), "web", "web", 0.0),
        (("web", "web", "app"), "web", "app", 1.0),
    ],
)
def test_the_channel_preferred_and_left(
    channels: tuple[str, ...], preferred: str, last: str, switched: float
) -> None:
    tables = Tables([r for i, c in enumerate(channels) for r in ordered(50 - i, channel=c)])
    assert value(tables, "order_channel_preferred", T) == preferred
    assert value(tables, "order_channel_last", T) == last
    assert value(tables, "order_channel_switched", T) == pytest.approx(switched, nan_ok=True)


def test_a_channel_among_more_than_are_looked_at() -> None:
    """25 channels: who always uses one of the seldom ones has not switched."""
    many = [r for i in range(24) for r in ordered(9, 8, 7, customer="b", channel=f"c{i:02}")]
    tables = Tables(many + ordered(5, 3, channel="seldom"))
    assert value(tables, "order_channel_switched", T) == 0.0


def test_the_largest_order_is_the_last_of_equals() -> None:
    tables = Tables(ordered(90, amount=5.0) + ordered(60, amount=9.0) + ordered(30, amount=9.0) + ordered(5))
    assert value(tables, "largest_order_recency_days", T) == 5.0
    tables.orders.pop()
    assert value(tables, "largest_order_recency_days", T) == 30.0


def test_trend_over_quarters() -> None:
    rows = [r for k, n in enumerate((1, 2, 3, 4)) for r in ordered(*[350 - 90 * k - j for j in range(n)])]
    assert value(Tables(rows + ordered(360)), "orders_slope_4x90d", T) == pytest.approx(
        (5 * 0.1 * 2 - 0.3) / 2.75
    )
