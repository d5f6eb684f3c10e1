from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import churn
from churn.config import make_config
from churn.data.history import History
from churn.definition import LabelTable
from churn.errors import ModelError, ParameterError
from churn.features.catalogue import Schema, catalogue
from churn.model.cutoffs import choose_cutoffs
from churn.model.snapshots import build_snapshots, training_cutoffs
from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import frame, history_of, orders

T = instant("2024-03-01")
RULE = LabelTable(active_days=90, horizon_days=30)


def label_row(customer: str, time: int, churned: bool) -> Row:
    return {"customer": customer, "time": time, "churned": churned}


def history_with(*rows: Row, end: int = T + 30 * DAY) -> History:
    bought = orders(T - 400 * DAY, end, customer="z")
    for c in "abc":
        bought += orders(*range(T - 380 * DAY, T, 20 * DAY), customer=c)
    return history_of(Tables(bought), labels=frame(list(rows)))


def test_the_table_says_who_churned_and_the_orders_who_is_active() -> None:
    history = history_with(label_row("a", T, True), label_row("b", T, False), label_row("z", T, True))
    population = RULE.population(history.as_of(T))
    assert history.customers[population].tolist() == ["a", "b", "c"]  # z has a label, and is not active
    np.testing.assert_equal(RULE.labels(history, T, population), [1.0, 0.0, np.nan])


def test_of_several_labels_the_last_one_counts_and_it_is_told() -> None:
    history = history_with(label_row("a", T, True), label_row("a", T, False))
    assert RULE.labels(history, T, np.array([0])).tolist() == [0.0]
    assert [f.code for f in history.checks.findings if f.table == "labels"] == ["label-again"]


def test_a_cutoff_without_labels_is_told() -> None:
    history = history_with(label_row("a", T, True), end=T + 60 * DAY)
    with pytest.raises(ParameterError) as error:
        RULE.labels(history, T + 1, np.array([0]))
    assert str(error.value).startswith("The table of labels has no cutoff 2024-03-01 00:00")
    assert "Allowed: 2024-03-01. Use one of these." in str(error.value)
    without = history_of(Tables(orders(T - 90 * DAY, T)))
    with pytest.raises(ParameterError, match="goes by a table of labels, and the history has none"):
        RULE.cutoffs(without)


@pytest.mark.parametrize(("end", "want"), [(T + 30 * DAY, T), (T + 30 * DAY - 1, T - 30 * DAY)])
def test_the_last_mature_cutoff_is_one_of_the_table(end: int, want: int) -> None:
    history = history_with(*(label_row("a", T - k * 30 * DAY, True) for k in range(3)), end=end)
    assert RULE.last_mature_cutoff(history) == want


def test_none_is_mature() -> None:
    with pytest.raises(
        ParameterError, match=r"No cutoff of the labels is mature. Given: cutoffs from 2024-03-01"
    ):
        RULE.last_mature_cutoff(history_with(label_row("a", T, True), end=T + DAY))


def test_training_cutoffs_are_those_of_the_table_with_purge() -> None:
    times = [T - d * DAY for d in (0, 29, 30, 60, 75, 300, 310, 311)]
    history = history_with(*(label_row("a", t, True) for t in times))
    first = history.data_start + 90 * DAY
    assert first == T - 310 * DAY
    given = {"step_days": 30, "max_snapshots": 36}
    want = [
        T - d * DAY for d in (310, 300, 75, 60, 30)
    ]  # not those whose window ends after T, or too early ones
    assert training_cutoffs(history, RULE, T, **given) == want
    assert training_cutoffs(history, RULE, T, **{**given, "max_snapshots": 3}) == want[-3:]
    with pytest.raises(ModelError) as error:
        training_cutoffs(history, RULE, T - 200 * DAY, **given)
    assert error.value.code == "short-history"
    assert "of which 2 lie 30 days or more before the test cutoff" in str(error.value)


def test_who_has_no_label_is_left_out_and_counted() -> None:
    history = history_with(label_row("a", T, True), label_row("b", T, False))
    stacked = build_snapshots(history, RULE, [T], catalogue(history))
    assert stacked.y.tolist() == [1.0, 0.0]
    assert stacked.neither == stacked.at(T).neither == stacked.until(T).neither == {T: 1}
    assert stacked.until(T - 1).neither == {}


