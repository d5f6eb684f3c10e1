"""Columns that are adjusted for, and the regressions of the arms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churn.campaigns.statistics.adjust import adjustment, regress

T = np.repeat([True, False], [60, 40])
ALL = np.ones(100, dtype=bool)


def test_covariates_come_before_strata_and_the_largest_stratum_first():
    strata = np.array((["a"] * 5 + ["b"] * 3 + ["c"] * 2) * 10)
    table = pd.DataFrame({"score": np.arange(100.0)})

    one = adjustment(table, strata, ALL, T, per_column=40)
    assert one.names == ("score",)
    two = adjustment(table, strata, ALL, T, per_column=20)
    assert two.names == ("score", "strata")
    assert two.matrix.shape == (100, 2)
    assert len(np.unique(two.matrix[strata == "b", 1])) == 1  # a is what they are compared with
    assert adjustment(table, strata, ALL, T, per_column=10).matrix.shape == (100, 3)
    assert np.allclose(two.matrix.mean(axis=0), 0)


def test_an_unknown_covariate_is_its_columns_mean_and_unknown_strata_are_one():
    x = np.arange(100.0)
    x[[3, 97]] = np.nan
    filled = np.where(np.isnan(x), np.nanmean(x), x)

    assert np.array_equal(
        adjustment(x, None, ALL, T, per_column=10).matrix,
        adjustment(filled, None, ALL, T, per_column=10).matrix,
    )
    strata = np.array([None, "a"] * 50, dtype=object)
    assert adjustment(None, strata, ALL, T, per_column=10).matrix.shape == (100, 1)


def test_hc2_by_hand_on_one_covariate():
    x = np.tile([-1.0, 0, 1, 2], 25)
    x -= x.mean()
    y = np.random.default_rng(1).normal(size=100)
    y[:60] *= 5  # the arms' own error is below the pooled one, so pool by hand
    sides = regress(y, T, x[:, None])

    weights, squares, degrees = 0.0, 0.0, 0
    for arm in (T, ~T):
        design = np.column_stack([np.ones(arm.sum()), x[arm]])
        inverse = np.linalg.inv(design.T @ design)
        residual = y[arm] - design @ (inverse @ design.T @ y[arm])
        weights, squares, degrees = (
            weights + inverse[0, 0],
            squares + residual @ residual,
            degrees + arm.sum() - 2,
        )
    assert sides.is_pooled
    assert sides.standard_error == pytest.approx((weights * squares / degrees) ** 0.5)
    swapped = regress(y, ~T, x[:, None])
    assert swapped.effect == pytest.approx(-sides.effect)

    own = 0.0
    y[:60] /= 25
    for arm in (T, ~T):
        design = np.column_stack([np.ones(arm.sum()), x[arm]])
        hat = design @ np.linalg.inv(design.T @ design) @ design.T
        weight = (np.linalg.inv(design.T @ design) @ design.T)[0]
        own += (weight**2 * (y[arm] - hat @ y[arm]) ** 2 / (1 - np.diag(hat))).sum()
    sides = regress(y, T, x[:, None])
    assert not sides.is_pooled
    assert sides.standard_error == pytest.approx(own**0.5)


def test_no_spread_at_all_has_no_error():
    sides = regress(np.where(T, 1e9, 3.0), T, np.empty((100, 0)))
    assert sides.standard_error == 0
    assert sides.p_value() == 0
    assert regress(np.full(100, 0.1), T, np.empty((100, 0))).p_value() == 1
