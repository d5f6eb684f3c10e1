import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from churn.errors import ModelError
from churn.features.catalogue import catalogue
from churn.model.baselines import BASELINES, fit_baseline
from churn.model.snapshots import build_snapshots, training_cutoffs


@pytest.fixture(scope="module")
def rows(history, definition):
    signals = catalogue(history)
    t = definition.last_mature_cutoff(history)
    cutoffs = training_cutoffs(history, definition, t, step_days=60, max_snapshots=4)
    return signals, build_snapshots(history, definition, cutoffs, signals)


@pytest.mark.parametrize("name", list(BASELINES))
def test_baseline_learns_and_sees_only_its_signals(name, rows):
    signals, s = rows
    predict = fit_baseline(name, s.X, s.y, signals)
    p = predict(s.X)
    assert ((p > 0) & (p < 1)).all()
    assert roc_auc_score(s.y, p) > 0.65
    assert p.mean() == pytest.approx(s.y.mean(), abs=0.01)
    used = [i for i, sig in enumerate(signals) if sig.name in BASELINES[name][1]]
    assert len(used) == len(BASELINES[name][1])
    disturbed = np.full_like(s.X, 1e6)
    disturbed[:, used] = s.X[:, used]
    assert np.array_equal(predict(disturbed), p)


def test_recency_baseline_rises_with_silence(rows):
    signals, s = rows
    predict = fit_baseline("recency", s.X, s.y, signals)
    X = np.zeros((3, len(signals)))
    X[:, [x.name for x in signals].index("recency_days")] = [1, 30, 100]
    assert (np.diff(predict(X)) > 0).all()


def test_negative_amounts_do_not_break_the_logarithm(rows):
    signals, s = rows
    X = s.X.copy()
    X[:50, [x.name for x in signals].index("amount_365d")] *= -1
    assert np.isfinite(fit_baseline("rfm_logistic", X, s.y, signals)(X)).all()


def test_missing_signal_is_told(rows):
    signals, s = rows
    with pytest.raises(ModelError, match=r"baseline recency needs the signal recency_days.*Keep it"):
        fit_baseline("recency", s.X, s.y, [x for x in signals if x.name != "recency_days"])
