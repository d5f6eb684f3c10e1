from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.data.history import DAY_US, NEVER
from churn.data.load import make_history
from churn.errors import ParameterError

CUTOFF = pd.Timestamp("2024-03-01", tz="UTC")
T = CUTOFF.value // 1000


def _at(*offsets: int | None) -> pd.DatetimeIndex:
    """Instants so many microseconds from the cutoff; None is empty."""
    return pd.DatetimeIndex(
        [pd.NaT if o is None else CUTOFF + pd.Timedelta(o, "us") for o in offsets], tz="UTC"
    )


def _orders(times, **columns) -> pd.DataFrame:
    customers = np.arange(len(times)) % 3
    return pd.DataFrame(
        {"customer": customers, "time": times, "amount": np.arange(len(times)) * 1.0, **columns}
    )


def _history(**tables):
    return make_history(tables.pop("orders", _orders(_at(-3, -2, -1))), timezone="UTC", **tables)


# -- the cutoff -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["orders", "returns", "interactions"])
def test_an_event_at_the_cutoff_is_unseen_and_one_microsecond_before_is_seen(table):
    frame = _orders(_at(-2, -1, 0, 1)).assign(kind="visit")
    log = _history(**{table: frame}).as_of("2024-03-01").logs[table]
    assert log.time.tolist() == [T - 2, T - 1]
    assert log.numbers.get("amount", log.time).shape == (2,)


def test_recorded_at_is_honoured():
    orders = _orders(_at(-3, -3, -3, -3, -3, 5), recorded_at=_at(-1, 0, 1, None, -99, -99))
    log = _history(orders=orders).as_of(CUTOFF).logs["orders"]
    # Known: recorded before T, without a record (known at its time), recorded before it happened.
    assert log.numbers["amount"].tolist() == [0, 3, 4]
    assert len(_history(orders=orders).as_of(T + 1).logs["orders"]) == 4


def test_tickets_show_only_what_was_known():
    tickets = pd.DataFrame(
        {
            "ticket_id": list("abcdef"),
            "customer": [0, 1, 2, 0, 1, 2],
            "opened": _at(-9, -9, -9, -9, -1, 0),
            "first_reply": _at(-1, 0, 1, None, -1, 1),
            "resolved": _at(-1, 0, -1, None, 0, 1),
            "satisfaction": [5.0, 4, 3, 2, 1, 5],
        }
    )
    log = _history(tickets=tickets).as_of(CUTOFF).logs["tickets"]
    assert len(log) == 5
    assert log.instants["first_reply"].tolist() == [T - 1, NEVER, NEVER, NEVER, T - 1]
    assert log.instants["resolved"].tolist() == [T - 1, NEVER, T - 1, NEVER, NEVER]
    np.testing.assert_array_equal(log.numbers["satisfaction"], [5, np.nan, 3, np.nan, np.nan])


def test_the_full_log_is_not_changed_by_a_view():
    tickets = pd.DataFrame({"ticket_id": ["a"], "customer": 0, "opened": _at(-5), "resolved": _at(5)})
    history = _history(tickets=tickets)
    before = history.fingerprint()
    history.as_of(CUTOFF)
    assert history.fingerprint() == before


def test_who_joins_at_the_cutoff_or_later_is_unknown():
    customers = pd.DataFrame({"customer": [0, 1, 2], "joined": _at(-1, 0, 1)})
    history = _history(customers=customers)
    assert history.as_of(CUTOFF).joined.tolist() == [T - 1, NEVER, NEVER]
    assert history.joined.tolist() == [T - 1, T, T + 1]
    assert _history().as_of(CUTOFF).joined is None


def test_a_cutoff_before_everything_and_after_everything():
    history = _history()
    assert len(history.as_of("2000-01-01").logs["orders"]) == 0
    assert len(history.as_of("2025-01-01").logs["orders"]) == 3
    assert history.as_of("2000-01-01").customers == 3


_OFFSETS = st.integers(-3, 3)
_ROWS = st.lists(
    st.tuples(st.integers(0, 2), _OFFSETS, st.none() | _OFFSETS, st.none() | _OFFSETS), min_size=1, max_size=9
)


def _tables(rows):
    """Orders and tickets of (customer, time, recorded, resolved), the times as offsets from the cutoff."""
    customer, at, recorded, resolved = (list(c) for c in zip(*rows, strict=True))
    base = [0, 1, 2]  # three orders long ago, so that there always is something
    orders = pd.DataFrame(
        {
            "customer": base + customer,
            "time": _at(*[-DAY_US] * 3, *at),
            "amount": 1.0,
            "recorded_at": _at(None, None, None, *recorded),
        }
    )
    # A ticket is never resolved before it was opened.
    done = [None if r is None else max(r, a) for r, a in zip(resolved, at, strict=True)]
    tickets = pd.DataFrame(
        {
            "ticket_id": [f"T{i}" for i in range(len(rows))],
            "customer": customer,
            "opened": _at(*at),
            "recorded_at": _at(*recorded),
            "first_reply": _at(*done),
            "resolved": _at(*done),
            "satisfaction": [float(c) for c in customer],
        }
    )
    return {"orders": orders, "tickets": tickets}


def _future(row):
    _, at, recorded, _ = row
    return at >= 0 or (recorded is not None and recorded >= 0)


def _plain(view):
    out = {}
    for name, log in view.logs.items():
        columns = {"time": log.time, "customer": log.customer, **log.numbers, **log.instants}
        out[name] = pd.DataFrame(columns).reset_index(drop=True)
    return out


