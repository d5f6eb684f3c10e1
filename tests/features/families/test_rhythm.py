from __future__ import annotations

import math

import pytest

from tests.features.oracle import DAY, HOUR, Tables, instant
from tests.features.tables import orders, value

T = instant("2024-03-01")


def ordered(*days: float, customer: str = "a") -> list[dict[str, object]]:
    return orders(*(T - round(d * DAY) for d in days), customer=customer)


def of(name: str, *days: float, other: tuple[float, ...] = ()) -> float:
    return value(Tables(ordered(*days) + ordered(*other, customer="b")), name, T)


@pytest.mark.parametrize(
    ("name", "days", "want"),
    [
        ("gap_mean_days", (40, 30, 10), 15.0),
        ("gap_last_days", (40, 30, 10), 20.0),
        ("gap_largest_days", (60, 30, 10), 30.0),
        ("gap_spread_days", (40, 30, 10), math.sqrt(50)),
        ("gap_spread_days", (30, 10), math.nan),
        ("gap_mean_days", (10,), math.nan),
        ("gap_last_days", (10,), math.nan),
        ("gap_largest_days", (10,), math.nan),
        ("recency_vs_largest_gap", (60, 30, 10), 1 / 3),
        # Several orders on one day are one order day, and no gap.
        ("gap_mean_days", (40.1, 40.05, 30.1, 30.2, 10.9, 10.1), 15.0),
        ("order_days_count", (40.1, 40.05, 30.1, 30.2, 10.9, 10.1), 3),
    ],
)
def test_gaps_are_between_different_days(name: str, days: tuple[float, ...], want: float) -> None:
    assert of(name, *days) == pytest.approx(want, nan_ok=True)


def test_days_are_local() -> None:
    # Two evenings in New York, which are one day in UTC, and the two calendar days of one UTC day.
    late = [instant(x, "America/New_York") for x in ("2024-01-10 21:00", "2024-01-11 18:00")]
    assert value(Tables(orders(*late), timezone="America/New_York"), "gap_mean_days", T) == 1.0
    assert math.isnan(value(Tables(orders(*late)), "gap_mean_days", T))


@pytest.mark.parametrize("night", ["2023-03-26", "2023-10-29"])
def test_a_day_of_23_or_25_hours_is_one_day(night: str) -> None:
    first = instant(f"{night} 00:00", "Europe/Berlin")
    length = (23 if "03" in night else 25) * HOUR
    tables = Tables(orders(first, first + length - 1, first + length), timezone="Europe/Berlin")
    assert value(tables, "order_days_count", T) == 2
    assert value(tables, "gap_mean_days", T) == 1.0


def test_a_leap_day_is_a_day() -> None:
    tables = Tables(
        orders(instant("2024-02-28 23:00"), instant("2024-02-29 12:00"), instant("2024-03-01 01:00"))
    )
    assert value(tables, "gap_largest_days", instant("2024-03-02")) == 1.0
    assert value(tables, "order_days_count", instant("2024-03-02")) == 3


def test_the_day_in_which_the_window_begins_counts() -> None:
    """The window begins at noon: an order before it and one after it lie on the same day."""
    noon = T + 12 * HOUR
    tables = Tables(orders(noon - 365 * DAY - HOUR, noon - 365 * DAY, noon - 365 * DAY + HOUR, noon - DAY))
    assert value(tables, "order_days_count_365d", noon) == 2
    assert value(tables, "order_days_count", noon) == 2
    before = Tables(orders(noon - 365 * DAY - HOUR, noon - DAY))
    assert value(before, "order_days_count_365d", noon) == 1


def test_the_usual_gap_is_mixed_with_two_gaps_of_the_base() -> None:
    # Gaps: 10 and 20 of a, 40 of b; the base's mean is 70 / 3.
    base = 70 / 3
    assert of("gap_usual_days", 40, 30, 10, other=(50, 10)) == pytest.approx((30 + 2 * base) / 4)
    assert of("gap_usual_days", 10, other=(50, 10)) == pytest.approx(40)
    assert math.isnan(of("gap_usual_days", 10, other=(50,)))


def test_overdue_is_the_silence_against_the_usual_gap() -> None:
    usual = of("gap_usual_days", 40, 30, 10, other=(50, 40))
    assert of("overdue_ratio", 40, 30, 10, other=(50, 40)) == pytest.approx(10 / usual)
    assert of("overdue_days", 40, 30, 10, other=(50, 40)) == 0.0
    late = of("overdue_days", 70, 60, 40, other=(50, 40))
    assert late == pytest.approx(40 - usual)
    assert of("silence_probability", 70, 60, 40, other=(50, 40)) == pytest.approx(math.exp(-40 / usual))


def test_the_overdue_score_mixes_the_spread_and_never_blows_up() -> None:
    # Own squares 50 with one degree of freedom; nobody else has a spread, so the base's variance is 50 too.
    usual = of("gap_usual_days", 70, 60, 40)
    assert of("overdue_score", 70, 60, 40) == pytest.approx((40 - usual) / math.sqrt((50 + 2 * 50) / 3))
    daily = of("overdue_score", *range(5, 30))
    assert daily == pytest.approx((5 - 1) / 0.5)
    assert of("overdue_score", 70, 60, 1) < 0
    assert math.isnan(of("overdue_score", 30, 10))


@pytest.mark.parametrize(
    ("days", "share"),
    [
        ((5,), 1.0),
        ((29.9, 1), 1.0),
        ((30, 1), 1.0),
        ((30.1, 1), 1.0),
        ((60.1, 1), 2 / 3),
        ((400, 5), 1 / 12),
        ((400,), 0.0),
    ],
)
def test_active_share_counts_stretches_as_far_as_the_customer_was_there(
    days: tuple[float, ...], share: float
) -> None:
    assert of("active_share_12x30d", *days) == pytest.approx(share)
