from dataclasses import replace

import numpy as np
import pytest

from churn.campaigns.uplift.actions import LEAST_ROWS, fit_actions, towards_all
from tests.campaigns.uplift.trials import make_trial


def test_effects_that_differ_by_chance_alone_are_drawn_together():
    assert towards_all([(0.04, 0.03), (0.05, 0.03), (0.06, 0.03)]) == pytest.approx([0.05] * 3)


def test_effects_that_differ_for_sure_stay_apart():
    assert towards_all([(0.2, 0.01), (-0.1, 0.01)]) == pytest.approx([0.2, -0.1], abs=0.002)


def test_vague_effect_is_drawn_further_than_a_sure_one():
    sure, vague, _ = towards_all([(0.2, 0.01), (0.2, 0.2), (0.0, 0.01)])
    assert sure == pytest.approx(0.2, abs=0.01)
    assert vague < 0.17


def test_one_effect_stays_as_it_is():
    assert towards_all([(0.07, 0.05)]) == [0.07]


def test_each_action_has_its_own_effect():
    rows, truth = make_trial(4000, actions=2)
    found = fit_actions("S", rows)
    assert sorted(found) == [0, 1]
    for code, action in found.items():
        where = rows.action == code
        assert action.low <= truth[where].mean() <= action.high
        assert action.treated + action.holdout == where.sum()


def test_action_with_few_rows_has_one_effect_for_all():
    rows, _ = make_trial(LEAST_ROWS - 1)
    assert fit_actions("S", rows)[0].learner.kind == "constant"


def test_slope_draws_towards_the_mean(trial):
    rows, _ = trial
    whole, none = fit_actions("S", rows, 1.0)[0], fit_actions("S", rows, 0.0)[0]
    assert whole.predict(rows.X, rows.risk).std() > 0.03
    inside = (rows.risk > 0.2) & (rows.risk < 0.8)
    assert none.predict(rows.X, rows.risk)[inside] == pytest.approx(np.full(inside.sum(), whole.shrunk))


def test_beyond_the_risks_seen_nobody_is_told_apart(trial):
    rows, _ = trial
    action = fit_actions("S", rows)[0]
    above = action.predict(rows.X[:50], np.full(50, 0.99))
    assert above == pytest.approx(np.full(50, action.shrunk))
    below = action.predict(rows.X[:50], np.full(50, 0.01))
    assert below == pytest.approx(np.full(50, action.shrunk * 0.01 / rows.risk.mean()), rel=1e-6)


def test_harm_is_not_made_smaller_by_a_low_risk(trial):
    rows, _ = trial
    action = replace(fit_actions("constant", rows)[0], shrunk=-0.05)
    assert action.predict(rows.X[:2], np.array([0.001, 0.99])) == pytest.approx([-0.05, -0.05])
