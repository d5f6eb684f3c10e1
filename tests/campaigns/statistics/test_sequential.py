"""Looks: on which days, how far the intervals reach, and where looking is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from churn.campaigns.statistics.effects import estimate
from churn.campaigns.statistics.sequential import always_valid, last_look, look_days, mixture_factor
from churn.errors import NotEnoughDataError, ParameterError

ARMS = np.repeat([True, False], [900, 100])
MONEY = np.random.default_rng(1).normal(10, 3, 1000) + 2 * ARMS


@pytest.mark.parametrize(
    ("horizon", "days"),
    [(1, (1,)), (7, (7,)), (10, (10,)), (11, (7, 11)), (60, (7, 14, 21, 28, 35, 42, 49, 56, 60))],
)
def test_days_of_looks_end_with_the_horizon(horizon, days):
    assert look_days(horizon) == days


def test_a_look_is_over_on_its_day_and_not_before():
    assert last_look(6, 30) is None
    assert last_look(7, 30) == 7
    assert last_look(29, 30) == 21
    assert last_look(400, 30) == 30
    with pytest.raises(ParameterError, match="0 and 7 days"):
        look_days(0)


def test_one_look_is_the_plain_interval_and_more_are_bonferronis():
    plain, once, ten = (
        estimate(MONEY, ARMS),
        always_valid(MONEY, ARMS, looks=1),
        always_valid(MONEY, ARMS, looks=10),
    )
    assert once == plain
    strict = estimate(MONEY, ARMS, alpha=0.005)
    assert (ten.low, ten.high, ten.alpha) == (strict.low, strict.high, 0.05)
    assert ten.p_value == pytest.approx(10 * plain.p_value)
    assert ten.method.endswith("holds at each of 10 looks")


def test_few_events_have_newcombes_interval_at_every_look():
    kept = np.ones(1000)
    effect = always_valid(kept, ARMS, looks=5)
    assert "Newcombe" in effect.method
    assert effect.low < estimate(kept, ARMS).low


def test_the_factor_is_smallest_at_the_planned_number():
    found = minimize_scalar(lambda n: mixture_factor(n, 700, 0.05), bounds=(10, 10_000), method="bounded")
    assert found.x == pytest.approx(700, rel=0.01)
    assert mixture_factor(700, 700, 0.05) > 1.96


def test_a_random_walk_seldom_leaves_the_sequence():
    walks = np.random.default_rng(2).normal(size=(2000, 1000)).cumsum(axis=1)
    steps = np.arange(20, 1001)
    factors = np.array([mixture_factor(n, 500, 0.05) for n in steps])
    sizes = np.abs(walks[:, 19:]) / np.sqrt(steps)

    assert (sizes > factors).any(axis=1).mean() < 0.05
    assert (sizes > 1.96).any(axis=1).mean() > 0.3  # what peeking does to the plain interval


def test_a_growing_number_has_its_sequence_and_its_p_value():
    effect, plain = always_valid(MONEY, ARMS, planned=1000), estimate(MONEY, ARMS)
    factor = mixture_factor(1000, 1000, 0.05)
    assert effect.high - effect.effect == pytest.approx(factor * plain.standard_error)
    assert plain.p_value < effect.p_value < 0.05
    # At its p value the interval, with the same rho, would end at 0.
    edge = always_valid(
        MONEY - plain.effect * ARMS + factor * plain.standard_error * ARMS, ARMS, planned=1000
    )
    assert edge.low == pytest.approx(0, abs=1e-9)
    assert edge.p_value == pytest.approx(0.05)


def test_looking_is_refused_where_it_is_not_safe():
    with pytest.raises(ParameterError, match="safe only when it was said before how"):
        always_valid(MONEY, ARMS)
    with pytest.raises(ParameterError, match="neither or both"):
        always_valid(MONEY, ARMS, looks=3, planned=100)
    with pytest.raises(ParameterError, match="must be a look"):
        always_valid(MONEY, ARMS, looks=0)
    with pytest.raises(ParameterError, match="planned number"):
        always_valid(MONEY, ARMS, planned=0)
    with pytest.raises(NotEnoughDataError, match=r"too few to look at early.*900 treated, 19 held out"):
        always_valid(MONEY[:919], ARMS[:919], planned=1000)
    with pytest.raises(NotEnoughDataError, match="too few to look at early"):
        always_valid(np.ones(1000), ARMS, planned=1000)
