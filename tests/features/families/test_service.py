from __future__ import annotations

import math

import pytest

from tests.features.oracle import DAY, HOUR, Patience, Row, Tables, instant
from tests.features.tables import orders, ticket, value

T = instant("2024-03-01")
WEEK = 7 * DAY


def of(name: str, *tickets: Row, ordered: tuple[int, ...] = (T - 300 * DAY,), **options: Patience) -> float:
    return value(Tables(orders(*ordered), tickets=list(tickets)), name, T, **options)


@pytest.mark.parametrize(
    ("opened", "reply", "resolved", "ignored"),
    [
        (T - 10 * DAY, None, None, 1),
        # The week must have fully elapsed before T.
        (T - WEEK - 1, None, None, 1),
        (T - WEEK, None, None, 0),
        (T - WEEK + 1, None, None, 0),
        # An answer exactly a week later came in time, a microsecond later it did not.
        (T - 20 * DAY, T - 13 * DAY - 1, None, 0),
        (T - 20 * DAY, T - 13 * DAY, None, 0),
        (T - 20 * DAY, T - 13 * DAY + 1, None, 1),
        (T - 20 * DAY, None, T - 13 * DAY, 0),
        (T - 20 * DAY, T - DAY, T - 15 * DAY, 0),
        (T - 20 * DAY, T - DAY, T - 2 * DAY, 1),
        # What is answered at or after T is not answered yet.
        (T - 20 * DAY, T, None, 1),
        (T - WEEK, T, T, 0),
    ],
)
def test_a_complaint_is_ignored_when_a_week_went_by_without_an_answer(
    opened: int, reply: int | None, resolved: int | None, ignored: int
) -> None:
    tables = ticket(opened, reply, resolved)
    assert of("ignored_complaints_count", tables) == ignored
    assert of("ignored_complaints_share", tables) == ignored
    assert of("ignored_complaints_count", tables | {"is_complaint": False}) == 0


def test_the_patience_can_be_set() -> None:
    waiting = ticket(T - 3 * DAY)
    assert of("ignored_complaints_count", waiting) == 0
    assert of("ignored_complaints_count", waiting, patience=Patience(2.5)) == 1
    assert of("ignored_complaints_count", waiting, patience=Patience(3)) == 0


MIXED = (
    ticket(T - 400 * DAY, T - 400 * DAY + 2 * HOUR, T - 399 * DAY, satisfaction=2.0),
    ticket(T - 200 * DAY, None, None),
    ticket(T - 90 * DAY, T - 60 * DAY, None),
    ticket(T - 30 * DAY, None, T - 30 * DAY + 6 * HOUR, is_complaint=False, satisfaction=5.0),
    ticket(T - 10 * DAY, T, T + DAY, is_complaint=None, satisfaction=1.0),
)


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("tickets_count_30d", 2),
        ("tickets_count_90d", 3),
        ("tickets_count_365d", 4),
        ("tickets_count", 5),
        ("ticket_recency_days", 10.0),
        ("tickets_per_order", 2.5),
        ("complaints_count_30d", 0),
        ("complaints_count_90d", 1),
        ("complaints_count_365d", 2),
        ("complaints_count", 3),
        ("complaint_recency_days", 90.0),
        ("ignored_complaints_count", 2),
        ("ignored_complaints_count_180d", 1),
        ("ignored_complaints_share", 2 / 3),
        ("ignored_complaint_recency_days", 90.0),
        ("unanswered_complaint_oldest_days", 200.0),
        ("orders_after_ignored", 1),
        ("open_tickets_count", 3),
        ("unanswered_tickets_count", 2),
        ("first_reply_hours_mean", (2 + 30 * 24 + 6) / 3),
        ("first_reply_hours_last", 6.0),
        ("resolution_hours_mean", (24 + 6) / 2),
        ("satisfaction_last", 5.0),
        ("satisfaction_mean", 3.5),
    ],
)
def test_service_signals_at_the_cutoff(name: str, want: float) -> None:
    assert of(name, *MIXED, ordered=(T - 300 * DAY, T - 20 * DAY)) == pytest.approx(want)


def test_the_last_mark_is_that_of_the_ticket_resolved_last() -> None:
    slow = ticket(T - 50 * DAY, None, T - DAY, satisfaction=1.0)
    quick = ticket(T - 20 * DAY, None, T - 19 * DAY, satisfaction=5.0)
    assert of("satisfaction_last", slow, quick) == 1.0
    assert of("satisfaction_last", slow | {"resolved": T}, quick) == 5.0


def test_without_a_ticket_ages_hours_and_marks_are_unknown() -> None:
    tables = Tables(orders(T - DAY), tickets=[ticket(T - DAY, customer="b")])
    for name in (
        "ticket_recency_days",
        "complaint_recency_days",
        "ignored_complaints_share",
        "unanswered_complaint_oldest_days",
        "orders_after_ignored",
        "first_reply_hours_mean",
        "first_reply_hours_last",
        "resolution_hours_mean",
        "satisfaction_last",
        "satisfaction_mean",
    ):
        assert math.isnan(value(tables, name, T)), name
    assert value(tables, "tickets_count", T) == 0


def test_a_ticket_recorded_late_is_not_known() -> None:
    late = ticket(T - 20 * DAY, recorded_at=T)
    assert of("tickets_count", late) == 0
    assert of("tickets_count", late | {"recorded_at": T - 1}) == 1


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("reopened_tickets_count_365d", 2),
        ("reopened_tickets_share", 3 / 5),
        ("reopened_recency_days", 1.0),
        ("escalated_tickets_count_365d", 0),
        ("escalated_recency_days", math.nan),
    ],
)
def test_trouble_counts_from_when_it_came(name: str, want: float) -> None:
    rows = [
        ticket(T - d * DAY, reopened=None if r is None else T - round(r * DAY), escalated=T)
        for d, r in ((500, 366), (400, 365), (50, 1), (40, 0), (30, None))
    ]
    assert of(name, *rows) == pytest.approx(want, nan_ok=True)


def test_silent_and_changing_marks() -> None:
    rows = [
        ticket(T - 50 * DAY, None, T - 40 * DAY, satisfaction=5.0),
        ticket(T - 30 * DAY, None, T - 20 * DAY, satisfaction=None),
        ticket(T - 29 * DAY, None, T - 19 * DAY, satisfaction=2.0),
        ticket(T - 9 * DAY, None, T, satisfaction=1.0),
        ticket(T - 8 * DAY, None, None, satisfaction=1.0),
    ]
    assert of("satisfaction_silent_share", *rows) == pytest.approx(1 / 3)
    assert of("satisfaction_change", *rows) == pytest.approx(2 - 3.5)
    assert of("open_ticket_oldest_days", *rows) == 9.0


def test_replies_against_those_of_all_who_ordered_within_a_year() -> None:
    t = T - 9 * DAY
    waits = {"a": 2, "b": 4, "c": 99}
    rows = [ticket(t, t + h * HOUR, t + 2 * h * HOUR, customer=c, ticket_id=c) for c, h in waits.items()]
    placed = orders(T - DAY) + orders(T - DAY, customer="b") + orders(T - 400 * DAY, customer="c")
    tables = Tables(placed, tickets=rows)
    for name in ("first_reply_vs_all", "resolution_vs_all"):
        assert value(tables, name, T) == pytest.approx(2 / 3)
        assert value(tables, name, T, who="c") == pytest.approx(99 / 3)
