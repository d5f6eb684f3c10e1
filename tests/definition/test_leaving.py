from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from churn.data.history import History
from churn.definition import LeavingEvent
from churn.errors import ParameterError
from churn.retention.outlook import make_outlook
from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import history_of, orders

T = instant("2024-03-01")
RULE = LeavingEvent(90, 30, 7, table="interactions", left_when=("closed",))
START, END = T + 7 * DAY, T + 37 * DAY
Y = T - 400 * DAY


def event(time: int, kind: str = "closed", customer: str = "a", **values: Any) -> Row:
    return {"customer": customer, "time": time, "kind": kind, **values}


def history_with(*events: Row, more: tuple[int, ...] = (), customer: str = "a") -> History:
    """Customer a orders the day before T; z marks the ends of the data and left long ago."""
    rows = orders(T - DAY, *more, customer=customer) + orders(Y, T + 90 * DAY, customer="z")
    return history_of(
        Tables(rows, interactions=[event(Y + DAY, customer="z"), event(Y, "visit", "z"), *events])
    )


def population(history: History, rule: LeavingEvent = RULE) -> list[str]:
    return history.customers[rule.population(history.as_of(T))].tolist()


def label(history: History, rule: LeavingEvent = RULE) -> float:
    members = rule.population(history.as_of(T))
    return float(rule.labels(history, T, members)[list(history.customers[members]).index("a")])


@pytest.mark.parametrize(
    ("time", "want"), [(START, 1.0), (END - 1, 1.0), (END, 0.0), (START - 1, np.nan), (T, np.nan)]
)
def test_the_event_counts_within_the_window_and_not_in_the_gap(time: int, want: float) -> None:
    np.testing.assert_equal(label(history_with(event(time))), want)


def test_other_kinds_mean_nothing() -> None:
    assert label(history_with(event(START, "visit"))) == 0.0


@pytest.mark.parametrize(("days", "inside"), [(90, True), (91, False)])
def test_active_by_the_last_order(days: int, inside: bool) -> None:
    rows = orders(T - days * DAY) + orders(Y, T + 90 * DAY, customer="z")
    history = history_of(Tables(rows, interactions=[event(Y, customer="z")]))
    assert population(history) == (["a"] if inside else [])


def test_who_left_is_gone_until_there_is_an_order_after_it() -> None:
    assert population(history_with(event(T - DAY - 1))) == ["a"]  # ordered after it: back
    assert population(history_with(event(T - DAY))) == []  # at the same instant: gone
    assert population(history_with(event(T - 1))) == []
    assert population(history_with(event(T))) == ["a"]


def test_gone_in_the_gap_and_back_before_the_window_counts() -> None:
    assert np.isnan(label(history_with(event(T + DAY))))
    assert label(history_with(event(T + DAY), more=(T + 2 * DAY,))) == 0.0
    assert label(history_with(event(T + DAY), event(START + DAY), more=(T + 2 * DAY,))) == 1.0


def test_what_was_recorded_late_was_not_known() -> None:
    late = history_with(event(T - DAY, recorded_at=T))
    assert population(late) == ["a"]
    assert np.isnan(label(late))


def test_activity_may_be_of_another_table_or_the_same() -> None:
    rule = LeavingEvent(90, 30, table="interactions", left_when=("closed",), active_in="interactions")
    visits = history_with(event(T - DAY, "visit", "b"), event(T - 2 * DAY, "closed", "c"))
    assert population(visits, rule) == ["b"]  # leaving is no activity; orders count nothing here
    assert rule.tables == ("interactions",)
    tickets = [
        {"ticket_id": str(i), "customer": "a", "opened": t, "category": c}
        for i, (t, c) in enumerate(((Y, "other"), (T + DAY, "goodbye")))
    ]
    rows = orders(T - DAY) + orders(Y, T + 90 * DAY, customer="z")
    history = history_of(Tables(rows, tickets=tickets))
    assert label(history, LeavingEvent(90, 30, table="tickets", left_when=("goodbye",))) == 1.0


def test_the_expected_rate_is_not_derived() -> None:
    outlook = make_outlook(history_with(event(T)), RULE, T, np.array([0.5]), np.array([1.0]))
    assert outlook.expected_rate is None
    assert outlook.expected_note.startswith(
        "The expected rate is not derived: the model foresees 'closed', and not"
    )


def test_an_event_that_is_not_in_the_data_is_told() -> None:
    with pytest.raises(ParameterError) as error:
        population(history_with(), LeavingEvent(90, 30, table="interactions", left_when=("Close",)))
    assert str(error.value) == (
        "No row of interactions has the kind that definition.left_when names. Given: 'Close'; the data have closed, "
        "visit. Did you mean 'closed'?"
    )
    with pytest.raises(ParameterError, match="goes by the subscriptions, and the data have none"):
        population(history_with(), LeavingEvent(90, 30, left_when=("end",)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"left_when": ()},
            r"left_when names no event that means leaving. Allowed: values of subscriptions.event",
        ),
        ({"left_when": ("x",), "table": "orders"}, "table is not a table of events. Given: 'orders'."),
        ({"left_when": ("x",), "active_in": "customers"}, "active_in is not a table of events."),
        ({"left_when": ("x",), "active_days": 0}, "active_days is not a length."),
    ],
)
def test_values_are_checked(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        LeavingEvent(**{"active_days": 90, "horizon_days": 30, **values})


def test_it_says_what_it_is() -> None:
    assert RULE.describe() == (
        "active = a row of orders in the last 90 days and not left since; churn = 'closed' in the next 30 days, "
        "leaving the first 7 days free to act"
    )
    assert RULE.lost_means == "'closed', or no row of orders for 90 days"
