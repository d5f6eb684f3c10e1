import json
import re

import numpy as np
import pandas as pd
import pytest

from churn.features.catalogue import catalogue
from churn.features.compute import feature_matrix
from churn.features.own import signal
from churn.model.explain import LEAST_PUSH, REASON_COLUMNS, TEXT_COLUMNS, explain_listed, explain_rows
from churn.model.reasons.words import Setting


@pytest.fixture(scope="module")
def cutoff(history, definition):
    return definition.last_mature_cutoff(history)


@pytest.fixture(scope="module")
def listed(history, definition, model, cutoff):
    view = history.as_of(cutoff)
    population = definition.population(view)
    X = feature_matrix(view, population, model.signals)
    top = np.argsort(-model.predict(X))[:150]
    return X[top], model.contributions(X[top]), history.customers[population[top]]


@pytest.fixture(scope="module")
def explained(listed, model, cutoff):
    return explain_rows(Setting(model.signals, cutoff), *listed[:2], customers=listed[2])


_RHYTHM = {"silence", "frequency", "experience"}


def explain(signals, facts, pushes, **more):
    signals = tuple(s for s in catalogue() if s.topic in signals) if isinstance(signals, set) else signals
    X = np.array([[facts.get(s.name, np.nan) for s in signals]])
    C = np.array([[*(pushes.get(s.name, 0.0) for s in signals), -0.5]])
    return explain_rows(Setting(signals, 0), X, C, **more)[0]


def test_base_and_pushes_add_up_to_the_score(explained, listed, model):
    X, contributions, _ = listed
    log_odds = model.predictor.log_odds(X)
    for e, row, z in zip(explained, contributions, log_odds, strict=True):
        assert e.log_odds == pytest.approx(z, abs=1e-9)
        assert e.log_odds == pytest.approx(row.sum(), abs=1e-9)
        assert e.base + sum(e.families.values()) == pytest.approx(z, abs=1e-9)
        assert e.base + sum(e.stories.values()) == pytest.approx(z, abs=1e-9)


def test_a_shift_of_the_base_rate_is_in_the_base_alone(listed, model, cutoff):
    X = listed[0][:20]
    setting = Setting(model.signals, cutoff)
    plain, moved = (explain_rows(setting, X, model.contributions(X, shift=s)) for s in (0.0, 0.7))
    for a, b in zip(plain, moved, strict=True):
        assert b.base - a.base == pytest.approx(0.7)
        assert (b.pushes, b.reasons) == (a.pushes, a.reasons)
    assert [e.probability for e in moved] == pytest.approx(model.predict(X, shift=0.7))


def test_reasons_are_of_different_stories_and_in_order(explained):
    for e in explained:
        assert len(e.up) <= 3
        assert len(e.down) <= 2
        assert len({r.story for r in e.reasons}) == len({r.text for r in e.reasons}) == len(e.reasons)
        for reasons, sign in ((e.up, 1), (e.down, -1)):
            sizes = [sign * r.push for r in reasons]
            assert sizes == sorted(sizes, reverse=True)
            assert all(x >= LEAST_PUSH for x in sizes)
    assert np.mean([len(e.up) >= 2 for e in explained]) > 0.6
    assert all(e.up for e in explained)


def test_a_reason_holds_the_push_of_its_story(explained):
    several = 0
    for e in explained:
        by_story = dict(e.stories)
        for r in e.reasons:
            assert r.family in e.families
            if r.story in by_story and r.story not in ("rhythm of orders", "relationship"):
                several += 1
                assert r.push == pytest.approx(by_story[r.story], abs=1e-9)
    assert several > 100


def test_no_sentence_has_an_unknown_number(explained):
    for e in explained:
        for r in e.reasons:
            assert not re.search(r"\bnan\b|\binf\b|[{}|]|-\d+ days|\b1 \w+s\b(?<!1 less)", r.text), r.text


def test_a_customer_with_one_order_day_hears_of_it_once(explained):
    found = [[r.text for r in e.up] for e in explained]
    once = [x for x in found if any(t.startswith("Ordered o") for t in x)]
    assert once
    assert all(sum("rdered o" in t or "back after" in t for t in x) == 1 for x in once)


