from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.features.exact import Running, fixed_point, joined
from tests.features.oracle import total
from tests.features.tables import generated


def added(values: list[float]) -> float:
    whole, rest = fixed_point(np.array(values))
    return float(joined(whole.sum(), None if rest is None else rest.sum()))


cents = st.integers(-(10**8), 10**8).map(lambda c: c / 100)


@generated
@given(st.lists(cents, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_adding_does_not_matter(values: list[float], random: object) -> None:
    shuffled = values.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert added(shuffled) == added(values) == pytest.approx(total(values), rel=1e-15, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "sum_"),
    [
        ([0.1, 0.2], 0.3),
        ([0.1] * 10, 1.0),
        ([1e15, 0.25, -1e15], 0.25),
        ([1e15, -1.0, 0.5], 1e15 - 0.5),
        ([-0.5, 0.25], -0.25),
        ([np.nan, np.inf, -np.inf, 2.0], 2.0),
        ([0.9999999999], 1.0),
        ([4e-10], 0.0),
        ([6e-10], 1e-9),
        ([-0.0], 0.0),
        ([], 0.0),
    ],
)
def test_numbers_are_counted_in_billionths(values: list[float], sum_: float) -> None:
    assert added(values) == sum_


def test_whole_numbers_need_no_billionths() -> None:
    assert fixed_point(np.array([3.0, np.nan, -2.0]))[1] is None
    assert fixed_point(np.array([3.0, 0.5]))[1] is not None


@generated
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(-(2**40), 2**40)), max_size=20),
    st.lists(st.integers(0, 20), max_size=12),
    st.booleans(),
)
def test_running_sums_are_the_sums_of_the_first_rows(
    rows: list[tuple[int, int]], ends: list[int], weighted: bool
) -> None:
    customer, weights = (np.array([r[i] for r in rows], dtype=np.intp) for i in (0, 1))
    running = Running(customer, weights.astype(float) if weighted else None, 3)
    for i, end in enumerate(min(e, len(rows)) for e in ends):
        want = [sum((w if weighted else 1) for c, w in rows[:end] if c == k) for k in range(3)]
        assert running.upto(end).tolist() == want
        if i % 4 == 3:
            running.keep({end})


def test_sums_that_are_kept_are_found_again() -> None:
    running = Running(np.array([0, 1, 0, 1, 1], dtype=np.intp), None, 2)
    first = running.upto(2)
    running.upto(4)
    running.upto(5)
    running.keep({2})
    assert running.upto(2) is first
    assert running._marks == [0, 2, 5]
    assert running.upto(3).tolist() == [2, 1]
