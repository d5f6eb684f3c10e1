from __future__ import annotations

import datetime as dt
import json
from itertools import pairwise
from typing import Any

import pytest

from churn.data.history import History
from churn.data.simulate import make_shop
from churn.errors import ParameterError
from churn.retention.periods import retention_between, retention_series
from churn.retention.rate import Retention
from tests.features.oracle import DAY, HOUR, Tables, instant
from tests.features.tables import history_of, orders

ACTIVE = 60


def midnight(day: dt.date, zone: str) -> int:
    return instant(f"{day} 00:00", zone)


def by_sets(tables: Tables, t0: int, t1: int) -> dict[str, int]:
    """S, E and every flow, as sets of customers."""

    def active(t: int) -> set[Any]:
        return {r["customer"] for r in tables.orders if t - ACTIVE * DAY <= r["time"] < t}

    s, e = active(t0), active(t1)
    before = {r["customer"] for r in tables.orders if r["time"] < t0}
    return {
        "S": len(s),
        "E": len(e),
        "N": len(e - s),
        "retained": len(s & e),
        "lost": len(s - e),
        "new": len((e - s) - before),
        "reactivated": len((e - s) & before),
    }


def flows(r: Retention) -> dict[str, int]:
    return {
        k: v for k, v in r.to_dict().items() if k in ("S", "E", "N", "retained", "lost", "new", "reactivated")
    }


