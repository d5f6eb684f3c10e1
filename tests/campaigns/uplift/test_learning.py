import json

import numpy as np
import pytest

from churn.campaigns import learn
from churn.campaigns.uplift import learners
from churn.errors import ParameterError
from tests.campaigns.uplift.trials import FEW, FEW_TREES


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch):
    monkeypatch.setattr(learners, "TREES", FEW_TREES)


def test_it_finds_whom_a_contact_keeps_and_says_so_first(learned):
    assert learned.uplift.better
    assert learned.render().startswith(
        "The uplift model is better and plans use it: contacting 30 % by it brought +"
    )
    assert learned.uplift.facts["campaigns"] == ["campaign1", "campaign2"]


def test_result_is_plain_and_holds_no_customer(learned, planted):
    text = json.dumps(learned.to_dict(), allow_nan=False)
    assert learned.to_dict()["judgement"]["campaigns"] == ["campaign2"]
    assert planted[0]["customer"].iloc[0] not in text


def test_order_of_rows_does_not_matter(learned, planted, history):
    mixed = [t.sample(frac=1, random_state=3) for t in planted]
    again = learn(*mixed, history, features=FEW, resamples=100)
    assert again.to_dict() == learned.to_dict()
    one, two = (u.uplift.actions["call"].learner for u in (learned, again))
    assert one.trees == two.trees


def test_one_campaign_is_judged_across_customers_and_says_so(planted, history):
    one = [t[t["campaign"] == "campaign1"] for t in planted]
    found = learn(*one, history, features=FEW, resamples=20, notes=["told before"])
    assert (
        "across customers, as no campaign began when what came of an earlier one was known"
        in found.uplift.said
    )
    assert found.notes[0] == "told before"
    assert any("No campaign began" in n for n in found.notes)


def test_effect_of_nothing_is_not_used(planted, history):
    assignments, outcomes = planted
    rng = np.random.default_rng(1)
    found = learn(
        assignments,
        outcomes.assign(retained=rng.integers(0, 2, len(outcomes))),
        history,
        features=FEW,
        resamples=100,
    )
    assert not found.uplift.better
    assert "plans go on using the save chances of the policy" in found.uplift.said


@pytest.mark.parametrize("depth", [0, 1.1, float("nan")])
def test_depth_is_a_share(planted, history, depth):
    with pytest.raises(ParameterError, match=r"The depth is no share.*Give 0.3 for 30 %"):
        learn(*planted, history, depth=depth)
