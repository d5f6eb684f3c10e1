from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.features.executor import Executor, Source
from churn.features.labels import Segment
from churn.features.measures import Count, Last, Total
from churn.features.pooled import AgainstMean, GapPool, MeanPool, Rank, RankPool, rank_keys
from churn.features.signal import Measure
from tests.features.oracle import DAY, Tables, instant
from tests.features.oracle_account import closeness
from tests.features.tables import generated, history_of, orders

T = instant("2024-03-01")
numbers = st.floats(allow_nan=False, allow_subnormal=True)


def measured(measure: Measure, tables: Tables, t: int = T) -> list[float]:
    return Executor(Source.of(history_of(tables).as_of(t)), [t], [measure]).at(t).value(measure).tolist()


def spent(**amounts: float) -> Tables:
    return Tables([r for c, x in amounts.items() for r in orders(T - 9 * DAY, customer=c, amount=x)])


@generated
@given(st.lists(numbers, min_size=1, max_size=30))
def test_keys_are_in_the_order_of_the_numbers(values: list[float]) -> None:
    ordered = sorted(values)
    keys = rank_keys(np.array(ordered))
    assert (np.diff(keys) >= 0).all()
    assert keys.min() >= 0
    assert keys.max() < 1 << 17
    assert np.diff(keys).tolist() == np.diff([closeness(v) for v in ordered]).tolist()


@generated
@given(st.floats(1e-300, 1e300), st.sampled_from((1, -1)))
def test_keys_tell_apart_what_differs_by_more_than_a_thirtieth(value: float, sign: int) -> None:
    far = rank_keys(np.array([value, value * (1 + 1 / 31)]) * sign)
    assert (far[1] - far[0]) * sign > 0


def test_keys_at_the_edges() -> None:
    keys = rank_keys(np.array([-np.inf, -1e308, -1.0, -5e-324, -0.0, 0.0, 5e-324, 1.0, 1.02, 1.04, np.inf]))
    assert keys[4] == keys[5]
    assert keys[7] == keys[8]
    assert keys[8] < keys[9]
    assert (np.diff(keys)[[0, 1, 2, 6, 9]] > 0).all()


def test_the_rank_is_the_share_with_less_and_equals_count_half() -> None:
    total = Rank(Total("orders", "amount"))
    assert measured(total, spent(a=1.0, b=2.0, c=3.0)) == pytest.approx([1 / 6, 3 / 6, 5 / 6])
    assert measured(total, spent(a=1.0, b=1.0, c=9.0)) == pytest.approx([1 / 3, 1 / 3, 5 / 6])
    assert measured(total, spent(a=100.0, b=100.5)) == [0.5, 0.5]  # closer than 3 %
    assert measured(total, spent(a=-100.0, b=-50.0)) == [0.25, 0.75]
    assert measured(total, spent(a=4.0)) == [0.5]


def test_who_did_not_order_for_a_year_is_ranked_among_those_who_did() -> None:
    tables = Tables(
        orders(T - 365 * DAY, amount=1.0)
        + orders(T - 365 * DAY - 1, customer="b", amount=2.0)
        + orders(T - DAY, customer="c", amount=3.0)
    )
    assert measured(Rank(Total("orders", "amount")), tables) == [0.25, 0.5, 0.75]
    found = measured(AgainstMean(Total("orders", "amount")), tables)
    assert found == [0.5, 1.0, 1.5]


def test_without_anybody_to_compare_with_nothing_is_known() -> None:
    tables = Tables(orders(T - 400 * DAY, amount=2.0))
    assert math.isnan(measured(Rank(Count("orders")), tables)[0])
    assert math.isnan(measured(AgainstMean(Count("orders")), tables)[0])


def test_unknown_values_are_not_ranked_and_count_for_nobody() -> None:
    tables = Tables(orders(T - DAY, quantity=None) + orders(T - DAY, customer="b", quantity=4.0))
    np.testing.assert_array_equal(measured(Rank(Last("orders", "quantity")), tables), [np.nan, 0.5])
    np.testing.assert_array_equal(measured(AgainstMean(Last("orders", "quantity")), tables), [np.nan, 1.0])


def test_a_mean_of_nothing_has_no_ratio() -> None:
    found = measured(AgainstMean(Total("orders", "amount")), spent(a=5.0, b=-5.0))
    assert np.isnan(found).all()


def test_segments_are_compared_within() -> None:
    tables = spent(a=1.0, b=3.0, c=8.0, d=5.0)
    tables.customers = [
        {"customer": c, "size": s} for c, s in zip("abcd", ("s", "s", "big", None), strict=True)
    ]
    size = Segment("size", ("s", "big"))
    np.testing.assert_array_equal(
        measured(AgainstMean(Total("orders", "amount"), size), tables), [0.5, 1.5, 1.0, np.nan]
    )
    np.testing.assert_array_equal(
        measured(AgainstMean(Total("orders", "amount"), Segment("size", ("s",))), tables),
        [0.5, 1.5, np.nan, np.nan],
    )
    assert np.isnan(measured(AgainstMean(Total("orders", "amount"), Segment("size", ())), tables)).all()


@pytest.mark.parametrize(
    "pool",
    [
        GapPool(),
        RankPool(Total("orders", "amount")),
        MeanPool(Total("orders", "amount")),
        MeanPool(Count("orders"), Segment("size", ("x", "y"))),
    ],
)
def test_pools_add_up_over_parts_of_the_customers(pool: object) -> None:
    rows = {
        c: orders(*(T - d * DAY for d in days), customer=c, amount=0.1)
        for c, days in zip("abc", ((9, 5, 1), (8, 3), (400,)), strict=True)
    }
    people = [{"customer": c, "size": s} for c, s in zip("abc", "xyx", strict=True)]

    def figures(*who: str) -> np.ndarray:
        tables = Tables(
            [r for c in who for r in rows[c]], customers=[r for r in people if r["customer"] in who]
        )
        moment = Executor(Source.of(history_of(tables)), [T], []).at(T)
        return pool.collect(moment)  # type: ignore[attr-defined]

    np.testing.assert_array_equal(figures("a") + figures("b", "c"), figures("a", "b", "c"))
    np.testing.assert_array_equal(figures("abc"[0], "c") + figures("b"), figures("a", "b", "c"))
