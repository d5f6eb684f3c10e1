from __future__ import annotations

import numpy as np
import pytest

from churn.config import TrainingSettings
from churn.model.boost import PARAMETERS, find_trees, fit_trees
from churn.model.calibrate import recentred_loss
from churn.model.predictor import Predictor, probability
from churn.model.snapshots import Snapshots

RNG = np.random.default_rng(6)
N = 3000
SETTINGS = TrainingSettings(threads=1)


def drawn(level: float, cutoff: int) -> Snapshots:
    X = RNG.normal(size=(N, 2))
    y = (RNG.random(N) < probability(2.0 * (X[:, 0] > 0) - 1 + level)).astype(float)
    return Snapshots(X, y, np.arange(N), np.full(N, cutoff))


EARLY, NEWEST = drawn(-1.0, 0), drawn(1.0, 1)


@pytest.fixture(scope="module")
def two(model):
    return [s for s in model.signals if not s.categories][:2]


def test_the_number_of_trees_is_found_although_the_base_rate_moved(two):
    count, found = find_trees(EARLY, NEWEST, two, SETTINGS, PARAMETERS, np.zeros(N))
    assert 10 <= count < 600
    assert found.boosters[0].num_trees() <= count  # trees without a split are left away
    truth = recentred_loss(2.0 * (NEWEST.X[:, 0] > 0), NEWEST.y)
    assert recentred_loss(found.log_odds(NEWEST.X), NEWEST.y) < truth + 0.01


def test_rows_start_from_their_level_and_trees_learn_the_rest(two):
    flat = Snapshots(
        np.concatenate([EARLY.X, NEWEST.X]), np.concatenate([EARLY.y, NEWEST.y]), *[np.arange(2 * N)] * 2
    )
    levels = np.repeat([-1.0, 1.0], N)
    (tree,) = fit_trees(flat, two, SETTINGS, PARAMETERS, levels, 300)
    z = Predictor((tree,)).log_odds(flat.X)
    assert z.mean() == pytest.approx(0, abs=0.1)
    high = flat.X[:, 0] > 0
    assert z[high].mean() - z[~high].mean() == pytest.approx(2.0, abs=0.3)


def test_each_seed_gives_other_trees_and_the_same_seed_the_same(two):
    trees = fit_trees(EARLY, two, SETTINGS, PARAMETERS, np.zeros(N), 12, 2)
    assert trees == fit_trees(EARLY, two, SETTINGS, PARAMETERS, np.zeros(N), 12, 2)
    assert trees[0] != trees[1]
    assert all(0 < b.num_trees() <= 12 for b in Predictor(trees).boosters)
