from dataclasses import replace

import numpy as np
import pytest

import churn
from churn.data.base import CustomerBase
from churn.errors import ModelError


def test_action_that_was_never_randomised_has_no_effect_that_is_known(learned):
    X = np.zeros((3, len(learned.uplift.signal_names)))
    found = learned.uplift.predict(X, np.array([0.4, np.nan, 0.5]), ["call", "gift"])
    assert np.isnan(found[:, 1]).all()
    assert np.isnan(found[:, 0]).tolist() == [False, True, False]


def test_customers_are_told_apart_at_a_cutoff(learned, history):
    recency = churn.compute_features(history, "2025-09-01")["recency_days"]
    found = learned.uplift.for_customers(
        history, "2025-09-01", [*recency.index[::-1], "nobody"], np.full(len(recency) + 1, 0.5), ["call"]
    )
    assert np.isnan(found["call"].iloc[-1])
    effect = found["call"].to_numpy()[:-1][::-1]
    late = recency.to_numpy() > 150
    assert effect[~late].mean() > effect[late].mean() + 0.1


def test_parts_give_the_bits_of_the_whole(learned, history, saved_shop):
    from churn.data.load import open_base

    ids = list(history.customers[:200])
    whole = learned.uplift.for_customers(history, "2025-09-01", ids, np.full(200, 0.5), ["call"])
    base = open_base(saved_shop)
    assert CustomerBase.of(base).count > 1
    parts = learned.uplift.for_customers(base, "2025-09-01", ids, np.full(200, 0.5), ["call"])
    np.testing.assert_array_equal(parts.to_numpy(), whole.to_numpy())


def test_signal_that_changed_is_refused(learned):
    changed = replace(learned.uplift, formulas=("other", *learned.uplift.formulas[1:]))
    with pytest.raises(ModelError, match=r"computes otherwise. Learn again"):
        changed.signals()
    unknown = replace(learned.uplift, signal_names=("other", *learned.uplift.signal_names[1:]))
    with pytest.raises(ModelError, match="'other', which this version of churn does not know"):
        unknown.signals()
