import pytest
import yaml

from churn.campaigns.policy import make_policy
from churn.cli.campaign import staged
from churn.config import make_config
from churn.data.responses import KINDS
from churn.errors import ParameterError


def test_policy_and_configuration_of_the_demo_are_valid(tmp_path):
    policy = make_policy(
        yaml.safe_load(staged._POLICY.replace("BUDGET", "500").replace("CALLS", "5")), folder=tmp_path
    )
    assert {a.kind for a in policy.actions} <= set(KINDS)
    assert policy.start == staged.START
    config = make_config(yaml.safe_load(staged._CONFIG.replace("DATA_END", str(staged.START))))
    assert config.data_end.date() == staged.START
    assert max(staged.PAST.values()) < staged.START


def test_a_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "churn.yaml").write_text("name: mine")
    with pytest.raises(ParameterError, match="not by this demo"):
        staged.run_campaign_demo(tmp_path / "d", 1500, 7)
    assert (tmp_path / "d" / "churn.yaml").read_text() == "name: mine"


@pytest.mark.parametrize(("low", "word"), [(0.0, "inside"), (0.03, "outside")])
def test_the_truth_is_told_beside_the_measurement(low, word):
    told = staged._in_words(
        {
            "treated": 100,
            "effect": 0.02,
            "net_value": 500.0,
            "by_action": {"call": 0.02},
            "types": {"sure": 90, "persuadable": 10},
            "measured": {"effect": 0.05, "low": low, "high": 0.08},
        }
    )
    assert "+2.0 of 100 customers" in told
    assert "90 sure, 10 persuadable" in told
    assert f"the truth is {word}" in told


def test_without_an_interval_no_verdict_is_given():
    truth = {
        "treated": 0,
        "effect": 0.0,
        "net_value": 0.0,
        "by_action": {},
        "types": {},
        "measured": {"low": None},
    }
    assert "holdout" not in staged._in_words(truth)