def shop_of(zone: str = "Europe/Berlin") -> Tables:
    frame = make_shop(150, seed=4, days=800, end="2024-06-10").orders
    rows = [
        {"customer": c, "time": t.value // 1000, "amount": a}
        for c, t, a in zip(frame["customer"], frame["time"], frame["amount"], strict=True)
    ]
    return Tables(rows, timezone=zone)


@pytest.fixture(scope="module")
def tables() -> Tables:
    return shop_of()


@pytest.fixture(scope="module")
def history(tables: Tables) -> History:
    return history_of(tables)


STARTS = {
    "day": lambda d: True,
    "week": lambda d: d.weekday() == 0,
    "month": lambda d: d.day == 1,
    "quarter": lambda d: d.day == 1 and d.month % 3 == 1,
    "year": lambda d: d.day == 1 and d.month == 1,
}


@pytest.mark.parametrize("every", STARTS)
def test_every_whole_period_by_sets(history: History, tables: Tables, every: str) -> None:
    first, last = min(r["time"] for r in tables.orders), max(r["time"] for r in tables.orders)
    days = [dt.date(2022, 1, 1) + dt.timedelta(k) for k in range(1200)]
    bounds = [d for d in days if STARTS[every](d)]
    # The day of the last order counts as whole.
    end = next(m for d in days if (m := midnight(d, tables.timezone)) > last)
    whole = [
        (a, b)
        for a, b in pairwise(bounds)
        if midnight(a, tables.timezone) >= first + ACTIVE * DAY and midnight(b, tables.timezone) <= end
    ]
    series = retention_series(history, ACTIVE, every)  # type: ignore[arg-type]
    ends_with_the_data = STARTS[every](dt.date(2024, 6, 10))
    assert [(r.first, r.last) for r in series.whole] == [(str(a), str(b)) for a, b in whole]
    for r, (a, b) in zip(series.whole, whole, strict=True):
        assert flows(r) == by_sets(tables, midnight(a, tables.timezone), midnight(b, tables.timezone))
        assert r.start - r.lost + r.new + r.reactivated == r.end
    for one, two in pairwise(series):
        assert one.end == two.start
    assert len(series) == len(series.frame) == len(whole) + (not ends_with_the_data)
    if not ends_with_the_data:
        running = series.periods[-1]
        began = midnight(dt.date.fromisoformat(running.first or ""), tables.timezone)
        assert flows(running) == by_sets(tables, began, end)
        assert (running.running, running.so_far) == (True, "2024-06-10")
    assert json.loads(json.dumps(series.to_dict()))["every"] == every


def test_reactivated_customers_were_seen(history: History) -> None:
    assert sum(r.reactivated or 0 for r in retention_series(history, ACTIVE)) > 0
    assert sum(r.new or 0 for r in retention_series(history, ACTIVE)) > 0


JAN, FEB, MAR = (instant(f"2024-0{m}-01") for m in (1, 2, 3))


def small(*extra: dict[str, Any], last: int = MAR + DAY, **options: Any) -> History:
    return history_of(
        Tables([*orders(JAN - 200 * DAY, customer="zoe"), *extra, *orders(last, customer="zoe")]), **options
    )


@pytest.mark.parametrize(
    ("times", "want"),
    [
        ((FEB - 60 * DAY, MAR - DAY), {"S": 1, "E": 1, "retained": 1}),
        ((FEB - 60 * DAY - 1, MAR - DAY), {"S": 0, "E": 1, "reactivated": 1}),
        ((FEB - 60 * DAY,), {"S": 1, "E": 0, "lost": 1}),
        ((FEB - 1,), {"S": 1, "E": 1, "retained": 1}),
        ((FEB,), {"S": 0, "E": 1, "new": 1}),
        ((MAR - 1,), {"S": 0, "E": 1, "new": 1}),
        ((MAR,), {"S": 0, "E": 0}),
    ],
)
def test_the_instants_at_which_sets_change(times: tuple[int, ...], want: dict[str, int]) -> None:
    found = flows(retention_between(small(*orders(*times)), 60, FEB, MAR))
    assert found == {**dict.fromkeys(found, 0), "N": want["E"] - want.get("retained", 0), **want}


def test_new_and_gone_again_within_the_period_is_neither_new_nor_lost() -> None:
    r = retention_between(small(*orders(FEB)), 10, FEB, MAR)
    assert (r.start, r.end, r.new, r.lost) == (0, 0, 0, 0)
    assert r.rate is None
    assert "no rate" in str(r)


def test_dates_are_read_in_the_zone_of_the_history() -> None:
    zone = "America/New_York"
    rows = orders(instant("2024-01-31 23:30", zone), instant("2024-04-01", zone))
    r = retention_between(history_of(Tables(rows, timezone=zone)), 60, "2024-02-01", "2024-03-01")
    assert (r.start, r.first, r.last) == (1, "2024-02-01", "2024-03-01")


def test_late_rows_are_orders_all_the_same() -> None:
    """An order of January that was recorded in February made nobody new in February."""
    rows = orders(FEB - DAY, recorded_at=FEB + DAY) + orders(MAR - DAY, customer="b", recorded_at=MAR + DAY)
    history = small(*rows)
    assert flows(retention_between(history, 60, FEB, MAR)) == {
        "S": 1,
        "E": 2,
        "N": 1,
        "retained": 1,
        "lost": 0,
        "new": 1,
        "reactivated": 0,
    }
    known = retention_between(history, 60, FEB, MAR, known_before=MAR)
    assert (known.start, known.end, known.retained) == (1, 1, 1)


def test_a_period_that_ends_before_it_starts() -> None:
    with pytest.raises(ParameterError) as error:
        retention_between(small(), 60, "2024-02-01", "2024-01-01")
    assert str(error.value) == (
        "The period ends before it starts. Given: 2024-02-01 to 2024-01-01. Give the start first."
    )
    with pytest.raises(ParameterError, match="ends before it starts"):
        retention_between(small(), 60, FEB, FEB)


def test_a_period_may_end_with_the_day_of_the_last_order_and_not_later() -> None:
    history = small(last=MAR + 13 * HOUR)
    assert retention_between(history, 60, FEB, "2024-03-02").last == "2024-03-02"
    with pytest.raises(ParameterError) as error:
        retention_between(history, 60, FEB, MAR + DAY + 1)
    assert error.value.code == "immature"
    assert str(error.value) == (
        "The period ends after the data do. Given: 2024-03-02 00:00, the data end on 2024-03-01 13:00. Choose an "
        "earlier end."
    )


def test_what_is_left_out_is_said() -> None:
    series = retention_series(small(*orders(FEB), last=MAR + 5 * DAY), 60)
    assert [r.first for r in series] == [
        "2023-09-01",
        "2023-10-01",
        "2023-11-01",
        "2023-12-01",
        "2024-01-01",
        "2024-02-01",
        "2024-03-01",
    ]
    assert series.left_out == "Left out: 3 at the beginning, before 60 days of history had passed."
    march = series.periods[-1]
    assert (march.running, march.last, march.so_far) == (True, "2024-04-01", "2024-03-07")
    assert "~ running: the period from 2024-03-01 to 2024-04-01 is counted so far, up to 2024-03-07" in str(
        series
    )
    assert str(series).endswith(series.left_out)


def test_a_month_that_starts_exactly_active_days_after_the_first_order_is_whole() -> None:
    rows = orders(FEB - 60 * DAY, MAR + DAY)
    assert [r.first for r in retention_series(history_of(Tables(rows)), 60)] == ["2024-02-01", "2024-03-01"]
    later = retention_series(history_of(Tables(orders(FEB - 60 * DAY + 1, MAR + DAY))), 60)
    assert [r.first for r in later] == ["2024-03-01"]


def test_a_month_that_ends_with_the_extract_is_complete() -> None:
    history = small(*orders(FEB), last=MAR - 3 * DAY, data_end="2024-03-01")
    series = retention_series(history, 60)
    assert series.periods[-1].last == "2024-03-01"
    assert series.left_out == "Left out: 3 at the beginning, before 60 days of history had passed."


def test_a_history_too_short_for_any_period() -> None:
    with pytest.raises(ParameterError) as error:
        retention_series(small(), 300)
    assert error.value.code == "no-period"
    assert str(error.value) == (
        "The data hold no month period whose active customers are known. Given: orders from 2023-06-15 to 2024-03-02, "
        "300 days needed to see who is active. Choose a shorter period or smaller active_days."
    )


def test_an_unknown_period() -> None:
    with pytest.raises(ParameterError) as error:
        retention_series(small(), 60, "fortnight")  # type: ignore[arg-type]
    assert str(error.value) == (
        "The period is unknown. Given: 'fortnight'. Allowed: day, week, month, quarter, year, rolling. Use one of these."
    )


def test_a_period_without_anyone_at_its_start_has_no_rate() -> None:
    series = retention_series(small(*orders(MAR - DAY)), 30)
    january = next(r for r in series if r.first == "2024-01-01")
    assert (january.rate, january.interval) == (None, None)
    line = next(x for x in str(series).splitlines() if x.startswith("2024-01-01"))
    assert line.split() == ["2024-01-01", "0", "0", "0", "0", "0", "*", "no", "rate", "no", "rate"]


def test_months_with_a_dst_night_begin_at_local_midnight() -> None:
    zone = "Europe/Berlin"
    edge = instant("2024-04-01", zone)
    rows = orders(edge - 200 * DAY, customer="zoe") + orders(edge - 1) + orders(edge, customer="b")
    history = history_of(Tables(rows + orders(edge + 40 * DAY, customer="zoe"), timezone=zone))
    march, april = retention_series(history, 60).whole[-2:]
    assert (march.last, march.end, april.end, april.new) == ("2024-04-01", 1, 2, 1)
