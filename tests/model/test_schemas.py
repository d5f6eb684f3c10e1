from __future__ import annotations

import dataclasses

import pytest

import churn
from churn.errors import ModelError
from churn.features.catalogue import Schema, catalogue
from churn.model.schemas import check_schema

TEXTS = (("credit", "grade", ("A", "B")), ("credit", "code", ("1", "7")), ("orders", "channel", ("web",)))
BEFORE = Schema(
    frozenset(
        {("orders", c) for c in (None, "time", "amount", "day", "channel")}
        | {("credit", c) for c in (None, "time", "grade", "code", "limit")}
    ),
    TEXTS,
)


def check(given: Schema) -> None:
    signals = catalogue(BEFORE)
    check_schema(signals, {s.name: 1 / len(signals) for s in signals}, BEFORE, given)


def test_everything_that_is_missing_is_named_at_once(model, shop):
    tables = shop.tables()
    del tables["tickets"], tables["interactions"]
    tables["orders"] = tables["orders"].drop(columns=["channel"])
    with pytest.raises(ModelError) as told:
        model.check_history(churn.make_history(**tables, segments=("country",)))
    text = str(told.value)
    assert text.startswith(
        "The data have no interactions table and no tickets table and no segment segment and no orders.channel, which the "
        "model was trained with."
    )
    assert "signals read it" in text
    assert "% of what it goes by" in text
    assert "tickets.answer" not in text
    assert "map them under sources; or train again without them" in text


def test_what_the_signals_do_not_read_may_be_missing():
    columns = BEFORE.columns | {("surveys", None)}
    check_schema(catalogue(BEFORE), {}, dataclasses.replace(BEFORE, columns=columns), BEFORE)


def test_texts_that_became_numbers_and_numbers_that_became_texts_are_told():
    now = (("credit", "limit", ("high",)), ("credit", "code", ("1",)), ("orders", "channel", ("web",)))
    with pytest.raises(ModelError) as told:
        check(dataclasses.replace(BEFORE, labels=now))
    assert str(told.value).startswith(
        "Columns have changed since the model was trained: credit.grade holds numbers and held texts; credit.limit holds "
        "texts and held numbers or times."
    )


def test_texts_such_as_7_may_come_as_numbers():
    check(dataclasses.replace(BEFORE, labels=(TEXTS[0], TEXTS[2])))


def test_new_values_and_new_columns_are_no_error():
    check(
        Schema(
            BEFORE.columns | {("surveys", None), ("orders", "discount")},
            (*TEXTS[:2], ("orders", "channel", ("kiosk",))),
        )
    )
