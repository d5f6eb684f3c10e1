from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from churn.definition.kaplan import kaplan_meier

DAYS = st.lists(st.integers(0, 40), max_size=40)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(DAYS.filter(bool), DAYS)
def test_it_is_scipys_estimate_and_interval(ended: list[int], open_: list[int]) -> None:
    found = kaplan_meier(np.bincount(ended), np.bincount(open_) if open_ else np.zeros(0, dtype=np.int64))
    want = ecdf(CensoredData(uncensored=ended, right=open_)).sf
    at = np.searchsorted(want.quantiles, np.arange(len(found.survival)), side="right")
    np.testing.assert_allclose(found.survival, np.concatenate([[1.0], want.probabilities])[at], atol=1e-12)
    assert found.at_risk.tolist() == [sum(x >= d for x in ended + open_) for d in range(len(found.at_risk))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns where the interval is not defined
        interval = want.confidence_interval(0.95, method="log-log")
    inside = (found.survival > 0) & (found.survival < 1)
    for mine, theirs in ((found.low, interval.low), (found.high, interval.high)):
        bound = np.concatenate([[np.nan], theirs.probabilities])[at]
        np.testing.assert_allclose(mine[inside], bound[inside], atol=1e-9)
        assert np.isnan(mine[~inside]).all()


def test_days_on_which_nobody_is_left_and_nobody_at_all() -> None:
    found = kaplan_meier(np.array([0, 2]), np.zeros(4, dtype=np.int64))
    assert found.survival.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert found.first_at_most(0.5) == 1
    assert kaplan_meier(np.array([0, 1]), np.array([0, 0, 9])).first_at_most(0.5) is None
    assert len(kaplan_meier(np.zeros(0), np.zeros(0)).survival) == 0
