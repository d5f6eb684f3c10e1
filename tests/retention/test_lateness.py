from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import churn
from churn.data.base import CustomerBase
from churn.data.history import History
from churn.definition import Inactivity
from churn.features.compute import split
from churn.retention.bounds import calendar_spans
from churn.retention.lateness import LatenessTally
from churn.retention.periods import retention_series
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders

RULE = Inactivity(30, 20)
JAN, FEB, MAR, APR = (instant(f"2024-0{m}-01") for m in (1, 2, 3, 4))


def log(*rows: dict, end: int = MAR + 5 * DAY) -> History:
    ends = orders(JAN, recorded_at=JAN, customer="z") + orders(end, recorded_at=end, customer="z")
    return history_of(Tables([*ends, *rows]))


def tally(history: History, **options) -> LatenessTally:
    out = LatenessTally(RULE, calendar_spans(history, "month"), **options)
    for part in CustomerBase.of(history).parts():
        out.add(part)
    return out


@pytest.mark.parametrize(("recorded", "late"), [(FEB - 1, 0), (FEB, 1), (FEB + 3 * DAY, 1)])
def test_late_is_what_was_recorded_when_its_month_was_over(recorded, late):
    found = tally(log(*orders(FEB - DAY, recorded_at=recorded)))
    assert (found.rows, found.late) == (2, late)


def test_the_last_whole_month_and_the_running_one_do_not_count():
    found = tally(
        log(*orders(MAR - DAY, recorded_at=MAR + DAY), *orders(MAR + DAY, recorded_at=MAR + 2 * DAY))
    )
    assert (found.rows, found.late) == (1, 0)


def test_what_was_not_known_yet_is_not_looked_at():
    history = log(*orders(FEB - DAY, recorded_at=FEB + DAY))
    assert tally(history, known_before=FEB + DAY).late == 0
    assert tally(history, known_before=FEB + DAY + 1).late == 1


def test_a_habit_is_said_with_its_days_and_the_same_over_parts():
    rows = [
        r
        for c in range(100)
        for r in orders(JAN + 20 * DAY, recorded_at=FEB + (c < 4) * DAY - DAY // 2, customer=f"c{c}")
    ]
    history = log(*rows)
    whole, parts = tally(history), LatenessTally(RULE, calendar_spans(history, "month"))
    for _, part in split(history, 30):
        parts.add(part)
    assert (parts.rows, parts.late, parts.days) == (whole.rows, whole.late, whole.days) == (101, 4, 12)
    assert whole.said("month") == (
        "Rows come late: 4.0 % of those of earlier month periods were recorded after the period was over, and 99 % were "
        "there after 12 days. So the last 12 days are not complete, and the newest figures will still change."
    )
    assert whole.said("month") in str(retention_series(history, RULE))


def test_logs_without_the_time_of_recording_say_nothing():
    history = history_of(Tables(orders(JAN, FEB, MAR, APR)))
    assert tally(history).said("month") == ""
    assert retention_series(history, RULE).late_rows == ""


def test_a_correction_is_no_late_row():
    rng = np.random.default_rng(0)
    time = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 200 * 24, 500), unit="h")
    rows = pd.DataFrame(
        {
            "customer": rng.integers(0, 50, 500),
            "time": time,
            "amount": 10.0,
            "order_id": [f"o{i}" for i in range(500)],
            "recorded_at": time,
        }
    )
    corrected = rows.assign(recorded_at=time + pd.Timedelta(20, "D"), amount=11.0)
    history = churn.make_history(pd.concat([rows, corrected]))
    assert history.logs["orders"].earlier is not None
    found = tally(history)
    assert found.rows > 300
    assert (found.late, found.days) == (0, 1)
    # Half of them are really late, and corrected besides.
    late = np.arange(500) % 2 == 0
    rows.loc[late, "recorded_at"] += pd.Timedelta(10, "D")
    other = tally(churn.make_history(pd.concat([rows, corrected])))
    assert 0 < other.late < other.rows / 2
    assert other.days == 11
