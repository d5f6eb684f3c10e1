import numpy as np
import pytest

from churn.model.value.simple import Shrunken, fit_shrunken, own_mean


def test_own_mean_by_hand():
    column = {"tenure_days": np.array([1000.0, 10.0, 200.0]), "amount_365d": np.array([365.0, 100.0, -5.0])}
    assert own_mean(column, 60, 100) == pytest.approx([60.0, 60.0, 0.0])
    column["returned_amount_share"] = np.array([0.5, np.nan, 2.0])
    assert own_mean(column, 60, 100) == pytest.approx([30.0, 60.0, 0.0])


def test_unknown_signals_do_not_make_an_unknown_forecast():
    column = {"tenure_days": np.array([np.nan]), "amount_365d": np.array([np.nan])}
    assert own_mean(column, 60, 0).tolist() == [0.0]


def _column(x, amount, tenure=1000.0):
    one = np.ones(1)
    return {"tenure_days": tenure * one, "amount_365d": amount * one, "orders_count_365d": x * one}


def test_much_is_known_of_who_bought_often_and_little_of_who_bought_once():
    s = Shrunken(r=2.0, alpha=100.0, p=3.0, q=4.0, gamma=300.0)  # the base's usual order is worth 300
    often = s.if_staying(_column(365, 365 * 1000.0), 30, 90)[0]
    assert often == pytest.approx(30 * 367 / 465 * 1000, rel=0.01)
    once = s.if_staying(_column(1, 1000.0), 30, 90)[0]
    value = 3 * (300 + 1000) / (3 + 3)
    shape, rate = 3.0, 465.0
    orders = shape / rate * 30 / (1 - (rate / (rate + 30)) ** shape)
    assert once == pytest.approx(orders * value)
    assert orders > 1  # who stays buys at least once


def test_no_orders_at_all_gives_the_base():
    s = Shrunken(r=2.0, alpha=100.0, p=3.0, q=4.0, gamma=300.0)
    assert s.if_staying(_column(0, 0.0), 30, 90)[0] > 300


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("amount", [0.0, 25.0])
def test_a_base_without_spread_or_money_can_be_fitted(amount):
    x = np.full(200, 12.0)
    column = {"tenure_days": np.full(200, 900.0), "amount_365d": amount * x, "orders_count_365d": x}
    forecast = fit_shrunken(column, 90).if_staying(column, 365, 90)
    assert np.isfinite(forecast).all()
    if amount:
        assert forecast == pytest.approx(12 * 25, rel=0.02)


def test_the_currency_only_scales_the_forecast():
    rng = np.random.default_rng(1)
    x = rng.poisson(5, 500) + 1.0
    column = {
        "tenure_days": np.full(500, 900.0),
        "amount_365d": x * rng.gamma(3, 10, 500),
        "orders_count_365d": x,
    }
    cents = {**column, "amount_365d": 100 * column["amount_365d"]}
    a, b = (fit_shrunken(c, 90).if_staying(c, 60, 90) for c in (column, cents))
    assert b == pytest.approx(100 * a, rel=1e-3)
