import dataclasses
import json

import numpy as np
import pytest

import churn
from churn.data.store import LogStore
from churn.errors import ModelError, ParameterError
from churn.model.shelf import Shelf
from churn.scoring import scorer as scorer_module
from churn.scoring.night import run_night
from churn.scoring.scorer import open_scorer


@pytest.fixture(scope="module")
def settings(saved_shop, model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scorer")
    out = saved_shop.model_copy(update={"output": str(folder / "output"), "models": str(folder / "models")})
    Shelf(folder / "models" / "shop").keep(model)
    return out


@pytest.fixture(scope="module")
def night(model, settings):
    found = run_night(model, LogStore.of(settings), settings=settings, threads=1)
    found.write(settings.place(settings.output) / settings.name / found.scores.as_of)
    return found


@pytest.fixture(scope="module")
def scorer(night, settings):
    return open_scorer(settings)


def everybody_is_not_scored(*_, **__):
    raise AssertionError


def test_each_customer_has_the_score_of_the_night_bit_for_bit(scorer, night):
    listed = night.scores.at_risk.set_index("customer")
    some = night.scores.everyone.iloc[::23]
    assert set(some["basis"]) >= {"model", "lapsed"}
    for row in some.to_dict("records"):
        one = scorer.score(row["customer"])
        assert (one.customer, one.stage, one.basis) == (row["customer"], row["stage"], row["basis"])
        for name in (
            "churn_probability",
            "value_at_stake",
            "spend_if_staying",
            "expected_spend",
            "lifetime_value",
        ):
            mine = getattr(one, name)
            assert np.array_equal(np.nan if mine is None else mine, row[name], equal_nan=True), name
        if row["basis"] == "model":
            assert one.risk_band == row["risk_band"]
            assert one.rank == (listed.loc[one.customer, "rank"] if one.customer in listed.index else None)
    assert one.listed == len(listed)


def test_listed_customers_have_their_reasons(scorer, night):
    reasons = night.scores.reasons
    for customer in night.scores.at_risk["customer"][:5]:
        mine = reasons[reasons["customer"] == customer]
        expected = set(zip(mine["text"], mine["push_log_odds"], strict=True))
        assert expected == {(r.text, r.push) for r in scorer.score(customer).explanation.reasons}


def test_the_nights_folder_saves_scoring_everybody(night, settings, monkeypatch):
    monkeypatch.setattr(scorer_module, "score_base", everybody_is_not_scored)
    opened = open_scorer(settings)
    assert opened.context.shift == night.context.shift
    with pytest.raises(AssertionError):
        open_scorer(settings, "2025-06-01")


def test_without_a_folder_of_the_same_night_everybody_is_scored_once(night, settings, model, tmp_path):
    elsewhere = settings.model_copy(update={"output": str(tmp_path / "none")})
    customer = night.scores.at_risk["customer"][0]
    opened = open_scorer(elsewhere, model=model)
    assert opened.score(customer).to_dict() == open_scorer(settings).score(customer).to_dict()
    early = open_scorer(settings, "2025-06-01")
    known = next(c for c in night.scores.everyone["customer"] if c < "C000100")
    assert early.score(known).as_of == "2025-06-01"


def test_a_history_in_memory_does_as_well(night, settings, history, scorer):
    customer = night.scores.at_risk["customer"][3]
    opened = open_scorer(settings, data=history)
    assert opened.score(customer).to_dict() == scorer.score(customer).to_dict()


def test_ids_as_text_and_unknown_ones(scorer):
    with pytest.raises(ParameterError, match=r"no customer 'nobody'.*ids as they came"):
        scorer.score("nobody")


def test_a_customer_who_came_later_was_not_known(settings, history):
    early = open_scorer(settings, "2024-01-01")
    first = np.full(len(history.customers), np.inf)
    for log in history.logs.values():
        np.minimum.at(first, log.customer, log.time)
    joined = np.minimum(first, history.joined)
    later = history.customers[np.argmax(joined)]
    with pytest.raises(ParameterError, match=r"Nothing was known of the customer .* before 2024-01-01") as e:
        early.score(later)
    assert e.value.code == "not-known"


def test_who_is_no_longer_active_has_no_score_and_is_told_so(scorer, night):
    lapsed = night.scores.everyone.query("basis == 'lapsed'")["customer"].iloc[0]
    one = scorer.score(lapsed)
    assert (one.churn_probability, one.explanation, one.rank) == (None, None, None)
    assert "no longer active, so there is no score" in str(one)
    json.dumps(one.to_dict(), allow_nan=False)


def test_prints_place_value_and_reasons(scorer, night):
    text = str(scorer.score(night.scores.at_risk["customer"][0]))
    assert f"rank 1 of {len(night.scores.at_risk)} listed" in text
    assert "at stake" in text
    assert "What raises the risk" in text


@pytest.mark.parametrize("file", ["context.npz", "at_risk.parquet"])
def test_a_folder_with_a_damaged_file_is_not_used(night, settings, tmp_path, monkeypatch, file):
    folder = night.write(tmp_path / "shop" / night.scores.as_of)
    (folder / file).write_bytes((folder / file).read_bytes()[:50])
    monkeypatch.setattr(scorer_module, "score_base", everybody_is_not_scored)
    with pytest.raises(AssertionError):  # it would score everybody
        open_scorer(settings.model_copy(update={"output": str(tmp_path)}))


def test_no_model_and_another_definition_are_told(settings, model, tmp_path):
    bare = settings.model_copy(update={"models": str(tmp_path / "none")})
    with pytest.raises(ModelError, match=r"no trained model for shop.*churn train"):
        open_scorer(bare)
    other = dataclasses.replace(model, definition=churn.Inactivity(active_days=90, horizon_days=30))
    with pytest.raises(ModelError, match="another definition"):
        open_scorer(settings, model=other)
