from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.errors import ParameterError
from churn.retention.intervals import wilson
from churn.retention.rate import N_IN_SETS, Retention, retention_rate


def test_1000_at_the_start_900_at_the_end_200_new_is_70_percent() -> None:
    r = retention_rate(start=1000, end=900, new=200)
    assert r.rate == 0.7
    assert r.churn_rate == 0.3
    assert (r.retained, r.lost, r.entered) == (700, 300, 200)
    assert str(r) == (
        "Retention: 70.0 %   churn: 30.0 %   = [(E - N) / S] * 100 = (900 - 200) / 1,000\n"
        "95 % interval 67.1 % to 72.8 %: sampling noise of S customers\n"
        "S 1,000 - lost 300 + N 200 = E 900; retained 700\n"
        "N counts what was given; reactivated customers belong in it"
    )


@pytest.mark.parametrize(
    ("start", "end", "new", "rate"),
    [(10, 10, 0, 1.0), (10, 0, 0, 0.0), (10, 5, 5, 0.0), (10, 15, 5, 1.0), (3, 2, 0, 2 / 3)],
)
def test_the_edges_of_the_rate(start: int, end: int, new: int, rate: float) -> None:
    r = retention_rate(start, end, new)
    assert r.rate == pytest.approx(rate)
    assert r.churn_rate == pytest.approx(1 - rate)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_the_identity_holds_for_sets(start: set[int], end: set[int], before: set[int]) -> None:
    before |= start
    entered = end - start
    r = Retention(len(start), len(end), len(entered), len(entered - before), len(entered & before))
    assert r.retained == len(start & end)
    assert r.lost == len(start - end)
    assert r.start - r.lost + r.new + r.reactivated == r.end
    if start:
        assert r.rate + r.churn_rate == pytest.approx(1)
    else:
        assert r.rate is None
        assert r.churn_rate is None


def test_nobody_at_the_start_is_no_rate_and_never_0_percent() -> None:
    r = Retention(0, 3, 3, 2, 1, "2024-01-01", "2024-02-01")
    assert str(r).startswith(
        "Retention 2024-01-01 to 2024-02-01: no rate, because nobody was active at the start (S = 0)\n"
    )
    assert "%" not in str(r)
    assert r.to_dict()["retention_rate"] is None
    assert r.to_dict()["churn_rate"] is None


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (
            (0, 5, 5),
            "There is no retention rate when nobody was there at the start. Given: S = 0. Allowed: S of 1 or more. "
            "Choose a period that starts with customers.",
        ),
        (
            (10, 5, 6),
            "N cannot exceed E: the new customers are part of those at the end. Given: N = 6, E = 5. Count as new "
            "only who is still there at the end.",
        ),
        (
            (1000, 1500, 200),
            "More customers would be retained than there were at the start. Given: E - N = 1,300, S = 1,000. Count "
            "everyone in E who was not in S as N, the reactivated ones too.",
        ),
        (
            (-1, 5, 5),
            "S (start) is not a count of customers. Given: -1. Allowed: whole numbers from 0. Count customers, each "
            "once.",
        ),
        ((10, 2.5, 0), "E (end) is not a count of customers. Given: 2.5."),
        ((10, 5, True), "N (new) is not a count of customers. Given: True."),
        ((math.nan, 5, 0), "S (start) is not a count of customers. Given: nan."),
        ((10, math.inf, 0), "E (end) is not a count of customers. Given: inf."),
        ((10, 5, "2"), "N (new) is not a count of customers. Given: '2'."),
        ((10, 5, None), "N (new) is not a count of customers. Given: None."),
    ],
)
def test_counts_that_cannot_be(counts: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ParameterError) as error:
        retention_rate(*counts)
    assert str(error.value).startswith(message)


def test_no_rate_has_a_code_of_its_own() -> None:
    with pytest.raises(ParameterError) as error:
        retention_rate(0, 0, 0)
    assert error.value.code == "no-rate"


def test_whole_floats_and_numpy_counts_are_counts() -> None:
    r = retention_rate(np.int64(1000), 900.0, np.int32(200))
    assert r == retention_rate(1000, 900, 200)
    assert json.loads(json.dumps(r.to_dict()))["S"] == 1000


def test_the_record_says_what_n_counts() -> None:
    low, high = wilson(2, 3)
    assert Retention(3, 3, 1, 1, 0).to_dict() == {
        "period_start": None,
        "period_end": None,
        "S": 3,
        "E": 3,
        "N": 1,
        "N_counts": N_IN_SETS,
        "retained": 2,
        "lost": 1,
        "new": 1,
        "reactivated": 0,
        "retention_rate": 2 / 3,
        "churn_rate": 1 / 3,
        "rate_low": low,
        "rate_high": high,
        "running": False,
        "so_far": None,
    }
    assert retention_rate(3, 3, 1).to_dict()["new"] is None
