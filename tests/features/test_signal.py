from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from churn.data.history import DAY_US, NEVER, Category, EventLog
from churn.features.catalogue import catalogue
from churn.features.executor import parts
from churn.features.facts import Facts
from churn.features.measures import Count, Ratio
from churn.features.signal import (
    Above,
    Below,
    Both,
    Equals,
    Is,
    Known,
    Missing,
    Signal,
    Unmet,
    Where,
    reads,
)

LOG = EventLog(
    "tickets",
    time=np.array([0, 10, 20, 30]),
    customer=np.array([0, 0, 1, 0], dtype=np.int32),
    numbers={
        "is_complaint": np.array([1.0, 0.0, 1.0, 1.0]),
        "satisfaction": np.array([np.nan, 3, 4, np.nan]),
    },
    instants={
        "first_reply": np.array([5, NEVER, NEVER, NEVER]),
        "resolved": np.array([9, 15, NEVER, NEVER]),
    },
    categories={"channel": Category(np.array([0, 1, -1, 0], dtype=np.int32), ("mail", "phone"))},
)


def picked(where: Where, instant: int = 100) -> list[int]:
    return np.flatnonzero(where.mask(Facts(LOG, 2), instant)).tolist()


def test_signals_are_values() -> None:
    signal = catalogue()[0]
    assert signal == dataclasses.replace(signal)
    assert len({signal, dataclasses.replace(signal)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        signal.name = "other"  # type: ignore[misc]


def test_equal_measures_are_one_key() -> None:
    assert Count("orders", 90) == Count("orders", 90.0)
    assert hash(Count("orders", where=Is("channel", "x"))) == hash(Count("orders", where=Is("channel", "x")))


def test_sources_are_the_tables_read() -> None:
    measure = Ratio(Count("tickets", where=Is("channel", "x")), Count("orders"))
    assert Signal("x", "own", "x", measure, "count", "m", "high").sources == ("orders", "tickets")


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        (Is("channel", "mail"), [0, 3]),
        (Is("channel", "pigeon"), []),
        (Known("channel"), [0, 1, 3]),
        (Known("satisfaction"), [1, 2]),
        (Known("resolved"), [0, 1]),
        (Known("answer"), [0, 1]),
        (Equals("satisfaction", 3), [1]),
        (Above("satisfaction", 3), [2]),
        (Above("is_complaint"), [0, 2, 3]),
        (Below("satisfaction", 4), [1]),
        (Below("satisfaction"), []),
        (Missing("resolved"), [2, 3]),
        (Missing("answer"), [2, 3]),
        (Both(Above("is_complaint"), Missing("answer")), [2, 3]),
        (Both(Is("channel", "mail"), Both(Above("is_complaint"), Known("answer"))), [0]),
    ],
)
def test_filters_pick_rows(where: Where, rows: list[int]) -> None:
    assert picked(where) == rows


@pytest.mark.parametrize(
    ("patience", "unmet"),
    [(4, [0, 1, 2, 3]), (5, [2, 3]), (6, [2, 3]), (69, [2, 3]), (70, [2]), (79, [2]), (80, []), (81, [])],
)
def test_unmet_means_the_days_have_fully_elapsed_before_the_cutoff(patience: int, unmet: list[int]) -> None:
    assert picked(Unmet("answer", patience / DAY_US)) == unmet


def test_patience_is_the_longest_of_the_parts() -> None:
    def waits(where: Where | None) -> list[int]:  # what the executor reads off a measure's filters
        return [w.settles_us for w in parts(where) if isinstance(w, Unmet)]

    assert waits(None) == waits(Above("x")) == []
    assert max(waits(Both(Above("x"), Both(Unmet("answer", 2), Unmet("resolved", 3))))) == 3 * DAY_US


def test_filters_say_what_they_read() -> None:
    where = Both(
        Both(Is("channel", "x"), Known("delay_days")), Both(Missing("delivered"), Unmet("answer", 1))
    )
    assert set(where.reads("orders")) == {"channel", "promised", "delivered", "answer"}
    for one in (Known, Above, Below, Missing):
        assert set(one("channel").reads("orders")) == {"channel"}
    assert set(Equals("gap", 1).reads("orders")) == {"day"}


def test_needs_are_the_table_and_its_columns() -> None:
    assert reads("orders") == reads("orders", None, "time") == {("orders", None)}
    assert reads("orders", "gap") == {("orders", None), ("orders", "day")}
    assert reads("orders", "amount", where=Above("quantity")) == {
        ("orders", None),
        ("orders", "amount"),
        ("orders", "quantity"),
    }
