import numpy as np
import pytest

from churn.data.history import DAY_US
from churn.model.value.season import season_factor, useful_season


def _ratios(values, start=0, step=30):
    return [(start + i * step * DAY_US, v) for i, v in enumerate(values)]


def test_between_two_snapshots_the_logarithm_is_interpolated():
    ratios = _ratios([0.0, 0.4])
    at = [season_factor(ratios, (365 + d) * DAY_US) for d in (0, 15, 30)]
    assert np.log(at) == pytest.approx([0.0, 0.2, 0.4])


def test_beyond_the_last_snapshot_it_holds_for_ten_days():
    ratios = _ratios([0.0, 0.4])
    assert np.log(season_factor(ratios, (365 + 40) * DAY_US)) == pytest.approx(0.4)
    assert season_factor(ratios, (365 + 41) * DAY_US) == 1.0


def test_a_hole_is_not_bridged():
    assert season_factor([(0, 0.4), (200 * DAY_US, 0.4)], (365 + 100) * DAY_US) == 1.0


def test_years_are_averaged_and_the_own_year_is_not_looked_at():
    ratios = [(0, 0.2), (365 * DAY_US, 0.6), (730 * DAY_US, 9.0)]
    assert np.log(season_factor(ratios, 730 * DAY_US)) == pytest.approx(0.4)


def test_nothing_known():
    assert season_factor((), 0) == 1.0


def test_a_season_that_recurs_is_kept_and_noise_is_not():
    rng = np.random.default_rng(0)
    wave = 0.3 * np.sin(np.arange(25) * 2 * np.pi * 30 / 365)
    assert len(useful_season(_ratios(wave + rng.normal(0, 0.03, 25)))) == 25
    assert useful_season(_ratios(rng.normal(0, 0.1, 25))) == ()
    assert useful_season(_ratios(wave[:13])) == ()
