import numpy as np
import pytest

from churn.model.linear import fit_linear
from churn.model.predictor import Predictor, probability, to_log_odds

RNG = np.random.default_rng(8)
X = RNG.normal(size=(600, 3))
Y = (RNG.random(600) < probability(X[:, 0] - X[:, 1])).astype(float)


@pytest.fixture(scope="module")
def blend():
    import lightgbm

    def tree(seed):
        parameters = {
            "objective": "binary",
            "verbose": -1,
            "seed": seed,
            "bagging_fraction": 0.5,
            "bagging_freq": 1,
        }
        return lightgbm.train(parameters, lightgbm.Dataset(X, Y), 12).model_to_string()

    return Predictor((tree(1), tree(2)), fit_linear(X, Y, {}, strengths=[1.0])[1.0], 0.6, 0.9, 0.2)


def test_parts_are_blended_in_log_odds(blend):
    raw = [b.predict(X, raw_score=True) for b in blend.boosters]
    assert not np.allclose(*raw)
    expected = 0.9 * (0.6 * np.mean(raw, axis=0) + 0.4 * blend.linear.log_odds(X)) + 0.2
    assert blend.log_odds(X) == pytest.approx(expected)
    assert blend.predict(X, shift=-0.5) == pytest.approx(probability(expected - 0.5))


def test_contributions_add_up_to_the_score_also_when_it_is_shifted(blend):
    for shift in (0.0, -0.7):
        parts = blend.contributions(X, shift=shift)
        assert parts.shape == (600, 4)
        assert parts.sum(axis=1) == pytest.approx(blend.log_odds(X) + shift)


def test_one_part_alone_is_enough(blend):
    linear = Predictor(linear=blend.linear, weight=0.0)
    assert linear.log_odds(X) == pytest.approx(blend.linear.log_odds(X))
    assert linear.importance(3).sum() == pytest.approx(1)
    trees = Predictor(blend.trees)
    assert trees.contributions(X).sum(axis=1) == pytest.approx(trees.log_odds(X))
    assert trees.importance(3).sum() == pytest.approx(1)


def test_a_copy_from_plain_values_says_the_same(blend):
    copy = Predictor.from_dict(blend.to_dict(), blend.trees)
    assert copy == blend
    assert np.array_equal(copy.predict(X), blend.predict(X))


def test_log_odds_and_probabilities_are_inverse():
    p = np.array([0.01, 0.5, 0.97])
    assert probability(to_log_odds(p)) == pytest.approx(p)
    assert np.isfinite(to_log_odds(np.array([0.0, 1.0]))).all()
