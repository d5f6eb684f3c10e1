from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.retention.money import Money, amount

CENTS = st.integers(-(10**8), 10**8).map(lambda c: c / 100)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.lists(CENTS, min_size=1, max_size=60), st.integers(1, 4))
def test_sums_are_exact_whatever_the_parts(values: list[float], parts: int) -> None:
    group = np.arange(len(values)) % 3
    money = Money.of(np.array(values))
    exact = sum((Fraction(round(v * 100), 100) for v in values), Fraction())
    assert Fraction(money.billionths(), 10**9) == exact
    whole = money.by(group, 3)
    split = Money.none(3)
    for rows in np.array_split(np.arange(len(values)), parts):
        split = split + money[rows].by(group[rows], 3)
    np.testing.assert_array_equal(whole.values, split.values)
    assert whole.billionths() == money.billionths()
    assert np.all((whole.rest >= 0) & (whole.rest < 10**9))


def test_unknown_amounts_are_nothing_and_the_last_digit_stays() -> None:
    money = Money.of(np.array([np.nan, 0.1, 0.2, np.inf]))
    assert money.sum() == 0.3
    assert Money.of(np.full(10, 0.1)).sum() == 1.0
    assert amount(money.billionths()) == 0.3


def test_a_choice_takes_whole_amounts() -> None:
    a, b = Money.of(np.array([1.25, 2.5])), Money.of(np.array([1.5, 2.25]))
    lower = a.where(a.values < b.values, b)
    assert lower.values.tolist() == [1.25, 2.25]
