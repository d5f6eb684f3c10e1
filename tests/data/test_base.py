import dataclasses

import numpy as np
import pytest

import churn
from churn.config import LogSettings
from churn.data.base import CustomerBase, count
from churn.data.load import open_base
from churn.data.store import LogStore
from churn.errors import ParameterError
from churn.features.compute import split


class Orders:
    def __init__(self):
        self.by_customer = {}

    def add(self, part):
        rows = np.bincount(part.logs["orders"].customer, minlength=len(part.customers))
        self.by_customer |= dict(zip(part.customers.tolist(), rows.tolist(), strict=True))


def test_a_saved_log_is_counted_like_the_history_in_memory(history, saved_shop):
    store = LogStore.of(saved_shop)
    assert store.buckets > 1
    whole, parts = Orders(), Orders()
    count(CustomerBase.of(history), whole)
    base = CustomerBase.of(store)
    count(base, parts)
    assert parts.by_customer == whole.by_customer
    assert (base.data_start, base.last_order, base.data_end, base.closing) == (
        history.data_start,
        history.last_order,
        history.data_end,
        history.closing,
    )


def test_every_part_knows_the_calendar_of_the_whole(saved_shop):
    base = CustomerBase.of(LogStore.of(saved_shop))
    own = set()
    for part in base.parts():
        assert (part.data_start, part.last_order, part.closing) == (
            base.data_start,
            base.last_order,
            base.closing,
        )
        own.add(int(part.logs["orders"].time[0]))
    assert len(own) > 1


def test_a_part_of_a_history_keeps_its_span_when_it_is_split_again_or_looked_at_earlier(history):
    part = dataclasses.replace(history, span=(history.data_start - 5, history.last_order + 5))
    assert {p.data_start for _, p in split(part, 500)} == {history.data_start - 5}
    cutoff = history.instant("2025-01-01")
    assert part.known_at(cutoff).span == (history.data_start - 5, cutoff - 1)


def test_only_the_tables_that_are_asked_for_are_loaded(saved_shop):
    base = CustomerBase.of(LogStore.of(saved_shop))
    assert set(next(base.parts({"orders"})).logs) == {"orders"}
    assert len(next(base.parts()).logs) > 1


def test_anything_else_is_refused():
    with pytest.raises(ParameterError, match=r"A history is needed here\. Given: list"):
        CustomerBase.of([])


def test_a_base_is_taken_as_it_is(history):
    base = CustomerBase.of(history)
    assert CustomerBase.of(base) is base
    assert isinstance(next(base.parts()), churn.History)


def test_customers_come_in_the_parts_of_a_saved_log_or_in_one_piece(saved_shop, history):
    parts = open_base(saved_shop)
    assert parts.count > 1
    tables = saved_shop.model_copy(update={"log": LogSettings()})
    whole = open_base(tables)
    assert whole.count == 1
    assert sorted(c for part in parts.parts(()) for c in part.customers) == list(history.customers)
    assert list(whole.load(0, None).customers) == list(history.customers)
