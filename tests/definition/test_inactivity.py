from __future__ import annotations

import numpy as np
import pytest

from churn.data.history import History
from churn.definition import Inactivity
from churn.errors import ParameterError
from tests.features.oracle import DAY, HOUR, Row, Tables, instant
from tests.features.tables import history_of, orders

T = instant("2024-03-01")
RULE = Inactivity(active_days=90, horizon_days=30, gap_days=7)
END = T + 37 * DAY


def shop(*rows: list[Row], **options: object) -> History:
    """A history with an order of zoe at both ends, so that the window is always mature."""
    ends = orders(T - 400 * DAY, END, customer="zoe")
    return history_of(Tables([r for part in (*rows, ends) for r in part]), **options)


def active(history: History, rule: Inactivity = RULE, t: int = T) -> list[str]:
    return history.customers[rule.population(history.as_of(t))].tolist()


def churned(history: History, rule: Inactivity = RULE) -> dict[str, float]:
    population = rule.population(history.as_of(T))
    return dict(zip(history.customers[population], rule.labels(history, T, population), strict=True))


@pytest.mark.parametrize(
    ("time", "inside"),
    [(T - 90 * DAY - 1, False), (T - 90 * DAY, True), (T - 1, True), (T, False), (T + 1, False)],
)
def test_active_is_an_order_at_most_so_old_and_before_the_cutoff(time: int, inside: bool) -> None:
    history = shop(orders(time))
    assert ("a" in active(history)) == inside
    assert (len(RULE.population(history.as_of(T))) == 1) == inside
    assert RULE.active(history.logs, 2, T).tolist() == [inside, False]
    assert RULE.seen(history.logs, 2, T).tolist() == [time < T, True]


def test_an_order_recorded_late_did_not_make_anyone_active() -> None:
    history = shop(orders(T - DAY, recorded_at=T) + orders(T - DAY, customer="b", recorded_at=T - 1))
    assert active(history) == ["b"]


@pytest.mark.parametrize(
    ("time", "label"),
    [
        (T + 7 * DAY - 1, 1.0),  # within the gap
        (T + 7 * DAY, 0.0),
        (T + 37 * DAY - 1, 0.0),
        (T + 37 * DAY, 1.0),
    ],
)
def test_the_label_window_holds_its_beginning_and_not_its_end(time: int, label: float) -> None:
    assert churned(shop(orders(T - DAY, time))) == {"a": label}


def test_without_a_gap_an_order_at_the_cutoff_is_an_outcome() -> None:
    rule = Inactivity(90, 30)
    assert churned(shop(orders(T - DAY, T)), rule) == {"a": 0.0}
    assert churned(shop(orders(T - DAY, T - 1)), rule) == {"a": 1.0}


def test_who_falls_silent_stays_in_the_spine() -> None:
    history = shop(orders(T - 80 * DAY) + orders(T - 80 * DAY, T + 10 * DAY, customer="b"))
    assert churned(history) == {"a": 1.0, "b": 0.0}


def test_who_comes_later_is_not_in_the_spine() -> None:
    assert churned(shop(orders(T - DAY), orders(T + 10 * DAY, customer="new"))) == {"a": 1.0}


def test_the_population_does_not_depend_on_the_future() -> None:
    past = orders(T - DAY) + orders(T - 50 * DAY, customer="b")
    assert active(shop(past)) == active(shop(past, orders(T, T + DAY, customer="c"))) == ["a", "b"]


def test_a_cutoff_matures_at_the_instant_its_window_ends() -> None:
    history = shop(orders(T - DAY))
    assert RULE.window_us == 37 * DAY
    assert RULE.is_mature(history, T)
    assert not RULE.is_mature(history, T + 1)
    assert RULE.last_mature_cutoff(history) == T
    population = RULE.population(history.as_of(T + 1))
    with pytest.raises(ParameterError) as error:
        RULE.labels(history, T + 1, population)
    assert error.value.code == "immature"
    assert str(error.value) == (
        "The outcome of 2024-03-01 00:00 is not known yet. Given: the label window ends on 2024-04-07 00:00, the "
        "data on 2024-04-07. Allowed: cutoffs up to 2024-03-01. Choose an earlier cutoff or shorten the horizon."
    )


def test_the_extract_may_be_younger_than_the_last_order() -> None:
    history = shop(orders(T - DAY), data_end="2024-05-01")
    assert RULE.last_mature_cutoff(history) == instant("2024-05-01") - 37 * DAY


def test_the_last_mature_cutoff_is_a_local_midnight() -> None:
    tables = Tables(
        orders(T - 400 * DAY, instant("2024-04-10 12:00", "Europe/Berlin")), timezone="Europe/Berlin"
    )
    last = RULE.last_mature_cutoff(history_of(tables))
    # 37 days of 24 hours before noon is 11 o'clock in winter time.
    assert last == instant("2024-03-04", "Europe/Berlin")


def test_labels_follow_the_order_of_the_population() -> None:
    history = shop(orders(T - DAY) + orders(T - DAY, T + 8 * DAY, customer="b"))
    assert RULE.labels(history, T, np.array([1, 0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            (0, 30),
            "active_days is not a length. Given: 0. Allowed: whole days from 1. Set active_days to such a ",
        ),
        ((90, 0), "horizon_days is not a length. Given: 0. Allowed: whole days from 1."),
        ((90, 30, -1), "gap_days is not a length. Given: -1. Allowed: whole days from 0."),
        ((90.5, 30), "active_days is not a length. Given: 90.5."),
        ((True, 30), "active_days is not a length. Given: True."),
        (("90", 30), "active_days is not a length. Given: '90'."),
    ],
)
def test_lengths_are_whole_days(values: tuple[int, ...], message: str) -> None:
    with pytest.raises(ParameterError) as error:
        Inactivity(*values)
    assert str(error.value).startswith(message)


def test_the_definition_in_one_sentence() -> None:
    assert Inactivity(180, 60).describe() == (
        "active = an order in the last 180 days; churn = no order in the next 60 days"
    )
    assert RULE.describe().endswith("no order in the next 30 days, leaving the first 7 days free to act")


def test_days_are_24_hours_over_a_dst_night() -> None:
    t = instant("2024-04-01", "Europe/Berlin")
    rows = orders(t - 90 * DAY, t + 60 * DAY) + orders(t - 90 * DAY - HOUR // 2, customer="b")
    history = history_of(Tables(rows, timezone="Europe/Berlin"))
    assert active(history, Inactivity(90, 30), t) == ["a"]
