import json

import numpy as np
import pytest

from churn.model.value.judge import SpendEvaluation, deviance, judge_spend


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    mean = rng.gamma(1.0, 100.0, 600)
    churned = (rng.random(600) < 0.3).astype(float)
    return mean, churned, np.where(churned, 0.0, rng.gamma(2.0, mean / 2))


def _judged(rows, model, **options):
    _, churned, actual = rows
    forecasts = {"model": model, "own_mean": np.full(600, actual.mean())}
    return judge_spend(actual, churned, forecasts, forecasts, resamples=100, **options)


def test_measures_by_hand():
    actual = np.array([0.0] * 8 + [30.0, 70.0])
    forecast = np.array([1.0] * 8 + [9.0, 3.0])
    e = judge_spend(
        actual, actual * 0, {"m": forecast, "o": actual}, {"m": forecast, "o": actual}, resamples=10
    )
    m, o = e.everyone["m"], e.everyone["o"]
    assert m["mae"].value == pytest.approx((8 + 21 + 67) / 10)
    assert m["total"].value == pytest.approx(0.2)
    assert m["top_share"].value == pytest.approx(0.3)
    assert (o["top_share"].value, o["gini"].value, o["mae"].value) == pytest.approx((0.7, 1.0, 0.0))
    assert m["gini"].value == pytest.approx(0.38 / 0.42)
    assert e.differences["mae"].value == pytest.approx(9.6)


def test_deviance_is_lowest_at_the_mean():
    y = np.random.default_rng(0).gamma(0.5, 100, 5000)
    losses = [deviance(y, np.full(5000, y.mean() * k)).mean() for k in (0.8, 0.95, 1.0, 1.05, 1.2)]
    assert int(np.argmin(losses)) == 2


def test_a_forecast_of_nothing_has_a_finite_loss():
    assert np.isfinite(deviance(np.array([5.0, 0.0]), np.zeros(2))).all()
    assert np.isfinite(deviance(np.zeros(2), np.zeros(2))).all()


def test_a_better_forecast_surely_beats_the_mean_and_the_same_does_not(rows):
    mean, _, actual = rows
    assert _judged(rows, 0.7 * mean).beats_own_mean()
    same = _judged(rows, np.full(600, actual.mean()))
    assert not same.beats_own_mean()
    assert "does not surely beat" in str(same)
    assert same.differences["deviance"].low == same.differences["deviance"].high == 0


def test_rows_of_one_customer_are_drawn_together(rows):
    mean, _, _ = rows
    alone = _judged(rows, 0.7 * mean).everyone["model"]["mae"]
    ten = _judged(rows, 0.7 * mean, clusters=np.argsort(np.argsort(mean)) // 60).everyone["model"]["mae"]
    assert ten.high - ten.low > 1.5 * (alone.high - alone.low)


def test_kept_as_plain_values(rows):
    e = _judged(rows, rows[0], cutoff="2024-05-01")
    again = SpendEvaluation.from_dict(json.loads(json.dumps(e.to_dict())))
    assert str(again) == str(e)
    assert "2024-05-01: 600 customers" in str(e)
