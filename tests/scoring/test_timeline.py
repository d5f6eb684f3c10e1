import numpy as np
import pandas as pd
import pytest

import churn
from churn.data.base import CustomerBase
from churn.data.store import LogStore
from churn.scoring.timeline import TIMELINE_COLUMNS, timeline

T = "2025-03-10"


def utc(*times):
    return pd.to_datetime(list(times), utc=True, format="ISO8601")


def orders(*times, customer="A", **more):
    return pd.DataFrame({"customer": customer, "time": utc(*times), "amount": 10.0, **more})


FIRST = "2024-01-01T12:00"  # an order long before, as a history must have one


def told(history, customer="A", at=T, **options):
    where = history.customers.get_indexer([customer])
    return timeline(history, where, history.instant(at), **options)


def texts(history, **options):
    found = told(history, **options)
    return found["text"][found["kind"] != "order"].tolist()


def test_what_happens_at_the_cutoff_is_not_known_and_what_happens_just_before_is():
    history = churn.make_history(orders(FIRST, "2025-03-09T23:59:59.999999", "2025-03-10T00:00:00"))
    assert told(history)["time"].tolist() == ["2025-03-09T23:59", "2024-01-01T12:00"]
    assert told(history, at="2024-01-01").empty


def test_what_was_recorded_at_the_cutoff_is_not_known_yet():
    recorded = utc("2024-01-02", "2025-03-09T23:59:59", "2025-03-10")
    history = churn.make_history(orders(FIRST, "2025-03-01T10:00", "2025-03-02T10:00", recorded_at=recorded))
    assert told(history)["time"].tolist() == ["2025-03-01T10:00", "2024-01-01T12:00"]


def test_a_corrected_order_is_told_as_it_was_known_then():
    twice = pd.DataFrame(
        {
            "customer": ["A", "A", "A"],
            "time": utc(FIRST, "2025-03-01T10:00", "2025-03-01T10:00"),
            "amount": [10.0, 30.0, 50.0],
            "order_id": ["1", "2", "2"],
            "recorded_at": utc(FIRST, "2025-03-02", "2025-03-12"),
        }
    )
    history = churn.make_history(twice)
    assert told(history)["amount"].tolist() == [30.0, 10.0]
    assert told(history, at="2025-03-13")["text"].tolist()[0] == "order of 50.00"


def tickets(history_at=T, *, orders_=None, currency="", **columns):
    n = len(next(iter(columns.values())))
    frame = pd.DataFrame({"ticket_id": [str(i) for i in range(n)], "customer": "A", **columns})
    return churn.make_history(orders(FIRST) if orders_ is None else orders_, tickets=frame)


def test_an_answer_at_the_cutoff_leaves_a_ticket_unanswered_and_one_before_does_not():
    history = tickets(
        opened=utc("2025-03-01", "2025-03-02"),
        first_reply=utc("2025-03-10", "2025-03-09T23:59:59.999999"),
        resolved=utc("2025-03-10", "2025-03-09T23:59:59.999999"),
        is_complaint=[True, False],
    )
    found = told(history)
    assert found["text"].tolist()[:2] == ["ticket, resolved after 8 days", "complaint, unanswered for 9 days"]
    assert found["open"].tolist() == [False, True, False]
    assert found["kind"].tolist() == ["ticket", "complaint", "order"]
    later = told(history, at="2025-03-10T00:00:01")
    assert not later["open"].any()


def test_a_ticket_says_what_it_is_about_and_how_far_it_is():
    history = tickets(
        opened=utc("2025-03-01", "2025-03-02", "2025-03-03", "2025-03-04"),
        first_reply=utc("2025-03-01T05:00", None, "2025-03-03T01:00", "2025-03-04T02:00"),
        resolved=utc(None, None, "2025-03-04", "2025-03-06"),
        reopened=utc(None, None, "2025-03-08", None),
        escalated=utc(None, "2025-03-04", None, "2025-03-12"),
        category=["delivery", None, "ticket", "price"],
        channel=["chat", "phone", None, None],
        satisfaction=[np.nan, np.nan, np.nan, 2.0],
    )
    assert texts(history) == [
        "ticket about price, resolved after 48 hours, mark 2",
        "ticket, resolved, opened again 48 hours ago",
        "ticket, phone, unanswered for 8 days, escalated",
        "ticket about delivery, chat, answered after 5 hours, not resolved for 9 days",
    ]
    assert told(history)["open"].tolist() == [False, True, True, True, False]


