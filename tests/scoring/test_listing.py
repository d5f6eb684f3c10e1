from __future__ import annotations

import numpy as np
import pytest

from churn.config import EconomicsSettings, ScoringSettings, ValueSettings
from churn.errors import ParameterError
from churn.model.bands import is_listed
from churn.model.value.spend import SpendModel
from churn.scoring.listing import choose, list_rule, value_if_saved

COSTS = {"contact_cost": 1, "offer_cost": 10, "save_chance": 0.3}
MONEY = EconomicsSettings(**COSTS, saved_value=200)


@pytest.fixture(scope="module")
def base():
    """1,000 customers with a probability, a value at stake and what they are worth if saved."""
    rng = np.random.default_rng(5)
    p = rng.beta(1, 3, 1000)
    worth = rng.gamma(1.5, 60, 1000)
    worth[::10] = 0.0
    return p, p * worth, worth


def by_hand(p: float, worth: float) -> float:
    return p * 0.3 * (worth - 10) - (1 - p) * 10 - 1


def test_by_money_exactly_those_who_pay_are_listed_and_most_profit_comes_first(base):
    p, stake, worth = base
    found = choose(p, stake, ScoringSettings(), MONEY, worth)
    gains = np.array([by_hand(a, b) for a, b in zip(p, worth, strict=True)])
    assert found.list_by == "money"
    assert found.expected_profit == pytest.approx(gains)
    assert set(found.chosen) == set(np.flatnonzero(gains > 0))
    assert (np.diff(gains[found.chosen]) <= 0).all()
    assert found.at_risk == len(found.chosen) > 20
    assert (worth[found.chosen] > 0).all()


def test_the_length_of_the_list_is_the_depth_that_earns_most(base):
    p, stake, worth = base
    found = choose(p, stake, ScoringSettings(), MONEY, worth)
    total = np.cumsum(np.sort(found.expected_profit)[::-1])
    assert total.argmax() + 1 == len(found.chosen) == found.money["best_customers"]
    assert found.money["best_expected_profit"] == pytest.approx(total.max())
    assert found.money["expected_profit_listed"] == pytest.approx(total.max())
    assert found.money["expected_profit_everybody"] == pytest.approx(total[-1])
    assert found.money["best_depth"] == len(found.chosen) / 1000


@pytest.mark.parametrize(
    ("settings", "economics"),
    [
        (ScoringSettings(), None),
        (ScoringSettings(top=5), None),
        (ScoringSettings(threshold=0.4, top=20), None),
        (ScoringSettings(list_by="odds"), MONEY),
        (ScoringSettings(threshold=0.2), MONEY),
        (ScoringSettings(threshold=0.2, list_by="threshold"), MONEY),
        (ScoringSettings(top=3), MONEY),
        (ScoringSettings(), MONEY.model_copy(update={"capacity": 7})),
    ],
)
def test_everybody_is_listed_or_left_out_by_something(base, settings, economics):
    p, stake, worth = base
    found = choose(p, stake, settings, economics, worth)
    assert len(found.chosen) + sum(found.left_out.values()) == len(p)
    assert found.at_risk == len(found.chosen) + found.left_out["capacity"]
    for name, count in found.left_out.items():
        if count:
            words = {"capacity": f"{count:,} more left out by"}.get(name, f"{count:,}")
            assert words in found.rule
    assert found.to_dict()["listed"] == len(found.chosen)


def test_a_threshold_beside_money_is_a_floor(base):
    p, stake, worth = base
    free = choose(p, stake, ScoringSettings(), MONEY, worth)
    found = choose(p, stake, ScoringSettings(threshold=0.5), MONEY, worth)
    assert found.list_by == "money"
    assert found.chosen.tolist() == [i for i in free.chosen if p[i] >= 0.5]
    assert found.left_out["cost"] == free.left_out["cost"]
    below = len(free.chosen) - len(found.chosen)
    assert f"from a churn probability of 50 % on. Left out by cost: {free.left_out['cost']:,}" in found.rule
    assert f"by the threshold: {below:,}." in found.rule


def test_the_smaller_of_top_and_capacity_shortens_and_is_named(base):
    p, stake, worth = base
    few = MONEY.model_copy(update={"capacity": 4})
    whole = choose(p, stake, ScoringSettings(), MONEY, worth)
    for top, limit, named in ((9, 4, "capacity: 4"), (3, 3, "top: 3")):
        found = choose(p, stake, ScoringSettings(top=top), few, worth)
        assert found.chosen.tolist() == whole.chosen[:limit].tolist()
        assert f"{len(whole.chosen) - limit} more left out by {named}" in found.rule
        assert found.money["expected_profit_listed"] < found.money["best_expected_profit"]
        assert found.money["shortened"]
    exact = choose(p, stake, ScoringSettings(top=len(whole.chosen)), MONEY, worth)
    assert exact.left_out["capacity"] == 0
    assert "more left out" not in exact.rule
    assert "the most that can be had, with " in exact.rule
    assert "the most that can be had" not in found.rule
    assert choose(p, stake, ScoringSettings(), EconomicsSettings(capacity=2)).rule.count("capacity: 2") == 1


def test_by_odds_and_threshold_nothing_changes_with_economics(base):
    p, stake, worth = base
    for settings in (ScoringSettings(list_by="odds"), ScoringSettings(list_by="threshold", threshold=0.4)):
        plain = ScoringSettings(threshold=settings.threshold)
        with_costs = choose(p, stake, settings, MONEY, worth)
        without = choose(p, stake, plain)
        assert with_costs.chosen.tolist() == without.chosen.tolist()
        assert set(without.chosen) == set(np.flatnonzero(is_listed(p, settings.threshold)))
        assert without.rule == with_costs.rule
        assert np.isnan(without.expected_profit).all()
        assert without.money == {}
        assert not np.isnan(with_costs.expected_profit).any()


