from dataclasses import replace

import numpy as np
import pytest

from churn.campaigns.uplift.ridge import fit_ridge
from tests.campaigns.uplift.trials import make_trial


def test_many_weak_hints_add_up():
    rows, _ = make_trial(6000, signals=40, effect=0.0)
    rng = np.random.default_rng(1)
    truth = rows.risk * 0.08 * np.nan_to_num(rows.X)[:, :20].sum(axis=1) / 2
    stayed = rng.random(len(rows)) < np.clip(1 - rows.risk + rows.treated * truth, 0, 1)
    rows = replace(rows, stayed=stayed.astype(float))
    found = fit_ridge(rows, rows.residual(), 0).predict(rows.X, rows.risk)
    assert np.corrcoef(found, truth)[0, 1] > 0.7


def test_without_an_effect_next_to_nothing_is_told_apart():
    rows, _ = make_trial(4000, effect=0.0)
    assert fit_ridge(rows, rows.residual(), 0).predict(rows.X, rows.risk).std() < 0.02


def test_mean_of_the_rows_is_their_mean_effect(trial):
    rows, _ = trial
    found = fit_ridge(rows, rows.residual(), 0).predict(rows.X, rows.risk)
    assert found.mean() == pytest.approx(rows.effects().mean())


def test_what_is_never_known_or_the_same_for_all_has_no_say(trial):
    rows, _ = trial
    X = rows.X.copy()
    X[:, 2], X[:, 3] = np.nan, 7.0
    fitted = fit_ridge(replace(rows, X=X), rows.residual(), 0)
    assert fitted.weights[3 + 2 : 3 + 4] == (0.0, 0.0)
    other = X.copy()
    other[:, 2], other[:, 3] = 99.0, -1.0
    np.testing.assert_array_equal(fitted.predict(other, rows.risk), fitted.predict(X, rows.risk))


def test_outlier_and_infinity_count_as_the_edge_and_as_unknown(trial):
    rows, _ = trial
    fitted = fit_ridge(rows, rows.residual(), 0)
    one = np.zeros((3, rows.X.shape[1]))
    one[:, 0] = rows.X[:, 0].max(), 1e300, np.inf
    edge, far, unknown = fitted.predict(one, np.full(3, 0.5))
    assert edge == far
    one[2, 0] = np.nan
    assert unknown == fitted.predict(one, np.full(3, 0.5))[2]
