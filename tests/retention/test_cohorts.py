from __future__ import annotations

import datetime as dt
import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import churn
from churn.config.retention import RetentionSettings
from churn.data.base import CustomerBase, count
from churn.data.history import History
from churn.data.store import LogStore
from churn.definition import Inactivity, Subscription
from churn.errors import ParameterError
from churn.retention.cohorts import CohortTally, cohorts
from churn.retention.grouped import SHOWN_GROUPS
from churn.retention.groups import OTHER, UNKNOWN
from churn.retention.periods import retention_between
from churn.retention.purchases import purchases
from churn.retention.survival import survival
from churn.retention.triangle import Cohorts
from tests.features.oracle import DAY, HOUR, Row, Tables, instant, local_day
from tests.features.tables import generated, history_of, orders

ACTIVE = 45
RULE = Inactivity(ACTIVE, 20)
ZONE = "Europe/Berlin"


def months(first: dt.date, last: dt.date) -> list[dt.date]:
    n = (last.year - first.year) * 12 + last.month - first.month + 2
    return [
        dt.date(first.year + (first.month - 1 + k) // 12, (first.month - 1 + k) % 12 + 1, 1) for k in range(n)
    ]


def by_rows(rows: list[Row], zone: str, known: int, begin_days: int) -> dict[str, Any]:
    """The triangle written down customer by customer, from the definition alone."""
    seen = [r for r in rows if r["time"] < known and (r.get("recorded_at") or r["time"]) < known]
    # The beginning of the data is that of all rows, whatever was known when.
    start = min(r["time"] for r in rows)
    bounds = [instant(f"{m} 00:00", zone) for m in months(local_day(start, zone), local_day(known - 1, zone))]
    first: dict[Any, int] = {}
    for r in sorted(seen, key=lambda r: r["time"]):
        first.setdefault(r["customer"], r["time"])
    out: dict[str, Any] = {"earlier": 0, "cohorts": {}, "running": bounds[-1] > known}
    for a, b in pairwise(bounds):
        who = {c for c, t in first.items() if a <= t < b}
        if begin_days and a < start + begin_days * DAY:
            out["earlier"] += len(who)
            continue
        cells = []
        for x, y in pairwise(bounds):
            if x < a:
                continue
            end = min(y, known)
            active = {r["customer"] for r in seen if end - ACTIVE * DAY <= r["time"] < end}
            bought = {r["customer"] for r in seen if x <= r["time"] < end}
            cells.append((len(who & active), len(who & bought)))
        out["cohorts"][str(local_day(a, zone))] = (len(who), cells)
    return out


def as_rows(found: Cohorts) -> dict[str, Any]:
    told = found.to_dict()
    return {
        "earlier": told["before"]["customers"] if told["before"] else 0,
        "cohorts": {
            c["cohort"]: (c["customers"], list(zip(c["active"], c["ordered"], strict=True)))
            for c in told["cohorts"]
        },
        "running": found.running,
    }


EDGE = instant("2024-04-01", ZONE)  # the month with the night of 23 hours is over
KNOWN = instant("2024-06-11 09:00", ZONE)
WHEN = st.sampled_from(
    [
        instant(f"2024-0{m}-01", ZONE) + us
        for m in (2, 3, 4, 5, 6)
        for us in (-1, 0, ACTIVE * DAY, ACTIVE * DAY - 1)
    ]
    + [KNOWN - 1, KNOWN, KNOWN + DAY, EDGE + 12 * HOUR]
)
LATE = st.sampled_from([0, 0, 0, DAY, 40 * DAY])


@settings(generated, max_examples=20)
@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), WHEN, LATE), min_size=1, max_size=16),
    st.sampled_from([0, 10, ACTIVE]),
)
def test_every_cell_is_what_the_rows_say(drawn: list[tuple[str, int, int]], begin_days: int) -> None:
    rows = [
        {"customer": c, "time": t, "amount": 1.0, "recorded_at": t + late}
        for c, t, late in [*drawn, ("zoe", instant("2024-01-20", ZONE), 0), ("zoe", KNOWN + 60 * DAY, 0)]
    ]
    history = history_of(Tables(rows, timezone=ZONE))
    found = cohorts(history, RULE, as_of=KNOWN, begin_days=begin_days)
    assert as_rows(found) == by_rows(rows, ZONE, KNOWN, begin_days)


