from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.features.streams import Stream, stable_order
from tests.features.tables import generated

rows = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3)), max_size=15).map(sorted)


def stream_of(found: list[tuple[int, int]], n: int = 4) -> Stream:
    time, customer = (np.array([r[i] for r in found], dtype=np.int64) for i in (0, 1))
    return Stream(time, customer.astype(np.int32), slice(None), n)


def held(found: list[tuple[int, int]], customer: int, begin: int, end: int) -> list[int]:
    return [i for i in range(begin, end) if found[i][1] == customer]


@generated
@given(rows, st.integers(-1, 14))
def test_the_end_is_strictly_before_the_instant(found: list[tuple[int, int]], at: int) -> None:
    assert stream_of(found).end(at) == sum(t < at for t, _ in found)


@generated
@given(rows, st.data())
def test_each_customers_rows_are_found(found: list[tuple[int, int]], data: st.DataObject) -> None:
    stream = stream_of(found)
    end = data.draw(st.integers(0, len(found)))
    begin, back = data.draw(st.integers(0, end)), data.draw(st.integers(0, 3))
    amount = np.arange(len(found)) + 0.25
    own = [held(found, c, begin, end) for c in range(4)]
    upto = [held(found, c, 0, end) for c in range(4)]
    assert stream.count(begin, end).tolist() == list(map(len, own))
    assert stream.count(None, end).tolist() == list(map(len, upto))
    assert stream.total("amount", amount, begin, end).tolist() == [sum(i + 0.25 for i in o) for o in own]
    assert stream.last(end, back).tolist() == [o[-1 - back] if len(o) > back else -1 for o in upto]
    assert stream.last(begin).tolist() == [max(held(found, c, 0, begin), default=-1) for c in range(4)]
    assert stream.first(begin, end).tolist() == [o[0] if o else -1 for o in own]
    at = stream.at("amount", amount, stream.last(end))
    np.testing.assert_array_equal(at, [o[-1] + 0.25 if o else np.nan for o in upto])
    who = data.draw(st.sets(st.integers(0, 3)))
    assert stream.of_customers(np.isin(np.arange(4), list(who)), end).tolist() == [
        i for i in range(end) if found[i][1] in who
    ]
    others = data.draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=9).map(sorted))
    assert stream.rows_until(stream_of(others)).tolist() == [
        sum(c == customer and t <= time for t, c in others) for time, customer in found
    ]


def test_an_empty_stream_has_nobody() -> None:
    stream = stream_of([])
    assert stream.end(5) == 0
    assert stream.count(None, 0).tolist() == [0] * 4
    assert stream.last(0).tolist() == stream.last(0, 2).tolist() == stream.first(0, 0).tolist() == [-1] * 4
    assert stream.of_customers(np.ones(4, dtype=bool), 0).tolist() == []


def test_sums_of_later_cutoffs_are_kept() -> None:
    stream = stream_of([(t, t % 3) for t in range(10)])
    column = np.arange(10) + 0.5
    for end in (2, 5, 8):
        stream.total("x", column, None, end)
        stream.count(None, end)
    stream.keep({5})
    assert stream._counts._marks == [0, 5, 8]
    assert all(r._marks == [0, 5, 8] for r in stream._totals["x"] if r is not None)
    assert stream.count(2, 8).tolist() == [2, 2, 2, 0]


@pytest.mark.parametrize("n", [1, 2, 65_535, 65_536, 65_537, 70_000, 200_000])
def test_the_stable_order_of_many_customers(n: int) -> None:
    keys = np.random.default_rng(n).integers(0, n, 100_000)
    keys[:2] = n - 1
    np.testing.assert_array_equal(stable_order(keys, n), np.argsort(keys, kind="stable"))
