import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

import churn
from churn.config import EconomicsSettings, ScoringSettings, ValueSettings
from churn.errors import DataError, ModelError, ParameterError
from churn.features.compute import compute_features
from churn.model.bands import BANDS
from churn.model.value.simple import own_mean
from churn.scoring import COLUMNS, score
from churn.scoring.stages import known_before


@pytest.fixture(scope="module")
def cutoff(history, definition):
    return history.date(definition.last_mature_cutoff(history))


@pytest.fixture(scope="module")
def result(model, history, cutoff):
    return score(model, history, cutoff)


def test_columns_are_the_documented_ones(result):
    assert list(result.at_risk.columns) == [
        "customer",
        "rank",
        "churn_probability",
        "risk_band",
        "stage",
        "reason_1",
        "reason_2",
        "reason_3",
        "keeps_1",
        "keeps_2",
        "value_at_stake",
        "spend_if_staying",
        "expected_spend",
        "lifetime_value",
        "expected_profit",
        "last_order",
        "days_overdue",
        "ignored_complaints",
    ]
    assert set(result.at_risk.columns) == set(COLUMNS)


def test_population_is_who_was_active_and_nobody_twice(result, history, definition, cutoff):
    view = history.as_of(cutoff)
    expected = history.customers[definition.population(view)]
    assert list(result.active["customer"]) == list(expected)


def test_own_numbers_agree_with_the_signals(result, history, cutoff):
    features = compute_features(history, cutoff).loc[result.at_risk["customer"]]
    usual = features["gap_mean_days"].fillna(features["gap_usual_days"])
    overdue = (features["recency_days"] - usual).clip(lower=0).round(1).to_numpy()
    assert result.at_risk["days_overdue"].to_numpy() == pytest.approx(overdue)
    ignored = features["ignored_complaints_count"].to_numpy()
    assert result.at_risk["ignored_complaints"].to_numpy() == pytest.approx(ignored)


def test_last_order_is_the_last_before_the_cutoff(result, shop, cutoff):
    orders = shop.orders[shop.orders["time"] < pd.Timestamp(cutoff, tz="UTC")]
    last = orders.groupby("customer")["time"].max().dt.strftime("%Y-%m-%d")
    assert list(result.at_risk["last_order"]) == list(last.loc[result.at_risk["customer"]])


def test_list_holds_everyone_from_twice_the_average_odds(result):
    p = result.active["churn_probability"]
    odds, average = p / (1 - p), p.mean() / (1 - p.mean())
    expected = set(result.active.loc[odds >= 2 * average, "customer"])
    assert set(result.at_risk["customer"]) == expected
    assert set(result.at_risk["risk_band"]) <= {"critical", "high"}
    assert f"Below it: {len(p) - len(expected):,} customers." in result.listed_because
    for (name, k), (_, above) in zip(BANDS, (("", math.inf), *BANDS), strict=False):
        mine = odds[result.active["risk_band"] == name]
        assert ((mine >= k * average) & (mine < above * average)).all()


def test_rank_follows_value_at_stake(result):
    assert list(result.at_risk["rank"]) == list(range(1, len(result.at_risk) + 1))
    assert result.at_risk["value_at_stake"].is_monotonic_decreasing


def test_threshold_and_top(model, history, cutoff):
    some = score(model, history, cutoff, settings=ScoringSettings(threshold=0.9))
    assert (some.at_risk["churn_probability"] >= 0.9).all()
    assert len(some.at_risk) == (some.active["churn_probability"] >= 0.9).sum()
    few = score(model, history, cutoff, settings=ScoringSettings(threshold=0.5, top=7))
    more = int((few.active["churn_probability"] >= 0.5).sum()) - 7
    assert len(few.at_risk) == 7
    assert few.at_risk_count == more + 7
    assert (few.summary()["at_risk"], few.summary()["listed"]) == (more + 7, 7)
    assert f"{more:,} more left out by top: 7" in few.listed_because
    none = score(model, history, cutoff, settings=ScoringSettings(threshold=0.999999))
    assert len(none.at_risk) == 0
    assert "nobody" in str(none)
    assert list(none.at_risk.columns) == list(few.at_risk.columns)


def test_the_future_does_not_change_the_scores(model, shop, history, cutoff):
    t = pd.Timestamp(cutoff, tz="UTC")
    tables = shop.tables()
    cut = {
        k: v if k == "customers" else v[v["opened" if k == "tickets" else "time"] < t]
        for k, v in tables.items()
    }
    past = churn.make_history(**cut, segments=("country", "segment"), data_end=t)
    a, b = score(model, history, cutoff), score(model, past, cutoff)
    pd.testing.assert_frame_equal(a.at_risk, b.at_risk)
    pd.testing.assert_frame_equal(a.everyone, b.everyone)
    assert a.retention.to_dict() == b.retention.to_dict()


