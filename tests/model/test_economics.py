import numpy as np
import pytest

from churn.config import EconomicsSettings
from churn.errors import ParameterError
from churn.model.economics import DEPTHS, expected_maximum, profit
from churn.model.evaluate import Judged
from churn.model.measures import Judge

SETTINGS = EconomicsSettings(contact_cost=1, offer_cost=10, saved_value=200, save_chance=0.3)


@pytest.fixture(scope="module")
def part():
    rng = np.random.default_rng(2)
    p = np.round(rng.beta(1, 3, 900), 2)
    y = (rng.random(900) < p).astype(float)
    return Judged("2025-01-01", y, {"model": p, "blind": np.full(900, p.mean())}, np.arange(900))


@pytest.fixture(scope="module")
def found(part):
    return profit([part], SETTINGS, resamples=100)


def test_accounts_by_hand():
    """Three customers: a churner contacted first, then a stayer, then a churner."""
    part = Judged("", np.array([1.0, 0.0, 1.0]), {"model": np.array([0.9, 0.5, 0.1])}, np.arange(3))
    curve = profit([part], SETTINGS, resamples=10).by_depth["model"]
    churner, stayer = 0.3 * 190 - 1, -11.0
    assert curve[0].value == 0
    assert curve[-1].value == pytest.approx((2 * churner + stayer) / 3)
    third = 33 * (1 / 3) / 33  # depth 33 % lies just short of one customer
    assert curve[33].value == pytest.approx(0.33 * churner, abs=third)
    part = Judged("", part.y, part.predictions, part.customer)
    half = EconomicsSettings(**{**SETTINGS.model_dump(), "stayers_accept": 0.5})
    assert profit([part], half, resamples=10).by_depth["model"][-1].value == pytest.approx(
        (2 * churner - 6) / 3
    )


def test_the_rule_contacts_whom_it_pays_to_contact(part, found):
    """The break-even probability is where the expected gain is 0; calibrated predictions make it near the best."""
    p = found.break_even
    assert p * 0.3 * 190 - (1 - p) * 10 - 1 == pytest.approx(0)
    model = found.figures["model"]
    assert model["rule_depth"].value == pytest.approx((part.predictions["model"] > p).mean())
    assert 0.9 * model["best_profit"].value < model["rule_profit"].value <= model["best_profit"].value + 1e-9
    assert found.by_depth["model"][round(100 * model["best_depth"].value)].value == model["best_profit"].value
    assert len(found.by_depth["model"]) == len(DEPTHS)


def test_against_others_and_everybody(found):
    assert found.differences["blind"]["best_profit"].low > 0
    everybody = found.by_depth["model"][-1].value
    rule = found.figures["model"]["rule_profit"].value
    assert found.differences["everybody"]["rule_profit"].value == pytest.approx(rule - everybody)
    text = found.render()
    assert (
        "Profit per round of contact among 900 customers (contact 1.00, offer 10.00, saved customer 200"
        in text
    )
    assert "the model's rule minus contacting everybody" in text


@pytest.mark.parametrize(("chance", "costs"), [(0.3, (1, 10, 200)), (0.7, (5, 40, 100)), (0.05, (3, 0, 90))])
def test_expected_maximum_profit_is_the_library_s(part, chance, costs):
    from empulse.metrics import empc_score

    contact, offer, value = costs
    settings = EconomicsSettings(
        contact_cost=contact, offer_cost=offer, saved_value=value, save_chance=chance
    )
    alpha, beta = 20 * chance, 20 * (1 - chance)
    for name, p in part.predictions.items():
        known = empc_score(
            part.y.astype(int),
            p,
            alpha=alpha,
            beta=beta,
            clv=value,
            incentive_cost=offer,
            contact_cost=contact,
        )
        mine = profit([part], settings, resamples=2).figures[name]["empc"].value
        assert mine == pytest.approx(float(known), rel=1e-6, abs=1e-9)


def test_weights_are_copies(part):
    rng = np.random.default_rng(0)
    w = rng.integers(0, 3, len(part.y))
    p = part.predictions["model"]
    terms = (190.0, 10.0, 1.0, 6.0, 14.0)

    def of(judge, weights):
        positive, reached = judge.cumulated(weights[:, None].astype(float))
        return expected_maximum(positive[:, 0] / reached[-1, 0], reached[:, 0] / reached[-1, 0], *terms)

    copies = np.repeat(np.arange(len(w)), w)
    assert of(Judge(part.y, p), w) == pytest.approx(
        of(Judge(part.y[copies], p[copies]), np.ones(len(copies)))
    )


def test_where_nothing_pays_nobody_is_contacted(part):
    dear = EconomicsSettings(contact_cost=1, offer_cost=300, saved_value=200, save_chance=0.3)
    found = profit([part], dear, resamples=5)
    assert found.break_even == float("inf")
    model = found.figures["model"]
    assert (model["rule_profit"].value, model["best_depth"].value, model["empc"].value) == (0, 0, 0)
    assert found.to_dict()["break_even"] is None


def test_each_customers_own_value(part):
    doubled = profit([part], SETTINGS, values=[np.full(900, 400.0)], resamples=5)
    as_setting = EconomicsSettings(**{**SETTINGS.model_dump(), "saved_value": 400})
    assert doubled.figures == profit([part], as_setting, resamples=5).figures


def test_what_is_missing_is_named(part):
    with pytest.raises(ParameterError, match=r"without offer_cost, save_chance\. Set economics\.offer_cost"):
        profit([part], EconomicsSettings(contact_cost=1, saved_value=20))
