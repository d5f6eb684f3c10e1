from __future__ import annotations

import json
import random
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.data.base import CustomerBase, count
from churn.data.history import History
from churn.data.store import LogStore
from churn.definition import Inactivity, Subscription
from churn.features.compute import split
from churn.retention.cohorts import cohorts
from churn.retention.purchases import PurchaseTally, purchases
from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import generated, history_of, orders

ACTIVE = 45
RULE = Inactivity(ACTIVE, 20)
ZONE = "Europe/Berlin"
BOUNDS = [instant(f"2024-0{m}-01", ZONE) for m in (1, 2, 3, 4, 5, 6)]
KNOWN = instant("2024-05-20", ZONE)
WHEN = st.sampled_from(
    [b + us for b in BOUNDS[1:] for us in (-1, 0)] + [KNOWN - 1, KNOWN, BOUNDS[2] + 12 * DAY]
)
AMOUNT = st.sampled_from([0.0, 0.1, 0.2, 19.99, 100.0, -5.0, 1e6])


def by_rows(bought: list[Row], back: list[Row], p: int) -> dict[str, Any]:
    """A period's figures from the rows, in fractions."""
    known = [r for r in bought if r["time"] < KNOWN and r["recorded_at"] < KNOWN]
    a, b = BOUNDS[p], min(BOUNDS[p + 1], KNOWN)
    rows = [r for r in known if a <= r["time"] < b]
    buyers = {r["customer"] for r in rows}
    times = {
        c: sum(r["customer"] == c and r["time"] < b for r in known) for c in {r["customer"] for r in known}
    }

    def money(rows: list[Row]) -> Fraction:
        return sum((Fraction(str(r["amount"])) for r in rows), Fraction())

    out = {
        "orders": len(rows),
        "buyers": len(buyers),
        "repeat_buyers": len({r["customer"] for r in known if r["time"] < a} & buyers),
        "customers": sum(n > 0 for n in times.values()),
        "customers_with_two_orders": sum(n > 1 for n in times.values()),
        "gross_revenue": float(money(rows)),
        "returns": float(sum(abs(Fraction(str(r["amount"]))) for r in back if a <= r["time"] < b)),
        "S": len(active := {r["customer"] for r in known if a - ACTIVE * DAY <= r["time"] < a}),
    }
    complete = p > 0 and BOUNDS[p + 1] <= KNOWN and a >= BOUNDS[0] + ACTIVE * DAY
    held = kept = lower = Fraction()
    for c in active:
        was = max(
            money([r for r in known if r["customer"] == c and BOUNDS[p - 1] <= r["time"] < a]), Fraction()
        )
        now = max(money([r for r in rows if r["customer"] == c]), Fraction())
        held, kept, lower = held + was, kept + now, lower + min(was, now)
    out["S_revenue_before"] = float(held) if complete else None
    out["gross_revenue_retention"] = float(lower / held) if complete and held else None
    out["net_revenue_retention"] = float(kept / held) if complete and held else None
    return out


@settings(generated, max_examples=20)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), WHEN, AMOUNT, st.sampled_from([0, 0, 30 * DAY])), max_size=24
    ),
    st.lists(st.tuples(st.sampled_from("abcde"), WHEN, AMOUNT), max_size=4),
)
def test_every_figure_is_what_the_rows_say(drawn: list[Any], sent_back: list[Any]) -> None:
    names = ("customer", "time", "amount")
    bought = [{**dict(zip(names, r, strict=False)), "recorded_at": r[1] + r[3]} for r in drawn]
    bought += [
        {"customer": "z", "time": t, "amount": 1.0, "recorded_at": t} for t in (BOUNDS[0], KNOWN + 60 * DAY)
    ]
    who = {r["customer"] for r in bought}
    back = [dict(zip(names, r, strict=True)) for r in sent_back if r[0] in who]
    found = purchases(history_of(Tables(bought, back, timezone=ZONE)), RULE, as_of=KNOWN)
    assert len(found.periods) == 5
    for p, period in enumerate(found.periods):
        told = period.to_dict()
        want = by_rows(bought, back, p)
        assert {k: told[k] for k in want} == want
    # What the cohorts brought is what everybody brought.

    cohort_sum = sum(sum(c.revenue) for c in (found.lifetime.before, *found.lifetime.cohorts) if c)
    assert cohort_sum + found.lifetime.unseen == pytest.approx(sum(p.net for p in found.periods), abs=1e-6)


def test_parts_and_the_whole_give_the_same_to_the_bit(history: History, saved_shop, definition) -> None:
    base = CustomerBase.of(LogStore.of(saved_shop))
    for options in ({}, {"as_of": "2025-05-17", "every": "quarter"}):
        whole, parts = (purchases(data, definition, **options).to_dict() for data in (history, base))
        assert whole == parts
        json.dumps(whole, allow_nan=False)


def test_any_order_of_any_parts_gives_the_same(history: History, definition) -> None:
    base = CustomerBase.of(history)
    want = purchases(base, definition).to_dict()
    parts = [replace(p, span=(history.data_start, history.last_order)) for _, p in split(history, 170)]
    random.Random(3).shuffle(parts)
    tally = PurchaseTally(base, definition)
    for part in parts:
        tally.add(part)
    assert tally.result().to_dict() == want


