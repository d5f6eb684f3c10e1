from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from churn.config.retention import RetentionSettings
from churn.data.base import CustomerBase, count
from churn.data.history import History
from churn.data.store import LogStore
from churn.definition import Inactivity, Subscription
from churn.retention.survival import Survival, SurvivalTally, survival
from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import generated, history_of, orders

ACTIVE = 45
RULE = Inactivity(ACTIVE, 20)
START, KNOWN = instant("2024-01-01"), instant("2024-10-01")
WHEN = st.sampled_from(
    [START + d * DAY + us for d in (1, 30, 46, 91, 92, 200) for us in (0, 1, -1)]
    + [KNOWN - ACTIVE * DAY, KNOWN - ACTIVE * DAY - 1, KNOWN]
)


@settings(generated, max_examples=20)
@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), WHEN), min_size=1, max_size=24))
def test_lives_are_what_the_rows_say_and_the_curve_is_scipys(drawn: list[tuple[str, int]]) -> None:
    rows = [r for c, t in drawn for r in orders(t, customer=c)]
    mark = orders(START, KNOWN + 20 * DAY, customer="zoe")
    found = survival(history_of(Tables(rows + mark)), RULE, as_of=KNOWN, begin_days=0)
    lost, still = [], []
    for who in sorted({r["customer"] for r in rows + mark}):
        at = sorted(r["time"] for r in rows + mark if r["customer"] == who and r["time"] < KNOWN)
        if not at:
            continue
        end = at[0] + ACTIVE * DAY
        for t in at[1:]:
            if t > end:
                break
            end = t + ACTIVE * DAY
        (lost if end < KNOWN else still).append((min(end, KNOWN) - at[0]) // DAY)
    total = found.total
    assert (total.customers, total.lost) == (len(lost) + len(still), len(lost))
    want = ecdf(CensoredData(uncensored=lost, right=still)).sf  # zoe is always among the lost
    for d in (0, 45, 46, 90, 91, 150):
        got = total.at(d)
        assert got is None or got[0] == pytest.approx(want.evaluate(d))


def test_parts_and_the_whole_give_the_same(history: History, saved_shop, definition) -> None:
    base = CustomerBase.of(LogStore.of(saved_shop))
    for options in ({}, {"by": "segment"}, {"as_of": "2025-05-17", "by": None}):
        whole, parts = (survival(data, definition, **options).to_dict() for data in (history, base))
        assert whole == parts
        json.dumps(whole, allow_nan=False)


def test_groups_add_up_to_the_total(history: History, definition) -> None:
    for by in ("year", "country"):
        found = survival(history, definition, by=by)
        assert len(found.groups) > 1
        assert sum(c.customers for c in found.groups.values()) == found.total.customers
        assert sum(c.lost for c in found.groups.values()) == found.total.lost


def small(*rows: Row, **options: Any) -> Survival:
    mark = orders(START, KNOWN - 1, customer="zoe")
    return survival(history_of(Tables([*mark, *rows])), RULE, **({"begin_days": 0} | options))


def test_who_orders_once_is_lost_after_active_days_and_not_before() -> None:
    found = small(*orders(START + DAY, customer="a"), *orders(START + DAY, customer="b"))
    assert found.total.at(44)[0] == 1.0  # type: ignore[index]
    assert found.total.at(45)[0] == 0.0  # type: ignore[index]
    assert (found.total.median_days, found.total.lost) == (45, 3)


def test_coming_back_ends_nothing() -> None:
    once = small(*orders(START + DAY))
    back = small(*orders(START + DAY, START + 100 * DAY, START + 110 * DAY))
    np.testing.assert_array_equal(once.total.estimate.ended, back.total.estimate.ended)


def test_who_is_still_active_is_watched_so_far() -> None:
    found = small(*orders(*(KNOWN - 100 * DAY + k * 30 * DAY for k in range(4))))
    assert (found.total.customers, found.total.lost) == (2, 1)
    assert found.total.at(99)[0] == pytest.approx(0.5)  # type: ignore[index]
    assert found.total.at(300) is None


def test_who_may_have_come_before_the_data_is_left_out_and_said() -> None:
    edge = START + ACTIVE * DAY
    found = small(*orders(edge - 1), *orders(edge, customer="b"), begin_days=None)
    assert (found.left_out, found.total.customers) == (2, 1)
    assert "Left out: 2 customers first seen in the first 45 days of the data" in str(found)


def test_a_subscriber_is_lost_with_the_end_and_one_who_never_subscribed_is_counted() -> None:
    subs = [
        {"customer": "a", "time": START + 5 * DAY, "event": "start"},
        {"customer": "a", "time": START + 65 * DAY, "event": "end"},
        {"customer": "b", "time": START + 70 * DAY, "event": "end"},
    ]
    rows = orders(START, KNOWN - 1, customer="zoe")
    found = survival(
        history_of(Tables(rows, subscriptions=subs)), Subscription(30, ended_when=("end",)), begin_days=0
    )
    assert (found.total.customers, found.total.lost, found.never) == (1, 1, 1)
    assert found.total.median_days == 60


def test_the_median_has_an_interval_where_the_curve_gets_there() -> None:
    rows = [
        r
        for k in range(60)
        for r in orders(*(START + d * DAY for d in range(0, 3 * k + 1, 30)), customer=f"c{k}")
    ]
    found = small(*rows, by=None)
    low, high = found.total.median_interval
    assert low <= found.total.median_days <= high  # type: ignore[operator]
    assert f"{found.total.median_days} days ({low} to {high})" in str(found)
    stay = [
        r for c in "ab" for r in orders(*(KNOWN - 100 * DAY + k * 30 * DAY for k in range(4)), customer=c)
    ]
    assert small(*stay).total.median_days is None


def test_years_follow_the_users_calendar() -> None:
    found = small(*orders(instant("2024-04-01")), calendar=RetentionSettings(year_starts_in=4))
    assert {name: c.customers for name, c in found.groups.items()} == {"2023-04-01": 1, "2024-04-01": 1}
    assert list(small(*orders(START + DAY)).groups) == ["2024"]


def test_a_night_before_the_first_order_has_no_curve() -> None:
    base = CustomerBase.of(history_of(Tables(orders(START))))
    tally = SurvivalTally(base, RULE, known_before=START)
    count(base, tally)
    found = tally.result()
    assert (found.total.customers, found.total.median_days, found.to_dict()["total"]["days"]) == (0, None, [])
    assert "not reached" in str(found)
    assert found.frame.empty
