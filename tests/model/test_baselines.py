import dataclasses

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

import churn
from churn.features.catalogue import catalogue
from churn.model.baselines import BASELINES, SIGNALS, fit_baselines
from churn.model.bgnbd import fit_bgnbd, rhythm_of
from churn.model.snapshots import build_snapshots, training_cutoffs


@pytest.fixture(scope="module")
def rows(history, definition):
    signals = catalogue(history)
    t = definition.last_mature_cutoff(history)
    cutoffs = training_cutoffs(history, definition, t, step_days=60, max_snapshots=4)
    stacked = build_snapshots(history, definition, [*cutoffs, t], signals)
    return signals, t, stacked.until(cutoffs[-1]), stacked.at(t)


@pytest.fixture(scope="module")
def fitted(history, definition, rows):
    signals, t, learn, _ = rows
    return fit_baselines(history, definition, t, learn, signals)


def test_all_apply_to_a_shop(fitted, rows):
    assert list(fitted.fitted) == list(BASELINES)
    assert fitted.left_out == {}
    p = fitted.predict(rows[3])
    assert list(p) == list(BASELINES)
    assert all(((v >= 0) & (v <= 1)).all() and len(v) == len(rows[3]) for v in p.values())


def test_prevalence_is_the_training_rate(fitted, rows):
    _, _, learn, test = rows
    assert set(fitted.fitted["prevalence"](test)) == {learn.y.mean()}


@pytest.mark.parametrize("name", list(SIGNALS))
def test_logistic_ones_learn_and_see_only_their_signals(name, fitted, rows):
    signals, _, learn, _ = rows
    p = fitted.fitted[name](learn)
    assert roc_auc_score(learn.y, p) > 0.6
    assert p.mean() == pytest.approx(learn.y.mean(), abs=0.01)
    used = [i for i, s in enumerate(signals) if s.name in SIGNALS[name]]
    assert len(used) == len(SIGNALS[name])
    disturbed = np.full_like(learn.X, 1e6)
    disturbed[:, used] = learn.X[:, used]
    again = fitted.fitted[name](dataclasses.replace(learn, X=disturbed))
    assert np.array_equal(again, p)


@pytest.mark.parametrize(("name", "column"), [("recency", "recency_days"), ("overdue", "overdue_ratio")])
def test_rises_with_silence(name, column, fitted, rows):
    signals, _, _, test = rows
    X = np.zeros((3, len(signals)))
    X[:, [s.name for s in signals].index(column)] = [1, 30, 100]
    three = dataclasses.replace(test, X=X, y=np.zeros(3), customer=np.arange(3), cutoff=test.cutoff[:3])
    assert (np.diff(fitted.fitted[name](three)) > 0).all()


def test_bgnbd_tells_more_than_recency_and_than_one_minus_alive(fitted, rows, history):
    _, t, _, test = rows
    known = rhythm_of(history.as_of(t))
    of = known.of(test.customer)
    gone = 1 - fit_bgnbd(known.x, known.t_x, known.T).alive(of.x, of.t_x, of.T)
    p = fitted.predict(test)
    assert roc_auc_score(test.y, p["bgnbd"]) > roc_auc_score(test.y, p["recency"]) + 0.02
    assert roc_auc_score(test.y, p["bgnbd"]) > roc_auc_score(test.y, gone) + 0.02
    assert log_loss(test.y, p["bgnbd"]) < log_loss(test.y, p["prevalence"]) - 0.05


def test_bgnbd_reads_each_cutoff_as_it_was_known_then(fitted, rows, history, definition):
    """Rows of several cutoffs in one call give what each gives alone, and a shorter log the same."""
    _, t, learn, test = rows
    both = fitted.fitted["bgnbd"](learn)
    oldest = learn.at(int(learn.cutoffs[0]))
    assert np.array_equal(both[learn.cutoff == learn.cutoffs[0]], fitted.fitted["bgnbd"](oldest))
    orders = history.logs["orders"]
    cut = dataclasses.replace(
        history, logs=history.logs | {"orders": orders.take(np.flatnonzero(orders.time < t))}
    )
    again = fit_baselines(cut, definition, t, learn, rows[0]).fitted["bgnbd"](test)
    assert np.array_equal(again, fitted.fitted["bgnbd"](test))


def test_gap_is_kept_free(history, rows, fitted):
    _, t, learn, test = rows
    later = churn.Inactivity(active_days=120, horizon_days=45, gap_days=30)
    p = fit_baselines(history, later, t, learn, rows[0]).fitted["bgnbd"](test)
    assert (p > fitted.fitted["bgnbd"](test)).mean() > 0.99  # meanwhile some leave


def test_unknown_and_negative_values_do_not_break_the_logistic_ones(history, definition, rows):
    signals, t, learn, test = rows
    names = [s.name for s in signals]
    X = learn.X.copy()
    X[:50, names.index("amount_365d")] *= -1
    X[50:100, names.index("recency_days")] = np.nan
    p = fit_baselines(history, definition, t, dataclasses.replace(learn, X=X), signals).predict(test)
    assert all(np.isfinite(v).all() for v in p.values())


def test_missing_signals_leave_a_baseline_out_and_say_so(history, definition, rows):
    signals, t, learn, test = rows
    names = [s.name for s in signals]
    keep = [i for i, n in enumerate(names) if n not in {"overdue_ratio", "amount_mean", "orders_count_365d"}]
    few = dataclasses.replace(learn, X=learn.X[:, keep])
    some = fit_baselines(history, definition, t, few, [signals[i] for i in keep])
    assert list(some.fitted) == ["prevalence", "recency", "rfm_logistic", "bgnbd"]
    assert some.left_out == {"overdue": "the signal overdue_ratio is not in the catalogue used"}
    p = some.predict(dataclasses.replace(test, X=test.X[:, keep]))
    assert roc_auc_score(test.y, p["rfm_logistic"]) > 0.6


def test_bgnbd_is_left_out_where_nobody_comes_back(history, definition, rows):
    signals, t, learn, _ = rows
    orders = history.logs["orders"]
    first = np.sort(np.unique(orders.customer, return_index=True)[1])
    once = dataclasses.replace(history, logs=history.logs | {"orders": orders.take(first)})
    left_out = fit_baselines(once, definition, t, learn, signals).left_out
    assert left_out["bgnbd"].startswith("there are too few repeat customers for BG/NBD (0 of ")


def test_bgnbd_is_left_out_where_churn_is_not_silence(history, definition, rows):
    @dataclasses.dataclass(frozen=True)
    class Other(churn.Inactivity):
        kind = "other"

    signals, t, learn, _ = rows
    some = fit_baselines(history, Other(120, 45), t, learn, signals)
    assert "bgnbd" not in some.fitted
    assert some.left_out == {"bgnbd": "it foretells silence, and churn is something else here"}


def test_a_fold_holds_every_baseline_and_training_says_what_is_left_out(history, definition, monkeypatch):
    from churn.config import TrainingSettings
    from churn.model import baselines

    settings = TrainingSettings(step_days=60, max_snapshots=4)
    monkeypatch.setitem(baselines.SIGNALS, "overdue", ("no_such_signal",))
    training = churn.train(history, definition, settings=settings, track=False)
    named = [b for b in BASELINES if b != "overdue"]
    assert [*training.model.evaluation.metrics] == ["model", *named]
    why = "the signal no_such_signal is not in the catalogue used"
    assert training.verdict.endswith(f" Left out: overdue, as {why}.")
    assert training.model.training["baselines_left_out"] == {"overdue": why}
