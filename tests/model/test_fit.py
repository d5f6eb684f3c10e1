"""What is fitted on few and on many customers, how it is chosen, and that the base rate's drift is not learnt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from churn.config import TrainingSettings
from churn.data.history import DAY_US
from churn.definition import Inactivity
from churn.model.fit import _chosen, fit, level_shifts, levels_of, split_later, too_few_for_trees
from churn.model.predictor import probability
from churn.model.snapshots import Snapshots

RULE = Inactivity(active_days=90, horizon_days=30)
SETTINGS = TrainingSettings(threads=1)


@pytest.fixture(scope="module")
def three(model):
    """Three number signals: what they are does not matter here."""
    return [s for s in model.signals if not s.categories][:3]


def rows(
    customers: int, cutoffs: int = 6, *, drift: float = 0.0, seed: int = 2, bent: bool = False
) -> Snapshots:
    """Snapshots 15 days apart; the third column is the cutoff's number, and the base rate drifts with it."""
    rng = np.random.default_rng(seed)
    parts = []
    for c in range(cutoffs):
        X = np.column_stack([rng.normal(size=(customers, 2)), np.full(customers, float(c))])
        z = np.where(np.abs(X[:, 0]) > 1, 2.0, -1.5) if bent else 1.5 * X[:, 0]
        y = (rng.random(customers) < probability(z + drift * c)).astype(float)
        parts.append(Snapshots(X, y, np.arange(customers), np.full(customers, c * 15 * DAY_US)))
    stack = [np.concatenate([getattr(p, k) for p in parts]) for k in ("X", "y", "customer", "cutoff")]
    return Snapshots(*stack)


def test_labels_of_the_first_part_end_by_the_newest_snapshot():
    learn = rows(10)
    early, before, newest = split_later(learn, RULE)
    assert early.cutoffs.tolist() == [0, 15 * DAY_US, 30 * DAY_US, 45 * DAY_US]
    assert before is not None
    assert before.cutoffs.tolist() == [60 * DAY_US]
    assert newest.cutoffs.tolist() == [75 * DAY_US]
    assert int(early.cutoffs[-1]) + RULE.window_us <= int(newest.cutoffs[0])


def test_in_a_short_history_the_oldest_snapshot_stands_in():
    early, before, newest = split_later(rows(10, 2), RULE)
    assert early.cutoffs.tolist() == [0]
    assert before is None
    assert newest.cutoffs.tolist() == [15 * DAY_US]


@pytest.mark.parametrize("first_churn", [4, 5])
def test_where_nobody_churned_at_first_later_snapshots_are_chosen_by(three, first_churn):
    learn = rows(300)
    learn = replace(learn, y=np.where(learn.cutoff < first_churn * 15 * DAY_US, 0.0, learn.y))
    early, before, _ = split_later(learn, RULE)
    assert early.y.sum() > 5
    assert before is None  # it is among those that are fitted on
    fitted = fit(learn, RULE, three, SETTINGS)
    assert np.isfinite(fitted.predictor.log_odds(learn.X, threads=1)).all()


def test_few_customers_get_the_logistic_model_and_the_reason_is_told(three):
    learn = rows(150)
    assert too_few_for_trees(learn)
    fitted = fit(learn, RULE, three, SETTINGS)
    assert fitted.predictor.trees == ()
    assert fitted.facts["kind"] == "logistic"
    assert fitted.facts["chosen"].startswith("Too few customers for trees (150; from 200 on")
    assert not too_few_for_trees(rows(400))


def test_few_who_churn_are_few_too():
    learn = rows(2500)
    few = replace(learn, y=(learn.customer < 40).astype(float))
    assert too_few_for_trees(few)
    assert _chosen(True, 0.0, 1.0, few).startswith(
        "Too few customers ever churned, or ever stayed, for trees (from 50"
    )
    assert not too_few_for_trees(replace(learn, y=(learn.customer < 60).astype(float)))


def test_more_get_half_of_each_and_many_get_trees_where_a_line_is_not_enough(three):
    assert fit(rows(700, bent=True, cutoffs=3), RULE, three, SETTINGS).facts["kind"] in ("blend", "trees")
    bent = fit(rows(2500, bent=True), RULE, three, SETTINGS)
    assert bent.predictor.weight == 1.0
    assert bent.predictor.linear is None
    assert bent.facts["kind"] == "trees"
    later = bent.facts["later"]
    assert later["trees_1"] < min(v for k, v in later.items() if k.startswith("logistic")) - 0.05


def test_the_drift_of_the_base_rate_is_not_learnt_although_a_signal_tells_the_cutoff(three):
    learn = rows(2500, drift=0.5)
    predictor = fit(learn, RULE, three, SETTINGS).predictor
    X = learn.at(0).X
    late = X.copy()
    late[:, 2] = 9.0
    assert np.abs(predictor.log_odds(late) - predictor.log_odds(X)).mean() < 0.15
    shifts = list(level_shifts(learn, predictor.log_odds(learn.X)).values())
    assert np.mean(shifts) == pytest.approx(0, abs=0.02)  # the model is given the mean level
    assert np.diff(shifts) == pytest.approx([0.5] * 5, abs=0.2)  # and the drift is left to the forecast


def test_levels_start_each_row_at_its_cutoffs_rate():
    learn = rows(2000, 3, drift=1.0)
    levels = levels_of(learn, np.zeros(len(learn)))
    for cutoff in learn.cutoffs:
        at = learn.cutoff == cutoff
        assert probability(levels[at]).mean() == pytest.approx(learn.y[at].mean(), abs=1e-4)
        assert len(set(levels[at])) == 1


def test_seeds_are_averaged_and_the_same_seed_gives_the_same_model(three):
    learn = rows(2200, 4)
    one, two = (fit(learn, RULE, three, SETTINGS).predictor for _ in range(2))
    assert one == two
    assert len(one.trees) == 3
    assert len(set(one.trees)) == 3
    other = fit(learn, RULE, three, SETTINGS.model_copy(update={"seed": 5})).predictor
    assert other != one
