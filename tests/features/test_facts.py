from __future__ import annotations

import numpy as np
import pytest

from churn.data.history import NEVER
from churn.features.facts import DERIVED, Facts, columns_of, era_us, fade_weights
from tests.features.oracle import DAY, HOUR, Row, Tables, instant
from tests.features.tables import history_of, orders, ticket

T = instant("2024-03-01")
nan = np.nan


def column(log: str, name: str, tables: Tables) -> list[float]:
    history = history_of(tables)
    return Facts(history.logs[log], len(history.customers)).column(name).tolist()


def days(*ago: float, customer: str = "a", **values: object) -> list[Row]:
    return orders(*(T - round(d * DAY) for d in ago), customer=customer, **values)


def test_gaps_lie_between_order_days_of_one_customer() -> None:
    tables = Tables(days(30) + days(29, customer="b") + days(20, 19.9, 19.5) + days(1, customer="b"))
    np.testing.assert_array_equal(column("orders", "gap", tables), [nan, nan, 10, nan, nan, 28])
    np.testing.assert_array_equal(column("orders", "gap_squared", tables), [nan, nan, 100, nan, nan, 784])
    assert column("orders", "order_day", tables) == [1, 1, 1, 0, 0, 1]


def test_the_longest_gap_so_far_and_the_last_of_equals() -> None:
    assert column("orders", "longest_gap", Tables(days(50, 40, 35, 25, 5))) == [0, 1, 0, 1, 1]


def test_the_largest_order_so_far() -> None:
    rows = [r for i, x in enumerate((5.0, 3.0, 5.0, 9.0, -1.0)) for r in days(50 - i, amount=x)]
    other = [r for i, x in enumerate((-4.0, -2.0)) for r in days(49.5 - i, customer="b", amount=x)]
    assert column("orders", "largest", Tables(rows + other)) == [1, 1, 0, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("amounts", "high"),
    [
        ((10, 10, 99), [0, 0, 0]),
        ((10, 10, 10, 15), [0, 0, 0, 0]),
        ((10, 10, 10, 15.01), [0, 0, 0, 1]),
        ((1.48, 1.48, 1.48, 2.22), [0, 0, 0, 0]),  # exactly one and a half times
        ((0.1, 0.1, 0.1, 0.15), [0, 0, 0, 0]),
        ((0.1, 0.1, 0.1, 0.16), [0, 0, 0, 1]),
        ((1e15, -1e15, 3, 1.5), [0, 0, 0, 0]),
        ((1e15, -1e15, 3, 1.75), [0, 0, 0, 1]),
        ((-2, -2, -2, -2.5), [0, 0, 0, 1]),
        ((0, 0, 0, 0), [0, 0, 0, 0]),
    ],
)
def test_orders_of_high_value(amounts: tuple[float, ...], high: list[float]) -> None:
    rows = [r for i, x in enumerate(amounts) for r in days(50 - i, amount=float(x))]
    assert column("orders", "high_value", Tables(rows)) == high


def test_other_customers_do_not_make_a_value_high() -> None:
    rows = [
        r for i in range(4) for c in "ab" for r in days(50 - i, customer=c, amount=10.0 if c == "a" else 1e12)
    ]
    assert column("orders", "high_value", Tables(rows)) == [0] * 8


def test_the_delay_of_a_delivery() -> None:
    rows = [
        *days(20, promised=T - 18 * DAY, delivered=T - 17 * DAY),
        *days(19, promised=T - 18 * DAY, delivered=T - 18 * DAY),
        *days(18, promised=T - 10 * DAY, delivered=T - 12 * DAY),
        *days(17, promised=None, delivered=T - 12 * DAY),
        *days(16, promised=T - 12 * DAY, delivered=None),
    ]
    np.testing.assert_array_equal(column("orders", "delay_days", Tables(rows)), [1, 0, 0, nan, nan])


