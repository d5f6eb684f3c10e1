from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pandas as pd
import pytest

from churn.data.history import NEVER
from churn.data.load import make_history
from churn.errors import ConfigError, DataError

DAY = 86_400_000_000


def _orders(n: int = 20, **columns) -> pd.DataFrame:
    """Good orders, of which the first few rows get other values."""
    frame = pd.DataFrame(
        {
            "customer": np.arange(n) % 5,
            "time": pd.date_range("2024-01-01", periods=n).astype(str),
            "amount": 1.0,
        }
    )
    for name, values in columns.items():
        filled = frame[name].astype(object).tolist() if name in frame else [None] * n
        frame[name] = [*values, *filled[len(values) :]]
    return frame


def _tickets(n: int = 20, **columns) -> pd.DataFrame:
    frame = _orders(n, **columns).rename(columns={"time": "opened"}).drop(columns="amount")
    return frame.assign(ticket_id=[f"T{i}" for i in range(n)]) if "ticket_id" not in frame else frame


def _history(orders=None, **more):
    return make_history(_orders() if orders is None else orders, **{"timezone": "UTC", **more})


def _found(history, code: str):
    (finding,) = [f for f in history.checks.findings if f.code == code]
    return finding


# -- times ----------------------------------------------------------------------------------------------


def test_placeholders_on_both_ends_are_set_aside_together():
    times = [
        "1900-01-01",
        "2999-01-01",
        "9999-12-31",
        "0001-01-01",
        "20240-01-01",
        "1969-12-31 23:59:59.999999",
    ]
    history = _history(_orders(time=times), timezone="America/New_York")
    early, future = _found(history, "early-time"), _found(history, "future-time")
    assert (early.action, early.rows, future.action, future.rows) == ("set aside", 2, "set aside", 3)
    assert early.message == "`time` lies before 1970: a placeholder, not a time"
    assert [e["time"] for e in future.examples] == ["2999-01-01", "9999-12-31", "20240-01-01"]
    assert history.logs["orders"].time[0] == 5 * 3_600_000_000 - 1  # local 1969, after 1970 in UTC


def test_the_first_instant_of_1970_and_the_present_are_times():
    just_now = (dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)).isoformat()
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
    history = _history(_orders(time=["1970-01-01T00:00:00Z", just_now, soon]))
    assert [f.code for f in history.checks.findings] == ["future-time"]
    assert history.logs["orders"].time[0] == 0
    assert time.time() - history.logs["orders"].time[-1] / 1e6 < 60


def test_daylight_saving_gap_and_fold_are_resolved_and_counted():
    times = ["2024-03-31 01:30", "2024-10-27 01:30", "2024-07-01 01:30", "2024-03-31 01:30+00:00"]
    history = _history(_orders(4, time=times), timezone="Europe/London")
    stamps = history.logs["orders"].time.astype("M8[us]").astype(str).tolist()
    assert stamps == [
        "2024-03-31T01:00:00.000000",  # skipped: the end of the gap, 02:00 summer time
        "2024-03-31T01:30:00.000000",  # has an offset: never unclear
        "2024-07-01T00:30:00.000000",
        "2024-10-27T00:30:00.000000",  # repeated: the first, still summer time
    ]
    note = _found(history, "dst-time")
    assert (note.action, note.rows) == ("note", 2)
    assert [e["time"] for e in note.examples] == times[:2]
    assert (
        "a skipped time is moved to the end of the gap, a repeated one is taken as the first" in note.message
    )


def test_times_without_an_offset_need_a_zone():
    with pytest.raises(ConfigError, match=r"orders\.time has times without an offset, and no time zone") as e:
        make_history(_orders(3, time=["2024-01-01T00:00Z"]))
    assert e.value.given == "2 of 3 values"
    assert e.value.fix == "Set timezone, e.g. timezone: Europe/London or timezone: UTC."
    assert e.value.code == "config-timezone"
    offsets = [f"2024-01-0{i}T00:00+02:00" for i in range(1, 4)]
    assert make_history(_orders(3, time=offsets)).timezone == "UTC"


def test_optional_times_out_of_range_are_taken_as_empty():
    tickets = _tickets(first_reply=["1900-01-01", "2999-01-01", "2024-06-01"], resolved=[None, None, "bad"])
    history = _history(tickets=tickets)
    assert (history.logs["tickets"].instants["first_reply"] != NEVER).sum() == 1
    assert _found(history, "early-first_reply").message.endswith("; taken as empty")
    assert _found(history, "future-first_reply").action == "note"
    assert "the value is taken as unknown" in _found(history, "bad-resolved").message
    assert len(history.logs["tickets"]) == 20


