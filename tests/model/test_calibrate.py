from __future__ import annotations

import numpy as np
import pytest

from churn.model.calibrate import find_slope, recentred_loss, recentred_losses, surely_better
from churn.model.predictor import probability

RNG = np.random.default_rng(1)


def drawn(n: int, slope: float = 1.0, level: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose true log-odds are a factor and a level away."""
    z = RNG.normal(size=n)
    return z, (RNG.random(n) < probability(slope * z + level)).astype(float)


def test_loss_ignores_a_shift_of_the_base_rate():
    z, y = drawn(4000)
    losses = [recentred_loss(z + shift, y) for shift in (-3.0, 0.0, 3.0)]
    assert losses == pytest.approx([losses[1]] * 3, abs=1e-6)
    assert recentred_loss(np.zeros(4000), y) > losses[1] + 0.05


def test_loss_is_the_plain_one_where_the_mean_is_right():
    y = np.array([0.0, 1.0, 1.0, 0.0])
    z = np.array([-1.0, 1.0, -1.0, 1.0])
    assert recentred_losses(z, y) == pytest.approx(np.logaddexp(0, z) - y * z)


@pytest.mark.parametrize("level", [-1.0, 0.0, 1.0])
def test_a_slope_that_helps_later_data_is_kept(level):
    slope = find_slope(drawn(4000, 1.6, level), drawn(4000, 1.6))
    assert slope == pytest.approx(1.6, abs=0.15)


def test_a_slope_that_does_not_help_later_data_is_dropped():
    assert find_slope(drawn(4000, 1.7), drawn(4000, 0.9)) == 1.0
    assert find_slope(drawn(4000, 1.0), drawn(4000, 1.0)) == 1.0
    assert find_slope(None, drawn(4000, 2.0)) == 1.0


def test_a_slope_stays_in_its_range():
    assert find_slope(drawn(4000, 9.0), drawn(4000, 9.0)) == pytest.approx(2.0, abs=0.01)


def test_better_by_chance_is_not_surely_better():
    old = RNG.normal(size=1000)
    assert not surely_better(old + RNG.normal(size=1000), old)
    assert surely_better(old - 0.2 + 0.1 * RNG.normal(size=1000), old)
    assert not surely_better(old, old)
