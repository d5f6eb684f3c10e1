"""The folder of a plan: whole, and told when somebody changed it."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from churn.campaigns.plan.files import read_plan
from churn.campaigns.plan.planned import plan_folder
from churn.errors import ChurnError, DataError, MissingFileError
from tests.campaigns.planning import CALL, plan, policy, scored


@pytest.fixture
def rules(tmp_path):
    return policy(CALL, folder=tmp_path, holdout={"share": 0.3})


@pytest.fixture
def folder(rules):
    return plan(rules, scored(8)).write()


def test_a_plan_is_read_back_as_it_was(rules, folder):
    made, back = plan(rules, scored(8)), read_plan(rules)
    assert folder == plan_folder(rules)
    pd.testing.assert_frame_equal(made.customers, back.customers)
    assert back.summary() == made.summary()
    assert back.render() == made.render()
    assert read_plan(folder).summary() == made.summary()


def test_addresses_are_not_written(tmp_path):
    hook = {"to": "webhook", "url": "https://me:secret@h/", "secret_env": "KEY"}
    rules = policy(CALL, folder=tmp_path, delivery={"phone": hook}, ledger="postgresql://me:secret@h/d")
    folder = plan(rules, scored(2)).write()
    assert "secret@h" not in (folder / "plan.json").read_text()
    assert read_plan(folder).digest == read_plan(rules).digest


def test_a_customer_who_was_added_by_hand_is_found(rules, folder):
    frame = pd.read_parquet(folder / "customers.parquet")
    frame.loc[frame["arm"] == "holdout", "arm"] = "treated"
    frame.to_parquet(folder / "customers.parquet", index=False)
    with pytest.raises(DataError, match="was changed after it was written"):
        read_plan(rules)


@pytest.mark.parametrize("content", ["{}", "[]", "no json"])
def test_a_summary_that_is_none_is_told(rules, folder, content):
    (folder / "plan.json").write_text(content)
    with pytest.raises(ChurnError, match="was changed"):
        read_plan(rules)


def test_a_policy_changed_in_the_file_is_found(rules, folder):
    facts = json.loads((folder / "plan.json").read_text())
    facts["policy"]["limits"]["budget"] = 10**6
    (folder / "plan.json").write_text(json.dumps(facts))
    with pytest.raises(DataError, match="was changed"):
        read_plan(folder)


def test_another_policy_is_told_with_what_differs(rules, folder, tmp_path):
    other = policy(CALL, folder=tmp_path, holdout={"share": 0.2}, days=7)
    with pytest.raises(DataError, match="other values of days, holdout"):
        read_plan(other)


def test_no_plan_yet(rules):
    with pytest.raises(MissingFileError, match="churn campaign plan POLICY"):
        read_plan(rules)


def test_planning_again_replaces_and_leaves_the_old_where_it_cannot(rules, folder):
    (folder / "measurement.json").write_text("{}")
    plan(rules, scored(4)).write()
    assert len(read_plan(rules).customers) == 4
    (folder / "mine.txt").touch()
    with pytest.raises(ChurnError, match=r"mine\.txt"):
        plan(rules, scored(5)).write()
    assert len(read_plan(rules).customers) == 4


def test_a_contact_that_was_taken_out_of_the_list_by_hand_is_found(rules, folder):
    file = folder / "contacts.csv"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-1]))
    with pytest.raises(DataError, match=r"contacts\.csv or plan\.json is not what was written"):
        read_plan(rules)
    file.unlink()
    with pytest.raises(MissingFileError, match=r"without contacts\.csv"):
        read_plan(rules)


def test_an_expectation_that_was_changed_by_hand_is_found(rules, folder):
    facts = json.loads((folder / "plan.json").read_text())
    facts["expected"]["profit"]["mean"] = 10**6
    (folder / "plan.json").write_text(json.dumps(facts))
    with pytest.raises(DataError, match="was changed"):
        read_plan(rules)


def test_customers_that_are_broken_or_lack_a_column_are_told(rules, folder):
    file = folder / "customers.parquet"
    frame, whole = pd.read_parquet(file), file.read_bytes()
    frame.drop(columns="customer").to_parquet(file)
    with pytest.raises(DataError, match="was changed"):
        read_plan(rules)
    # pyarrow tells of a broken footer by an OSError
    file.write_bytes(whole[:-300] + b"\xff" * 100 + whole[-200:])
    with pytest.raises(DataError, match="was changed"):
        read_plan(rules)
