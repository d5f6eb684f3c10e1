"""Against sums written row by row, and against econml's own curve."""

import numpy as np
import pytest

from churn.campaigns.uplift.qini import DEPTHS, Ranking, area, at, curve, interval, measure, qini, resamples


def by_hand(score, effects, share):
    """What the first rows bring, per row of all; written as a walk down the list."""
    ranked = sorted(zip(score, effects, strict=True), key=lambda r: -r[0])
    return sum(e for _, e in ranked[: round(share * len(ranked))]) / len(ranked)


def test_curve_is_the_walk_down_the_list():
    rng = np.random.default_rng(1)
    score, effects = rng.normal(size=200), rng.normal(size=200)
    found = curve(score, effects)
    for percent in (0, 10, 35, 100):
        assert found[percent] == pytest.approx(by_hand(score, effects, percent / 100), abs=1e-12)


def test_curve_is_that_of_econml():
    from econml.validate.utils import calc_uplift

    rng = np.random.default_rng(2)
    score = rng.normal(size=1000)
    effects = score + rng.normal(size=1000)
    percentiles = np.linspace(5, 95, 19)
    area_above_random, _, frame = calc_uplift(score, score, effects, percentiles, "qini", 10)
    ours = curve(score, effects)
    depths = 1 - percentiles / 100
    above_random = [ours[k] - k / 100 * ours[-1] for k in at(depths)]
    np.testing.assert_allclose(above_random, frame["value"], atol=2e-3)
    assert qini(ours) == pytest.approx(area_above_random, rel=0.05)  # theirs leaves out both ends


def test_perfect_ranking_is_above_random_and_the_inverted_one_as_far_below():
    effects = np.repeat([1.0, 0.0], 50)
    perfect, inverted = curve(effects, effects), curve(-effects, effects)
    assert qini(perfect) == pytest.approx(0.125)
    assert qini(inverted) == pytest.approx(-0.125)
    assert perfect[50] == pytest.approx(0.5)
    assert inverted[50] == 0


def test_equal_scores_share_whatever_the_order_of_rows():
    effects = np.array([1.0, 0.0, 0.0, 1.0])
    found = curve(np.zeros(4), effects)
    np.testing.assert_allclose(found, 0.5 * DEPTHS)
    assert qini(found) == pytest.approx(0, abs=1e-12)
    assert area(found) == pytest.approx(0.25)
    mixed = np.array([2, 0, 3, 1])
    np.testing.assert_allclose(curve(np.zeros(4), effects[mixed]), found)


def test_order_of_rows_does_not_matter():
    rng = np.random.default_rng(3)
    score, effects, mixed = rng.integers(0, 9, 300).astype(float), rng.normal(size=300), rng.permutation(300)
    np.testing.assert_allclose(curve(score[mixed], effects[mixed]), curve(score, effects), atol=1e-12)


def test_weights_count_rows_as_copies_do():
    rng = np.random.default_rng(4)
    score, effects, times = rng.normal(size=50), rng.normal(size=50), rng.integers(0, 3, 50)
    weighted = Ranking(score).reached(effects, times[:, None].astype(float), DEPTHS)[:, 0]
    copied = curve(np.repeat(score, times), np.repeat(effects, times))
    np.testing.assert_allclose(weighted, copied, atol=1e-12)


def test_customers_are_drawn_with_all_their_rows():
    customer = np.array([5, 5, 9, 7])
    for _, weights in resamples(customer, 20, seed=0):
        assert (weights[0] == weights[1]).all()
        assert (weights[0] + weights[2] + weights[3] == 3).all()


def test_paired_difference_of_a_ranking_with_itself_is_nothing():
    rng = np.random.default_rng(5)
    score, effects = rng.normal(size=100), rng.normal(size=100)
    found = measure({"a": score, "b": 2 * score}, effects, effects, np.arange(100), count=30)
    assert interval((found.profits["a"] - found.profits["b"])[30]) == (0, 0, 0)


def test_interval_covers_the_truth_as_often_as_it_says():
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        score = rng.normal(size=400)
        effects = 0.1 * score + rng.normal(size=400)
        truth = 0.1 * 0.7979 / 2  # mean of the upper half of a normal, times the depth
        _, low, high = interval(
            measure({"s": score}, effects, effects, np.arange(400), count=200).curves["s"][50]
        )
        hits += low <= truth <= high
    assert 52 <= hits <= 60
