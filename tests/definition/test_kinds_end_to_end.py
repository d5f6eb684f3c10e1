"""Each kind of churn through training, saving, loading and scoring, on one generated shop."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

import churn
from churn.definition import LabelTable, LeavingEvent, Subscription


@pytest.fixture(scope="module")
def members():
    """A shop in which everybody is a member from the first order until 40 days after the last; some never ordered."""
    shop = churn.make_shop(customers=700, seed=5, days=720)
    at = shop.orders.groupby("customer")["time"].agg(["min", "max"])
    ends = at["max"] + pd.Timedelta(days=40)
    ends = ends[ends < shop.end]
    silent = pd.DataFrame(
        {"customer": [f"new-{i}" for i in range(5)], "time": shop.end - pd.Timedelta(days=150)}
    )
    subscriptions = pd.concat(
        [
            pd.DataFrame({"customer": at.index, "time": at["min"], "event": "start"}),
            pd.DataFrame({"customer": ends.index, "time": ends, "event": "end"}),
            silent.assign(event="start"),
        ],
        ignore_index=True,
    )
    cutoffs = [shop.end.normalize() - pd.Timedelta(days=60 + 35 * k) for k in range(12)]
    labels = []
    for t in cutoffs:
        before = shop.orders[shop.orders["time"] < t]
        active = before[before["time"] >= t - pd.Timedelta(days=150)]["customer"].unique()
        later = shop.orders[(shop.orders["time"] >= t) & (shop.orders["time"] < t + pd.Timedelta(days=60))]
        known = np.append(active[::2], "gone")  # half of them have a label, and one who never ordered
        labels.append(
            pd.DataFrame({"customer": known, "time": t, "churned": ~np.isin(known, later["customer"])})
        )
    return churn.make_history(
        shop.orders,
        tickets=shop.tickets,
        subscriptions=subscriptions,
        labels=pd.concat(labels, ignore_index=True),
        data_end=shop.end,
        name="members",
    )


@pytest.mark.parametrize(
    "rule",
    [
        Subscription(60, 14, ended_when=("end",)),
        LeavingEvent(150, 60, 14, left_when=("end",)),
        LabelTable(150, 60),
    ],
    ids=lambda r: r.kind,
)
def test_a_model_is_trained_saved_loaded_and_scores(members, rule, tmp_path):
    most = 36 if rule.kind == "labels" else 4  # the labels that are not used are counted at all cutoffs
    settings = churn.TrainingSettings(max_snapshots=most, threads=1)
    training = churn.train(members, rule, settings=settings, track=False)
    facts = training.model.training
    assert facts["neither"]["training"] > 0
    assert "Left out, neither churned nor stayed" in str(training)
    if rule.kind == "labels":
        assert facts["labels_unused"] == 11  # one who never ordered; a cutoff of the 12 is purged
        assert "Labels of customers who were not active, not used: " in str(training)
    loaded = churn.load_model(training.model.save(tmp_path / "m"))
    assert loaded.definition == rule
    result = churn.score(loaded, members)
    assert set(result.active["customer"]) == set(
        members.customers[rule.population(members.as_of(members.closing))]
    )
    assert rule.describe() in str(result).lower() or rule.describe()[1:] in str(result)
    assert rule.churn_means in result.summary()["columns"]["churn_probability"]
    assert (result.retention.expected_rate is None) == (rule.kind != "subscription")
    json.dumps(result.summary(), allow_nan=False)
    result.write(tmp_path / "out")
    if rule.kind == "subscription":  # members who never ordered are scored too
        assert result.active["customer"].str.startswith("new-").sum() == 5
        everybody = churn.score(loaded, members, settings=churn.ScoringSettings(threshold=1e-9))
        listed = everybody.at_risk.set_index("customer")
        assert listed.loc["new-0", "value_at_stake"] == 0
        assert listed.loc["new-0", "last_order"] == ""
        last = dataclasses.replace(everybody, at_risk=everybody.at_risk.tail(9))
        assert "no order yet" in str(last)
        assert "nan" not in str(last).lower()
