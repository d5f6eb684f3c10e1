"""The forecast of the base rate: what it sees, what it makes of it, and that it never looks ahead."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

import churn
from churn.data.history import DAY_US
from churn.definition import Inactivity, LabelTable
from churn.features.catalogue import Schema, catalogue
from churn.model.baserate import (
    BaseRate,
    Forecast,
    forecast,
    learn_base_rate,
    shift_to,
    shrunken_shift,
)
from churn.model.linear import Linear
from churn.model.predictor import Predictor, probability
from churn.model.snapshots import build_snapshots
from churn.retention.expected import FIRST_YEAR_SD, LEVEL_SD

RULE = Inactivity(active_days=90, horizon_days=40)
DAYS = 1000


def seasonal(amplitude: float, seed: int = 4) -> churn.History:
    return churn.make_history(orders_of(amplitude, seed))


def orders_of(amplitude: float, seed: int = 4) -> pd.DataFrame:
    """Customers who all order at one rate, which swings over the year."""
    rng = np.random.default_rng(seed)
    day = np.arange(DAYS)
    rate = 0.02 * np.exp(amplitude * np.sin(2 * np.pi * day / 365))
    who, when = np.nonzero(rng.random((1200, DAYS)) < rate)
    time = pd.Timestamp("2022-01-01", tz="UTC") + pd.to_timedelta(when, unit="D") + pd.Timedelta(hours=12)
    return pd.DataFrame({"customer": who, "time": time, "amount": 10.0})


def flat(history: churn.History) -> tuple[Predictor, tuple]:
    """A model that gives every customer the same odds: all that varies is the base rate."""
    signals = catalogue(Schema.of(history))[:3]
    linear = Linear((0,), ("value",), (0.0,), (0.0,), (1.0,), (0.0,), (1.0,), (0.0,), 0.0)
    return Predictor(linear=linear, weight=0.0), signals


def test_shift_makes_the_mean_the_share():
    z = np.random.default_rng(1).normal(size=500)
    for share in (0.02, 0.5, 0.97):
        assert probability(z + shift_to(z, share)).mean() == pytest.approx(share)
    assert np.isfinite(shift_to(z, 0.0))
    assert np.isfinite(shift_to(np.array([30.0, -30.0]), 0.9))


def test_a_shift_seen_on_few_customers_counts_less():
    y = np.tile([0.0, 0.0, 0.0, 1.0], 2000)
    many, few = shrunken_shift(np.zeros(8000), y), shrunken_shift(np.zeros(40), y[:40])
    assert many == pytest.approx(-1.0986, abs=0.01)
    assert abs(few) < 0.55 * abs(many)


def test_last_year_and_the_last_weeks_say_what_is_coming():
    history = seasonal(0.8)
    predictor, signals = flat(history)
    t = history.instant("2024-07-01")
    cutoffs = [history.days_before(t, RULE.horizon_days + 30 * k) for k in range(20, -1, -1)]
    learn = build_snapshots(history, RULE, cutoffs, signals)
    base = learn_base_rate(history, RULE, learn, predictor)
    assert (
        base is None
    )  # a constant score has no slope to learn, and dividing by nearly none makes noise large
    base = BaseRate(20, 1.0, 1.1)
    found = forecast(history, RULE, base, predictor, signals, t)
    assert found.season is not None
    assert found.recent is not None
    population = RULE.population(history.as_of(t))
    truth = shift_to(np.zeros(len(population)), float(RULE.labels(history, t, population).mean()))
    assert found.shift == pytest.approx(truth, abs=0.25)
    assert found.season == pytest.approx(truth, abs=0.25)


def test_without_a_year_before_only_the_last_weeks_speak():
    history = seasonal(0.8)
    predictor, signals = flat(history)
    t = history.instant("2022-10-01")
    found = forecast(history, RULE, BaseRate(20, 1.0, 1.1), predictor, signals, t)
    assert found.season is None
    assert found.recent is not None
    assert found.shift == pytest.approx(0.75 * found.recent)
    assert "the last weeks" in found.describe()
    assert "a year before" not in found.describe()


def test_without_either_nothing_moves():
    history = seasonal(0.8)
    predictor, signals = flat(history)
    nothing = forecast(history, RULE, None, predictor, signals, history.instant("2022-10-01"))
    assert nothing == Forecast()
    assert "taken from the training" in nothing.describe()


def test_nothing_at_or_after_the_cutoff_is_seen():
    history = seasonal(0.8)
    predictor, signals = flat(history)
    t = history.instant("2024-07-01")
    orders = history.logs["orders"]
    kept = orders.take(np.flatnonzero(orders.time < t))
    short = dataclasses.replace(history, logs={"orders": kept}, data_end=t)
    full, cut = (forecast(h, RULE, BaseRate(20, 1.0, 1.1), predictor, signals, t) for h in (history, short))
    assert full == cut


def test_an_old_order_that_comes_to_light_later_changes_nothing():
    orders = orders_of(0.8)
    orders["recorded_at"] = orders["time"]
    old = orders.iloc[:1].assign(
        time=pd.Timestamp("2020-01-01", tz="UTC"), recorded_at=pd.Timestamp("2024-01-01", tz="UTC")
    )
    before, after = (churn.make_history(o) for o in (orders, pd.concat([old, orders])))
    predictor, signals = flat(before)
    t = before.instant("2023-02-15")  # a year before it, half of the customers of 90 days are not there yet
    one, two = (forecast(h, RULE, BaseRate(20, 1.0, 1.1), predictor, signals, t) for h in (before, after))
    assert one.season is None
    assert one == two


def test_rows_that_were_corrected_since_count_as_they_were_known():
    orders = orders_of(0.8)
    orders["order_id"] = np.arange(len(orders)).astype(str)
    orders["recorded_at"] = orders["time"]
    corrected = orders.assign(amount=12.0, recorded_at=pd.Timestamp("2024-06-30", tz="UTC"))
    corrected = corrected[corrected["time"] < corrected["recorded_at"]]
    plain, mended = (churn.make_history(o) for o in (orders, pd.concat([orders, corrected])))
    assert mended.logs["orders"].earlier is not None
    predictor, signals = flat(plain)
    t = plain.instant("2024-07-01")
    one, two = (forecast(h, RULE, BaseRate(20, 1.0, 1.1), predictor, signals, t) for h in (plain, mended))
    assert one.season is not None
    assert one == two


def test_nobody_among_few_is_no_certainty():
    assert shift_to(np.zeros(20), 0.0) == pytest.approx(np.log(0.025 / 0.975))
    assert shift_to(np.zeros(20), 1.0) == pytest.approx(-np.log(0.025 / 0.975))
    assert shift_to(np.zeros(20_000), 0.0) == pytest.approx(np.log(1e-4), abs=1e-3)


def test_a_gap_and_a_table_of_labels():
    history = seasonal(0.3)
    predictor, signals = flat(history)
    rule = dataclasses.replace(RULE, gap_days=14)
    found = forecast(history, rule, BaseRate(20, 1.0, 1.1), predictor, signals, history.instant("2024-07-01"))
    assert found.recent is not None  # short outcomes begin at once, so that they are known sooner
    table = LabelTable(active_days=90, horizon_days=40)
    learn = build_snapshots(history, RULE, [history.days_before(history.data_end, 90)], signals)
    assert learn_base_rate(history, table, learn, predictor) is None


def test_short_outcomes_are_learnt_from_the_scores(history, definition, model):
    cutoffs = [history.days_before(history.data_end, 60 + 30 * k) for k in (2, 1, 0)]
    learn = build_snapshots(history, definition, cutoffs, model.signals)
    base = learn_base_rate(history, definition, learn, model.predictor, threads=1)
    assert base is not None
    assert base.short_days == definition.horizon_days // 2
    assert base.slope > 0.3
    assert base.intercept > 0  # a short silence is likelier than a long one
    assert BaseRate.from_dict(base.to_dict()) == base
    assert learn.cutoff[0] + definition.window_us <= history.data_end + DAY_US


def test_the_shift_is_less_sure_without_a_year_before():
    assert Forecast(0.1, None, 0.1).level_sd == FIRST_YEAR_SD > Forecast(0.1, 0.1, None).level_sd == LEVEL_SD