@pytest.mark.parametrize(
    ("columns", "text", "is_open"),
    [
        ({"first_reply": utc(None)}, "ticket, unanswered for 9 days", True),
        ({"first_reply": utc("2025-03-02")}, "ticket, answered after 24 hours", False),
        ({"resolved": utc(None)}, "ticket, not resolved for 9 days", True),
        ({}, "ticket", False),
    ],
)
def test_a_table_without_answers_says_only_what_it_can(columns, text, is_open):
    history = tickets(opened=utc("2025-03-01"), **columns)
    assert texts(history) == [text]
    assert told(history)["open"].tolist()[0] is is_open


def interactions(*rows):
    frame = pd.DataFrame(rows, columns=["time", "kind", "channel"])
    return frame.assign(time=utc(*frame["time"]), customer="A")


def test_interactions_of_a_kind_are_put_together_by_local_week():
    # In Berlin the week begins on Monday 3 March at 23:00 UTC of Sunday.
    log = interactions(
        ("2025-03-02T22:59:59", "visit", "web"),
        ("2025-03-02T23:00:00", "visit", "web"),
        ("2025-03-05T10:00:00", "visit", "app"),
        ("2025-03-06T10:00:00", "email_open", "email"),
        ("2025-03-07T10:00:00", "email_open", "email"),
        ("2025-03-09T22:59:59", "visit", "web"),
        ("2025-03-09T23:00:00", "visit", "web"),
    )
    history = churn.make_history(orders(FIRST), interactions=log, timezone="Europe/Berlin")
    found = told(history, at="2025-03-20")
    assert found["text"].tolist()[:-1] == [
        "visit, web",
        "3 visits that week",
        "2 email opens that week, email",
        "visit, web",
    ]
    # An entry stands where the last of its rows does.
    assert found["time"].tolist()[:3] == ["2025-03-10", "2025-03-09T23:59", "2025-03-07T11:00"]


def test_a_week_that_the_cutoff_divides_counts_what_came_before():
    log = interactions(
        ("2025-03-04T10:00", "visit", "web"),
        ("2025-03-05T10:00", "visit", "web"),
        ("2025-03-06T10:00", "visit", "web"),
    )
    history = churn.make_history(orders(FIRST), interactions=log)
    assert texts(history, at="2025-03-06T10:00") == ["2 visits that week, web"]


def test_the_newest_are_kept_and_the_others_counted():
    days = pd.date_range("2025-02-01", periods=5, tz="UTC").strftime("%Y-%m-%dT09:00").tolist()
    frame = pd.concat([orders(*days), orders("2025-02-03T08:00", customer="B")])
    history = churn.make_history(frame)
    found = timeline(history, [1, 0], history.instant(T), most=3)
    assert found["customer"].tolist() == ["B", "A", "A", "A"]
    assert found["time"].str[:10].tolist() == ["2025-02-03", "2025-02-05", "2025-02-04", "2025-02-03"]
    assert found["older"].tolist() == [0, 2, 2, 2]


def test_of_the_same_instant_the_last_row_comes_first():
    frame = orders(FIRST, "2025-03-01T10:00", "2025-03-01T10:00")
    history = churn.make_history(frame.assign(amount=[1.0, 2.0, 3.0]))
    assert told(history)["amount"].tolist() == [3.0, 2.0, 1.0]


def test_money_lateness_and_channel_of_an_order():
    history = churn.make_history(
        orders(
            FIRST,
            "2025-03-01",
            "2025-03-02",
            "2025-03-03",
            channel=["web", None, "web", "app"],
            promised=utc("2024-01-05", "2025-03-04", "2025-03-05", None),
            delivered=utc("2024-01-08", "2025-03-12", None, None),
        ).assign(amount=[1234.0, 35.2, 8.0, -4.0])
    )
    assert told(history, currency="£")["text"].tolist() == [
        "order of -£4.00, app",
        "order of £8.00, web, not there yet, 5 days late",
        "order of £35.20, not there yet, 6 days late",
        "order of £1,234, web, arrived 3 days late",
    ]


