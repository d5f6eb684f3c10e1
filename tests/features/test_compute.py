"""compute_features against the oracle, and what the frame looks like."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from churn.data.history import History
from churn.data.simulate import make_shop
from churn.errors import ParameterError
from churn.features.catalogue import catalogue
from churn.features.compute import compute_features, feature_matrix
from tests.features.agree import assert_agree, unknown
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import Shop, generated, history_of, orders, shops, ticket

T = instant("2024-03-01")


@generated
@given(shops())
def test_every_signal_is_what_its_meaning_says(shop: Shop) -> None:
    assert_agree(shop.tables, shop.t, shop.patience)


CASES = {
    "one order": Tables(orders(T - DAY)),
    "one order, one microsecond before T": Tables(orders(T - 1)),
    "nothing but orders at T and later": Tables(orders(T, T + DAY)),
    "an order exactly at every edge": Tables(
        orders(*(T - d * DAY for d in (14, 30, 60, 90, 180, 305, 365, 455)))
    ),
    "an order just outside every edge": Tables(
        orders(*(T - d * DAY - 1 for d in (14, 30, 60, 90, 180, 305, 365, 455)))
    ),
    "ties": Tables(orders(*[T - 40 * DAY] * 3, amount=5.0) + orders(T - 40 * DAY, amount=-7.0)),
    "ties of several customers": Tables(
        [r for c in "abab" for r in orders(T - 40 * DAY, T - 9 * DAY, customer=c, amount=float(ord(c)))]
    ),
    "several orders on a local day that is two days in UTC": Tables(
        orders(*(instant(f"2024-01-15 {h}:00", "America/New_York") for h in ("08", "17", "20", "23"))),
        timezone="America/New_York",
    ),
    "two local days that are one day in UTC": Tables(
        orders(
            *(
                instant(x, "America/New_York")
                for x in ("2024-01-15 20:00", "2024-01-16 03:00", "2024-01-20 03:00")
            )
        ),
        timezone="America/New_York",
    ),
    "orders around both DST nights": Tables(
        orders(
            *(
                instant(x, "Europe/Berlin")
                for x in ("2023-03-25 23:30", "2023-03-26 03:30", "2023-10-28 00:10", "2023-10-29 00:10")
            ),
            instant("2023-10-29 00:30+00:00"),
            instant("2023-10-29 01:30+00:00"),
        ),
        timezone="Europe/Berlin",
    ),
    "leap days": Tables(
        orders(*(instant(x) for x in ("2020-02-29", "2023-02-28", "2024-02-28", "2024-02-29")))
    ),
    "huge and negative amounts": Tables(
        [
            r
            for i, x in enumerate((1e15, -1e15, 0.25, 1e12, -3e14))
            for r in orders(T - (1 + 37 * i) * DAY, amount=x)
        ]
    ),
    "amounts that sum to nothing": Tables(
        orders(T - 5 * DAY, T - 300 * DAY, amount=8.0) + orders(T - 9 * DAY, T - 310 * DAY, amount=-8.0)
    ),
    "quantity sometimes, once or never known": Tables(
        [
            r
            for customer, values in {
                "a": (1.0, None, 3.0),
                "b": (2.0, None, None),
                "c": (None, None, None),
            }.items()
            for i, q in enumerate(values)
            for r in orders(T - (200 - 90 * i) * DAY, customer=customer, quantity=q)
        ]
    ),
    "quantity is not a number": Tables(
        orders(T - 20 * DAY, quantity=4.0)
        + orders(T - 10 * DAY, quantity=math.nan)
        + orders(T - DAY, quantity=2.0)
    ),
    "channels not known": Tables(
        orders(T - 4 * DAY, channel="web")
        + orders(T - 3 * DAY, T - 2 * DAY, channel=None)
        + orders(T - DAY, customer="b", channel=None)
    ),
    "more channels than are looked at": Tables(
        [
            r
            for i in range(23)
            for r in orders(*[T - (i + 1) * DAY] * (2 if i > 3 else 1), customer=i % 3, channel=f"c{i:02}")
        ]
    ),
    "late rows": Tables(
        orders(T - 50 * DAY, recorded_at=None)
        + orders(T - 40 * DAY, recorded_at=T - 1)
        + orders(T - 30 * DAY, recorded_at=T)
        + orders(T - 20 * DAY, recorded_at=T + DAY)
        + orders(T - 10 * DAY, recorded_at=T - 10 * DAY)
    ),
    "tickets without any answer": Tables(orders(T - DAY), tickets=[ticket(T - 9 * DAY), ticket(T - 2 * DAY)]),
    "someone with tickets and no orders": Tables(
        orders(T - DAY), tickets=[ticket(T - 9 * DAY, customer="b", first_reply=T - 8 * DAY)]
    ),
    "returns and no orders": Tables(
        orders(T - DAY), returns=[{"customer": "b", "time": T - 3 * DAY, "amount": -4.0}]
    ),
    "joined at, before and after the first order, and at T": Tables(
        [r for c in "abcd" for r in orders(T - 100 * DAY, customer=c)],
        customers=[
            {"customer": c, "joined": j}
            for c, j in zip("abcde", (T - 100 * DAY, T - 300 * DAY, T - DAY, T, T - 9 * DAY), strict=True)
        ],
    ),
    "segments not known": Tables(
        [r for c in "abc" for r in orders(T - 9 * DAY, customer=c)],
        customers=[{"customer": "a", "size": "big"}, {"customer": "b", "size": None}],
    ),
    "integer customers": Tables(orders(T - 9 * DAY, customer=17) + orders(T - 8 * DAY, customer=-3)),
}


@pytest.mark.parametrize("case", CASES)
def test_edge_case_agrees_with_the_oracle(case: str) -> None:
    for t in (T, T + 1, T - 1):
        assert_agree(CASES[case], t)


@pytest.fixture(scope="module")
def shop() -> Tables:
    made = make_shop(60, seed=5, days=700, end="2024-06-01")
    tables = {}
    for name, frame in made.tables().items():
        rows = frame.drop(columns=["consent", "email"], errors="ignore").astype(object).to_dict("records")
        tables[name] = [{k: plain(v) for k, v in row.items()} for row in rows]
    return Tables(**tables)


def plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.value // 1000 if isinstance(value, pd.Timestamp) else value


def test_a_whole_shop_agrees_with_the_oracle(shop: Tables) -> None:
    assert_agree(shop, T)


# -- compute_features ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def history() -> History:
    return history_of(
        Tables(
            orders(T - 9 * DAY, T - 3 * DAY) + orders(T - 5 * DAY, customer="b") + orders(T, customer="c"),
            customers=[{"customer": "a", "size": "big"}, {"customer": "b", "size": "small"}],
        )
    )


def test_rows_are_the_customers_with_an_order_before(history: History) -> None:
    frame = compute_features(history, "2024-03-01")
    assert list(frame.index) == ["a", "b"]
    assert frame.index.name == "customer"
    assert frame.columns.tolist() == [s.name for s in catalogue(history)]


def test_rows_come_in_the_order_asked_for(history: History) -> None:
    frame = compute_features(history, "2024-03-01", customers=["c", "a"])
    assert frame["orders_count"].to_dict() == {"c": 0, "a": 2}
    assert math.isnan(frame.loc["c", "recency_days"])


def test_the_cutoff_is_read_in_the_zone_of_the_history() -> None:
    tables = Tables(orders(instant("2024-02-29 23:30", "Asia/Kolkata")), timezone="Asia/Kolkata")
    assert compute_features(history_of(tables), "2024-03-01")["recency_days"].iloc[0] == pytest.approx(
        0.5 / 24
    )


def test_segments_come_in_words(history: History) -> None:
    frame = compute_features(history, "2024-03-01", customers=["a", "b", "c"])
    assert frame["segment:size"].tolist()[:2] == ["big", "small"]
    assert unknown(frame["segment:size"].iloc[2])


def test_only_the_signals_asked_for(history: History) -> None:
    wanted = [s for s in catalogue() if s.name in ("recency_days", "orders_count")]
    assert compute_features(history, "2024-03-01", signals=wanted).columns.tolist() == [
        s.name for s in wanted
    ]


def test_an_unknown_customer_is_an_error(history: History) -> None:
    with pytest.raises(
        ParameterError, match=r"^A customer is not in the history\. Given: 'zoe'\. Use ids as"
    ):
        compute_features(history, "2024-03-01", customers=["a", "zoe"])


def test_a_cutoff_that_is_no_date_is_an_error(history: History) -> None:
    with pytest.raises(ParameterError, match="The cutoff is not a date or time"):
        compute_features(history, "soon")


def test_before_the_first_order_there_is_nobody(history: History) -> None:
    assert len(compute_features(history, "2020-01-01")) == 0


def test_the_matrix_holds_positions_for_categories(history: History) -> None:
    signals = [s for s in catalogue(history) if s.name in ("orders_count", "segment:size")]
    matrix = feature_matrix(history.as_of(T), np.array([1, 0, 2]), signals)
    np.testing.assert_array_equal(matrix, [[1, 1], [2, 0], [0, np.nan]])


@pytest.mark.parametrize("later", [None, "7"])
def test_a_text_of_ready_features_stays_one_where_it_is_empty_or_looks_like_a_number(
    later: str | None,
) -> None:
    """A model learned from grades A and B; this month's table has none, or only some that look like numbers."""

    def graded(grade: str | None) -> History:
        rows = [{"customer": "a", "time": T - 2 * DAY, "grade": grade}]
        return history_of(Tables(orders(T - DAY), features={"credit": rows}))

    signals = catalogue(graded("A"))
    found = compute_features(graded(later), T, signals=signals)
    assert unknown(found["credit:grade"].iloc[0])
