"""The closed forms against many draws, and against each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churn
from churn.data.potential import TYPES, truth_of_effects
from churn.data.responses import KINDS
from churn.errors import ParameterError

NOW = pd.Timestamp("2025-08-01", tz="UTC")
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def shop():
    return churn.make_shop(1500, seed=3, days=900)


@pytest.fixture(scope="module")
def everything(shop):
    return truth_of_effects(shop, NOW, 60)


def outcomes(shop, customers):
    window = shop.orders[(shop.orders["time"] >= NOW) & (shop.orders["time"] < NOW + 60 * DAY)]
    value = window.groupby("customer")["amount"].sum().reindex(customers, fill_value=0.0)
    return customers.isin(window["customer"]).astype(float), value.to_numpy()


@pytest.mark.parametrize("kind", ["call", "email_series", "discount"])
def test_effects_are_those_of_many_draws(shop, everything, kind):
    """Seven draws of the future; the means are within four standard errors, which are 0.002 for staying."""
    mine = everything[everything["action"] == kind]
    customers = pd.Index(mine["customer"])
    before = outcomes(shop, customers)
    stays, value, takes = [], [], []
    for second in range(7):
        made = pd.DataFrame({"customer": customers, "kind": kind, "time": NOW + pd.Timedelta(seconds=second)})
        other = shop.contacted(made)
        after = outcomes(other, customers)
        stays.append(after[0] - before[0])
        value.append(after[1] - before[1])
        taken = other.responses().query("response == 'redeemed'")["customer"]
        takes.append(customers.isin(taken).astype(float))
    # The course without a contact is one draw alone: against its own law it would be noise of the seed.
    for drawn, told in (
        (stays, mine["effect"]),
        (value, (mine["value_with"] - mine["value_without"]) / 0.961),
    ):
        difference = np.mean(drawn, axis=0) - told.to_numpy()
        error = difference.std() / np.sqrt(len(difference))
        assert abs(difference.mean()) < 4 * error
        assert error < 0.2 * max(told.abs().mean(), 0.05)
    assert np.mean(takes) == pytest.approx(mine["takes"].mean(), abs=0.02)


def test_staying_and_value_without_a_contact_are_those_of_the_shop():
    stays, value = [], []
    for seed in range(4):
        shop = churn.make_shop(1500, seed=seed, days=600)
        told = truth_of_effects(shop, NOW, 60, ["gift"])
        seen = outcomes(shop, pd.Index(told["customer"]))
        stays.append(seen[0] - told["stays_without"])
        value.append(
            seen[1] - told["value_without"] / 0.961
        )  # seen are orders: 5 % are sent back, by 77.5 % on the mean
        chance = 1 - shop.churn_probability(NOW, 60)
        assert np.allclose(told.set_index("customer")["stays_without"], chance)
    for off in (np.concatenate(stays), np.concatenate(value)):
        assert abs(off.mean()) < 4 * off.std() / np.sqrt(len(off))


def test_what_the_log_tells_is_right_on_the_mean(shop, everything):
    log = truth_of_effects(shop, NOW, 60, knowing="log")
    both = everything.merge(log, on=["customer", "action"], suffixes=("", "_log"))
    assert len(both) == len(everything)
    for name in ("stays_without", "stays_with", "effect", "value_with", "takes"):
        off = both[name] - both[f"{name}_log"]
        assert abs(off.mean()) < 0.02 * max(both[name].std(), 0.05) + 4 * off.std() / np.sqrt(
            len(shop.customers)
        )
    assert both["effect"].std() > both["effect_log"].std()
    known = shop.churn_probability(NOW, 60, knowing="log")
    assert np.allclose(1 - log[log["action"] == "call"].set_index("customer")["stays_without"], known)


def test_there_are_all_types_and_the_riskiest_are_mostly_lost(shop, everything):
    last = shop.orders[shop.orders["time"] < NOW].groupby("customer")["time"].max()
    active = everything[everything["customer"].map(NOW - last) <= 180 * DAY]
    shares = pd.crosstab(active["action"], active["type"], normalize="index")
    assert set(shares.columns) == set(TYPES)
    assert shares.loc[["call", "email_series", "discount"]].to_numpy().min() > 0.01
    for kind in ("call", "email_series", "discount"):
        one = active[active["action"] == kind].sort_values("stays_without")
        riskiest, rest = one.head(len(one) // 10), one.iloc[len(one) // 10 : len(one) // 3]
        assert riskiest["effect"].mean() < rest["effect"].max() / 3
        assert one["effect"].quantile(0.995) > 0.2
        assert -0.4 < one["effect"].min() < -0.08


def test_without_an_effect_nothing_differs(shop):
    none = truth_of_effects(shop, NOW, 60, ["call", "news"], effect=0)
    assert not none["effect"].any()
    assert np.allclose(none["value_with"], none["value_without"])
    assert set(none["type"]) == {"sure", "lost"}


def test_a_gap_moves_the_window(shop, everything):
    later = truth_of_effects(shop, NOW, 30, ["gift"], gap_days=30)
    whole = everything[everything["action"] == "gift"].set_index("customer")
    later = later.set_index("customer").loc[whole.index]
    first = truth_of_effects(shop, NOW, 30, ["gift"]).set_index("customer").loc[whole.index]
    assert np.allclose(first["value_with"] + later["value_with"], whole["value_with"], rtol=0.02, atol=0.3)
    assert (later["stays_with"] < whole["stays_with"] + 1e-9).all()


def test_probabilities_are_probabilities(everything):
    for name in ("stays_without", "stays_with", "takes"):
        assert everything[name].between(0, 1).all()
    assert (everything[["value_without", "value_with"]] >= 0).all().all()
    assert everything.groupby("action").size().index.tolist() == sorted(KINDS)


def test_what_cannot_be_known_is_refused(shop):
    with pytest.raises(ParameterError, match="two things"):
        truth_of_effects(shop, NOW, 60, knowing="all")
    with pytest.raises(ParameterError, match="outside the simulated span"):
        truth_of_effects(shop, "2031-01-01", 60)
    with pytest.raises(ParameterError, match="no such kind"):
        truth_of_effects(shop, NOW, 60, ["prayer"])