@settings(max_examples=20, deadline=None)
@given(rows=_ROWS, other=_ROWS, later=st.integers(0, 5))
def test_nothing_that_is_not_known_before_the_cutoff_changes_the_view(rows, other, later):
    known = [r for r in rows if not _future(r)]
    # Every later answer moves on, later rows are deleted and others are added.
    moved = [
        (c, a, r, None if d is None else (d if max(d, a) < 0 else max(d, a) + later)) for c, a, r, d in known
    ]
    changed = moved + [r for r in other if _future(r)]
    one = _plain(_history(**_tables(rows)).as_of(CUTOFF))
    two = (
        _plain(_history(**_tables(changed)).as_of(CUTOFF)) if changed else {"orders": one["orders"].iloc[:3]}
    )
    for name in one:
        expected = two.get(name, one[name].iloc[:0])
        pd.testing.assert_frame_equal(one[name], expected.reset_index(drop=True))


# -- instants and days ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "2024-03-01",
        " 2024-03-01",
        "2024-3-1",
        "2024-03-01T01:00+01:00",
        dt.date(2024, 3, 1),
        CUTOFF,
        T,
        np.int64(T),
        dt.datetime(2024, 3, 1),  # noqa: DTZ001
        np.datetime64("2024-03-01"),
        CUTOFF.tz_convert("Asia/Tokyo"),
    ],
    ids=repr,
)
def test_instants(value):
    assert _history().instant(value) == T


@pytest.mark.parametrize(
    "value", ["01/03/2024", "03-01-2024", "2024", "now", "soon", "", "2024-13-01", None, pd.NaT, True, [1]]
)
def test_what_is_no_instant_is_never_guessed(value):
    with pytest.raises(ParameterError, match="The cutoff is not a date or time") as e:
        _history().as_of(value)
    assert e.value.given == repr(value)
    assert e.value.fix == "Give the date as YYYY-MM-DD."
    assert e.value.code == "parameter"


@pytest.mark.parametrize(
    ("zone", "day", "midnight"),
    [
        ("Europe/London", "2024-03-31", "2024-03-31 00:00+00:00"),
        ("Europe/London", "2024-07-01", "2024-06-30 23:00+00:00"),
        (
            "America/Santiago",
            "2023-09-03",
            "2023-09-03 04:00+00:00",
        ),  # midnight is skipped: 01:00 begins the day
        (
            "America/Havana",
            "2023-11-05",
            "2023-11-05 04:00+00:00",
        ),  # midnight comes twice: the first begins the day
        ("Asia/Beirut", "2024-03-31", "2024-03-30 22:00+00:00"),
    ],
)
def test_days_begin_and_end_where_daylight_saving_changes_at_midnight(zone, day, midnight):
    orders = _orders([f"{day} 12:00"])
    history = make_history(orders, timezone=zone)
    begin = pd.Timestamp(midnight).value // 1000
    assert history.instant(day) == begin
    assert history.midnight(history.data_end) == begin
    assert history.midnight(begin) == begin
    assert history.date(begin) == day
    assert history.date(history.data_end) == f"{day} 12:00"
    following = str((pd.Timestamp(day) + pd.Timedelta(days=1)).date())
    assert history.date(history.closing) == following
    earlier = make_history(_orders([str(pd.Timestamp(day) - pd.Timedelta(hours=3))]), timezone=zone)
    assert earlier.date(earlier.closing) == day
    assert history.date(history.days_before(history.closing, 1)) == day


def test_closing_at_midnight():
    """Orders with dates only: the last day counts as whole; a given end at midnight is taken as it is."""
    history = _history(orders=_orders(_at(0)))
    assert history.data_end == T == history.data_start
    assert history.closing == T + DAY_US
    assert history.ending("2024-03-02").closing == T + DAY_US


# -- fingerprint ----------------------------------------------------------------------------------------


def test_the_fingerprint_tells_any_change_of_the_data():
    base = {"channel": ["web", "shop", "web"]}
    original = _history(orders=_orders(_at(-3, -2, -1), **base)).fingerprint()["orders"]
    assert original == _history(orders=_orders(_at(-3, -2, -1), **base)).fingerprint()["orders"]
    assert (original["rows"], original["first"]) == (3, "2024-02-29 23:59")
    others = [
        _orders(_at(-3, -2, -1), channel=["web", "web", "web"]),
        _orders(_at(-3, -2, -1), channel=["web", "phone", "web"]),
        _orders(_at(-3, -2, -1), **base, quantity=[1, 2, 3]),
        _orders(_at(-4, -2, -1), **base),
        _orders(_at(-3, -2, -1), **base).assign(customer=[5, 6, 7]),
        _orders(_at(-3, -2, -1), **base, recorded_at=_at(-1, -1, -1)),
    ]
    hashes = {_history(orders=o).fingerprint()["orders"]["hash"] for o in others}
    assert len(hashes | {original["hash"]}) == len(others) + 1


def test_it_is_frozen_and_prints_well():
    history = _history()
    with pytest.raises(dataclasses.FrozenInstanceError):
        history.name = "x"
    assert repr(history) == (
        "History 'frames': 3 customers, 3 orders (2024-02-29 to 2024-02-29); 0 rows set aside"
    )
    one = _history(orders=_orders(_at(-3, -2, -1, None)))
    assert repr(one).endswith("; 1 row set aside")