def test_surveys_returns_and_subscriptions():
    history = churn.make_history(
        orders(FIRST),
        returns=pd.DataFrame({"customer": ["A"], "time": utc("2025-03-01"), "amount": [-12.0]}),
        surveys=pd.DataFrame(
            {
                "customer": "A",
                "time": utc("2025-03-02", "2025-03-03"),
                "answered": utc("2025-03-04", "2025-03-10"),
                "score": [9.0, 1.0],
                "kind": "nps",
            }
        ),
        subscriptions=pd.DataFrame(
            {
                "customer": "A",
                "time": utc("2025-03-05", "2025-03-06", "2025-03-07"),
                "event": ["start", "charge", "end"],
                "plan": ["Pro", None, None],
                "price": [20.0, np.nan, np.nan],
                "renews": utc("2025-04-05", None, None),
                "is_end": [False, False, True],
                "is_failed_payment": [False, True, False],
            }
        ),
    )
    found = told(history, currency="£")
    assert found["text"].tolist()[:-1] == [
        "subscription ended",
        "payment failed",
        "subscription: start, plan Pro, £20.00 a month, paid until 2025-04-05",
        "nps survey, no answer",
        "nps survey: 9",
        "return of £12.00",
    ]
    np.testing.assert_array_equal(found["amount"], [np.nan, np.nan, 20.0, np.nan, np.nan, 12.0, 10.0])


def test_texts_of_the_data_are_cut_and_lose_line_breaks():
    hostile = "<script>\n\u202ealert(1)" + "x" * 10_000
    history = tickets(opened=utc("2025-03-01"), category=[hostile])
    (text,) = texts(history)
    assert text.startswith("ticket about <script> alert(1)xxx")
    assert text.endswith("…")
    assert len(text) < 80


def test_ready_features_are_no_events():
    credit = pd.DataFrame({"customer": ["A"], "time": utc("2025-03-01"), "score": [5.0]})
    history = churn.make_history(orders(FIRST), features={"credit": credit})
    assert told(history)["kind"].tolist() == ["order"]


def test_nobody_and_nothing_known_give_an_empty_frame_of_the_same_form(history):
    some = timeline(history, np.arange(5), history.last_order)
    for nothing in (
        timeline(history, np.array([], dtype=int), history.last_order),
        timeline(history, np.arange(5), history.instant("2020-01-01")),
    ):
        assert len(nothing) == 0
        assert nothing.dtypes.to_dict() == some.dtypes.to_dict()
    assert list(some.columns) == list(TIMELINE_COLUMNS)


def test_parts_of_a_saved_log_tell_the_same_as_the_whole(history, saved_shop):
    t = history.instant("2025-06-01")
    whole = timeline(history, np.arange(len(history.customers)), t)
    parts = [
        timeline(part, np.arange(len(part.customers)), t)
        for part in CustomerBase.of(LogStore.of(saved_shop)).parts()
    ]
    assert len(parts) > 1
    together = pd.concat(parts).sort_values("customer", kind="stable").reset_index(drop=True)
    pd.testing.assert_frame_equal(together, whole)


def test_every_row_known_before_the_cutoff_is_told_or_counted(history):
    t = history.instant("2025-06-01")
    found = timeline(history, np.arange(len(history.customers)), t, most=10**6)
    view = history.as_of(t)
    assert found["kind"].value_counts()["order"] == len(view.logs["orders"])
    assert found["open"].sum() == (view.logs["tickets"].instants["resolved"] == np.iinfo(np.int64).max).sum()
    visits = found["text"][found["kind"] == "interaction"].str.extract(r"^(\d+)")[0].fillna("1").astype(int)
    assert visits.sum() == len(view.logs["interactions"])
    cut = timeline(history, np.arange(len(history.customers)), t, most=5)
    once = cut.drop_duplicates("customer")
    assert len(cut) + once["older"].sum() == len(found)
