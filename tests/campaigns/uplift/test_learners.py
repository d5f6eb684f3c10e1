"""Against econml's learners with the same trees, and against a known effect."""

from dataclasses import replace

import numpy as np
import pytest

from churn.campaigns.uplift import learners
from churn.campaigns.uplift.learners import KINDS, PARTS, fit, matrix


@pytest.fixture
def plain(monkeypatch, trial):
    """The trial without unknown values and row draws, which econml's arms would draw otherwise; few trees."""
    monkeypatch.setattr(learners, "TREES", 20)
    for key, value in {"bagging_fraction": 1.0, "bagging_freq": 0, "feature_fraction": 1.0}.items():
        monkeypatch.setitem(learners.PARAMETERS, key, value)
    rows, _ = trial
    return replace(rows, X=np.nan_to_num(rows.X))


def _regressor():
    import lightgbm

    p = learners.PARAMETERS
    return lightgbm.LGBMRegressor(
        n_estimators=learners.TREES,
        learning_rate=p["learning_rate"],
        num_leaves=p["num_leaves"],
        min_child_samples=p["min_data_in_leaf"],
        reg_lambda=p["lambda_l2"],
        min_child_weight=1e-3,
        subsample_for_bin=200_000,
        deterministic=True,
        force_row_wise=True,
        verbose=-1,
        n_jobs=1,
        random_state=0,
    )


@pytest.mark.parametrize("kind", ["S", "T", "X"])
def test_learner_is_that_of_econml(plain, kind):
    from econml.metalearners import SLearner, TLearner, XLearner
    from sklearn.dummy import DummyClassifier

    made = {
        "S": lambda: SLearner(overall_model=_regressor()),
        "T": lambda: TLearner(models=_regressor()),
        "X": lambda: XLearner(models=_regressor(), propensity_model=DummyClassifier()),
    }[kind]()
    residual, columns = plain.residual(), matrix(plain.X, plain.risk)
    made.fit(residual, plain.treated.astype(int), X=columns)
    share = plain.treated.mean()  # econml has it from the rows; we from the design
    ours = fit(kind, replace(plain, share=np.full(len(plain), share)), residual=residual)
    np.testing.assert_allclose(ours.predict(plain.X, plain.risk), np.ravel(made.effect(columns)), atol=1e-7)


def test_dr_learner_is_near_that_of_econml(plain):
    from econml.dr import DRLearner
    from sklearn.dummy import DummyClassifier

    residual, columns = plain.residual(), matrix(plain.X, plain.risk)
    made = DRLearner(
        model_propensity=DummyClassifier(),
        model_regression=_regressor(),
        model_final=_regressor(),
        cv=3,
        random_state=0,
    )
    made.fit(residual, plain.treated.astype(int), X=columns)
    ours = fit("DR", plain, residual=residual).predict(plain.X, plain.risk)
    assert np.corrcoef(ours, np.ravel(made.effect(columns)))[0, 1] > 0.93  # they part the rows otherwise
    assert ours.mean() == pytest.approx(made.effect(columns).mean(), abs=0.02)


@pytest.mark.parametrize("kind", ["S", "T", "X", "DR"])
def test_learner_finds_whom_a_contact_keeps(trial, kind):
    rows, truth = trial
    found = fit(kind, rows).predict(rows.X, rows.risk)
    assert np.corrcoef(found, truth)[0, 1] > 0.8


@pytest.mark.parametrize("kind", KINDS)
def test_same_rows_give_the_same_learner_with_the_parts_it_should_have(trial, kind):
    rows, _ = trial
    rows = rows.take(np.arange(1500))
    one, two = fit(kind, rows, seed=3), fit(kind, rows, seed=3)
    assert (one.trees, one.numbers) == (two.trees, two.numbers)
    assert (tuple(one.trees), tuple(one.numbers)) == PARTS[kind]


def test_line_is_least_squares_of_the_effects(trial):
    rows, _ = trial
    line = fit("linear", rows)
    s = np.log(rows.risk / (1 - rows.risk))
    slope, start = np.polyfit(s, rows.effects(), 1)
    np.testing.assert_allclose(line.predict(rows.X, rows.risk), start + slope * s, atol=1e-9)


def test_line_without_a_spread_of_risk_is_the_mean(trial):
    rows, _ = trial
    same = replace(rows, risk=np.full(len(rows), 0.4))
    assert fit("linear", same).predict(same.X, same.risk) == pytest.approx(
        np.full(len(rows), same.effects().mean())
    )


@pytest.mark.parametrize("kind", KINDS)
def test_too_few_rows_for_a_split_give_one_number_for_all(trial, kind):
    rows, _ = trial
    few = rows.take(np.arange(50))
    found = fit(kind, few).predict(rows.X[:200], np.full(200, 0.5))
    assert np.ptp(found) == pytest.approx(0, abs=1e-3 if kind == "ridge" else 1e-12)
    assert np.isfinite(found).all()
