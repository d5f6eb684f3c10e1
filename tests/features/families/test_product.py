from __future__ import annotations

import math

import pytest

from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import orders, value

T = instant("2024-03-01")


def ordered(*days: float, customer: str = "a", **values: object) -> list[Row]:
    return orders(*(T - round(d * DAY) for d in days), customer=customer, **values)


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


def test_returns_of_the_year_and_since_the_last_order() -> None:
    returns = [{"customer": "a", "time": T - round(d * DAY), "amount": 4.0} for d in (365, 20, 19, 5)]
    tables = Tables(ordered(400, 300, 20), returns=[*returns, {**returns[0], "time": T - 365 * DAY - 1}])
    assert value(tables, "returns_share_365d", T) == 2.0
    assert value(tables, "returned_amount", T) == 20.0
    assert value(tables, "returned_amount_share_365d", T) == pytest.approx(16 / 20)
    assert value(tables, "returns_after_last_order", T) == 2  # the one at the same instant came not after it


def delivered(*delays: tuple[float, float | None, float | None]) -> Tables:
    """Orders so many days ago, promised and delivered so many days later."""
    return Tables(
        [
            r
            for ago, promised, came in delays
            for r in ordered(
                ago,
                promised=None if promised is None else T - round((ago - promised) * DAY),
                delivered=None if came is None else T - round((ago - came) * DAY),
            )
        ]
    )


LATE = (
    (400, 2, 5),
    (300, 2, 2),
    (200, 9, 3),
    (100, 2, 4),
    (50, None, 9),
    (30, 2, None),
    (9, 1, 9),
    (8, 1, 10),
)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("late_deliveries_count_365d", 1),
        ("late_deliveries_share", 2 / 4),
        ("delivery_delay_days_mean", (3 + 0 + 0 + 2) / 4),
        ("delivery_delay_days_last", 2.0),
        ("late_delivery_recency_days", 96.0),
    ],
)
def test_deliveries_that_came_before_the_cutoff(name: str, want: float) -> None:
    assert value(delivered(*LATE), name, T) == pytest.approx(want)


def test_a_delivery_at_the_cutoff_has_not_come() -> None:
    assert math.isnan(value(delivered((9, 1, 9)), "late_deliveries_share", T))
    assert value(delivered((9, 1, 9)), "late_deliveries_share", T + 1) == 1.0
    assert value(delivered((370, 1, 5)), "late_deliveries_count_365d", T) == 1  # by the day it came
    assert value(delivered((370.001, 1, 5)), "late_deliveries_count_365d", T) == 0
    assert value(delivered((9, 1, 1)), "late_deliveries_share", T) == 0.0
