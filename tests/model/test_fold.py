from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churn
from churn.config import FeatureSettings, TrainingSettings
from churn.errors import ParameterError
from churn.model.fold import _advice, check_mature, final_cutoff, fit_at


@pytest.fixture(scope="module")
def fold(history, definition):
    t = definition.last_mature_cutoff(history)
    settings = TrainingSettings(threads=1, max_snapshots=6)
    return fit_at(history, definition, t, settings=settings, features=FeatureSettings())


def test_labels_of_the_training_rows_end_by_the_cutoff(fold, definition):
    assert fold.learn.cutoffs.tolist() == list(fold.cutoffs)
    assert max(fold.cutoffs) + definition.window_us <= fold.cutoff
    assert set(fold.test.cutoff) == {fold.cutoff}


def test_the_model_comes_first_with_its_shift_then_the_baselines(fold):
    assert next(iter(fold.predictions)) == "model"
    assert set(fold.predictions) >= {"model", "prevalence", "recency", "overdue", "rfm_logistic", "bgnbd"}
    expected = fold.fitted.predictor.predict(fold.test.X, shift=fold.forecast.shift, threads=1)
    assert np.array_equal(fold.predictions["model"], expected)
    assert fold.forecast.shift != 0


def test_the_final_cutoff_is_the_one_that_the_settings_name_else_the_last_mature_one(history, definition):
    assert final_cutoff(history, definition, TrainingSettings()) == definition.last_mature_cutoff(history)
    named = final_cutoff(history, definition, TrainingSettings(test_cutoff="2025-09-01"))
    assert named == history.instant("2025-09-01")


def test_a_cutoff_whose_outcome_is_open_is_refused(history, definition):
    late = definition.last_mature_cutoff(history)
    check_mature(history, definition, late)
    with pytest.raises(ParameterError, match=r"is not mature.*Choose an earlier"):
        check_mature(history, definition, late + 86_400_000_000)


@pytest.mark.parametrize(
    ("definition", "more_churn", "advice"),
    [
        (churn.Inactivity(90, 30), True, "horizon_days shorter, so that more churn"),
        (churn.Inactivity(90, 30), False, "horizon_days longer, so that more stay"),
        (churn.Subscription(horizon_days=30, grace_days=5), True, "horizon_days longer, so that more churn"),
        (churn.LabelTable(90, 30), True, "labels of more customers"),
    ],
)
def test_too_few_outcomes_tell_which_days_give_more(definition, more_churn, advice):
    assert advice in _advice(definition, more_churn=more_churn)


def test_what_is_recorded_after_the_cutoff_changes_nothing_of_the_fit():
    """Orders of the last weeks that were recorded late, and an old one that came to light, are not learnt from."""
    tables = churn.make_shop(customers=500, seed=6, days=600)
    rule = churn.Inactivity(active_days=90, horizon_days=30)
    t = pd.Timestamp("2025-11-01", tz="UTC")
    orders = tables.orders.assign(recorded_at=tables.orders["time"])
    late = (orders["time"] >= t - pd.Timedelta(days=20)) & (orders["time"] < t) & (orders.index % 2 == 0)
    assert late.sum() > 20
    orders.loc[late, "recorded_at"] = t
    old = orders.iloc[:1].assign(
        order_id="old", time=pd.Timestamp("2023-01-01", tz="UTC"), recorded_at=t + pd.Timedelta(days=1)
    )
    settings = TrainingSettings(threads=1, max_snapshots=40)
    one, two = (
        fit_at(h, rule, h.instant(t), settings=settings, features=FeatureSettings())
        for h in (
            churn.make_history(o, customers=tables.customers, data_end=tables.end)
            for o in (orders[~late], pd.concat([old, orders]))
        )
    )
    assert one.cutoffs == two.cutoffs
    assert np.array_equal(one.learn.y, two.learn.y)
    assert one.fitted.predictor == two.fitted.predictor
    assert one.base_rate == two.base_rate
    assert one.forecast == two.forecast
    assert all(np.array_equal(p, two.predictions[name]) for name, p in one.predictions.items())
