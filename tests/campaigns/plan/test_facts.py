"""What a plan says of itself."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from churn.campaigns.plan.make import make_plan
from churn.campaigns.policy import make_policy
from tests.campaigns.planning import CALL, GIFT, MAIL, plan, policy, scored


def test_counts_and_figures_add_up():
    n = 200
    rng = np.random.default_rng(1)
    table = scored(n, churn_probability=rng.random(n), spend_if_staying=[100.0] * n)
    made = plan(policy(CALL, GIFT, holdout={"share": 0.2}, limits={"budget": 300}), table)
    facts = made.summary()
    treated = made.customers[made.customers["arm"] == "treated"]
    assert sum(facts["why"].values()) == n
    assert facts["arms"]["treated"] == len(treated) == sum(r["treated"] for r in facts["by_action"])
    for name in ("cost", "saved", "value", "profit"):
        assert facts["expected"][name]["mean"] == pytest.approx(
            sum(r[name]["mean"] for r in facts["by_action"])
        )
        assert (
            facts["expected"][name]["low"]
            <= facts["expected"][name]["mean"]
            <= facts["expected"][name]["high"]
        )
    assert facts["expected"]["cost"]["mean"] == pytest.approx(treated["cost"].sum())
    assert facts["expected"]["profit"]["mean"] == pytest.approx(treated["expected_profit"].sum())
    assert facts["limits"][0]["used"] <= 300 * (1 + 1e-9)
    json.dumps(facts, allow_nan=False)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"holdout": {"share": 0}}, "Nobody is held out"),
        ({"holdout": {"share": 0.1}}, "The plan expects 10.0 points; with 10.0 % held out of 30"),
        ({"consent": {"required": False}}, "Consent is not asked for"),
    ],
)
def test_what_a_marketer_must_know_is_warned_of(more, words):
    assert words in " ".join(
        plan(
            policy(CALL, **more),
            scored(
                30,
                churn_probability=[0.5] * 30,
                spend_if_staying=[100.0] * 30,
                risk_band=["x"] * 30,
                customer=list(range(30)),
            ),
        ).summary()["warnings"]
    )


def test_old_scores_and_a_start_before_them_are_warned_of():
    from dataclasses import replace

    for as_of, words in (("2025-11-01", "65 days before"), ("2026-02-01", "before the scores' date")):
        made = plan(policy(MAIL), replace(scored(2), as_of=as_of))
        assert words in " ".join(made.summary()["warnings"])


def test_the_last_day_is_that_of_the_last_contact():
    assert plan(policy(MAIL), scored(2)).summary()["last_day"] == "2026-01-12"
    assert plan(policy(MAIL, limits={"budget": 0}), scored(2)).summary()["last_day"] == ""


def test_who_names_neither_data_nor_horizon_is_told_before_it_is_too_late():
    words = "Without `config`, `horizon_days` says which days are measured"
    assert words in " ".join(plan(policy(MAIL), scored(2)).summary()["warnings"])
    assert words not in " ".join(plan(policy(MAIL, horizon_days=30), scored(2)).summary()["warnings"])


def test_the_place_of_the_scores_holds_when_the_folder_of_the_policy_is_moved(tmp_path):
    inside = replace(scored(5), source=str(tmp_path / "output" / "scores.parquet"))
    named = make_policy(policy(CALL).model_dump(exclude={"config"}), folder=tmp_path)
    assert make_plan(named, scored=inside).summary()["source"] == "output/scores.parquet"
    elsewhere = replace(inside, source="/elsewhere/scores.parquet")
    assert make_plan(named, scored=elsewhere).summary()["source"] == "/elsewhere/scores.parquet"