def test_retention_stands_beside(result, history, definition):
    now = result.retention.current
    assert now.end == len(result.active)
    assert now.start - now.lost + now.new + now.reactivated == now.end
    assert result.retention.previous.end == now.start
    assert 0 < result.retention.expected_rate < 1


def test_expected_rate_is_near_what_came(model, history, definition, cutoff):
    expected = score(model, history, cutoff).retention.expected_rate
    end = history.date(history.instant(cutoff) + definition.window_us)
    actual = churn.retention_between(history, definition.active_days, cutoff, end).rate
    assert expected == pytest.approx(actual, abs=0.04)


def test_default_cutoff_is_the_midnight_after_the_last_order(model, history):
    result = score(model, history)
    assert history.instant(result.as_of) == history.closing
    assert not result.warnings


def test_scoring_a_time_the_model_has_seen_is_said(model, history):
    early = score(model, history, history.days_before(history.instant(model.training["test_cutoff"]), 60))
    assert "has seen outcomes up to" in early.warnings[0]
    assert str(early).startswith("! The model has seen")


def test_cutoff_errors(model, history):
    with pytest.raises(ParameterError, match=r"lies after the end of the data.*bring newer data"):
        score(model, history, "2031-01-01")
    with pytest.raises(ParameterError, match=r"not a date.*'soon'.*YYYY-MM-DD"):
        score(model, history, "soon")
    with pytest.raises(DataError, match="Nobody is active on 1999-01-01"):
        score(model, history, "1999-01-01")


def test_missing_table_is_told(model, shop):
    tables = shop.tables()
    del tables["interactions"]
    with pytest.raises(ModelError, match="no interactions"):
        score(model, churn.make_history(**tables, segments=("country", "segment")))


def test_amounts_hang_together(result, model, history, cutoff):
    all_of_them = result.active
    p, m = all_of_them["churn_probability"], all_of_them["spend_if_staying"]
    assert all_of_them["value_at_stake"].to_numpy() == pytest.approx(p * m)
    assert all_of_them["expected_spend"].to_numpy() == pytest.approx((1 - p) * m)
    assert (all_of_them["lifetime_value"] > all_of_them["expected_spend"]).all()
    one_horizon = ValueSettings(lifetime_days=model.definition.horizon_days, discount_rate=0)
    short = score(model, history, cutoff, value=one_horizon)
    assert short.active["lifetime_value"].to_numpy() == pytest.approx(
        short.active["expected_spend"].to_numpy()
    )
    assert "45 days discounted by 0 % a year" in str(short)


def test_a_model_without_a_forecast_of_spend_takes_the_own_pace(model, history, cutoff):
    plain = score(dataclasses.replace(model, spend=None), history, cutoff)
    features = compute_features(history, cutoff).loc[plain.active["customer"]]
    column = {c: features[c].to_numpy() for c in features}
    expected = own_mean(column, model.definition.horizon_days, model.definition.lookback_days)
    assert plain.active["spend_if_staying"].to_numpy() == pytest.approx(expected)
    assert "customer's own pace" in plain.value["assumptions"]
    assert "assumed: the history is too short" in plain.value["assumptions"]


def test_what_is_no_history_or_model_is_told(model, history, shop):
    with pytest.raises(
        ParameterError, match=r"A history is needed here.*DataFrame.*churn\.make_history\(orders\)"
    ):
        score(model, shop.orders)
    with pytest.raises(ParameterError, match=r"A model is needed here.*str.*load_model"):
        score("models/x", history)


