"""The simulation of campaigns knows its truth."""

from collections import defaultdict

import numpy as np
import pytest

import churn
from benchmarks import coverage
from churn.campaigns.outcomes import outcomes


def test_the_truth_is_the_mean_effect_of_the_assigned_and_a_null_has_none():
    people = coverage.arrays(1, 300)
    t, strata = coverage.assigned(people, 0.2, "k")
    y, truth = coverage.observed(people, t, "orders")

    assert abs((~t).sum() - 60) <= 1
    assert len(strata) == 300
    assert truth == pytest.approx(
        np.mean(people.contacted["orders"][:, -1]) - np.mean(people.without["orders"][:, -1])
    )
    assert truth > 0
    assert (y[~t] == people.without["orders"][~t]).all()
    assert (y[t] == people.contacted["orders"][t]).all()
    assert (np.diff(y, axis=1) >= 0).all()  # by a later day there are not fewer orders
    assert coverage.observed(people.same(), t, "orders")[1] == 0


def test_a_campaign_is_counted_once_for_every_interval_and_look():
    people, hits, alarms = coverage.arrays(2, 400), defaultdict(list), defaultdict(list)
    coverage.measured(people, 0.25, "k", hits, is_null=False)
    coverage.peeked(people.same(), 0.25, 1, alarms)

    assert len(hits) == 2 * len(coverage.MEASURES) + len(coverage.ACTIONS)
    assert all(len(v) == 1 for v in [*hits.values(), *alarms.values()])
    assert len(coverage.LOOKS) == 10


def test_the_shops_outcomes_are_what_the_package_counts(monkeypatch):
    monkeypatch.setattr(coverage, "SHOP_CUSTOMERS", 300)
    people = coverage.shop(3)
    import pandas as pd

    made = churn.make_shop(300, seed=3)
    start = pd.Timestamp("2025-09-01", tz="UTC")
    last = made.orders[made.orders["time"] < start].groupby("customer")["time"].max()
    ids = last.index[(start - last) <= pd.Timedelta(days=180)]
    found = outcomes(
        made.history(), churn.Inactivity(180, 60), pd.DataFrame({"customer": ids}), "2025-09-01", 60
    ).frame
    assert people.without["retained"][:, -1].tolist() == found["retained"].tolist()
    assert people.without["orders"][:, -1].tolist() == found["orders"].tolist()
    assert np.allclose(people.without["net value"][:, -1], found["net_value"])
    assert not np.array_equal(people.contacted["orders"], people.without["orders"])
