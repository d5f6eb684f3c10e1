"""The holdout: everybody's chance is the share, the counts are exact, and nothing but key and ids decides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from churn.campaigns import holdout
from churn.campaigns.holdout import global_holdout, split
from churn.errors import ParameterError

IDS = [f"C{n:04d}" for n in range(400)]
FRAME = pd.DataFrame({"action": ["call"] * 100 + ["mail"] * 300, "band": ["high", "low"] * 200})


@settings(max_examples=30, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=6),
    share=st.sampled_from([0.0, 0.05, 0.1, 1 / 3, 0.5, 0.9]),
    key=st.text(max_size=5),
)
def test_every_stratum_and_the_whole_hold_the_share_up_to_rounding(sizes, share, key):
    strata = np.repeat([f"s{i}" for i in range(len(sizes))], sizes)
    parted = split(range(len(strata)), strata, share, key, "winter")

    for held in [parted.held, *(parted.held[parted.strata == s] for s in np.unique(parted.strata))]:
        assert abs(held.sum() - share * len(held)) < 1 + 1e-9


def test_over_keys_everybody_has_the_same_chance():
    ids = [f"C{n}" for n in range(33)]  # 3.3 of 33: sometimes 3, sometimes 4
    strata = ["a"] * 21 + ["b"] * 9 + ["c"] * 3
    keys = 400
    times = sum(split(ids, strata, 0.1, f"k{i}", "w").held.astype(int) for i in range(keys))

    assert binomtest(int(times.sum()), 33 * keys, 0.1).pvalue > 0.001
    assert min(binomtest(int(t), keys, 0.1).pvalue for t in times) > 0.001 / 33


def test_the_order_of_the_rows_and_the_type_of_the_ids_do_not_matter():
    rows = np.random.default_rng(1).permutation(len(IDS))
    first, second = (
        split(IDS, FRAME, 0.1, "k", "w"),
        split(np.array(IDS)[rows], FRAME.iloc[rows], 0.1, "k", "w"),
    )

    assert (first.arms[rows] == second.arms).all()
    assert (first.draws[rows] == second.draws).all()
    assert (first.strata[rows] == second.strata).all()
    assert (
        split([1, 2, 3], None, 0.5, "k", "w").arms == split(["1", "2", "3"], None, 0.5, "k", "w").arms
    ).all()


def test_equal_draws_are_put_in_order_by_the_ids(monkeypatch):
    monkeypatch.setattr(holdout, "draw", lambda key, purpose, ids: np.full(len(ids), 0.5))

    assert (split(IDS, None, 0.1, "k", "w").arms == split(IDS[::-1], None, 0.1, "k", "w").arms[::-1]).all()


def test_key_and_campaign_draw_independently():
    winter = split(IDS, None, 0.5, "k", "winter").held
    for other in (split(IDS, None, 0.5, "k", "spring").held, split(IDS, None, 0.5, "l", "winter").held):
        assert 60 < (winter & other).sum() < 140  # 100 expected


def test_small_strata_are_pooled_over_the_last_column_first():
    frame = pd.DataFrame(
        [("call", "high")] * 40
        + [("call", "low")] * 12
        + [("call", "mid")] * 10
        + [("mail", "high")] * 30
        + [("gift", None)] * 3
    )
    parted = split(range(len(frame)), frame, 0.1, "k", "w")

    sizes = pd.Series(parted.strata).value_counts().to_dict()
    assert sizes == {"call / high": 40, "mail / high": 30, "other": 25}  # 22 calls and 3 gifts


def test_a_stratum_too_small_alone_takes_the_smallest_other():
    parted = split(range(103), ["a"] * 60 + ["b"] * 40 + ["c"] * 3, 0.1, "k", "w")

    assert pd.Series(parted.strata).value_counts().to_dict() == {"a": 60, "other": 43}


def test_few_customers_are_all_one_stratum():
    parted = split(["x"], ["a"], 0.1, "k", "w")
    assert parted.strata.tolist() == ["a"]
    assert split([], None, 0.1, "k", "w").arms.tolist() == []
    assert set(split(IDS, FRAME, 0.0, "k", "w").arms) == {"treated"}


def test_a_long_or_hostile_id_is_an_id_like_others():
    ids = ["=1+1", "<script>", "a\nb", "x" * 10_000, "\U0001f600", ""]
    assert split(ids, None, 0.5, "k", "w").held.sum() == 3


def test_what_is_not_allowed_is_told():
    with pytest.raises(ParameterError, match=r"one arm only.*1 ids more than once, such as '7'"):
        split([7, "7"], None, 0.1, "k", "w")
    with pytest.raises(ParameterError, match="Allowed: 0 <= share < 1"):
        split([7], None, 1.0, "k", "w")
    with pytest.raises(ParameterError, match=r"one row per customer. Given: 1 rows for 2 customers"):
        split([7, 8], ["a"], 0.1, "k", "w")


def test_the_global_holdout_is_the_customers_own_and_grows_with_the_share():
    few, more = global_holdout(IDS, 0.1, "k"), global_holdout(IDS, 0.2, "k")
    assert (few <= more).all()
    assert (global_holdout(IDS[7:], 0.1, "k") == few[7:]).all()
    assert 20 < few.sum() < 60
    assert not global_holdout(IDS, 0, "k").any()
    with pytest.raises(ParameterError, match="share is not allowed"):
        global_holdout(IDS, -0.1, "k")
