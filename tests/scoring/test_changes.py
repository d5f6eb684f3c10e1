from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

import churn
from churn.data.base import CustomerBase, count
from churn.data.history import History
from churn.data.store import LogStore
from churn.features.catalogue import Schema
from churn.scoring import score
from churn.scoring.changes import Change, find_changes, tally_for


def changes(model, data, t: int | None = None) -> list[Change]:
    base = CustomerBase.of(data)
    tonight = tally_for(model, base.closing if t is None else t)
    count(base, tonight)
    return list(find_changes(model, tonight, Schema.of_data(data), base))


def told(model, data, t: int | None = None) -> str:
    return "\n".join(c.text for c in changes(model, data, t))


@pytest.fixture
def tables(shop):
    return {k: v.copy() for k, v in shop.tables().items()}


def make(tables) -> History:
    return churn.make_history(**tables, segments=("country", "segment"))


def test_equal_data_give_no_change(model, history, saved_shop):
    assert changes(model, history) == []
    assert changes(model, LogStore.of(saved_shop)) == []


def test_values_the_model_has_never_seen_are_counted_and_named(model, tables):
    last = tables["orders"].sort_values("time").index[-40:]
    tables["orders"].loc[last, "channel"] = ["kiosk"] * 39 + ["télé"]
    who = tables["orders"].loc[last, "customer"].nunique()  # of the last two days: all active
    (found,) = changes(model, make(tables))
    assert (found.kind, found.where, found.is_warning) == ("values", "orders.channel", True)
    assert found.text == (
        "orders.channel: 2 values that the model has never seen: 'kiosk' (39 rows), 'télé' (1 row). "
        f"{who} active customers have such a value. It counts as unknown; train again to use it."
    )


def test_a_new_segment_is_counted_among_the_active_customers(model, tables, definition):
    tables["customers"].loc[:99, "segment"] = "club"
    history = make(tables)
    active = set(history.customers[definition.population(history.as_of(history.closing))])
    n = tables["customers"].loc[:99, "customer"].isin(active).sum()
    (found,) = changes(model, history)
    assert f"customers.segment: 1 value that the model has never seen: 'club' ({n} customers)" in found.text
    assert f"{n} active customers have" in found.text


def test_many_new_values_are_not_all_named(model, tables):
    last = tables["orders"].sort_values("time").index[-8:]
    tables["orders"].loc[last, "channel"] = [f"new{i}" for i in range(8)]
    assert "'new4' (1 row) and 3 more." in told(model, make(tables))


def test_a_value_before_the_cutoff_only(model, tables, history):
    t = history.instant("2025-12-01")
    late = tables["orders"]["time"] >= pd.Timestamp("2025-12-01", tz="UTC")
    tables["orders"].loc[late, "channel"] = "kiosk"
    assert changes(model, make(tables), t) == []


@pytest.mark.parametrize(("days", "warns"), [(21, True), (4, False)])
def test_a_table_that_stopped_is_told_with_its_last_date(model, tables, days, warns):
    end = tables["orders"]["time"].max().normalize() + pd.Timedelta(days=1)
    tickets = tables["tickets"]
    tables["tickets"] = tickets[tickets["opened"] < end - pd.Timedelta(days=days)]
    found = [c for c in changes(model, make(tables)) if c.kind == "silent"]
    assert bool(found) == warns
    if warns:
        last = tables["tickets"]["opened"].max()
        assert found[0].text.startswith(
            f"tickets: the last row is of {last:%Y-%m-%d}, 21 days before the cutoff, and"
        )
        assert "usually there are rows every day. Did the delivery stop?" in found[0].text


def test_a_table_whose_rows_were_always_rare_is_not_called_silent(model, tables):
    returns = tables["returns"].sort_values("time")
    end = tables["orders"]["time"].max()
    tables["returns"] = returns[returns["time"] < end - pd.Timedelta(days=50)].iloc[::40]
    assert not [c for c in changes(model, make(tables)) if c.kind == "silent"]


def test_a_table_without_rows_for_a_year_or_before_the_cutoff_is_told(model, tables):
    returns = tables["returns"]
    end = tables["orders"]["time"].max()
    old = returns[returns["time"] < end - pd.Timedelta(days=400)]
    last = old["time"].max()
    assert f"returns: no row in the 365 days before the cutoff, the last is of {last:%Y-%m-%d}." in told(
        model, make(tables | {"returns": old})
    )
    young = make(tables | {"returns": returns[returns["time"] >= end - pd.Timedelta(days=100)]})
    text = told(model, young, young.days_before(young.closing, 200))
    assert "returns: no row was known before the cutoff, though the model was trained with them." in text


def test_a_column_that_is_suddenly_empty_is_told(model, tables):
    orders = tables["orders"]
    recent = orders["time"] >= orders["time"].max() - pd.Timedelta(days=30)
    orders.loc[recent, "channel"] = None
    (found,) = changes(model, make(tables))
    assert (found.kind, found.where) == ("unknown", "orders.channel")
    assert found.text.startswith(
        "orders.channel: empty in 100 % of the rows of the last 30 days, at training in 0 %."
    )
    some = orders[recent].index[: int(0.08 * recent.sum())]
    orders.loc[recent, "channel"] = "web"
    orders.loc[some, "channel"] = None
    assert changes(model, make(tables)) == []  # 8 % more are no jump


def test_new_tables_and_columns_are_notes(model, tables):
    end = tables["orders"]["time"].max()
    tables["surveys"] = pd.DataFrame(
        {"customer": ["C000001"], "time": [end], "score": [9.0], "answered": [end]}
    )
    tables["orders"]["discount"] = 0.0
    found = changes(model, make(tables))
    assert [(c.kind, c.where, c.is_warning) for c in found] == [
        ("new", "surveys", False),
        ("new", "orders.discount", False),
    ]
    assert found[0].text == (
        "surveys was not there when the model was trained, and is not used. Train again to use it."
    )


def test_a_model_of_before_goes_by_the_values_of_its_signals(model, tables):
    old = dataclasses.replace(model, extras={})
    tables["orders"].loc[tables["orders"].index[-40:], "channel"] = "kiosk"
    assert "orders.channel: 1 value that the model has never seen: 'kiosk' (40 rows)" in told(
        old, make(tables)
    )


def test_scores_carry_the_warnings_and_the_notes(model, tables):
    tables["orders"].loc[tables["orders"].index[-40:], "channel"] = "kiosk"
    tables["orders"]["discount"] = 0.0
    result = score(model, make(tables), threads=1)
    assert [w.split(":")[0] for w in result.warnings] == ["orders.channel"]
    assert [c["kind"] for c in result.summary()["changes"]] == ["values", "new"]
    assert str(result).startswith("! orders.channel: 1 value")
    assert "orders.discount was not there when the model was trained" in str(result).splitlines()[-1]
