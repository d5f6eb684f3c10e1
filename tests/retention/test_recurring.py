from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.definition import Inactivity, Subscription
from churn.retention.purchases import purchases
from churn.retention.recurring import Recurring
from tests.features.oracle import DAY, Row, Tables, instant
from tests.features.tables import generated, history_of, orders

RULE = Subscription(30, ended_when=("end",))
JAN, FEB, MAR, APR = (instant(f"2024-0{m}-01") for m in (1, 2, 3, 4))


def change(
    time: int, price: float | None = None, event: str = "start", customer: str = "a", **values: Any
) -> Row:
    return {"customer": customer, "time": time, "event": event, "price": price, "subscription": "s", **values}


def recurring(*rows: Row, rule: Any = RULE, **options: Any) -> tuple[Recurring, ...] | None:
    mark = change(JAN, event="end", customer="y")
    tables = Tables(orders(JAN, APR - 1, customer="z"), subscriptions=[mark, *rows])
    return purchases(history_of(tables), rule, **options).recurring


def test_every_flow_of_a_month() -> None:
    rows = [
        change(JAN + DAY, 10.0),
        change(FEB + DAY, event="end"),  # lost
        change(JAN + DAY, 20.0, customer="b"),
        change(FEB + DAY, 15.5, "down", customer="b"),  # less
        change(JAN + DAY, 5.0, customer="c"),
        change(FEB + DAY, 8.0, "up", customer="c"),  # more
        change(FEB + DAY, 7.0, customer="d"),  # new
        change(JAN + DAY, 3.0, customer="e"),
        change(FEB + DAY, None, "renewal", customer="e"),  # the price stays
    ]
    jan, feb, mar = recurring(*rows)  # type: ignore[misc]
    assert (jan.start, jan.new, jan.end, jan.net_retention) == (0.0, 38.0, 38.0, None)
    assert (feb.start, feb.lost, feb.less, feb.more, feb.new, feb.end) == (38.0, 10.0, 4.5, 3.0, 7.0, 33.5)
    assert feb.gross_retention == pytest.approx((38 - 14.5) / 38)
    assert feb.net_retention == pytest.approx((38 - 14.5 + 3) / 38)
    assert (mar.start, mar.end, mar.gross_retention) == (33.5, 33.5, 1.0)


def test_a_customer_with_two_subscriptions_is_one_customer() -> None:
    rows = [
        change(JAN + DAY, 10.0),
        change(JAN + DAY, 6.0, subscription="t"),
        change(FEB + DAY, None, "end", subscription="t"),
    ]
    feb = recurring(*rows)[1]  # type: ignore[index]
    assert (feb.lost, feb.less, feb.end) == (0.0, 6.0, 10.0)


@pytest.mark.parametrize(("time", "start"), [(FEB - 1, 9.0), (FEB, 0.0)])
def test_a_start_counts_from_the_instant_after_it(time: int, start: float) -> None:
    assert recurring(change(time, 9.0))[1].start == start  # type: ignore[index]


def test_a_running_month_has_flows_and_no_rate() -> None:
    rows = [change(JAN + DAY, 10.0), change(FEB + 2 * DAY, event="end")]
    feb = recurring(*rows, as_of=FEB + 10 * DAY)[1]  # type: ignore[index]
    assert (feb.so_far, feb.lost, feb.gross_retention) == ("2024-02-11", 10.0, None)


def test_without_prices_or_subscriptions_there_is_none() -> None:
    assert recurring(change(JAN + DAY, 10.0), rule=Inactivity(45, 20)) is None
    rows = [{"customer": "a", "time": JAN, "event": e} for e in ("start", "end")]
    assert purchases(history_of(Tables(orders(JAN, APR), subscriptions=rows)), RULE).recurring is None


@settings(generated, max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from([JAN + 1, FEB - 1, FEB, FEB + DAY, MAR, MAR + 1]),
            st.sampled_from([None, 0.0, 0.1, 9.99, 20.0]),
            st.sampled_from(["start", "renewal", "end"]),
        ),
        min_size=1,
        max_size=14,
    )
)
def test_the_flows_reconcile_and_are_what_the_rows_say(
    drawn: list[tuple[str, int, float | None, str]],
) -> None:
    found = recurring(*(change(t, p, e, c) for c, t, p, e in drawn))

    def paid(u: int) -> dict[str, float]:
        out = {}
        for who in "abc":
            rows = [r for r in sorted(drawn, key=lambda r: r[1]) if r[0] == who and r[1] < u]
            told = [r[2] for r in rows if r[2] is not None]
            out[who] = (told or [0.0])[-1] if rows and rows[-1][3] != "end" else 0.0
        return out

    if found is None:
        return
    for r, (start, end) in zip(found, ((JAN, FEB), (FEB, MAR), (MAR, APR)), strict=True):
        a, b = paid(start), paid(end)
        assert (r.start, r.end) == pytest.approx((sum(a.values()), sum(b.values())))
        assert r.start - r.lost - r.less + r.more + r.new == pytest.approx(r.end, abs=1e-9)
        if r.start:
            assert r.gross_retention == pytest.approx(sum(min(a[c], b[c]) for c in "abc") / sum(a.values()))
            assert r.net_retention == pytest.approx(sum(b[c] for c in "abc" if a[c]) / sum(a.values()))
