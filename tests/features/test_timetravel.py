from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from churn.data.history import NEVER, EventLog, History
from churn.data.simulate import make_shop
from churn.features.catalogue import catalogue
from churn.features.executor import Executor
from churn.features.own import signal
from churn.features.timetravel import another_future, check_time_travel, default_cutoffs
from tests.features.tables import Shop, generated, history_of, shops


@pytest.fixture(scope="module")
def history() -> History:
    return make_shop(200, seed=2).history()


def test_nothing_of_the_catalogue_moves(history: History) -> None:
    found = check_time_travel(history, default_cutoffs(history), catalogue(history))
    assert found.passed
    assert min(found.rows_changed) > 1000
    assert found.signals == len(catalogue(history))
    assert "stayed the same, bit for bit, at" in str(found)
    assert found.to_dict()["passed"] is True


@generated
@given(shops())
def test_the_past_stays_and_the_future_changes(shop: Shop) -> None:
    history = history_of(shop.tables)
    other, rows = another_future(history, shop.t, np.random.default_rng(0))
    assert rows >= 0
    one, two = history.as_of(shop.t), other.as_of(shop.t)
    for name, log in one.logs.items():
        for field in ("time", "customer"):
            np.testing.assert_array_equal(getattr(log, field), getattr(two.logs[name], field))
        for column, values in {**log.numbers, **log.instants}.items():
            found = {**two.logs[name].numbers, **two.logs[name].instants}[column]
            np.testing.assert_array_equal(values, found, err_msg=column)


def test_answers_that_come_later_are_changed(history: History) -> None:
    cutoff = history.instant("2025-06-01")
    other, _ = another_future(history, cutoff, np.random.default_rng(0))
    tickets, changed = history.logs["tickets"], other.logs["tickets"]
    waiting = (
        (tickets.time < cutoff)
        & (tickets.instants["resolved"] >= cutoff)
        & (tickets.instants["resolved"] != NEVER)
    )
    assert waiting.any()
    before = np.flatnonzero(waiting)
    same = (
        changed.instants["resolved"][: len(tickets.time[tickets.time < cutoff])][before]
        == tickets.instants["resolved"][before]
    )
    assert not same.all()


@pytest.mark.parametrize(
    "breaks",
    [
        pytest.param(lambda log, t: replace(log, time=log.time - 86_400_000_000), id="a day too early"),
        pytest.param(
            lambda log, t: replace(log, instants=dict.fromkeys(log.instants, log.time)), id="answers at once"
        ),
    ],
)
def test_an_executor_that_sees_the_future_is_found(
    history: History, breaks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Leaky(Executor):
        def unsettled(self, cutoff: int) -> tuple[frozenset[str], np.ndarray]:
            return frozenset(), np.zeros(self.source.customers, dtype=bool)

    monkeypatch.setattr("churn.features.compute.Executor", Leaky)
    found = check_time_travel(history, default_cutoffs(history), catalogue(history))
    assert not found.passed
    assert "open_tickets_count" in {leak.signal for leak in found.leaks}
    assert "see the future" in str(found)


def test_a_function_that_looks_elsewhere_is_found(history: History) -> None:
    calls: list[object] = []

    def forgetful(orders: Any, as_of: Any) -> Any:
        calls.append(as_of)
        return orders.groupby("customer").size() + len(calls)

    mine = signal("mine", tables=["orders"], meaning="m")(forgetful)
    found = check_time_travel(history, default_cutoffs(history)[:1], [mine])
    assert [leak.signal for leak in found.leaks] == ["mine"]
    assert found.leaks[0].after == found.leaks[0].before + 1
    assert "1 signal sees the future" in str(found)


def test_former_versions_stay_as_they_were() -> None:
    def log(**more: Any) -> EventLog:
        base = {"time": [10, 20], "customer": [0, 0], "recorded": [10, 60]} | more
        columns = {k: np.array(v, dtype=np.int32 if k == "customer" else np.int64) for k, v in base.items()}
        return EventLog(
            "orders",
            numbers={"amount": np.array([1.0] * len(base["time"])), "day": np.zeros(len(base["time"]))},
            **columns,
        )

    former = replace(
        log(time=[20], customer=[0], recorded=[20]), replaced=np.array([60]), place=np.array([1])
    )
    full = replace(log(), earlier=former)
    template = make_shop(20, seed=1).history()
    history = replace(template, logs={"orders": full}, joined=None, segments={}, data_end=100)
    other, _ = another_future(history, 50, np.random.default_rng(3))
    assert history.as_of(50).logs["orders"].time.tolist() == [10, 20]
    assert other.as_of(50).logs["orders"].time.tolist() == [10, 20]
