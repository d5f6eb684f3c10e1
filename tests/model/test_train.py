import datetime as dt

import numpy as np
import pandas as pd
import pytest

import churn
from churn.config import TrainingSettings
from churn.data.history import DAY_US
from churn.errors import ModelError, ParameterError
from churn.model.explain import explain_rows
from churn.model.reasons.words import Setting

QUICK = TrainingSettings(max_snapshots=4, threads=1)


def test_beats_the_baselines_on_the_shop_and_says_so(training):
    metrics = training.model.evaluation.metrics
    assert metrics["model"]["auc"].value > metrics["rfm_logistic"]["auc"].value + 0.03
    assert training.model.beats_baselines
    assert training.verdict.startswith("The model beats the simple baselines on the held-out cutoff: AUC 0.")
    assert training.verdict in str(training)
    assert training.run_id is None


def test_is_deterministic_given_the_seed(history, definition, training):
    settings = TrainingSettings(**training.model.training["settings"])
    again = churn.train(history, definition, settings=settings, track=False)
    assert again.model.predictor == training.model.predictor
    assert again.model.evaluation == training.model.evaluation


def test_labels_end_by_the_test_cutoff(history, definition, model):
    t = history.instant(model.training["test_cutoff"])
    assert t == definition.last_mature_cutoff(history)
    assert model.training["labels_seen_until"] <= t
    assert history.instant(model.training["last_cutoff"]) + definition.window_us <= t


def test_nothing_after_the_test_window_changes_the_model(shop, definition):
    """Time travel: rows from the test cutoff on do not change the trees; the test's own labels come from them."""
    full = shop.history()
    cutoff = full.date(full.days_before(definition.last_mature_cutoff(full), 100))
    settings = TrainingSettings(test_cutoff=dt.date.fromisoformat(cutoff), max_snapshots=4)
    end = pd.Timestamp(cutoff, tz="UTC") + pd.Timedelta(days=45)
    tables = shop.tables()
    cut = {
        name: frame if name == "customers" else frame[frame["opened" if name == "tickets" else "time"] < end]
        for name, frame in tables.items()
    }
    short = churn.make_history(**cut, segments=("country", "segment"), data_end=end)
    assert len(short.logs["orders"]) < len(full.logs["orders"])
    a = churn.train(full, definition, settings=settings, track=False).model
    b = churn.train(short, definition, settings=settings, track=False).model
    assert a.predictor == b.predictor
    assert a.evaluation == b.evaluation


def test_immature_test_cutoff_is_refused(history, definition):
    late = dt.date.fromisoformat(history.date(definition.last_mature_cutoff(history) + DAY_US))
    with pytest.raises(
        ParameterError, match=r"is not mature.*its label window ends on.*cutoffs up to.*Choose an earlier"
    ) as e:
        churn.train(history, definition, settings=TrainingSettings(test_cutoff=late), track=False)
    assert e.value.code == "immature"


def test_too_few_outcomes_are_told():
    days = pd.date_range("2024-01-01", periods=70, freq="7D", tz="UTC")
    orders = pd.DataFrame({"customer": np.repeat(range(50), 70), "time": np.tile(days, 50), "amount": 1.0})
    with pytest.raises(
        ModelError, match=r"too little to learn from.*0 who churned.*at least 30 of each.*horizon_days"
    ):
        churn.train(churn.make_history(orders), churn.Inactivity(60, 30), track=False)


def test_unlearnable_data_are_not_promoted():
    """Orders at random for everybody: nothing to learn, so nothing must be claimed."""
    rng = np.random.default_rng(5)
    days = rng.integers(0, 600, 9000)
    orders = pd.DataFrame(
        {
            "customer": rng.integers(0, 700, 9000),
            "time": pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.sort(days), unit="D"),
            "amount": 10.0,
        }
    )
    training = churn.train(churn.make_history(orders), churn.Inactivity(90, 45), settings=QUICK, track=False)
    auc = training.model.evaluation.metrics["model"]["auc"]
    assert auc.low < 0.58
    if not training.model.beats_baselines:
        assert training.verdict.startswith("NOT PROMOTED")


def test_signals_of_ones_own_are_learnt_kept_and_told(history, definition, tmp_path):
    big = churn.signal(
        "big_orders_90d",
        "Count('orders', 90, where=Above('amount', 30))",
        meaning="orders above 30 in the last 90 days; 0 without",
        unit="orders",
        warns="low",
    )
    spec = churn.FeatureSettings(
        signals=(
            {
                "name": "twice",
                "measure": "Plus(Count('orders'), Count('orders'))",
                "meaning": "orders ever, twice",
            },
        )
    )

    @churn.signal("weekend_share", tables=["orders"], meaning="share of orders on a weekend", unit="share")
    def weekend_share(orders, as_of):
        return (orders["time"].dt.day_of_week >= 5).groupby(orders["customer"]).mean()

    trained = churn.train(
        history, definition, features=spec, own=[big, weekend_share], settings=QUICK, track=False
    )
    names = trained.model.signal_names
    assert names[-3:] == ("twice", "big_orders_90d", "weekend_share")
    folder = trained.model.save(tmp_path / "m")
    with pytest.raises(ModelError, match=r"'big_orders_90d', which was made in Python.*features\.python"):
        _ = churn.load_model(folder).signals
    loaded = churn.load_model(folder, own=[big, weekend_share])
    one, two = (churn.score(m, history).everyone for m in (trained.model, loaded))
    assert one.equals(two)

    signals = trained.model.signals
    X = np.zeros((1, len(signals)))
    push = np.zeros((1, len(signals) + 1))
    push[0, -3], push[0, -2] = 2.0, 1.0
    X[0, -1] = 0.25
    told = explain_rows(Setting(signals, 0), X, push)[0]
    assert [r.text for r in told.up] == [
        "Orders above 30 in the last 90 days: 0",
        "Share of orders on a weekend: 25 %",
    ]