def test_a_row_recorded_in_the_future_stays_unknown_and_an_empty_one_is_known_at_its_time():
    history = _history(_orders(3, recorded_at=["2999-01-01", None, "1950-01-01"]))
    log = history.logs["orders"]
    assert log.recorded.astype("M8[us]").astype(str).tolist()[0].startswith("2999")
    np.testing.assert_array_equal(log.recorded[1:], log.time[1:])
    assert "not known before then" in _found(history, "future-recorded_at").message
    assert len(history.as_of("2024-06-01").logs["orders"]) == 2


# -- tickets --------------------------------------------------------------------------------------------


def test_tickets_answered_or_resolved_before_they_were_opened():
    tickets = _tickets(
        opened=["2024-01-05"] * 5,
        time=["2024-01-05"] * 5,
        first_reply=["2024-01-04", "2024-01-05", "2024-01-08", None, None],
        resolved=["2024-01-06", "2024-01-05", "2024-01-07", "2024-01-04 23:59", None],
    ).drop(columns="opened", errors="ignore")
    tickets["opened"] = "2024-01-05"
    history = _history(tickets=tickets)
    assert _found(history, "first_reply-before-opened").rows == 1
    assert _found(history, "resolved-before-opened").rows == 1
    late = _found(history, "reply-after-resolved")
    assert (late.action, late.rows) == ("note", 1)
    assert [e["ticket_id"] for e in late.examples] == ["T2"]
    assert len(history.logs["tickets"]) == 18


def test_complaint_when():
    tickets = _tickets(category=["late", "Other", "rude", None])
    history = _history(tickets=tickets, complaint_when=["late", "rude"])
    np.testing.assert_array_equal(history.logs["tickets"].numbers["is_complaint"][:4], [1, 0, 1, 0])
    np.testing.assert_array_equal(
        _history(tickets=tickets, complaint_when="late").logs["tickets"].numbers["is_complaint"][:4],
        [1, 0, 0, 0],
    )


def test_a_complaint_category_that_is_not_seen_is_a_note_and_none_at_all_an_error():
    tickets = _tickets(category=["late", "other"])
    history = _history(tickets=tickets, complaint_when=["late", "rude"])
    assert "no ticket has the category 'rude'" in _found(history, "unseen-category").message
    with pytest.raises(
        ConfigError, match=r"complaint_when names 'LATE', and no ticket has that category"
    ) as e:
        _history(tickets=tickets, complaint_when=["LATE"])
    assert (e.value.given, e.value.fix) == ("categories late, other", "Did you mean 'late'?")
    assert e.value.code == "config-complaint"
    history = _history(tickets=tickets.iloc[:0], complaint_when=["late"])
    assert _found(history, "empty-table").message == "no row can be used; the table is left away"


def test_what_a_complaint_is_must_be_said_once_and_completely():
    with pytest.raises(ConfigError, match=r"needs the column that holds the category\. Map `category`"):
        _history(tickets=_tickets(), complaint_when=["late"])
    with pytest.raises(ConfigError, match="say twice what a complaint is") as e:
        _history(tickets=_tickets(category=["late"], is_complaint=[1]), complaint_when=["late"])
    assert e.value.fix.startswith("Leave one of them away")


def test_flags_that_cannot_be_read_are_noted():
    history = _history(tickets=_tickets(is_complaint=["yes", "no", "perhaps"]))
    np.testing.assert_array_equal(history.logs["tickets"].numbers["is_complaint"][:4], [1, 0, 0, 0])
    assert _found(history, "bad-is_complaint").rows == 1


def test_satisfaction_needs_resolved():
    with pytest.raises(
        ConfigError, match=r"satisfaction is mapped without `resolved`.*Map `resolved` too"
    ) as e:
        _history(tickets=_tickets(satisfaction=[5]))
    assert e.value.code == "config-satisfaction"
    history = _history(tickets=_tickets(satisfaction=[5, 4, None], resolved=["2024-02-01", None, None]))
    note = _found(history, "mark-without-resolved")
    assert (note.action, note.rows, note.examples[0]["satisfaction"]) == ("note", 1, 4)


# -- keys -----------------------------------------------------------------------------------------------


def test_of_few_repeated_keys_the_row_read_last_counts():
    ids = ["a", "a", None, None, *[f"x{i}" for i in range(16)]]
    history = _history(_orders(order_id=ids, amount=[1.0, 2.0]))
    corrected, empty = _found(history, "corrected-order_id"), _found(history, "null-order_id")
    assert (corrected.action, corrected.rows, corrected.examples[0]["amount"]) == ("set aside", 1, 1.0)
    assert corrected.message == "`order_id` comes again in a newer row, which counts"
    assert (empty.action, empty.rows, len(empty.examples)) == ("note", 2, 2)
    assert len(history.logs["orders"]) == 19
    assert history.logs["orders"].earlier is None


