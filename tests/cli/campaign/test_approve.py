"""``churn campaign cancel`` and ``approve``."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml

from tests.cli.campaign.conftest import POLICY


def test_cancel_counts_first_and_does_it_with_yes(policy, call):
    assert "15 contacts of winter would be cancelled. Add --yes" in call("campaign", "cancel", policy)[1]
    _, told, _ = call("campaign", "cancel", policy, "--customer", "C0", "--channel", "email", "--json")
    assert told == {"campaign": "winter", "open": 3, "cancelled": 0}
    code, out, _ = call("campaign", "cancel", policy, "--customer", "C0", "--reason", "asked", "--yes")
    assert (code, out) == (0, "3 contacts of winter are cancelled.\n")
    assert call("campaign", "status", policy, "--json")[1]["states"] == {"due": 12, "cancelled": 3}


def test_approve_without_a_plan_says_how_to_make_one(policy, call):
    code, _, err = call("campaign", "approve", policy)
    assert code == 1
    assert "churn campaign plan" in err


@pytest.fixture
def planned(tmp_path):
    n = 40
    frame = pd.DataFrame(
        {
            "customer": [f"C{k}" for k in range(n)],
            "churn_probability": [0.5 + k / 100 for k in range(n)],
            "spend_if_staying": 200.0,
        }
    )
    frame.to_csv(tmp_path / "s.csv", index=False)
    file = tmp_path / "spring.yaml"
    consent = {"required": False}
    file.write_text(yaml.safe_dump({**POLICY, "campaign": "spring", "consent": consent}))
    return file


def test_a_plan_is_approved_once_and_a_changed_one_is_refused(planned, call):
    assert call("campaign", "plan", planned)[0] == 0
    code, out, _ = call("campaign", "approve", planned, "--by", "Ann")
    assert code == 0
    assert "Campaign spring is approved: 36 customers are contacted, 4 are held out" in out
    assert "Nothing is sent." in out
    assert "nothing is new" in call("campaign", "approve", planned)[1]
    _, told, _ = call("campaign", "status", planned, "--json")
    assert (told["approved_by"], told["treated"], told["holdout"]) == ("Ann", 36, 4)
    planned.write_text(planned.read_text() + "days: 3\n")
    assert "Make the plan again" in call("campaign", "approve", planned)[2]
    call("campaign", "plan", planned)
    code, _, err = call("campaign", "approve", planned)
    assert code == 1
    assert "never changed. Given: policy: days" in " ".join(err.split())


def test_a_plan_that_was_touched_is_refused(planned, call):
    call("campaign", "plan", planned)
    file = planned.parent / "plans" / "spring" / "customers.parquet"
    frame = pd.read_parquet(file)
    frame.loc[frame["arm"] == "holdout", "arm"] = "treated"
    frame.to_parquet(file, index=False)
    code, _, err = call("campaign", "approve", planned)
    assert code == 1
    assert "changed after it was written" in " ".join(err.split())


@pytest.mark.parametrize(("start", "is_late"), [("2020-01-06", True), ("2999-01-07", False)])
def test_a_plan_whose_days_are_past_is_warned_of_and_not_cancelled_by_send(planned, call, start, is_late):
    settings = yaml.safe_load(planned.read_text()) | {
        "start": start,
        "delivery": {"*": {"to": "files", "place": "out"}},
    }
    planned.write_text(yaml.safe_dump(settings))
    says = "first contacts are too late on "
    assert (says in call("campaign", "plan", planned)[1]) is is_late
    assert any(says in w for w in call("campaign", "plan", planned, "--json")[1]["warnings"]) is is_late
    assert (says in call("campaign", "approve", planned)[1]) is is_late
    assert len(call("campaign", "approve", planned, "--json")[1]["warnings"]) == is_late
    code, _, err = call("campaign", "send", planned, "--yes")
    assert (code, "--cancel-late" in err) == (int(is_late), is_late)
    told = call("campaign", "status", planned, "--json")[1]
    assert told["states"] == {"due": told["contacts"]}
    assert told["too_late"] == told["contacts"] * is_late
    if is_late:
        assert call("campaign", "send", planned, "--yes", "--cancel-late")[0] == 0
        assert call("campaign", "status", planned, "--json")[1]["states"] == {"cancelled": told["contacts"]}
