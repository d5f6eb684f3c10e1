from dataclasses import replace

import numpy as np
import pytest

from churn.campaigns.uplift import choose as choosing
from churn.campaigns.uplift.choose import (
    MOST_STRETCH,
    ORIGINS,
    Fitting,
    Unseen,
    choose,
    slope_of,
    splits_of,
    unseen,
)
from tests.campaigns.uplift.trials import make_trial


def parts(rows):
    splits, by_time = splits_of(rows)
    assert by_time
    return [({int(c) for c in rows.campaign[a]}, {int(c) for c in rows.campaign[b]}) for a, b in splits]


def test_each_campaign_judges_what_the_earlier_ones_taught():
    rows, _ = make_trial(900, campaigns=3)
    assert parts(rows) == [({0}, {1}), ({0, 1}, {2})]


def test_many_campaigns_judge_in_groups_and_never_what_learnt_from_them():
    rows, _ = make_trial(2400, campaigns=24)
    found = parts(rows)
    assert len(found) == ORIGINS
    assert set.union(*(judge for _, judge in found)) == set(
        range(3, 24)
    )  # a tenth of the rows has taught before
    for learn, judge in found:
        assert learn == set(range(min(judge)))


def test_campaigns_that_overlap_the_judging_one_do_not_teach_it():
    """A customer of both would be judged by days on which the learner had seen what he did."""
    rows, _ = make_trial(900, campaigns=3)
    days = (("2025-01-01", "2025-03-02"), ("2025-03-15", "2025-05-14"), ("2025-04-01", "2025-05-31"))
    assert parts(replace(rows, periods=days)) == [({0}, {1}), ({0}, {2})]


def test_campaigns_of_one_day_are_not_later_than_each_other():
    rows, _ = make_trial(900, campaigns=3)
    same = replace(rows, periods=(("2025-01-01", ""), ("2025-03-01", ""), ("2025-03-01", "")))
    assert parts(same) == [({0}, {1}), ({0}, {2})]
    splits, by_time = splits_of(replace(rows, periods=(("2025-03-01", "2025-04-30"),) * 3))
    assert not by_time
    for learn, judge in splits:
        assert not set(rows.customer[learn]) & set(rows.customer[judge])


def test_one_campaign_is_judged_across_its_customers():
    rows, _ = make_trial(300, campaigns=1)
    splits, by_time = splits_of(rows)
    assert not by_time
    assert sorted(np.concatenate([j for _, j in splits])) == list(range(300))
    for learn, judge in splits:
        assert not set(rows.customer[learn]) & set(rows.customer[judge])


def test_judged_outcomes_change_no_prediction():
    rows, _ = make_trial(1500)
    splits, _ = splits_of(rows)
    later = splits[0][1]
    stayed = rows.stayed.copy()
    stayed[later] = 1 - stayed[later]
    one, two = (unseen("S", r, splits, Fitting()) for r in (rows, replace(rows, stayed=stayed)))
    np.testing.assert_array_equal(one.deviation, two.deviation)
    np.testing.assert_array_equal(one.mean, two.mean)


def test_action_that_was_not_seen_keeps_the_assumed_effect():
    rows, _ = make_trial(1200, actions=2)
    learn = np.flatnonzero((rows.campaign == 0) & (rows.action == 0))
    judge = np.flatnonzero(rows.campaign == 1)
    found = unseen("constant", rows, [(learn, judge)], Fitting())
    new = judge[rows.action[judge] == 1]
    np.testing.assert_array_equal(found.mean[new], rows.assumed[new])
    assert np.isnan(found.mean[rows.campaign == 0]).all()


def test_slope_is_that_of_the_truth(trial):
    rows, truth = trial
    n = len(rows)
    said = Unseen(np.zeros(n), truth)
    assert slope_of(said, rows.effects(), rows) == pytest.approx(1, abs=0.25)
    twice = Unseen(np.zeros(n), 2 * truth)
    assert slope_of(twice, rows.effects(), rows) == pytest.approx(0.5, abs=0.13)
    assert slope_of(Unseen(np.zeros(n), -truth), rows.effects(), rows) == 0
    assert slope_of(Unseen(np.zeros(n), truth / 9), rows.effects(), rows) == MOST_STRETCH
    assert slope_of(Unseen(np.zeros(n), np.zeros(n)), rows.effects(), rows) == 0


def test_a_learner_that_tells_customers_apart_is_chosen_where_the_effect_differs(trial):
    rows, _ = trial
    found = choose(rows, Fitting())
    assert found.kind in ("ridge", "S", "DR", "X", "T")
    assert found.evidence[found.kind] > 20
    assert found.evidence["constant"] == 0


def test_without_differences_the_simplest_is_chosen_most_of_the_time():
    kinds = ("constant", "linear", "ridge")
    chosen = [choose(make_trial(900, seed=s, effect=0.0)[0], Fitting(), kinds).kind for s in range(10)]
    assert chosen.count("constant") >= 6


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [((0.0, 1.9, 1.9), "constant"), ((0.0, 2.8, 4.2), "linear"), ((0.0, 2.8, 6.8), "ridge")],
)
def test_a_learner_leads_a_simpler_one_by_more_than_chance(monkeypatch, evidence, kind):
    rows, _ = make_trial(300)
    said = iter(evidence)
    monkeypatch.setattr(choosing, "_evidence", lambda *_: next(said))
    assert choose(rows, Fitting(), ("constant", "linear", "ridge")).kind == kind


def test_rounding_of_a_constant_is_no_evidence():
    rows, _ = make_trial(900)
    rounding = 1e-17 * np.sign(rows.effects())
    assert choosing._evidence(Unseen(np.zeros(900), rounding), rows.effects(), rows) == 0
