"""What all kinds of churn keep: one life of a shop, seen through each of them."""

import numpy as np
import pytest

from churn.definition import Inactivity, LabelTable, LeavingEvent, Subscription
from churn.definition.base import check_days, check_words
from churn.errors import ParameterError
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import frame, history_of, orders

T = instant("2024-03-01")
KINDS = [
    Inactivity(90, 30, 7),
    Subscription(30, 7, 5, ("end",)),
    LeavingEvent(90, 30, 7, left_when=("end",)),
    LabelTable(90, 30, 7),
]


def life(end: int = T + 60 * DAY):
    bought = orders(T - 200 * DAY, end, customer="z") + orders(T - 50 * DAY, T - DAY, T + 50 * DAY)
    subs = [
        {"customer": "a", "time": T - 60 * DAY, "event": "start", "renews": T + 300 * DAY},
        {"customer": "z", "time": T + 40 * DAY, "event": "end", "renews": None},
    ]
    labels = [{"customer": "a", "time": T, "churned": True}]
    return history_of(Tables(bought, subscriptions=subs), labels=frame(labels))


@pytest.mark.parametrize("rule", KINDS, ids=lambda r: r.kind)
def test_the_population_does_not_depend_on_what_comes_after(rule):
    history = life()
    view = history.as_of(T)
    population = rule.population(view)
    assert history.customers[population].tolist() == ["a"]
    assert population.dtype == np.int64
    assert all(len(log.time) == 0 or log.time.max() < T for log in view.logs.values())
    np.testing.assert_array_equal(rule.active(history.logs, len(history.customers), T), [True, False])
    np.testing.assert_array_equal(rule.seen(history.logs, 2, T), [True, rule.kind != "subscription"])


@pytest.mark.parametrize("rule", KINDS, ids=lambda r: r.kind)
def test_outcomes_are_known_when_the_window_is_over(rule):
    assert rule.ahead_days == 37
    for end, mature in ((T + 37 * DAY, True), (T + 37 * DAY - 1, False)):
        history = life(end) if end > T + 50 * DAY else history_to(end)
        assert rule.is_mature(history, T) == mature
        if not mature:
            with pytest.raises(ParameterError) as error:
                rule.labels(history, T, np.array([0]))
            assert error.value.code == "immature"


def history_to(end: int):
    bought = orders(T - 200 * DAY, end, customer="z") + orders(T - DAY)
    return history_of(Tables(bought), labels=frame([{"customer": "a", "time": T, "churned": True}]))


@pytest.mark.parametrize("rule", KINDS, ids=lambda r: r.kind)
def test_every_kind_says_in_words_what_it_means(rule):
    for words in (rule.describe(), rule.active_means, rule.lost_means, rule.churn_means):
        assert words
        assert not words.endswith(".")
    assert set(rule.tables) <= {"orders", "subscriptions"}
    assert rule.lookback_days >= 1
    assert (rule.cutoffs(life()) is None) == (rule.kind != "labels")


def test_lengths_and_texts():
    check_days("x", 0, 0)
    with pytest.raises(ParameterError, match=r"x is not a length. Given: 0. Allowed: whole days from 1."):
        check_days("x", 0, 1)
    assert check_words("x", "ab") == ("ab",)
    with pytest.raises(ParameterError, match="x is not a list of texts"):
        check_words("x", ["a", ""])


@pytest.mark.parametrize("rule", KINDS, ids=lambda r: r.kind)
def test_one_pass_over_many_instants_tells_what_each_tells_alone(rule):
    history, n = life(), 2
    times = sorted(
        {t + e for name in rule.tables for t in history.logs[name].time.tolist() for e in (-1, 0, 1)}
    )
    instants = sorted({*times, *(t + 90 * DAY for t in times), T, T + 90 * DAY + 1})
    for at, active in zip(instants, rule.active_at(history.logs, n, instants), strict=True):
        np.testing.assert_array_equal(active, rule.active(history.logs, n, at))
    first = rule.first_seen(history.logs, n)
    for at in instants:
        np.testing.assert_array_equal(first < at, rule.seen(history.logs, n, at))
