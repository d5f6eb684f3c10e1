import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

from churn.errors import ParameterError
from churn.model.evaluate import Evaluation, evaluate
from churn.model.measures import METRICS, Judge


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    p = np.round(rng.random(700), 2)  # many ties
    y = (rng.random(700) < p).astype(float)
    return y, p, rng


def test_point_estimates_equal_scikit_learn(case):
    y, p, _ = case
    got = dict(zip(METRICS, Judge(y, p).all(np.ones(len(y))), strict=True))
    assert got["auc"] == pytest.approx(roc_auc_score(y, p))
    assert got["average_precision"] == pytest.approx(average_precision_score(y, p))
    assert got["log_loss"] == pytest.approx(log_loss(y, np.clip(p, 1e-12, 1 - 1e-12)))


def test_weighted_figures_equal_scikit_learn_with_sample_weight(case):
    y, p, rng = case
    w = rng.integers(0, 4, len(y)).astype(float)
    got = dict(zip(METRICS, Judge(y, p).all(w), strict=True))
    assert got["auc"] == pytest.approx(roc_auc_score(y, p, sample_weight=w))
    assert got["average_precision"] == pytest.approx(average_precision_score(y, p, sample_weight=w))
    assert got["log_loss"] == pytest.approx(log_loss(y, np.clip(p, 1e-12, 1 - 1e-12), sample_weight=w))


def test_weights_mean_copies(case):
    y, p, rng = case
    w = rng.integers(0, 3, len(y))
    copies = np.repeat(np.arange(len(y)), w)
    weighted = dict(zip(METRICS, Judge(y, p).all(w.astype(float)), strict=True))
    copied = dict(zip(METRICS, Judge(y[copies], p[copies]).all(np.ones(len(copies))), strict=True))
    assert weighted["lift_at_10"] == pytest.approx(copied["lift_at_10"])
    assert weighted["auc"] == pytest.approx(copied["auc"])


def test_lift_shares_ties():
    y = np.array([1.0] * 5 + [0.0] * 15)
    assert dict(zip(METRICS, Judge(y, np.full(20, 0.3)).all(np.ones(20)), strict=True))[
        "lift_at_10"
    ] == pytest.approx(1)
    perfect = dict(zip(METRICS, Judge(y, y * 0.9).all(np.ones(20)), strict=True))
    assert perfect["lift_at_10"] == pytest.approx(4)
    assert perfect["auc"] == 1


def test_calibration_error_of_a_constant_is_its_bias():
    y = np.array([0.0, 1.0] * 50)
    got = dict(zip(METRICS, Judge(y, np.full(100, 0.8)).all(np.ones(100)), strict=True))
    assert got["calibration_error"] == pytest.approx(0.3)


def test_interval_covers_and_is_wider_when_rows_repeat_customers(case):
    y, p, _ = case
    alone = evaluate(y, {"model": p}, resamples=300)
    repeated = evaluate(
        np.repeat(y, 4), {"model": np.repeat(p, 4)}, clusters=np.repeat(np.arange(len(y)), 4), resamples=300
    )
    naive = evaluate(np.repeat(y, 4), {"model": np.repeat(p, 4)}, resamples=300)

    def width(e):
        auc = e.metrics["model"]["auc"]
        assert auc.low < auc.value < auc.high
        return auc.high - auc.low

    assert width(repeated) == pytest.approx(width(alone), rel=0.15)
    assert width(naive) < 0.7 * width(repeated)


def test_difference_is_paired(case):
    y, p, _ = case
    e = evaluate(y, {"model": p, "same": p.copy(), "worse": 1 - p}, resamples=100)
    same = e.differences["same"]["auc"]
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert e.differences["worse"]["auc"].low > 0
    assert e.beats_baselines(("worse",))
    assert not e.beats_baselines(("same",))
    assert not e.beats_baselines(("worse", "same"))


def test_round_trip_and_text(case):
    y, p, _ = case
    e = evaluate(y, {"model": p, "recency": 1 - p}, cutoff="2025-01-01", resamples=50)
    assert Evaluation.from_dict(e.to_dict()) == e
    text = str(e)
    assert "Held-out cutoff 2025-01-01: 700 customers" in text
    assert "model minus recency: AUC" in text
    assert sum(b["rows"] for b in e.calibration) == 700
    assert e.gains[-1]["reached"] == pytest.approx(1)


def test_one_outcome_is_refused():
    with pytest.raises(
        ParameterError, match=r"All outcomes are the same.*5 rows with outcome 1.*Choose another cutoff"
    ):
        evaluate(np.ones(5), {"model": np.full(5, 0.5)})
