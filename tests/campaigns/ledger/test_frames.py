"""Frames have the same columns and types, with rows or without."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from churn.campaigns.ledger.frames import assignment_frame, frame_of
from tests.campaigns.ledger.conftest import small_plan

COLUMNS = ("customer", "due", "time", "step", "cost")
ROW = {
    "customer": "7",
    "due": dt.date(2026, 1, 5),
    "time": dt.datetime(2026, 1, 5, 9, tzinfo=dt.timezone(dt.timedelta(hours=1))),
    "step": 0,
    "cost": None,
}


def test_types_are_the_same_with_rows_and_without():
    numbers = ("step", "cost")
    full, empty = (frame_of(rows, COLUMNS, numbers) for rows in ([ROW], []))
    assert list(full) == list(empty) == list(COLUMNS)
    for name in ("customer", "due", "time", "step"):
        assert full[name].dtype == empty[name].dtype
    assert full["time"][0] == pd.Timestamp("2026-01-05 08:00", tz="UTC")
    assert full["due"][0] == pd.Timestamp("2026-01-05")
    assert full["cost"].isna().all()


def test_a_time_that_is_not_known_is_none():
    assert frame_of([{**ROW, "time": None}], COLUMNS)["time"].isna().all()


@pytest.mark.parametrize("kept", [True, False])
def test_assignments_have_a_column_for_each_segment(ledger, kept):
    plan = small_plan()
    plan.customers["segment_country"] = ["de" if kept or i else None for i in range(len(plan.customers))]
    ledger.approve(plan)
    with ledger._reading() as c:
        frame = assignment_frame(c, "winter")
    assert frame["segment_country"].isna().sum() == (0 if kept else 1)
    assert frame["contacts"].dtype == "float64"