def test_correlated_topics_are_added_up():
    facts = {"gap_mean_days": 21.2, "recency_days": 64.4, "order_days_count": 9, "gap_largest_days": 70}
    e = explain(_RHYTHM, facts, {"recency_days": 1.0, "orders_count_90d": -0.4})
    (reason,) = e.up
    assert reason.text == "Ordered every 21 days, now silent for 64 days"
    assert reason.push == pytest.approx(0.6)
    assert (reason.story, reason.topic, reason.family) == ("rhythm of orders", "silence", "rhythm")
    assert reason.numbers == {"gap_mean_days": 21.2, "recency_days": 64.4}
    assert e.down == ()


def test_opposite_pushes_within_a_story_are_no_reason():
    facts = {"gap_mean_days": 21.2, "recency_days": 64.4, "order_days_count": 9}
    assert not explain(_RHYTHM, facts, {"recency_days": 1.0, "overdue_ratio": -0.99}).reasons


def test_a_topic_that_pushes_down_is_not_told_as_what_raises_the_risk():
    facts = {"gap_mean_days": 21.2, "recency_days": 64.4, "order_days_count": 9, "orders_count_365d": 30}
    e = explain(_RHYTHM, facts, {"recency_days": -0.2, "orders_count_90d": 0.9})
    assert all("silent" not in r.text for r in e.up)


def test_plain_facts_need_more_than_comparisons_and_only_fill_what_is_left():
    facts = {"amount_365d": 50.0, "amount_365d_rank": 0.1, "interactions_recency_days": 44}
    pushes = {"amount_365d": 0.09, "interactions_recency_days": 0.06}
    names = {"spend", "engagement:interactions"}
    assert [r.text for r in explain(names, facts, pushes).up] == ["No contact for 44 days"]
    more = explain(names, facts, pushes | {"amount_365d": 0.2})
    assert [r.text for r in more.up] == [
        "Spent 50.00 in the last 365 days; about 90 % of the customers spent more",
        "No contact for 44 days",
    ]
    one = explain(names, facts, pushes | {"amount_365d": 0.2}, most_up=1)
    assert [r.text for r in one.up] == ["No contact for 44 days"]


def test_signals_of_the_own_are_told_by_their_meaning():
    ours = signal("basket_of_three", "Count('orders', 30)", meaning="orders of the month; never unknown")
    (reason,) = explain((ours,), {"basket_of_three": 2.0}, {"basket_of_three": 0.4}).up
    assert reason.text == "Orders of the month: 2"
    assert (reason.family, reason.topic) == ("own", "basket_of_three")
    assert explain((ours,), {}, {"basket_of_three": 0.4}).reasons == ()


def test_listed_tables_agree_with_the_explanations(listed, explained, model, history, cutoff, monkeypatch):
    monkeypatch.setattr("churn.model.explain._TOGETHER", 77)  # several parts, the last one shorter
    X, _, customers = listed
    columns, reasons = explain_listed(model, history, cutoff, X, customers)
    assert list(columns.columns) == list(TEXT_COLUMNS)
    assert list(reasons.columns) == list(REASON_COLUMNS)
    assert list(columns["reason_1"]) == [e.up[0].text for e in explained]
    assert list(columns["keeps_2"]) == [e.down[1].text if len(e.down) > 1 else "" for e in explained]
    assert len(reasons) == sum(len(e.reasons) for e in explained)
    first = reasons[reasons["rank"] == 1]
    assert set(first["customer"]) == {customers[0]}
    assert list(first["text"]) == [r.text for r in explained[0].reasons]
    assert list(first["push_log_odds"]) == pytest.approx([r.push for r in explained[0].reasons])
    assert json.loads(first["numbers"].iloc[0]) == explained[0].reasons[0].numbers


def test_nobody_listed_gives_empty_tables_of_the_same_columns(model, history, cutoff):
    columns, reasons = explain_listed(
        model, history, cutoff, np.empty((0, len(model.signals))), history.customers[:0]
    )
    assert list(columns.columns) == list(TEXT_COLUMNS)
    assert list(reasons.columns) == list(REASON_COLUMNS)
    assert len(columns) == len(reasons) == 0
    assert pd.api.types.is_float_dtype(reasons["push_log_odds"])
