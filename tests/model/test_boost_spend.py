import numpy as np
import pytest

from churn.errors import ModelError
from churn.features.catalogue import catalogue
from churn.model.boost_spend import find_spend_trees, fit_spend_trees, read_spend_trees


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 5))
    simple = rng.gamma(2.0, 50.0, 6000)
    signals = tuple(s for s in catalogue() if not s.categories)[:5]
    return X, simple, rng.gamma(2.0, simple * np.exp(0.5 * X[:, 0]) / 2), rng.gamma(2.0, simple / 2), signals


def _halves(rows, spend):
    X, simple, *_, signals = rows
    half = slice(0, 3000), slice(3000, 6000)
    a, b = ((X[h], spend[h], simple[h]) for h in half)
    return find_spend_trees(*a, b, signals, seed=0, threads=1)[0]


def test_trees_learn_the_factor_over_the_simple_forecast(rows):
    X, simple, spend, _, signals = rows
    trees = _halves(rows, spend)
    assert trees > 20
    text = fit_spend_trees(X, spend, simple, signals, trees, seed=0, threads=1)
    factor = np.exp(read_spend_trees(text).predict(X, raw_score=True))
    assert np.corrcoef(np.log(factor), X[:, 0])[0, 1] > 0.95
    assert text == fit_spend_trees(X, spend, simple, signals, trees, seed=0, threads=1)


def test_few_trees_where_there_is_nothing_to_learn(rows):
    assert _halves(rows, rows[3]) < _halves(rows, rows[2]) / 2


def test_any_currency_gives_the_same_factor(rows):
    X, simple, spend, _, signals = rows
    a, b = (
        np.exp(
            read_spend_trees(
                fit_spend_trees(X, k * spend, k * simple, signals, 50, seed=0, threads=1)
            ).predict(X, raw_score=True)
        )
        for k in (1.0, 1000.0)
    )
    assert b == pytest.approx(a, rel=1e-3)


def test_nonsense_is_told():
    with pytest.raises(ModelError, match="cannot be read"):
        read_spend_trees("tree\nnonsense")
