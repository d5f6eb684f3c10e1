import numpy as np
import pytest

from churn.model.linear import Linear, fit_linear

RNG = np.random.default_rng(4)
N = 4000
A, B = RNG.normal(size=N), RNG.integers(0, 3, N).astype(float)
KNOWN = RNG.random(N) < 0.8
LOGIT = 0.5 + A - 1.5 * (B == 2) + 0.8 * ~KNOWN
Y = (RNG.random(N) < 1 / (1 + np.exp(-LOGIT))).astype(float)
X = np.column_stack([np.where(KNOWN, np.sign(A) * np.expm1(np.abs(A)), np.nan), B, np.ones(N)])


def test_finds_the_weights_behind_values_categories_and_gaps():
    linear = fit_linear(X, Y, {1: 3}, strengths=[1.0])[1.0]
    told = {
        (s, k, c): w / d
        for s, k, c, w, d in zip(
            linear.signal, linear.kind, linear.category, linear.weight, linear.scale, strict=True
        )
    }
    assert told[0, "value", 0.0] == pytest.approx(1.0, abs=0.12)
    assert told[1, "is", 2.0] - told[1, "is", 0.0] == pytest.approx(-1.5, abs=0.25)
    assert told[0, "missing", 0.0] == pytest.approx(0.8, abs=0.5)
    assert 2 not in linear.signal  # it never varies


def test_contributions_add_up_and_a_copy_from_plain_values_says_the_same():
    linear = fit_linear(X, Y, {1: 3}, strengths=[10.0])[10.0]
    z = linear.log_odds(X)
    assert linear.contributions(X).sum(axis=1) == pytest.approx(z)
    assert np.isfinite(z).all()
    assert Linear.from_dict(linear.to_dict()) == linear


def test_a_stronger_penalty_gives_smaller_weights_and_every_signal_a_share():
    weak, strong = (fit_linear(X, Y, {1: 3}, strengths=[s])[s] for s in (1.0, 10_000.0))
    assert np.abs(strong.weight).sum() < np.abs(weak.weight).sum() / 2
    share = weak.importance(3)
    assert share[2] == 0
    assert share[:2].min() > 0
