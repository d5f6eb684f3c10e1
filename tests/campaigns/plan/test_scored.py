"""The scored table: from a night, from a file, and what is told of a table that breaks the contract."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from churn.campaigns.plan.scored import Scored, read_scored
from churn.campaigns.policy import make_policy
from churn.errors import DataError, MissingFileError

CALL = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}


def policy(tmp_path, scores, **more):
    settings = {"campaign": "winter", "scores": scores, "start": "2026-01-05", "actions": [CALL], **more}
    return make_policy(settings, folder=tmp_path)


def test_ids_of_a_csv_stay_what_they_are(tmp_path):
    (tmp_path / "s.csv").write_text(
        "customer;churn_probability;spend_if_staying\n007;0.7;10\nNA;;\n=1+1;0.1;5\n"
    )

    found = read_scored(policy(tmp_path, "s.csv"))

    assert found.customers["customer"].tolist() == ["007", "NA", "=1+1"]
    assert found.customers["spend_if_staying"].tolist()[::2] == [10.0, 5.0]
    assert found.to_dict()["without_score"] == {"no churn probability in the table": 1}


def test_columns_may_have_other_names(tmp_path):
    pd.DataFrame({"id": [7, 8], "risk": [0.5, 0.25]}).to_parquet(tmp_path / "s.parquet")

    found = read_scored(
        policy(tmp_path, "s.parquet", columns={"customer": "id", "churn_probability": "risk"})
    )

    assert found.customers["customer"].tolist() == [7, 8]
    assert found.customers["churn_probability"].tolist() == [0.5, 0.25]
    assert found.customers["ignored_complaints"].isna().all()


def test_everything_that_is_wrong_is_told_at_once(tmp_path):
    rows = ["A,73,5", "A,20,5", ",10,x", "B,5,5"]
    (tmp_path / "s.csv").write_text("\n".join(["customer,churn_probability,spend_if_staying", *rows]))

    with pytest.raises(DataError) as told:
        read_scored(policy(tmp_path, "s.csv"))

    words = str(told.value)
    assert "4 things in" in words
    assert "customer is empty in 1 row of 4 (row 3)" in words
    assert "2 rows of 4 share an id, such as 'A'" in words
    assert "outside 0 to 1 in 4 rows of 4: 73" in words
    assert "divide them by 100" in words
    assert "spend_if_staying holds text in 1 row of 4: x" in words


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"customer": ["A"]}, "lacks the column churn_probability"),
        ({"customer": [1.5], "churn_probability": [0.5]}, "are no ids"),
        ({"customer": ["A"], "churn_probability": [float("inf")]}, "infinite in 1 row"),
        ({"customer": ["A"], "churn_probability": [-0.1]}, "outside 0 to 1"),
    ],
)
def test_one_mistake_is_told_with_its_column(frame, words):
    with pytest.raises(DataError, match=words):
        Scored.of(pd.DataFrame(frame))


def test_a_mapped_column_that_is_not_there_is_named():
    with pytest.raises(DataError, match=r"columns` names risk \(for churn_probability\)"):
        Scored.of(pd.DataFrame({"customer": ["A"]}), columns={"churn_probability": "risk"})


def test_a_column_of_the_contracts_name_gives_way_to_the_mapped_one():
    frame = pd.DataFrame({"customer": ["A"], "churn_probability": [0.9], "mine": [0.2]})
    found = Scored.of(frame, columns={"churn_probability": "mine"})
    assert found.customers["churn_probability"].tolist() == [0.2]


def test_a_night_gives_reasons_and_says_who_has_no_score(tmp_path):
    night = tmp_path / "2026-01-01"
    night.mkdir()
    pd.DataFrame(
        {
            "customer": ["A", "B", "C"],
            "churn_probability": [0.5, None, 0.2],
            "basis": ["model", "lapsed", "fallback"],
            "stage": ["active", "lapsed", "no order yet"],
        }
    ).to_parquet(night / "scores.parquet")
    pd.DataFrame({"customer": ["A"], "ignored_complaints": [2.0]}).to_parquet(night / "at_risk.parquet")
    pd.DataFrame({"customer": ["A"], "story": ["support"], "topic": ["ignored"]}).to_parquet(
        night / "reasons.parquet"
    )
    summary = {"run": "r", "as_of": "2026-01-01", "currency": "EUR", "value": {"horizon_days": 60}}
    (night / "summary.json").write_text(json.dumps(summary))

    found = read_scored(policy(tmp_path, "2026-01-01"))

    assert (found.run, found.as_of, found.currency, found.horizon_days) == ("r", "2026-01-01", "EUR", 60)
    assert found.no_score.tolist()[0] == ""
    assert found.no_score.tolist()[1].startswith("lapsed")
    assert found.no_score.tolist()[2].startswith("no history")
    assert found.customers["ignored_complaints"].tolist()[0] == 2.0
    assert found.reasons["topic"].tolist() == ["ignored"]
    assert "listed customers alone" in found.notes[0]


def test_what_is_not_there_is_told(tmp_path):
    (tmp_path / "night").mkdir()
    with pytest.raises(MissingFileError, match=r"without scores\.parquet"):
        read_scored(policy(tmp_path, "night"))
    with pytest.raises(MissingFileError, match="the folder has night"):
        read_scored(policy(tmp_path, "s.csv"))
