import dataclasses

import numpy as np
import pandas as pd
import pytest

import churn
from churn.config import FeatureSettings, TrainingSettings
from churn.model.fold import fit_at
from churn.model.value.fit import fit_spend, spend_of
from churn.model.value.spend import MONTH_DAYS
from churn.model.value.target import net_spend

SETTINGS = TrainingSettings(threads=1, max_snapshots=10)


def _names(fold):
    return tuple(s.name for s in fold.signals)


@pytest.fixture(scope="module")
def fold(history, definition):
    cutoff = definition.last_mature_cutoff(history)
    return fit_at(history, definition, cutoff, settings=SETTINGS, features=FeatureSettings())


@pytest.fixture(scope="module")
def spend(history, definition, fold):
    return fit_spend(history, definition, fold, SETTINGS)


def test_the_forecast_beats_the_own_mean_on_the_generated_shop(spend):
    assert spend.evaluation.beats_own_mean()
    assert set(spend.facts["chosen_by"]) >= {"own_mean", "shrunken"}


def test_who_leaves_by_silence_pays_nothing(spend):
    assert spend.paid_when_leaving == 0
    assert spend.facts["later_periods"] > 3
    assert 0 <= spend.leaving < 0.5


def test_the_same_seed_gives_the_same_bits(history, definition, fold, spend):
    assert fit_spend(history, definition, fold, SETTINGS).to_dict() == spend.to_dict()


def test_nothing_after_the_cutoff_moves_the_forecast(shop, definition, fold, spend):
    t = pd.Timestamp(fold.cutoff, unit="us", tz="UTC")
    tables = shop.tables()
    for name in ("orders", "returns"):
        later = tables[name]["time"] >= t
        tables[name] = tables[name].assign(amount=tables[name]["amount"].where(~later, 9999.0))
    changed = churn.make_history(**tables, segments=("country", "segment"), data_end=shop.end)
    again = fit_spend(changed, definition, fold, SETTINGS)
    assert again.evaluation.actual > 10 * spend.evaluation.actual
    a, b = dataclasses.replace(again, evaluation=None), dataclasses.replace(spend, evaluation=None)
    assert a.to_dict() == b.to_dict()
    assert a.trees == b.trees


def test_a_shop_where_spend_is_known():
    # Everybody buys for the own amount every 10 days, until some stop for good: 3 orders in each 30 days.
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2023-01-01", tz="UTC")
    stops = np.where(np.arange(500) % 3 > 0, rng.integers(40, 700, 500), 700)
    rows = [
        (c, start + pd.Timedelta(days=day, hours=12), 10.0 + c)
        for c in range(500)
        for day in range(c % 10, 600, 10)
        if day < stops[c]
    ]
    history = churn.make_history(pd.DataFrame(rows, columns=["customer", "time", "amount"]))
    definition = churn.Inactivity(active_days=60, horizon_days=30)
    cutoff = definition.last_mature_cutoff(history)
    fold = fit_at(history, definition, cutoff, settings=SETTINGS, features=FeatureSettings())
    model = fit_spend(history, definition, fold, SETTINGS)
    stayed = fold.test.y == 0
    forecast = model.if_staying(fold.test.X[stayed], _names(fold))
    truth = 3 * (10.0 + fold.test.customer[stayed])
    assert np.mean(np.abs(forecast / truth - 1) < 0.1) > 0.9
    assert model.evaluation.stayers["model"]["total"].value == pytest.approx(1, abs=0.05)


def test_few_stayers_fall_back_on_the_own_mean(history, definition, fold):
    rng = np.random.default_rng(0)
    kept = np.flatnonzero(fold.learn.y == 0)
    drop = np.setdiff1d(kept, rng.choice(kept, 60, replace=False))
    y = fold.learn.y.copy()
    y[drop] = 1.0
    few = dataclasses.replace(fold, learn=dataclasses.replace(fold.learn, y=y))
    model = fit_spend(history, definition, few, SETTINGS)
    assert model.method == "own_mean"
    assert not model.trees
    assert model.scale != 1


def test_without_the_signals_of_the_own_mean_there_is_no_forecast(history, definition, fold):
    i = _names(fold).index("amount_365d")
    signals = tuple(s for j, s in enumerate(fold.signals) if j != i)
    assert fit_spend(history, definition, dataclasses.replace(fold, signals=signals), SETTINGS) is None


def test_the_label_window_starts_after_the_gap(history, definition, fold):
    gap = churn.Inactivity(definition.active_days, definition.horizon_days, gap_days=10)
    part = fold.learn.at(fold.cutoffs[-1])
    day = 86_400_000_000
    start = fold.cutoffs[-1] + 10 * day
    expected = net_spend(history.logs, part.customer, start, start + definition.horizon_days * day)
    assert spend_of(part, gap, history.logs).tolist() == expected.tolist()
    assert expected.sum() != spend_of(part, definition, history.logs).sum()


def test_subscribers_pay_the_price_known_at_the_cutoff():
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2023-01-01", tz="UTC")
    joined = rng.integers(0, 600, 900)
    price = np.where(np.arange(900) % 2, 10.0, 30.0)
    ends = joined + rng.integers(20, 600, 900)
    begun = pd.DataFrame({"customer": np.arange(900), "time": start + pd.to_timedelta(joined, unit="D")})
    rows = [
        begun.assign(price=price, event="start"),
        begun.assign(time=start + pd.to_timedelta(ends, unit="D"), price=np.nan, event="end")[ends < 700],
    ]
    late = start + pd.Timedelta(days=690)
    rows.append(pd.DataFrame({"customer": [0], "time": [late], "price": [999.0], "event": ["change"]}))
    history = churn.make_history(
        begun.assign(amount=price), subscriptions=pd.concat(rows), data_end=start + pd.Timedelta(days=700)
    )
    definition = churn.Subscription(horizon_days=30, ended_when=("end",))
    cutoff = definition.last_mature_cutoff(history)
    fold = fit_at(history, definition, cutoff, settings=SETTINGS, features=FeatureSettings())
    model = fit_spend(history, definition, fold, SETTINGS)
    assert model.method == "price"
    forecast = model.if_staying(fold.test.X, _names(fold))
    assert forecast == pytest.approx(price[fold.test.customer] * 30 / MONTH_DAYS)
    assert model.paid_when_leaving == 0.5
    assert model.evaluation is None
    assert "price of the plan" in str(model)
