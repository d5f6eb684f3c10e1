from __future__ import annotations

import math

import pytest

from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import orders, value

T = instant("2024-03-01")


def seen(*days: float, customer: str = "a", kind: str = "visit", **values: object) -> list[Row]:
    return [{"customer": customer, "time": T - round(d * DAY), "kind": kind, **values} for d in days]


def of(name: str, *interactions: Row) -> float:
    return value(Tables(orders(T - 120 * DAY, T - 20 * DAY), interactions=list(interactions)), name, T)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("visit_count_14d", 1),
        ("visit_count_30d", 2),
        ("visit_count_90d", 3),
        ("visit_recency_days", 14.0),
        ("email_open_count_90d", 1),
        ("email_open_recency_days", 5.0),
        ("interactions_count_90d", 4),
        ("interactions_recency_days", 5.0),
        ("interactions_after_order", 5 / 20),
        # 1 in 14 days against 2 in the 90 days before them.
        ("visit_decline_14d", 1 - (1 / 14) / (2 / 90)),
        ("visit_decline_30d", 1 - (2 / 30) / (1 / 90)),
        ("email_open_decline_30d", math.nan),
    ],
)
def test_kinds_are_told_apart(name: str, want: float) -> None:
    found = of(name, *seen(14, 30, 90), *seen(5, kind="email_open"))
    assert found == pytest.approx(max(want, -3) if not math.isnan(want) else want, nan_ok=True)


def test_the_earlier_rate_counts_the_days_the_customer_was_there() -> None:
    # The first order is 120 days ago: 90 earlier days hold 2 visits, none of the last 30 days any.
    assert of("visit_decline_30d", *seen(40, 50)) == 1.0
    assert of("visit_decline_30d", *seen(10, 40, 50, 60)) == pytest.approx(0.0)


def test_channels() -> None:
    rows = [*seen(5, 6, channel="app"), *seen(4, channel="web"), *seen(3, channel=None)]
    assert of("interaction_channel_share:app", *rows) == pytest.approx(2 / 3)
    assert of("interaction_channel_share:web", *rows) == pytest.approx(1 / 3)
    assert of("interaction_channel_top_share", *rows) == pytest.approx(2 / 3)


def test_who_was_never_seen() -> None:
    other = seen(5, customer="b", channel="app")
    assert of("visit_count_90d", *other) == 0
    for name in ("visit_recency_days", "interactions_after_order", "interaction_channel_top_share"):
        assert math.isnan(of(name, *other)), name


def test_a_kind_named_like_a_table_does_not_hide_its_signals() -> None:
    rows = [*seen(1, 2, kind="orders"), *seen(3, kind="interactions")]
    assert of("orders_count_30d", *rows) == 1
    assert of("orders_contact_count_30d", *rows) == 2
    assert of("interactions_count_30d", *rows) == 3
    assert of("interactions_contact_count_30d", *rows) == 1


def test_orders_after_a_contact_and_contacts_per_order() -> None:
    tables = Tables(
        orders(T - 9 * DAY, T - 3 * DAY, T - DAY),
        interactions=[*seen(9, 3), *seen(30, kind="call", value=4.0)],
    )
    assert value(tables, "orders_after_visit", T) == 1  # the one at the same instant is not after it
    assert value(tables, "orders_after_call", T) == 3
    assert value(tables, "interactions_per_order", T) == 1.0
    assert value(tables, "interaction_value_mean", T) == 4.0
    assert math.isnan(value(tables, "interaction_value_mean_90d", T)) is False
    assert math.isnan(value(tables, "interaction_value_mean_90d", T + 61 * DAY))


def test_fading_contacts() -> None:
    assert of("interactions_rate_half_life_30d", *seen(30)) == pytest.approx(math.log(2) / 2)
