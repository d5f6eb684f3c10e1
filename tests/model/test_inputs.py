from __future__ import annotations

import json

import numpy as np
import pytest

from churn.data.base import CustomerBase, count
from churn.data.history import History
from churn.data.store import LogStore
from churn.definition import Inactivity
from churn.model.inputs import InputTally, inputs_at, seen_values
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders, ticket

T = instant("2024-03-01")
RULE = Inactivity(60, 30)


def tally(history: History, seen=None, t: int = T) -> InputTally:
    out = InputTally(RULE, t, seen)
    out.add(history)
    return out


@pytest.fixture(scope="module")
def small() -> History:
    rows = [
        *orders(T - 400 * DAY, customer="a", channel="fax", discount=None),
        *orders(T - 30 * DAY, T - DAY - 1, T - 1, customer="a", channel="web", discount=1.0),
        *orders(T - 2 * DAY, customer="b", channel=None, discount=None),
        *orders(T - 90 * DAY, customer="c", channel="kiosk", discount=2.0),
        *orders(T, customer="c", channel="late", discount=None),
    ]
    segments = [{"customer": c, "size": s} for c, s in zip("abc", ("big", "small", "huge"), strict=True)]
    asked = [ticket(T - 9 * DAY, T - 8 * DAY), ticket(T - 8 * DAY, T)]
    return history_of(Tables(rows, tickets=asked, customers=segments))


def test_rows_are_those_known_before_the_cutoff(small) -> None:
    table = tally(small).tables["orders"]
    assert (table.rows, table.recent, table.last) == (6, 4, T - 1)
    ages = np.flatnonzero(table.by_age)
    assert ages.tolist() == [0, 1, 29, 89]
    assert table.by_age[1] == 2  # the row of a day and an instant, and that of two days before T


def test_unknown_values_are_counted_among_the_recent_rows(small) -> None:
    found = tally(small).tables
    assert found["orders"].unknown["channel"] == 1
    assert found["orders"].unknown["discount"] == 1
    assert found["tickets"].unknown["first_reply"] == 1  # answered at T: not yet
    kept = inputs_at(small, RULE, T)
    assert kept["orders"]["unknown"]["channel"] == 0.25
    assert json.loads(json.dumps(kept)) == kept


def test_values_are_those_of_all_rows_and_new_ones_are_counted_by_active_customer(small) -> None:
    kept = inputs_at(small, RULE, T)
    assert kept["orders"]["values"]["channel"] == {"web": 3, "fax": 1, "kiosk": 1}
    assert kept["customers"]["values"]["size"] == {"big": 1, "huge": 1, "small": 1}
    seen = {("orders", "channel"): {"web"}, ("customers", "size"): {"big"}}
    found = tally(small, seen).tables
    assert found["orders"].values["channel"].customers == 1  # a by fax; c has a kiosk, and is not active
    assert found["customers"].values["size"].customers == 1  # b; c is not active
    assert "huge" not in found["customers"].values["size"].rows


def test_a_column_of_too_many_values_is_not_all_known() -> None:
    kept = {"orders": {"values": {"channel": {f"c{i}": 1 for i in range(200)}, "few": {"x": 1}}}}
    assert set(seen_values(kept)) == {("orders", "few")}


def test_parts_count_what_the_whole_counts(history, saved_shop, definition) -> None:
    t = history.instant("2025-09-01")
    seen = {("interactions", "kind"): {"visit"}, ("customers", "segment"): {"nobody"}}
    whole, parts = (InputTally(definition, t, seen) for _ in range(2))
    count(CustomerBase.of(history), whole)
    count(CustomerBase.of(LogStore.of(saved_shop)), parts)
    assert whole.to_dict() == parts.to_dict()
    for name, table in whole.tables.items():
        assert table.last == parts.tables[name].last
        assert table.by_age.tolist() == parts.tables[name].by_age.tolist()
        assert table.values == parts.tables[name].values
    assert whole.tables["interactions"].values["kind"].customers > 100
