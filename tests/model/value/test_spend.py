import json

import numpy as np
import pytest

from churn.errors import ModelError
from churn.model.value.simple import Shrunken
from churn.model.value.spend import METHODS, MONTH_DAYS, SpendModel

NAMES = ("tenure_days", "amount_365d", "orders_count_365d", "plan_price")
X = np.array([[900.0, 3650.0, 10.0, 30.0], [900.0, 730.0, 2.0, np.nan]])


def test_price_known_at_the_cutoff():
    model = SpendModel("price", 60, 90, usual_price=12.0)
    assert model.if_staying(X, NAMES) == pytest.approx([30 * 60 / MONTH_DAYS, 12 * 60 / MONTH_DAYS])


def test_scale_and_share_paid_when_leaving():
    model = SpendModel("own_mean", 60, 90, scale=1.5, paid_when_leaving=0.2)
    staying = model.if_staying(X, NAMES)
    assert staying == pytest.approx([900.0, 180.0])
    assert model.expected(np.array([0.0, 0.5]), staying) == pytest.approx([900.0, 180 * 0.6])
    one = model.lifetime(np.array([0.0, 0.5]), staying, lifetime_days=60, discount_rate=0)
    assert one == pytest.approx([900.0, 180 * 0.6])


def test_the_trees_correct_and_the_blend_goes_half_way(model):
    grown = model.spend
    X = np.full((3, len(model.signal_names)), np.nan)
    for name, value in (("tenure_days", 400.0), ("amount_365d", 500.0), ("orders_count_365d", 5.0)):
        X[:, model.signal_names.index(name)] = value
    if not grown.trees:
        pytest.fail("the generated shop should need trees")
    values = grown.to_dict() | {"evaluation": None}
    by = {
        m: SpendModel.from_dict(values | {"method": m}, () if m == "shrunken" else grown.trees).if_staying(
            X, model.signal_names
        )
        for m in ("shrunken", "trees", "blend")
    }
    assert by["blend"] == pytest.approx((by["shrunken"] + by["trees"]) / 2)
    assert not np.allclose(by["trees"], by["shrunken"])
    assert grown.if_staying(X[:0], model.signal_names).shape == (0,)


def test_kept_as_plain_values_and_trees(model):
    spend = model.spend
    again = SpendModel.from_dict(json.loads(json.dumps(spend.to_dict())), spend.trees)
    assert again.to_dict() == spend.to_dict()
    assert again.trees == spend.trees
    assert str(again) == str(spend)
    assert METHODS[spend.method] in str(again)


def test_assumptions_say_what_was_fitted_and_what_was_assumed():
    seen = SpendModel("own_mean", 60, 90, facts={"later_periods": 4}).assumptions(365, 0.1)
    assert "fitted on 3 later periods" in seen
    assert "10 % a year" in seen
    assert "may be far off" in seen
    long = SpendModel("own_mean", 60, 90, facts={"later_periods": 8}).assumptions(365, 0.1)
    assert "may be far off" not in long
    assert "assumed: the history is too short" in SpendModel("own_mean", 60, 90).assumptions(365, 0.1)


def test_damaged_trees_are_told():
    spend = SpendModel("trees", 60, 90, shrunken=Shrunken(1, 1, 1, 2, 1), trees=("nonsense",))
    with pytest.raises(ModelError, match=r"trees of the expected spend cannot be read.*train again"):
        spend.if_staying(X, NAMES)