def test_parts_and_the_whole_give_the_same(history: History, saved_shop, definition) -> None:
    base = CustomerBase.of(LogStore.of(saved_shop))
    assert base.count > 1
    for options in ({}, {"by": "country"}, {"as_of": "2025-05-17", "every": "quarter"}):
        whole, parts = (cohorts(data, definition, **options).to_dict() for data in (history, base))
        assert whole == parts


def test_all_cohorts_together_are_e_of_the_retention_series(history: History, definition) -> None:
    found = cohorts(history, definition)
    triangle = found.total
    for p in range(len(found.starts) - 1):
        r = retention_between(history, definition, found.starts[p], found.ends[p])
        assert triangle.active[:, p].sum() + triangle.before_active[p] == r.end
    # Who came in a month and is active at its end is new in the series.
    c = 3
    r = retention_between(
        history, definition, found.starts[triangle.first + c], found.ends[triangle.first + c]
    )
    assert triangle.by_age(c, "active")[0] == r.new


def test_groups_add_up_to_the_total(history: History, definition) -> None:
    found = cohorts(history, definition, by="country")
    assert len(found.groups) > 1
    for field in ("sizes", "active", "ordered", "before", "before_active"):
        np.testing.assert_array_equal(
            sum(getattr(t, field) for t in found.groups.values()), getattr(found.total, field)
        )


def test_more_groups_than_anyone_reads_are_put_together() -> None:
    names = [f"g{i:02d}" for i in range(SHOWN_GROUPS + 2)]
    rows = [r for i, g in enumerate(names) for k in range(i + 2) for r in orders(EDGE, customer=f"{g}{k}")]
    people = [{"customer": r["customer"], "size": r["customer"][:3]} for r in rows]
    rows += orders(EDGE, customer="stranger")
    found = cohorts(history_of(Tables(rows, customers=people)), RULE, by="size", begin_days=0)
    assert list(found.groups) == [*names[:2:-1], OTHER]
    assert found.groups[OTHER].sizes.sum() == 2 + 3 + 4 + 1
    some = cohorts(history_of(Tables(rows[-3:], customers=people)), RULE, by="size", begin_days=0)
    assert {name: t.sizes.sum() for name, t in some.groups.items()} == {names[-1]: 2, UNKNOWN: 1}


def small(*rows: Row, last: str = "2024-06-11 09:00", **options: Any) -> Cohorts:
    mark = orders(instant("2024-01-01"), instant(last), customer="zoe")
    return cohorts(history_of(Tables([*mark, *rows])), RULE, **({"begin_days": 0} | options))


def test_a_cohort_of_nobody_is_shown_and_has_no_rate() -> None:
    found = small(*orders(instant("2024-02-03")))
    march = found.to_dict()["cohorts"][2]
    assert (march["cohort"], march["customers"], march["rate"][0], march["small"]) == (
        "2024-03-01",
        0,
        None,
        True,
    )
    line = next(x for x in str(found).splitlines() if x.startswith("2024-03"))
    assert line.split() == ["2024-03", "~0", "-", "-", "-", "-"]


def test_the_running_period_has_counts_and_no_rate_and_is_not_in_the_curve() -> None:
    found = small(*orders(instant("2024-05-20")), as_of="2024-06-11")
    may = found.to_dict()["cohorts"][4]
    assert (may["active"], may["ordered"], may["running"]) == ([1, 1], [1, 0], [False, True])
    assert (may["rate"], may["low"][1]) == ([1.0, None], None)
    assert len(found.curve) == 5
    assert "(100 %)" in str(found)
    assert "Nobody can be lost in the 45 days after an order" in str(found)
    assert "In brackets: the month is not over, counted up to 2024-06-11; no drop." in str(found)
    ordered = small(*orders(instant("2024-05-20")), as_of="2024-06-11", measure="ordered")
    assert ordered.to_dict()["cohorts"][4]["rate"] == [1.0, None]
    # A period that ends at the very instant is over.
    assert not small(*orders(instant("2024-05-20")), as_of="2024-06-01").running


def test_the_pooled_curve_adds_customers_up_and_takes_no_mean_of_percentages() -> None:
    many = [r for k in range(8) for r in orders(instant("2024-02-01"), customer=f"b{k}")]
    stays = [r for d in ("2024-03-01", "2024-04-30") for r in orders(instant(d), customer="c")]
    curve = small(*many, *stays, measure="active").curve
    # Two months on: of eight February customers none, of one March customer one, of zoe (January) none.
    row = curve[curve["age"] == 2].iloc[0]
    assert (row["customers"], row["retained"]) == (10, 1)
    assert row["rate"] == pytest.approx(0.1)
    assert row["low"] < 0.1 < row["high"]


