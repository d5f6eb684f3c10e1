"""Arms that are as they were drawn pass; others are named."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from churn.campaigns.holdout import split
from churn.campaigns.statistics.balance import covariates, sample_ratio
from churn.errors import ParameterError


def test_a_ratio_is_told_only_where_chance_would_seldom_do_it():
    assert not sample_ratio(875, 125, 0.1).is_warning  # p = 0.01
    check = sample_ratio(865, 135, 0.1)  # p = 0.0004
    assert check.is_warning
    assert "135 of 1,000 customers are held out (13.5 %), where 10.0 % were planned" in check.text
    assert json.loads(json.dumps(check.to_dict()))["figures"]["holdout"] == 135
    assert sample_ratio(0, 0, 0.1).is_warning
    with pytest.raises(ParameterError, match="0 < share < 1"):
        sample_ratio(5, 5, 0)


def test_drawn_arms_are_alike_and_the_joint_test_keeps_its_level():
    random = np.random.default_rng(1)
    n = 200
    band = np.repeat(["low", "high"], [150, 50])
    score = np.where(band == "low", 0.2, 0.7) + random.normal(0, 0.1, n)
    before = pd.DataFrame(
        {"score": score, "spend": random.lognormal(3, 1, n), "twice": 2 * score, "one": 1.0}
    )
    p = [
        covariates(before, ~split(range(n), band, 0.2, f"k{i}", "w").held, band).figures["p_value"]
        for i in range(200)
    ]
    assert 0.02 < np.mean(np.array(p) < 0.1) < 0.18
    assert min(p) > 0.0005


def test_an_arm_picked_by_hand_is_found():
    score = np.linspace(0, 1, 200)
    picked = covariates(pd.DataFrame({"score": score, "noise": np.cos(np.arange(200))}), score > 0.15)

    assert picked.is_warning
    assert "score (+1.7" in picked.text
    assert "noise" not in picked.text
    # Within strata that explain it, the same arms are as drawn.
    assert not covariates(pd.DataFrame({"score": score}), score > 0.15, score > 0.15).is_warning


def test_a_large_difference_by_chance_is_named_without_a_warning():
    x = np.array([3.0, 2.0, 0.1, -0.1, 0.4, 0.2])
    check = covariates(pd.DataFrame({"orders": x}), [1, 1, 0, 0, 0, 1])
    assert not check.is_warning
    assert "By chance they differ in orders (+1." in check.text


def test_what_cannot_be_compared_is_said():
    nothing = pd.DataFrame({"score": [np.nan, np.nan]})
    assert not covariates(nothing, [True, False]).is_warning
    assert "an arm is empty" in covariates(nothing, [True, True]).text
    assert covariates(pd.DataFrame({"x": [1.0, np.nan, np.inf, 2]}), [1, 0, 1, 0]).figures["p_value"] <= 1
    with pytest.raises(ParameterError, match="2 and 3 customers"):
        covariates(nothing, [True, True, False])
    with pytest.raises(ParameterError, match="1 strata, 2 customers"):
        covariates(pd.DataFrame({"x": [1.0, 2]}), [True, False], ["a"])