def test_s_and_the_cohorts_are_those_of_the_other_figures(history: History, definition) -> None:
    found, by_cohort = purchases(history, definition), cohorts(history, definition)
    assert [c.customers for c in found.lifetime.cohorts] == by_cohort.total.sizes.tolist()
    for p in range(1, len(found.periods)):
        active = by_cohort.total.active[:, p - 1].sum() + by_cohort.total.before_active[p - 1]
        assert found.periods[p].active == active
        assert (
            found.periods[p].buyers == by_cohort.total.ordered[:, p].sum() + by_cohort.total.before_ordered[p]
        )


def test_a_customer_who_spends_more_makes_up_for_another_in_the_net_rate_alone() -> None:
    may, june = instant("2024-05-10"), instant("2024-06-10")
    rows = [
        {"customer": c, "time": t, "amount": amount}
        for c, t, amount in (("a", may, 100.0), ("b", may, 100.0), ("a", june, 180.0), ("c", june, 500.0))
    ]
    mark = orders(instant("2024-01-01"), instant("2024-07-01"), customer="zoe")
    period = purchases(history_of(Tables(rows + mark)), RULE).periods[5]
    assert (period.gross_retention, period.net_retention) == (0.5, 0.9)
    assert (period.repeat_buyers, period.buyers) == (1, 2)


def test_a_night_before_the_first_order_has_no_period() -> None:
    base = CustomerBase.of(history_of(Tables(orders(BOUNDS[0], KNOWN))))
    tally = PurchaseTally(base, RULE, known_before=BOUNDS[0] - 60 * DAY)
    count(base, tally)
    found = tally.result()
    assert (found.periods, found.lifetime.cohorts, found.answers, found.recurring) == ((), (), None, None)
    assert "no cohort has a whole month yet" in str(found)
    assert found.frame.empty


def test_orders_before_a_subscription_count_in_its_first_period() -> None:
    subs = [{"customer": "a", "time": instant("2024-03-05"), "event": e} for e in ("end", "start")]
    rows = orders(instant("2024-01-05"), instant("2024-03-10"), instant("2024-05-01"), instant("2024-05-02"))
    found = purchases(history_of(Tables(rows, subscriptions=subs)), Subscription(30, ended_when=("end",)))
    march = next(c for c in found.lifetime.cohorts if c.cohort == "2024-03-01")
    assert (march.customers, march.revenue) == (1, (20.0, 0.0, 20.0))


def test_tables_that_are_asked_for_are_enough(saved_shop, definition) -> None:
    base = CustomerBase.of(LogStore.of(saved_shop))
    tally = PurchaseTally(base, definition)
    count(base, tally, tables=tally.tables)
    assert tally.result().periods[3].returned_billionths > 0
    assert np.isclose(
        tally.result().periods[3].net, tally.result().periods[3].gross - tally.result().periods[3].returned
    )


def test_a_night_tells_an_amount_as_it_was_known_then() -> None:
    """An order of January was corrected in March: the night of February still has the old amount."""
    jan, mar = instant("2024-01-10"), instant("2024-03-10")
    row = {"customer": "a", "time": jan, "order_id": "1", "amount": 10.0, "recorded_at": jan}
    rows = [
        row,
        {**row, "amount": 25.0, "recorded_at": mar},
        {"customer": "z", "time": mar, "order_id": "2", "amount": 1.0, "recorded_at": mar},
    ]
    history = history_of(Tables(rows))
    assert purchases(history, RULE, as_of="2024-02-20").periods[0].gross == 10.0
    assert purchases(history, RULE).periods[0].gross == 25.0
    assert purchases(history, RULE, as_of="2024-02-20").lifetime.before.revenue[0] == 10.0  # type: ignore[union-attr]


def buy(customer: str, date: str, amount: float) -> Row:
    return {"customer": customer, "time": instant(date), "amount": amount}


def test_a_customer_whose_orders_sum_below_nothing_takes_nothing_from_another() -> None:
    rows = [buy("a", "2024-05-10", 100.0), buy("b", "2024-05-10", -40.0), buy("b", "2024-05-11", 10.0)]
    rows += [buy("a", "2024-06-10", 60.0), buy("b", "2024-06-10", -25.0)]
    mark = orders(instant("2024-01-01"), instant("2024-07-01"), customer="zoe")
    june = purchases(history_of(Tables(rows + mark)), RULE).periods[5]
    assert (june.held_billionths, june.kept_billionths, june.lower_billionths) == (100e9, 60e9, 60e9)
    assert june.gross == 35.0


def test_revenue_is_not_held_against_a_month_that_the_data_hold_in_part() -> None:
    rows = [buy("a", d, 10.0) for d in ("2024-01-20", "2024-02-20", "2024-03-20", "2024-04-01")]
    january, february, march, _ = purchases(history_of(Tables(rows)), Inactivity(5, 5)).periods
    assert (january.partial, february.partial, february.beginning) == (True, False, False)
    assert february.held_billionths is None
    assert march.held_billionths is not None
