from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from churn.retention.intervals import wilson


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_is_wilsons_interval(counts):
    part, whole = counts
    low, high = wilson(part, whole)
    other = binomtest(part, whole).proportion_ci(method="wilson")
    assert abs(low - other.low) < 1e-12
    assert abs(high - other.high) < 1e-12
    assert 0 <= low <= part / whole <= high <= 1


def test_all_and_none_have_intervals_that_reach_them():
    assert wilson(0, 5)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0
    assert 0 < wilson(5, 5)[0] < 1
