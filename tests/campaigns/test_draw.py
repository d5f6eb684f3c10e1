"""Draws: even, of the customer alone, and of one purpose."""

from __future__ import annotations

import numpy as np
from scipy.stats import kstest, pearsonr

from churn.campaigns.draw import draw

IDS = [f"C{n:06d}" for n in range(20_000)]


def test_numbers_are_even_and_independent_between_purposes_and_keys() -> None:
    winter = draw("key", "winter", IDS)

    assert winter.min() >= 0
    assert winter.max() < 1
    assert kstest(winter, "uniform").pvalue > 0.001
    for other in (draw("key", "spring", IDS), draw("other", "winter", IDS)):
        assert abs(pearsonr(winter, other).statistic) < 0.03


def test_a_number_depends_on_the_customer_alone() -> None:
    assert np.array_equal(draw("key", "winter", IDS[::-3]), draw("key", "winter", IDS)[::-3])
    assert np.array_equal(draw("key", "winter", [7, 8]), draw("key", "winter", ["7", "8"]))
