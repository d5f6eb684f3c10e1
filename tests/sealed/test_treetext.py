"""LightGBM ends the whole process on some damaged texts; whatever passes the check must be safe to read."""

import re

import lightgbm
import numpy as np
import pytest

from churn.errors import ModelError
from churn.sealed.treetext import check_trees, trees_only


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 4))
    X[:, 3] = rng.integers(0, 40, 1500)
    X[::9, 1] = np.nan
    return X


@pytest.fixture(scope="module")
def booster(X):
    y = ((X[:, 3] % 3 == 0) + X[:, 0] > 0.5).astype(float)
    parameters = {
        "verbose": -1,
        "objective": "binary",
        "num_leaves": 7,
        "min_data_per_group": 5,
        "num_threads": 1,
    }
    return lightgbm.train(parameters, lightgbm.Dataset(X, y, categorical_feature=[3]), 8)


@pytest.fixture(scope="module")
def text(booster):
    return trees_only(booster.model_to_string())


def test_trees_alone_predict_and_explain_the_same(booster, text, X):
    alone = lightgbm.Booster(model_str=text)
    for how in ({"raw_score": True}, {"pred_contrib": True}):
        assert np.array_equal(alone.predict(X, **how), booster.predict(X, **how))
    assert "num_cat=1" in text  # a split by sets of categories is among them
    assert "parameters" not in text


def test_what_lightgbm_wrote_passes(text):
    check_trees(text, 4)


def test_a_tree_of_one_leaf_passes(X):
    y = (X[:, 0] > 0).astype(float)
    stump = lightgbm.train(
        {"verbose": -1, "objective": "binary", "min_data_in_leaf": 1400, "num_threads": 1},
        lightgbm.Dataset(X, y),
        1,
    )
    check_trees(trees_only(stump.model_to_string()), 4)


@pytest.mark.parametrize("seed", range(12))
def test_odd_data_give_trees_that_pass_and_are_read_back_the_same(seed):
    """Columns that are unknown, constant, huge, tiny or infinite; weights; labels that a column gives away."""
    rng = np.random.default_rng(seed)
    n = 300
    X = np.column_stack(
        [
            np.where(rng.random(n) < 0.6, np.nan, rng.normal(size=n)),
            np.where(rng.random(n) < 0.5, np.nan, 1.0),
            np.full(n, np.nan),
            rng.normal(size=n) * 10.0 ** rng.integers(-300, 300, n),
            np.where(rng.random(n) < 0.1, np.inf, rng.integers(0, 3, n)),
            rng.integers(0, 12, n),
        ]
    ).astype(float)
    y = (np.isnan(X[:, 1]) | (rng.random(n) < 0.3)).astype(float)
    parameters = {
        "verbose": -1,
        "objective": "binary",
        "num_threads": 1,
        "seed": seed,
        "min_data_in_leaf": 1,
        "num_leaves": 31,
        "min_sum_hessian_in_leaf": 1e-3,
        "bagging_fraction": 0.6,
        "bagging_freq": 1,
    }
    data = lightgbm.Dataset(X, y, weight=rng.random(n), categorical_feature=[5], free_raw_data=False)
    booster = lightgbm.train(parameters, data, 15)
    text = trees_only(booster.model_to_string())
    check_trees(text, 6)
    read = lightgbm.Booster(model_str=text)
    assert np.array_equal(read.predict(X, raw_score=True), booster.predict(X, raw_score=True))


@pytest.mark.parametrize(
    ("pattern", "to", "why"),
    [
        (r"left_child=(\S+)", "left_child=999", "do not form a tree"),
        (r"left_child=(\S+)", "left_child=0", "do not form a tree"),
        (r"split_feature=(\S+)", "split_feature=4", "a column that is not there"),
        (r"split_feature=(\S+)", "split_feature=-1", "a column that is not there"),
        (r"split_feature=(\S+)", "split_feature=0.5", "no whole number"),
        (r"leaf_value=(\S+)", "leaf_value=nan", "no finite number"),
        (r"leaf_value=(\S+)", "leaf_value=1e999", "no finite number"),
        (r"leaf_value=(\S+) ", "leaf_value=", "is not of 7 leaves"),
        (r"num_leaves=\d+", "num_leaves=999999", "is not of 999999 leaves"),
        (r"num_leaves=\d+", "num_leaves=0", "has no leaves"),
        (r"is_linear=0", "is_linear=1", "linear leaves"),
        (r"cat_boundaries=0", "cat_boundaries=1", "cat_boundaries"),
        (r"num_class=1", "num_class=2", "more than one output"),
        (r"max_feature_idx=3", "max_feature_idx=5", "not for 4 signals"),
        (r"objective=binary sigmoid:1", "objective=binary sigmoid:-1", "its objective is"),
        (r"\nleaf_count=[^\n]*", "", "leaf_count is missing"),
        (r"\nshrinkage=", "\nshrinkage", "not of the format"),
        (r"^tree\n", "shrub\n", "not LightGBM's text format"),
    ],
)
def test_nonsense_is_told(text, pattern, to, why):
    changed = re.sub(pattern, to, text, count=1)
    assert changed != text
    header, *blocks = changed.split("\nTree=")
    last = len(blocks) - 1
    sizes = [len(f"Tree={b}\n") - (len("\nend of trees\n") if i == last else 0) for i, b in enumerate(blocks)]
    header = re.sub(r"tree_sizes=[^\n]*", "tree_sizes=" + " ".join(map(str, sizes)), header)
    with pytest.raises(ModelError, match=rf"trees cannot be used: .*{why}") as e:
        check_trees("\nTree=".join([header, *blocks]), 4)
    assert e.value.code == "damaged"


@pytest.mark.parametrize("text", ["", "tree", "tree\nversion=v4\n", "tree\nnothing", "\nend of trees\n"])
def test_no_trees_are_told(text):
    with pytest.raises(ModelError, match="cannot be used"):
        check_trees(text, 4)


def test_sizes_that_lightgbm_would_jump_by_are_held(text):
    sizes = re.search(r"tree_sizes=(\d+)", text)[1]
    with pytest.raises(ModelError, match="tree 0 is not of the size"):
        check_trees(text.replace(f"tree_sizes={sizes}", f"tree_sizes={int(sizes) + 1}"), 4)


def test_whatever_passes_is_safe_to_read(text, X):
    """Thousands of these texts end the process when LightGBM gets them unchecked."""
    rng, passed = np.random.default_rng(1), 0
    signs = "0123456789-=. \nabe"
    for _ in range(600):
        changed = list(text)
        for _ in range(int(rng.integers(1, 4))):
            changed[int(rng.integers(0, len(text)))] = signs[int(rng.integers(0, len(signs)))]
        try:
            check_trees("".join(changed), 4)
        except ModelError:
            continue
        passed += 1
        read = lightgbm.Booster(model_str="".join(changed))
        assert np.isfinite(read.predict(X[:20], raw_score=True)).all()
        assert np.isfinite(read.predict(X[:20], pred_contrib=True)).all()
    assert passed > 30
