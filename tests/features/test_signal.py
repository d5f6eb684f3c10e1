from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from churn.data.history import HOUR_US, NEVER, Category, EventLog, View
from churn.features.compute import catalogue
from churn.features.measures import Count
from churn.features.signal import RULES, Is, Known, Rows, Rule, answered_at, category_values, hours_to

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
VIEW = View(100, 3, {"tickets": LOG}, None, {})


def picked(where: Is | Known | Rule, patience_us: float = 8) -> list[int]:
    settings = {"ignored_after_days": patience_us / (24 * HOUR_US)}
    return np.flatnonzero(where.mask(LOG, VIEW, settings)).tolist()


def test_signals_are_values() -> None:
    signal = catalogue()[0]
    assert signal == dataclasses.replace(signal)
    assert len({signal, dataclasses.replace(signal)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        signal.name = "other"  # type: ignore[misc]


def test_equal_measures_are_one_key() -> None:
    assert Count("orders", 90) == Count("orders", 90.0)
    assert hash(Count("orders", where=Is("channel", "x"))) == hash(Count("orders", where=Is("channel", "x")))


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        (Is("channel", "mail"), [0, 3]),
        (Is("channel", "pigeon"), []),
        (Known("channel"), [0, 1, 3]),
        (Rule("complaint"), [0, 2, 3]),
        (Rule("answered"), [0, 1]),
        (Rule("unanswered"), [2, 3]),
        (Rule("unanswered complaint"), [2, 3]),
        (Rule("resolved"), [0, 1]),
        (Rule("open"), [2, 3]),
        (Rule("rated"), [1, 2]),
        (Rule("ignored complaint"), [2, 3]),
    ],
)
def test_filters_pick_rows(where: Is | Known | Rule, rows: list[int]) -> None:
    assert picked(where) == rows


@pytest.mark.parametrize(
    ("patience", "ignored"),
    [(4, [0, 2, 3]), (5, [2, 3]), (69, [2, 3]), (70, [2]), (79, [2]), (80, []), (81, [])],
)
def test_ignored_means_the_patience_has_fully_elapsed_before_the_cutoff(
    patience: int, ignored: list[int]
) -> None:
    assert picked(Rule("ignored complaint"), patience) == ignored


def test_every_rule_says_what_it_needs() -> None:
    for name, (_, columns) in RULES.items():
        assert Rule(name).needs() == columns
        assert columns
    assert Is("channel", "x").needs() == Known("channel").needs() == ("channel",)


def test_an_answer_is_a_reply_or_the_resolution_whichever_comes_first() -> None:
    assert answered_at(LOG).tolist() == [5, 15, NEVER, NEVER]
    only = dataclasses.replace(LOG, instants={"resolved": LOG.instants["resolved"]})
    assert answered_at(only).tolist() == [9, 15, NEVER, NEVER]
    assert answered_at(dataclasses.replace(LOG, instants={})).tolist() == [NEVER] * 4


def test_hours_to_an_answer_and_to_the_resolution() -> None:
    np.testing.assert_allclose(hours_to(LOG, "first_reply") * HOUR_US, [5, 5, np.nan, np.nan])
    np.testing.assert_allclose(hours_to(LOG, "resolved") * HOUR_US, [9, 5, np.nan, np.nan])


def test_rows_add_up_per_customer_and_keep_the_order_of_ties() -> None:
    rows = Rows(LOG, slice(0, 4), LOG.customer, 3)
    assert rows.count().tolist() == [3, 1, 0]
    assert rows.total(rows.column("satisfaction")).tolist() == [3, 4, 0]
    np.testing.assert_array_equal(rows.first(np.array([1.0, 2, 3, 4])), [1, 3, np.nan])
    np.testing.assert_array_equal(rows.last(np.array([1.0, 2, 3, 4])), [4, 3, np.nan])


def test_category_values_are_positions_in_the_labels() -> None:
    category = Category(np.array([0, 1, -1, 2], dtype=np.int32), ("a", "b", "c"))
    found = category_values(category, ("c", "a"))
    assert found[[0, 3]].tolist() == [1, 0]
    assert math.isnan(found[1])
    assert math.isnan(found[2])