def test_labels_of_customers_who_are_not_active_are_counted() -> None:
    rows = [
        label_row("a", T, True),
        label_row("z", T, True),
        label_row("z", T, False),
        label_row("z", T - DAY, True),
    ]
    history = history_with(*rows)
    assert RULE.unused(history, [T]) == 1
    assert RULE.unused(history, [T, T - DAY]) == 2


def test_earlier_cutoffs_are_those_of_the_table() -> None:
    history = history_with(*(label_row("a", T - d * DAY, True) for d in (0, 40, 45)))
    assert [RULE.cutoff_before(history, T - d * DAY) for d in (0, 1, 40, 41, 46)] == [
        T,
        T - 40 * DAY,
        T - 40 * DAY,
        T - 45 * DAY,
        None,
    ]
    rule = churn.Inactivity(90, 30)
    assert rule.cutoff_before(history, T - 1) == T - DAY
    more = history_with(*(label_row("a", T - d * DAY, True) for d in (0, 40, 61, 75)))
    chosen = choose_cutoffs(more, RULE, 2, settings=churn.TrainingSettings())
    assert chosen == [
        T - 75 * DAY,
        T - 40 * DAY,
    ]  # that of 61 days lies in the window of the one before T - 30 days
    assert choose_cutoffs(more, RULE, 9, settings=churn.TrainingSettings(), last=True) == [*chosen, T]


def test_labels_are_no_log_and_no_signal() -> None:
    rows = [label_row("a", T - 60 * DAY, True), label_row("b", T, False)]
    history, without = history_with(*rows), history_with(label_row("c", T - DAY, True))
    assert "labels" not in history.logs
    assert "labels" not in history.as_of(T).logs
    assert not hasattr(history.as_of(T), "labels")
    assert not any(table == "labels" for table, _ in Schema.of(history).columns)
    assert catalogue(history) == catalogue(without)
    assert history.fingerprint()["labels"]["hash"] != without.fingerprint()["labels"]["hash"]


def test_a_saved_log_keeps_them(tmp_path: Path) -> None:
    history = history_with(label_row("a", T, True))
    log = history.logs["orders"]
    frames = {
        "orders": pd.DataFrame(
            {
                "customer": history.customers[log.customer],
                "time": pd.to_datetime(log.time, unit="us", utc=True),
                "amount": log.numbers["amount"],
            }
        ),
        "labels": pd.DataFrame(
            {
                "customer": ["b", "a", "a", "nobody"],
                "time": pd.to_datetime([T, T, T - 30 * DAY, T], unit="us", utc=True),
                "churned": ["yes", "no", "no", "yes"],
            }
        ),
    }
    for name, data in frames.items():
        data.to_parquet(tmp_path / f"{name}.parquet", index=False)
    content = {
        "name": "x",
        "timezone": "UTC",
        "sources": {name: {"path": f"{name}.parquet"} for name in frames},
        "definition": {"kind": "labels", "active_days": 90, "horizon_days": 30},
    }
    read = churn.load_history(make_config(content, folder=tmp_path))
    config = make_config(content | {"log": {"path": "log"}}, folder=tmp_path)
    churn.ingest(config)
    saved = churn.load_history(config)
    for one, other in ((read, saved),):
        assert one.labels is not None
        assert other.labels is not None
        assert one.customers.tolist() == other.customers.tolist()
        for attribute in ("time", "customer"):
            np.testing.assert_array_equal(getattr(one.labels, attribute), getattr(other.labels, attribute))
        np.testing.assert_array_equal(one.labels.numbers["churned"], other.labels.numbers["churned"])
        assert one.fingerprint()["labels"] == other.fingerprint()["labels"]
    population = RULE.population(saved.as_of(T))
    np.testing.assert_equal(RULE.labels(saved, T, population), [0.0, 1.0, np.nan])
    from churn.data.store import LogStore

    assert "labels" not in LogStore.of(config).summary()["logs"]


def test_it_says_what_it_is() -> None:
    assert LabelTable(180, 60, 7).describe() == (
        "active = an order in the last 180 days; churn = what the table of labels says of the next 60 days, leaving "
        "the first 7 days free to act"
    )
    with pytest.raises(ParameterError, match="horizon_days is not a length"):
        LabelTable(180, 0)
