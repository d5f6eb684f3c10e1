from dataclasses import replace

import numpy as np
import pytest

from churn.campaigns.uplift.rows import folds_of
from tests.campaigns.uplift.trials import make_trial


def test_effects_are_those_of_inverse_chances_once_the_line_in_the_risk_is_taken_off(trial):
    rows, truth = trial
    effects = rows.effects()
    plain = rows.stayed * np.where(rows.treated, 1 / rows.share, -1 / (1 - rows.share))
    assert effects.mean() == pytest.approx(truth.mean(), abs=4 * effects.std() / np.sqrt(len(rows)))
    assert effects.std() < 0.85 * plain.std()


def test_shift_of_all_outcomes_changes_no_effect(trial):
    rows, _ = trial
    np.testing.assert_allclose(
        replace(rows, stayed=rows.stayed + 5 - 3 * rows.risk).effects(), rows.effects(), atol=1e-9
    )


def test_experiments_are_the_pairs_of_campaign_and_action():
    rows, _ = make_trial(600, campaigns=2, actions=3)
    found = [(c, a) for c, a, _ in rows.experiments()]
    assert found == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert sorted(np.concatenate([w for _, _, w in rows.experiments()])) == list(range(600))


def test_taken_rows_keep_names(trial):
    rows, _ = trial
    some = rows.take(np.array([3, 1]))
    assert len(some) == 2
    assert some.campaigns == rows.campaigns
    assert some.customer.tolist() == [3, 1]


def test_rows_of_a_customer_are_in_one_fold():
    customer = np.array([4, 1, 4, 2, 1, 9])
    fold = folds_of(customer, 3, seed=0)
    assert fold[0] == fold[2]
    assert fold[1] == fold[4]
    assert np.bincount(folds_of(np.arange(300), 3, 0)).tolist() == [100, 100, 100]
