from dataclasses import replace

import numpy as np
import pytest

from churn.campaigns.uplift import learners
from churn.campaigns.uplift.choose import Fitting
from churn.campaigns.uplift.judge import CHOSEN, RANDOM, RISK, WORTH, judge, within
from churn.campaigns.uplift.qini import at, interval, measure
from tests.campaigns.uplift.trials import FEW_TREES, make_trial


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch):
    monkeypatch.setattr(learners, "TREES", FEW_TREES)


@pytest.fixture(scope="module")
def judgement(trial):
    return judge(trial[0], Fitting(), count=100)


def row(judgement, ranking):
    return next(r for r in judgement.table if r["ranking"] == ranking)


def test_it_beats_risk_x_value_where_risk_says_nothing_of_the_effect(judgement):
    assert judgement.better
    assert judgement.by_time
    assert judgement.campaigns == ("c1",)
    assert row(judgement, CHOSEN)["qini"][1] > 0
    assert judgement.difference == tuple(row(judgement, CHOSEN)["profit_above_risk_x_value"])


def test_random_has_no_area_and_every_ranking_ends_at_the_same_effect(judgement):
    assert row(judgement, RANDOM)["qini"] == pytest.approx([0, 0, 0], abs=1e-9)
    ends = [c[-1] for c in judgement.curves.values()]
    assert ends == pytest.approx([ends[0]] * len(ends), abs=1e-5)


def test_values_that_are_equal_make_risk_x_value_risk(judgement):
    assert row(judgement, WORTH)["qini"] == row(judgement, RISK)["qini"]


def test_profit_is_kept_times_value_less_cost(judgement, trial):
    # 1,000 customers, of whom 30 % are contacted at a cost of 1
    figures = row(judgement, CHOSEN)
    assert figures["profit"][0] == pytest.approx(300 * figures["uplift_at_30"][0] * 100 - 300)


def test_fifths_rise_with_what_was_measured(judgement):
    assert [f["rows"] for f in judgement.fifths] == [600] * 5
    assert [f["predicted"] for f in judgement.fifths] == sorted(f["predicted"] for f in judgement.fifths)
    assert judgement.fifths[-1]["low"] > judgement.fifths[0]["high"]


def test_without_an_effect_it_is_not_better():
    better = [judge(make_trial(1000, seed=s, effect=0.0)[0], Fitting(), count=60).better for s in range(4)]
    assert sum(better) <= 1


def test_contacts_that_do_harm_are_told():
    rows, _ = make_trial(900, campaigns=1)
    stayed = np.where(rows.treated, 0.0, 1.0)
    found = judge(replace(rows, stayed=stayed), Fitting(), count=20)
    assert row(found, RANDOM)["uplift_at_30"][0] == pytest.approx(-1, abs=0.1)
    assert not found.by_time


def test_order_of_resamples_is_the_same_each_time(trial):
    one, two = (judge(trial[0].take(np.arange(0, 6000, 4)), Fitting(), count=20) for _ in range(2))
    assert one.table == two.table


def test_all_campaigns_but_the_first_judge_each_by_what_was_chosen_before():
    found = judge(make_trial(3000, campaigns=4)[0], Fitting(), count=20)
    assert found.campaigns == ("c1", "c2", "c3")
    assert len(found.kinds) == 3
    assert found.rows == 2250


def test_level_of_a_campaign_is_no_choice_between_customers():
    campaign = np.repeat([0, 1], 4)
    score = np.array([1, 2, 3, 3, 101, 102, 103, 103])
    np.testing.assert_array_equal(within(score, campaign), [1 / 8, 3 / 8, 6 / 8, 6 / 8] * 2)


def test_gain_is_unbiased_and_its_interval_covers_the_truth_and_is_narrower_by_the_risk():
    found = {"risk taken off": [], "plain": []}
    for seed in range(60):
        rows, truth = make_trial(800, seed=seed)
        rankings = {"signal": rows.X[:, 0] - rows.X[:, 1], WORTH: rows.risk}
        for name, effects in zip(found, (rows.effects(), rows.stayed * rows.signed), strict=True):
            profit = measure(rankings, effects, effects, rows.customer, count=100, seed=seed).profits
            one, two = (profit[k][at([0.3])[0]] for k in ("signal", WORTH))
            found[name].append(interval(one - two))
    big, truth = make_trial(100_000, seed=99)
    profit = measure(
        {"signal": big.X[:, 0] - big.X[:, 1], WORTH: big.risk}, truth, truth, big.customer, count=1
    )
    true = float(profit.profits["signal"][30, 0] - profit.profits[WORTH][30, 0])
    value, low, high = np.array(found["risk taken off"]).T
    assert value.mean() == pytest.approx(true, abs=3.5 * value.std() / np.sqrt(60))
    assert np.mean((low <= true) & (true <= high)) > 0.86  # 0.95 less three standard errors
    plain = np.array(found["plain"])
    assert (high - low).mean() < 0.85 * (plain[:, 2] - plain[:, 1]).mean()