def test_integer_ids_come_back_as_integers():
    rng = np.random.default_rng(0)
    n = 6000
    orders = pd.DataFrame(
        {
            "customer": rng.integers(10_000, 10_600, n) // rng.integers(1, 3, n),
            "time": pd.Timestamp("2023-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 700, n), unit="D"),
            "amount": rng.gamma(2, 20, n),
        }
    )
    history = churn.make_history(orders)
    settings = churn.TrainingSettings(max_snapshots=3, threads=1)
    training = churn.train(history, churn.Inactivity(90, 45), settings=settings, track=False)
    result = score(training.model, history, settings=ScoringSettings(threshold=0.01))
    assert result.at_risk["customer"].dtype == np.int64
    assert result.at_risk["ignored_complaints"].isna().all()


COSTS = EconomicsSettings(contact_cost=0.5, offer_cost=2, saved_value=80, save_chance=0.3)


def test_everybody_who_is_known_has_a_stage_and_a_basis(result, history, definition, cutoff):
    known = set(result.everyone["customer"])
    assert known == set(history.customers[known_before(history, history.instant(cutoff))])
    assert result.everyone["customer"].is_monotonic_increasing
    counts = result.everyone["basis"].value_counts()
    summary = result.summary()
    assert summary["basis"] == {k: int(counts.get(k, 0)) for k in ("model", "fallback", "lapsed")}
    assert summary["stages"] == {
        k: int((result.everyone["stage"] == k).sum()) for k in summary["stage_rules"]
    }
    assert (summary["known"], summary["population"]) == (len(known), len(result.active))
    now = result.retention.current
    assert summary["stages"]["new"] + summary["stages"]["won back"] == now.entered
    assert sum(summary["stages"][s] for s in ("new", "won back", "active", "slipping")) == now.end
    lapsed = result.everyone[result.everyone["basis"] == "lapsed"]
    assert len(lapsed) > 0
    assert lapsed["churn_probability"].isna().all()
    stages = result.active.set_index("customer")["stage"]
    assert list(result.at_risk["stage"]) == list(stages[result.at_risk["customer"]])
    assert f"lapsed {len(lapsed)}" in str(result)
    assert set(result.everyone.columns) <= set(summary["columns"])


def test_a_list_by_money_is_in_the_order_of_the_expected_profit(model, history, cutoff):
    result = score(model, history, cutoff, economics=COSTS)
    p, worth = (result.active[c].to_numpy() for c in ("churn_probability", "spend_if_staying"))
    gain = p * 0.3 * (worth - 2) - (1 - p) * 2 - 0.5
    assert result.active["expected_profit"].to_numpy() == pytest.approx(gain)
    assert set(result.at_risk["customer"]) == set(result.active["customer"][gain > 0])
    assert result.at_risk["expected_profit"].is_monotonic_decreasing
    assert "most expected profit first" in str(result)
    assert "expected profit   last order" in str(result)
    listing = result.summary()["listing"]
    assert listing["list_by"] == "money"
    assert listing["money"]["expected_profit_listed"] == pytest.approx(gain[gain > 0].sum())
    assert listing["left_out"]["cost"] == (gain <= 0).sum()
    lifetime = score(model, history, cutoff, economics=COSTS.model_copy(update={"value_from": "lifetime"}))
    assert len(lifetime.at_risk) > len(result.at_risk)


def test_settings_that_do_not_go_together_are_told_before_anything_is_computed(model, history):
    with pytest.raises(ParameterError, match="cannot go by money"):
        score(model, None, settings=ScoringSettings(list_by="money"))


def test_who_signed_up_and_never_ordered_stands_with_the_mean_of_the_new(model, shop, cutoff):
    tables = shop.tables()
    t = pd.Timestamp(cutoff, tz="UTC")
    more = (
        tables["customers"]
        .iloc[:3]
        .assign(customer=["x1", "x2", "x3"], joined=[t - pd.Timedelta(days=1)] * 2 + [t])
    )
    tables["customers"] = pd.concat([tables["customers"], more], ignore_index=True)
    result = score(model, churn.make_history(**tables, segments=("country", "segment")), cutoff)
    found = result.everyone.set_index("customer").loc[["x1", "x2"]]
    assert "x3" not in set(result.everyone["customer"])
    assert set(found["basis"]) == {"fallback"}
    assert set(found["stage"]) == {"no order yet"}
    new = result.active.loc[result.active["stage"] == "new", "churn_probability"]
    assert found["churn_probability"].to_numpy() == pytest.approx([new.mean()] * 2)
    assert "with no order yet have no history to go by" in str(result)
    assert result.summary()["fallback"]["customers"] == (result.everyone["basis"] == "fallback").sum() >= 2


def test_ignored_complaints_are_known_of_every_active_customer(result):
    active = result.active
    listed = result.at_risk.set_index("customer")["ignored_complaints"]
    assert active["ignored_complaints"].notna().all()
    assert (active.set_index("customer")["ignored_complaints"].loc[listed.index] == listed).all()
    assert result.at_risk.columns[-1] == "ignored_complaints"


def test_who_waits_for_an_answer_is_known_of_every_active_customer(result, shop, cutoff):
    at = pd.Timestamp(cutoff, tz="UTC")
    tickets = shop.tickets[shop.tickets["is_complaint"] & (shop.tickets["opened"] < at)]
    open_then = tickets[~(tickets["first_reply"] < at)]
    oldest = (at - open_then.groupby("customer")["opened"].min()) / pd.Timedelta(days=1)
    waiting = result.active.set_index("customer")["unanswered_complaint_days"]
    assert waiting.to_numpy() == pytest.approx(oldest.reindex(waiting.index).fillna(0).to_numpy())
    assert 0 < (waiting > 0).sum() < len(waiting)