def test_who_came_at_the_beginning_of_the_data_is_no_acquisition() -> None:
    rows = orders(instant("2024-01-31")) + orders(instant("2024-02-15"), customer="b")
    found = small(*rows, *orders(instant("2024-03-01"), customer="c"), begin_days=None)
    assert (found.begin_days, found.early, found.total.before) == (ACTIVE, 2, 3)
    told = found.to_dict()
    assert told["before"]["customers"] == 3
    assert [c["cohort"] for c in told["cohorts"]] == ["2024-03-01", "2024-04-01", "2024-05-01", "2024-06-01"]
    assert told["curve"][0]["customers"] == 1
    text = str(found)
    assert (
        "earlier = 3 customers first seen in a month that begins within 45 days of the beginning of the data"
        in text
    )


def test_a_new_business_has_cohorts_from_the_first_day() -> None:
    calendar = RetentionSettings(begin_days=0)
    found = small(*orders(instant("2024-01-05")), begin_days=None, calendar=calendar)
    assert (found.early, found.total.before, found.to_dict()["cohorts"][0]["customers"]) == (0, 0, 2)
    history = history_of(Tables(orders(EDGE, KNOWN)))
    assert survival(history, RULE, calendar=calendar).left_out == 0
    assert purchases(history, RULE, calendar=calendar).lifetime.before is None


def test_a_night_before_the_first_order_and_data_shorter_than_the_beginning() -> None:
    base = CustomerBase.of(history_of(Tables(orders(EDGE))))
    tally = CohortTally(base, RULE, known_before=EDGE - 90 * DAY)
    count(base, tally)
    nothing = tally.result()
    assert nothing.to_dict()["cohorts"] == []
    assert "Cohorts by month" in str(nothing)
    short = small(as_of="2024-02-10", begin_days=None)
    assert (short.total.before, short.to_dict()["cohorts"], len(short.curve)) == (1, [], 0)
    assert "earlier" in str(short)
    json.dumps([nothing.to_dict(), short.to_dict()], allow_nan=False)
    assert len(nothing.frame) == 0


def test_a_subscribers_cohort_is_that_of_the_first_subscription_row() -> None:
    subs = [
        {"customer": "a", "time": instant("2024-02-05"), "event": "start"},
        {"customer": "a", "time": instant("2024-04-10"), "event": "end"},
    ]
    tables = Tables(orders(instant("2024-01-01"), instant("2024-06-01")), subscriptions=subs)
    found = cohorts(history_of(tables), Subscription(30, ended_when=("end",)), begin_days=0)
    told = found.to_dict()["cohorts"]
    assert [c["customers"] for c in told] == [0, 1, 0, 0, 0, 0]
    assert told[1]["active"] == [1, 1, 0, 0, 0]


def test_weeks_and_fiscal_years_go_by_the_users_calendar() -> None:
    settings = RetentionSettings(year_starts_in=4, week_starts_on="sunday")
    assert small(every="year", calendar=settings).starts[:2] == ("2023-04-01", "2024-04-01")
    assert small(every="week", calendar=settings).starts[0] == "2023-12-31"


def test_the_text_fits_the_terminal_and_says_what_it_leaves_out() -> None:
    found = small(*orders(instant("2022-01-03")), every="week")
    lines = str(found).splitlines()
    table = lines[1 : lines.index(next(x for x in lines if x.startswith("The ")))]
    assert max(map(len, table)) <= 120
    assert len(table[0].split()) == 2 + 12
    assert (
        f"The {len(found.starts) - 24} oldest cohorts are not shown here, and count in the pooled curve."
        in lines
    )


def test_what_is_unknown_is_told() -> None:
    with pytest.raises(ParameterError, match=r"no such group of customers in the data. Given: 'contry'"):
        cohorts(churn.make_shop(customers=50, seed=1).history(), RULE, by="contry")
    with pytest.raises(ParameterError, match="last channel changes"):
        small(by="last_channel")
    with pytest.raises(ParameterError, match="rolling ones overlap"):
        small(every="rolling")
    with pytest.raises(ParameterError, match="measure of the cohorts is unknown"):
        small(measure="bought")