@pytest.mark.parametrize(
    ("tickets", "repeat"),
    [
        ([(40, "x"), (20, "x")], [0, 1]),
        ([(40, "x"), (20, "y"), (15, "x")], [0, 0, 1]),
        ([(40, None), (20, None)], [0, 0]),
        ([(40, "x"), (10 - 1 / 86_400_000_000, "x")], [0, 0]),
        ([(40, "x"), (10 + 1 / 86_400_000_000, "x")], [0, 1]),
        # A window of 30 days holds its beginning, here as everywhere.
        ([(40, "x"), (10, "x")], [0, 1]),
    ],
)
def test_repeat_contact_is_about_the_same_in_thirty_days(
    tickets: list[tuple[float, str | None]], repeat: list[float]
) -> None:
    rows = [
        {"ticket_id": i, "customer": "a", "opened": T - round(d * DAY), "category": c}
        for i, (d, c) in enumerate(tickets)
    ]
    assert column("tickets", "repeat", Tables(days(90), tickets=rows)) == repeat
    others = [r | {"ticket_id": 100 + i, "customer": "b"} for i, r in enumerate(rows[:1])]
    assert column("tickets", "repeat", Tables(days(90), tickets=others + rows))[1:] == repeat


def test_an_answer_is_a_reply_or_the_resolution_whichever_comes_first() -> None:
    t = T - 9 * DAY
    rows = [
        ticket(t, t + HOUR, t + 2 * HOUR),
        ticket(t + 1, t + 3 * HOUR + 1, t + 2 * HOUR + 1),
        ticket(t + 2, None, t + 4 * HOUR + 2),
        ticket(t + 3),
    ]
    tables = Tables(days(90), tickets=rows)
    np.testing.assert_array_equal(column("tickets", "reply_hours", tables), [1, 2, 4, nan])
    np.testing.assert_array_equal(column("tickets", "resolution_hours", tables), [2, 2, 4, nan])
    facts = Facts(history_of(tables).logs["tickets"], 1)
    assert facts.instant("answer").tolist() == [t + HOUR, t + 2 * HOUR + 1, t + 4 * HOUR + 2, NEVER]
    bare = [{k: r[k] for k in ("ticket_id", "customer", "opened")} for r in rows]
    assert (
        Facts(history_of(Tables(days(90), tickets=bare)).logs["tickets"], 1).instant("answer").tolist()
        == [NEVER] * 4
    )


def test_steps_of_the_price() -> None:
    prices = ((9, "a", 5.0), (8, "b", 9.0), (7, "a", None), (6, "a", 4.5), (5, "a", 4.5), (4, "b", 10.0))
    rows = [{"customer": c, "time": T - d * DAY, "price": p} for d, c, p in prices]
    np.testing.assert_array_equal(
        column("subscriptions", "price_step", Tables(days(20), subscriptions=rows)),
        [nan, nan, nan, -0.5, 0, 1],
    )


@pytest.mark.parametrize("half_life", [0.5, 30.0, 120.0])
def test_fading_weights_double_every_half_life_and_start_anew(half_life: float) -> None:
    era = era_us(half_life)
    step = round(half_life * DAY)
    time = np.array([7 * era, 7 * era + step, 7 * era + 3 * step, 8 * era - 1, 8 * era])
    np.testing.assert_allclose(fade_weights(time, half_life), [1, 2, 8, 2**16, 1], rtol=1e-6)


@pytest.mark.parametrize(("log", "name"), DERIVED)
def test_derived_columns_of_one_row_and_of_none(log: str, name: str) -> None:
    one: dict[str, Row] = {
        "orders": {**days(9)[0], "promised": T, "delivered": T - DAY},
        "tickets": {**ticket(T - DAY), "category": "x"},
        "surveys": {"customer": "a", "time": T - DAY, "answered": None},
        "subscriptions": {"customer": "a", "time": T - DAY, "price": 3.0},
    }
    tables = Tables(
        [one["orders"]],
        tickets=[one["tickets"]],
        surveys=[one["surveys"]],
        subscriptions=[one["subscriptions"]],
    )
    log_ = history_of(tables).logs[log]
    assert len(Facts(log_, 1).column(name)) == 1
    assert Facts(log_.take(slice(0, 0)), 1).column(name).tolist() == []


def test_columns_name_what_they_are_made_of() -> None:
    assert columns_of("orders", "time") == columns_of("orders", "fade:30") == ()
    assert columns_of("orders", "gap") == ("day",)
    assert columns_of("orders", "delay_days") == ("promised", "delivered")
    assert columns_of("tickets", "delay_days") == ("delay_days",)
    assert columns_of("credit", "limit") == ("limit",)
