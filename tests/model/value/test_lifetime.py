import numpy as np
import pytest

from churn.model.value.lifetime import BOUNDS, fit_losses, lifetime_value, survival

TERMS = {"horizon_days": 60, "concentration": 3.0, "lifetime_days": 360, "discount_rate": 0.0}


def test_certain_retention_without_discount_is_spend_times_periods():
    value = lifetime_value(np.zeros(2), np.array([10.0, 20.0]), **TERMS)
    assert value == pytest.approx([60.0, 120.0])
    part = lifetime_value(np.zeros(1), np.array([10.0]), **{**TERMS, "lifetime_days": 90})
    assert part == pytest.approx([15.0])


def test_certain_churn_is_worth_what_is_still_paid():
    assert lifetime_value(np.ones(1), np.array([10.0]), **TERMS) == pytest.approx([0.0])
    assert lifetime_value(np.ones(1), np.array([10.0]), **TERMS, paid_when_leaving=0.3) == pytest.approx(
        [3.0]
    )


def test_one_period_is_the_expected_spend():
    p, m = np.array([0.1, 0.7]), np.array([10.0, 30.0])
    assert lifetime_value(p, m, **{**TERMS, "lifetime_days": 60}) == pytest.approx((1 - p) * m)


def test_a_discount_counts_from_the_middle_of_each_period():
    terms = {**TERMS, "lifetime_days": 90, "discount_rate": 0.1}
    expected = 10 * 1.1 ** (-30 / 365) + 5 * 1.1 ** (-75 / 365)
    assert lifetime_value(np.zeros(1), np.array([10.0]), **terms) == pytest.approx([expected])


def test_the_longer_the_lifetime_and_the_lower_the_discount_the_more():
    p, m = np.array([0.4]), np.array([10.0])
    values = [lifetime_value(p, m, **{**TERMS, "lifetime_days": d})[0] for d in (30, 60, 61, 360, 3650)]
    assert values == sorted(values)
    assert len(set(values)) == len(values)
    assert lifetime_value(p, m, **{**TERMS, "discount_rate": 0.5})[0] < values[3]


def test_survival_between_its_limits():
    p = np.array([0.0, 0.3, 1.0])
    constant = survival(p, float("inf"), 4)
    assert constant[1] == pytest.approx(0.7 ** np.arange(1, 5))
    for concentration in (0.1, 1.0, 10.0):
        s = survival(p, concentration, 4)
        assert s[:, 0] == pytest.approx(1 - p)
        assert (np.diff(s[1]) < 0).all()
        assert (s[1, 1:] > constant[1, 1:]).all()
        assert s[0].tolist() == [1.0] * 4
        assert s[2].tolist() == [0.0] * 4
    assert survival(p, 1e9, 4) == pytest.approx(constant, abs=1e-6)


def test_those_who_leave_besides_are_lost_from_the_second_period():
    p = np.array([0.0, 0.3])
    assert survival(p, 2.0, 3, 0.1) == pytest.approx(survival(p, 2.0, 3) * [1.0, 0.9, 0.81])
    terms = {**TERMS, "lifetime_days": 120, "leaving": 0.1}
    assert lifetime_value(np.zeros(1), np.array([10.0]), **terms) == pytest.approx([19.0])


@pytest.mark.parametrize(("concentration", "leaving"), [(0.5, 0.08), (20.0, 0.0)])
def test_the_losses_that_made_the_data_are_found(concentration, leaving):
    rng = np.random.default_rng(0)
    p = rng.uniform(0.02, 0.7, 60_000)
    leaves = rng.beta(p * concentration, (1 - p) * concentration)
    period = rng.integers(2, 8, len(p))
    bought = rng.random(len(p)) < (1 - leaves) ** period * (1 - leaving) ** (period - 1)
    found = fit_losses(p, period, bought)
    assert found[0] == pytest.approx(concentration, rel=0.15)
    assert found[1] == pytest.approx(leaving, abs=0.01)


def test_a_base_that_loses_nobody_later_ends_at_the_bounds():
    concentration, leaving = fit_losses(np.full(1000, 0.5), np.full(1000, 4), np.arange(1000) % 2)
    assert concentration == pytest.approx(BOUNDS[0], rel=0.05)
    assert leaving == pytest.approx(0, abs=1e-3)


def test_a_season_moves_the_spend_of_its_period_alone():
    season = np.array([1.0, 1.5, 1.0, 1.0, 1.0, 0.5])
    assert lifetime_value(np.zeros(1), np.array([10.0]), **TERMS, season=season) == pytest.approx([60.0])
    less = lifetime_value(np.full(1, 0.5), np.array([10.0]), **TERMS, season=season)
    assert less > lifetime_value(np.full(1, 0.5), np.array([10.0]), **TERMS)