@pytest.mark.parametrize(("repeats", "error"), [(2, False), (3, True)])
def test_a_tenth_of_repeated_keys_is_still_allowed(repeats, error):
    orders = _orders(order_id=["a"] * (repeats + 1) + [f"x{i}" for i in range(19 - repeats)])
    if error:
        with pytest.raises(
            DataError, match=r"15 % of the rows repeat a `order_id`.*look like order lines"
        ) as e:
            _history(orders)
        assert e.value.code == "duplicate-order_id"
        assert "sum them per order in a query" in str(e.value)
    else:
        assert _found(_history(orders), "corrected-order_id").rows == 2


def test_empty_and_repeated_ticket_ids():
    history = _history(tickets=_tickets(ticket_id=[None, "", "a", "a", *[f"x{i}" for i in range(16)]]))
    assert _found(history, "null-ticket_id").rows == 2
    assert _found(history, "corrected-ticket_id").rows == 1
    with pytest.raises(DataError, match=r"tickets: 95 % .* give one row per key") as e:
        _history(tickets=_tickets(ticket_id=["a"] * 20))
    assert e.value.code == "duplicate-ticket_id"


# -- amounts and enough -----------------------------------------------------------------------------------


def test_amounts_that_are_no_numbers_are_set_aside_and_odd_ones_kept():
    history = _history(_orders(amount=["x", "nan", "inf", "", "-5", "1e300", "1e15", "0", *["1"] * 12]))
    assert _found(history, "bad-amount").rows == 3
    assert _found(history, "null-amount").rows == 1
    assert _found(history, "huge-amount").rows == 1  # sums of such numbers would lose their last digits
    np.testing.assert_array_equal(history.logs["orders"].numbers["amount"][:3], [-5, 1e15, 0])


def test_exactly_half_set_aside_is_allowed_and_more_is_an_error():
    assert len(_history(_orders(amount=[None] * 10)).logs["orders"]) == 10
    with pytest.raises(DataError, match="more than half of the 20 rows had to be set aside") as e:
        _history(_orders(amount=["x"] * 11 + ["1"] * 9))
    assert "most often because: `amount` is not a finite number (11 rows)" in str(e.value)
    assert e.value.code == "too-much-set-aside"


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        (_orders(0), "of 0 rows none can be used; without orders nothing can be learned"),
        (pd.DataFrame({"customer": [], "time": [], "amount": []}), "of 0 rows none can be used"),
        (_orders(3, time=["x"] * 3), "of 3 rows none can be used, most often because: `time` is not a time"),
    ],
)
def test_no_order_is_left(orders, words):
    with pytest.raises(DataError) as e:
        _history(orders)
    assert words in str(e.value)
    assert e.value.code == "no-orders"
    assert e.value.fix == "Mend the frame and call again."


# -- across tables ----------------------------------------------------------------------------------------


def test_before_joined():
    customers = pd.DataFrame(
        {"customer": range(5), "joined": ["2024-01-11", None, "2024-01-03", "2999-01-01", "x"]}
    )
    history = _history(tickets=_tickets(), customers=customers, interactions=_orders().assign(kind="visit"))
    ticket = next(f for f in history.checks.findings if (f.table, f.code) == ("tickets", "before-joined"))
    order = next(f for f in history.checks.findings if (f.table, f.code) == ("orders", "before-joined"))
    # Customer 0 comes on days 1, 6, 11, 16; customer 2 on days 3 (the joining day itself), 8, 13, 18.
    assert (ticket.action, ticket.rows) == ("note", 2)
    assert [e["ticket_id"] for e in ticket.examples] == ["T0", "T5"]
    assert (order.action, order.rows) == ("note", 2)
    assert len(history.logs["tickets"]) == 20
    assert len(history.logs["orders"]) == len(history.logs["interactions"]) == 20
    np.testing.assert_array_equal(history.joined[[1, 3, 4]], NEVER)


def test_customers_of_one_table_only_are_told():
    customers = pd.DataFrame({"customer": [0, 1, 2, 77]})
    history = _history(tickets=_tickets(customer=[0, 99]), customers=customers)
    missing, without = _found(history, "not-in-customers"), _found(history, "without-orders")
    assert (missing.table, missing.rows, missing.examples[0]["customer"]) == ("orders", 8, 3)
    assert (without.table, without.rows, without.examples[0]["customer"]) == ("tickets", 1, 99)
    assert "compare how the ids are written in both tables" in without.message
    assert history.customers.tolist() == [0, 1, 2, 3, 4, 77, 99]


def test_returns_are_taken_without_their_sign():
    history = _history(returns=_orders(amount=[-5.0, 5.0]))
    np.testing.assert_array_equal(history.logs["returns"].numbers["amount"][:2], [5, 5])