def test_ties_are_settled_by_probability_and_then_by_id():
    p = np.array([0.5, 0.8, 0.5, 0.8, 0.5])
    stake = np.array([1.0, 1.0, 1.0, 1.0, 2.0])
    found = choose(p, stake, ScoringSettings(threshold=0.5))
    assert found.chosen.tolist() == [4, 1, 3, 0, 2]
    same = choose(np.full(5, 0.9), np.ones(5), ScoringSettings(), MONEY)
    assert same.chosen.tolist() == [0, 1, 2, 3, 4]


def test_nobody_is_listed_where_no_contact_pays(base):
    p, stake, worth = base
    dear = EconomicsSettings(contact_cost=1e6, offer_cost=0, saved_value=10, save_chance=0.3)
    assert dear.break_even(10) == np.inf
    for economics, value in ((dear, worth), (MONEY, np.zeros(1000)), (MONEY, np.full(1000, 10.0))):
        found = choose(p, stake, ScoringSettings(), economics, value)
        assert len(found.chosen) == found.at_risk == 0
        assert found.left_out["cost"] == 1000
        assert found.rule.endswith("Left out by cost: 1,000 customers. No contact pays by these costs.")
        assert found.money["best_depth"] == 0


def test_everybody_is_listed_where_every_contact_pays(base):
    p, stake, _ = base
    free = EconomicsSettings(contact_cost=0, offer_cost=0, saved_value=10, save_chance=0.3)
    found = choose(p, stake, ScoringSettings(), free)
    assert len(found.chosen) == 1000
    assert found.money["best_depth"] == 1
    assert "Left out by cost: 0 customers" in found.rule
    zero = choose(p, stake, ScoringSettings(), free, np.zeros(1000))
    assert len(zero.chosen) == 0  # a profit of exactly 0 is none


def test_a_base_of_nobody_makes_an_empty_list():
    nobody = np.empty(0)
    for settings, economics in (
        (ScoringSettings(), MONEY),
        (ScoringSettings(), None),
        (ScoringSettings(threshold=0.5), None),
    ):
        assert len(choose(nobody, nobody, settings, economics, nobody).chosen) == 0


def test_what_the_list_goes_by_follows_from_the_settings():
    assert list_rule(ScoringSettings(), MONEY) == "money"
    assert list_rule(ScoringSettings(threshold=0.5), MONEY) == "money"
    assert list_rule(ScoringSettings(), EconomicsSettings(**COSTS)) == "odds"  # not all four are given
    assert list_rule(ScoringSettings(list_by="money"), EconomicsSettings(**COSTS)) == "money"
    assert list_rule(ScoringSettings(list_by="odds"), MONEY) == "odds"


@pytest.mark.parametrize(
    ("settings", "economics", "words"),
    [
        (
            ScoringSettings(list_by="money"),
            EconomicsSettings(contact_cost=1),
            r"cannot go by money\. Given: without economics\.offer_cost, economics\.save_chance\..*Set economics\.offer_cost",
        ),
        (
            ScoringSettings(list_by="money"),
            EconomicsSettings(**COSTS, value_from="saved_value"),
            r"without economics\.saved_value",
        ),
        (ScoringSettings(list_by="threshold"), None, r"by a threshold, and none is given.*--threshold"),
        (
            ScoringSettings(list_by="odds", threshold=0.5),
            MONEY,
            r"by odds, and a threshold is given too.*0\.5",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_told(settings, economics, words):
    with pytest.raises(ParameterError, match=words):
        choose(np.array([0.5]), np.array([1.0]), settings, economics)


def test_what_a_saved_customer_is_worth():
    spend = SpendModel("own_mean", 60, 180, concentration=4.0)
    p, staying = np.array([0.2, 0.9, 1.0]), np.array([100.0, 100.0, np.nan])

    def worth(**given):
        return value_if_saved(spend, p, staying, EconomicsSettings(**given), ValueSettings(discount_rate=0))

    assert worth().tolist() == [100, 100, 0]
    assert worth(margin=0.4, saved_value=7).tolist() == [40, 40, 7]
    assert worth(value_from="saved_value", saved_value=7).tolist() == [7, 7, 7]
    lifetime = worth(value_from="lifetime")
    assert 100 < lifetime[1] < lifetime[0] < 100 * 365 / 60  # who is at risk is lost sooner, also once saved
    one = ValueSettings(lifetime_days=60, discount_rate=0)
    only = value_if_saved(spend, p[:2], staying[:2], EconomicsSettings(value_from="lifetime"), one)
    assert only == pytest.approx([100, 100])  # who is saved stays through the horizon
    certain = spend.lifetime(np.ones(1), np.full(1, 100.0), lifetime_days=365, discount_rate=0, if_saved=True)
    assert np.isfinite(certain).all()


def test_the_terms_are_said_in_words(base):
    p, stake, worth = base
    words = choose(p, stake, ScoringSettings(currency="£"), MONEY, worth).rule
    assert "(contact £1.00, offer £10.00, chance to save 30 %, worth the own spend in the horizon)" in words
    part = MONEY.model_copy(update={"margin": 0.4, "value_from": "lifetime"})
    assert (
        "worth 40 % of the own spend over the lifetime)"
        in choose(p, stake, ScoringSettings(), part, worth).rule
    )
    all_alike = MONEY.model_copy(update={"value_from": "saved_value"})
    assert "worth 200)" in choose(p, stake, ScoringSettings(), all_alike).rule
