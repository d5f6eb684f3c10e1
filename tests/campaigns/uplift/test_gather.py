import numpy as np
import pandas as pd
import pytest

from churn.campaigns.uplift.gather import gather
from churn.data.base import CustomerBase
from churn.errors import DataError
from churn.features.catalogue import Schema, catalogue


@pytest.fixture(scope="module")
def base(history):
    return CustomerBase.of(history)


@pytest.fixture(scope="module")
def signals(base):
    return [s for s in catalogue(Schema.of_data(base)) if s.name in ("recency_days", "orders_count_90d")]


def test_rows_hold_what_was_known_at_each_start(planted, base, signals, history):
    import churn

    assignments, outcomes = planted
    rows = gather(assignments, outcomes, base, signals).rows
    assert rows.campaigns == ("campaign1", "campaign2")
    assert len(rows) == len(assignments)
    then = churn.compute_features(history, "2025-06-01")["recency_days"]
    column = [s.name for s in signals].index("recency_days")
    later = assignments[assignments["campaign"] == "campaign2"].sort_values("customer")
    np.testing.assert_array_equal(rows.X[rows.campaign == 1, column], then.loc[later["customer"]].to_numpy())


def test_rows_hold_when_each_outcome_was_known(planted, base, signals):
    assignments, outcomes = planted
    assert gather(assignments, outcomes, base, signals).rows.periods == (
        ("2025-03-01", ""),
        ("2025-06-01", ""),
    )
    until = assignments["start"].map({"2025-03-01": "2025-06-15", "2025-06-01": "2025-09-15"})
    rows = gather(assignments.assign(until=until), outcomes, base, signals).rows
    assert rows.periods == (("2025-03-01", "2025-06-15"), ("2025-06-01", "2025-09-15"))


def test_order_of_the_tables_does_not_matter(planted, base, signals):
    assignments, outcomes = planted
    one = gather(assignments, outcomes, base, signals).rows
    two = gather(
        assignments.sample(frac=1, random_state=1), outcomes.sample(frac=1, random_state=2), base, signals
    ).rows
    for name in ("X", "customer", "treated", "stayed", "share"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_nothing_is_left_out_without_being_counted(planted, base, signals):
    assignments, outcomes = (t.copy() for t in planted)
    assignments["customer"] = assignments["customer"].where(assignments.index != 0, '=1+1<script>\n"')
    outcomes = outcomes[outcomes.index != 0]
    extra = pd.DataFrame({"campaign": ["campaign1"], "customer": ['=1+1<script>\n"'], "retained": [1.0]})
    outcomes = pd.concat([outcomes, extra], ignore_index=True)
    outcomes.loc[1:4, "retained"] = np.nan
    assignments.loc[10:12, "churn_probability"] = np.nan
    assignments.loc[20:21, "value"] = np.nan
    assignments.loc[30:33, "arm"] = "global holdout"
    found = gather(assignments, outcomes, base, signals)
    assert found.left_out == {
        "outcome not known": 4,
        "no churn probability from before": 3,
        "worth of the customer not known": 2,
        "customer not in the data": 1,
    }
    assert len(found.rows) == len(assignments) - 4 - 10


def test_held_out_without_an_action_stand_beside_every_action(planted, base, signals):
    assignments, outcomes = (t[t["campaign"] == "campaign1"].copy() for t in planted)
    half = np.arange(len(assignments)) % 2 == 0
    assignments["action"] = np.where(assignments["arm"] == "holdout", "", np.where(half, "call", "mail"))
    rows = gather(assignments, outcomes, base, signals).rows
    held = (assignments["arm"] == "holdout").sum()
    assert rows.actions == ("call", "mail")
    assert [(~rows.treated & (rows.action == a)).sum() for a in (0, 1)] == [held, held]
    for _, _, where in rows.experiments():
        assert rows.share[where] == pytest.approx(np.full(len(where), rows.treated[where].mean()))


def test_without_worth_each_customer_counts_as_one_and_costs_nothing(planted, base, signals):
    assignments, outcomes = planted
    found = gather(assignments.drop(columns="value"), outcomes, base, signals)
    assert not found.money
    assert set(found.rows.value) == {1.0}
    assert set(found.rows.cost) == {0.0}


def test_arms_of_another_size_than_planned_are_told(planted, base, signals):
    assignments, outcomes = planted
    found = gather(assignments.assign(share=0.9), outcomes, base, signals)
    assert len(found.notes) == 2
    assert found.notes[0].startswith("Campaign campaign1: ")
    assert gather(assignments, outcomes, base, signals).notes == []


def test_arms_that_were_not_alike_before_are_told(planted, base, signals):
    assignments, outcomes = planted
    tilted = assignments.assign(
        churn_probability=assignments["churn_probability"] + 0.1 * (assignments["arm"] == "treated")
    )
    assert any("campaign1" in n for n in gather(tilted, outcomes, base, signals).notes)


def test_arm_with_too_few_teaches_nothing(planted, base, signals):
    assignments, outcomes = planted
    with pytest.raises(
        DataError, match=r"teach nothing. Given: .*too few with a known outcome.*20 customers in each arm"
    ):
        gather(assignments[assignments["arm"] == "treated"], outcomes, base, signals)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.drop(columns="arm"), "assignments lack the column 'arm'"),
        (lambda a: pd.concat([a, a[:1]]), "stands twice in one campaign"),
        (
            lambda a: a.assign(churn_probability=a["churn_probability"] * 100),
            "A churn probability .* is none.*Divide",
        ),
    ],
)
def test_assignments_that_are_none_are_refused(planted, base, signals, change, words):
    assignments, outcomes = planted
    with pytest.raises(DataError, match=words):
        gather(change(assignments), outcomes, base, signals)
