import numpy as np
import pytest

from churn.model.measures import METRICS, TOP_METRICS, Judge, resample_weights


@pytest.fixture
def case():
    rng = np.random.default_rng(1)
    p = np.round(rng.random(500), 2)
    return (rng.random(500) < p).astype(float), p


def test_many_resamples_at_once_are_each_by_itself(case):
    judge = Judge(*case, top=40)
    weights = np.random.default_rng(0).integers(0, 3, (500, 7)).astype(float)
    assert judge.all(weights) == pytest.approx(np.array([judge.all(w) for w in weights.T]))
    assert judge.names == (*METRICS, *TOP_METRICS)


def test_precision_and_recall_by_hand():
    y = np.array([1.0, 1, 0, 0, 1, 0, 0, 0, 0, 0] * 2)
    p = np.tile(np.arange(10, 0, -1) / 11, 2)
    got = dict(zip(Judge(y, p, top=6).names, Judge(y, p, top=6).all(np.ones(20)), strict=True))
    assert got["precision_at_20"] == 1
    assert got["recall_at_20"] == pytest.approx(4 / 6)
    assert got["recall_at_5"] == pytest.approx(1 / 6)  # half of the two that are first
    assert got["precision_at_top"] == pytest.approx(4 / 6)
    assert got["brier"] == pytest.approx(np.mean((p - y) ** 2))
    more = dict(zip(Judge(y, p, top=99).names, Judge(y, p, top=99).all(np.ones(20)), strict=True))
    assert (more["precision_at_top"], more["recall_at_top"]) == (pytest.approx(0.3), 1)


def test_one_outcome_in_a_resample_is_no_figure(case):
    weights = np.column_stack([case[0], np.ones(500)])
    got = Judge(*case).all(weights)
    assert np.isnan(got[0]).all()
    assert not np.isnan(got[1]).any()


def test_a_customer_draws_the_same_at_all_cutoffs():
    a, b = np.array([5, 9, 9, 2]), np.array([9, 2])
    for _, (wa, wb) in resample_weights([a, b], 50, seed=1):
        assert (wa[1] == wa[2]).all()
        assert (wa[1] == wb[0]).all()
        assert (wa[3] == wb[1]).all()
        assert (wa[0] + wa[1] + wa[3] == 3).all()  # as many draws as customers


def test_draws_do_not_depend_on_how_many_are_held_at_once(monkeypatch):
    def drawn():
        return np.hstack([w[0] for _, w in resample_weights([np.arange(30)], 20, seed=4)])

    whole = drawn()
    monkeypatch.setattr("churn.model.measures._CELLS", 100)
    assert (drawn() == whole).all()


def test_noise_is_the_calibration_error_of_perfect_probabilities():
    rng = np.random.default_rng(0)
    p = rng.random(2000)
    at = list(METRICS).index("calibration_error")
    seen = [Judge((rng.random(2000) < p).astype(float), p).all(np.ones(2000))[at] for _ in range(60)]
    assert Judge(np.r_[1.0, np.zeros(1999)], p).noise() == pytest.approx(np.mean(seen), rel=0.1)
