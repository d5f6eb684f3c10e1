"""Flows against sets of customers written down row by row, for every kind of definition, and over parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churn.data.base import CustomerBase, count
from churn.data.history import History
from churn.data.store import LogStore
from churn.definition import Definition, Inactivity, LabelTable, LeavingEvent, Subscription
from churn.features.compute import split
from churn.retention.bounds import Span, calendar_spans
from churn.retention.flows import FlowTally
from churn.retention.groups import OTHER, UNKNOWN, Grouping
from churn.retention.rate import Retention
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import generated, history_of

T = instant("2024-03-01")
EDGES = [T + d * DAY + e for d in (-120, -60, -30, -10, 0, 20) for e in (-1, 0, 1)]
SPANS = (Span(T - 60 * DAY, T, T), Span(T - 30 * DAY, T + DAY, T + DAY), Span(T, T + 40 * DAY, T + 20 * DAY))
KINDS: tuple[Definition, ...] = (
    Inactivity(30, 20),
    LabelTable(60, 20),
    LeavingEvent(60, 20, table="interactions", left_when=("bye",)),
    Subscription(20, ended_when=("end",)),
)
WHO = ("a", "b", "c", "d", "e")


@st.composite
def lives(draw: st.DrawFn) -> Tables:
    def rows(most: int, **values: Any) -> list[dict[str, Any]]:
        picks = draw(st.lists(st.tuples(st.sampled_from(WHO), st.sampled_from(EDGES)), max_size=most))
        return [
            {"customer": c, "time": t, **{k: draw(st.sampled_from(v)) for k, v in values.items()}}
            for c, t in picks
        ]

    bought = rows(14, amount=(10.0,), channel=("web", "app", None))
    bought += [{"customer": "z", "time": T - 300 * DAY, "amount": 1.0, "channel": "web"}]
    bought += [{"customer": "z", "time": T + 90 * DAY, "amount": 1.0, "channel": None}]
    said = [*rows(6, kind=("bye", "visit")), {"customer": "z", "time": T - 300 * DAY, "kind": "bye"}]
    subs = [*rows(8, event=("start", "end")), {"customer": "z", "time": T - 300 * DAY, "event": "end"}]
    customers = [{"customer": c, "country": draw(st.sampled_from(["DE", "FR", None]))} for c in (*WHO, "z")]
    return Tables(bought, interactions=said, subscriptions=subs, customers=customers)


def by_sets(history: History, rule: Definition, span: Span, among: np.ndarray) -> tuple[int, ...]:
    """From the definition's own answers at both ends, customer by customer."""
    n = len(history.customers)
    at_start, at_end = (rule.active(history.logs, n, t) & among for t in (span.start, span.until))
    s, e = set(np.flatnonzero(at_start)), set(np.flatnonzero(at_end))
    seen = set(np.flatnonzero(rule.seen(history.logs, n, span.start)))
    entered = e - s
    return len(s), len(e), len(s & e), len(s - e), len(entered - seen), len(entered & seen)


def numbers(r: Retention) -> tuple[int | None, ...]:
    return r.start, r.end, r.retained, r.lost, r.new, r.reactivated


def tallied(data: Any, rule: Definition, spans: Any, *names: str, **options: Any) -> FlowTally:
    base = CustomerBase.of(data)
    tally = FlowTally(base, rule, spans, [Grouping(name) for name in names], **options)
    count(base, tally, tables=tally.tables)
    return tally


@generated
@given(tables=lives())
def test_every_flow_of_every_group_by_sets_and_they_add_up(tables: Tables) -> None:
    history = history_of(tables)
    for rule in KINDS:
        check_groups(history, rule, tables)
    check_channels(history, KINDS[0], tables)


def check_groups(history: History, rule: Definition, tables: Tables) -> None:
    tally = tallied(history, rule, SPANS, "country", "channel", "last_channel")
    everyone = np.ones(len(history.customers), dtype=bool)
    for span, r in zip(SPANS, tally.retentions(), strict=True):
        assert numbers(r) == by_sets(history, rule, span, everyone), rule
        assert r.start - r.lost + r.new + r.reactivated == r.end
    country = {r["customer"]: r["country"] or UNKNOWN for r in tables.customers}
    for name, group in tally.groups("country").items():
        among = np.array([country.get(c, UNKNOWN) == name for c in history.customers])
        for span, r in zip(SPANS, group, strict=True):
            assert numbers(r) == by_sets(history, rule, span, among), rule
            assert r.start - r.lost + r.new + r.reactivated == r.end
    for name in ("country", "channel", "last_channel"):
        for i, r in enumerate(tally.retentions()):
            parts = [(0,) * 6, *(numbers(group[i]) for group in tally.groups(name).values())]
            assert tuple(map(sum, zip(*parts, strict=True))) == numbers(r), (rule, name)


def check_channels(history: History, rule: Definition, tables: Tables) -> None:
    """Each customer is in the group of the first order, or of the last one before the period."""
    tally = tallied(history, rule, SPANS, "channel", "last_channel")
    ordered = sorted(enumerate(tables.orders), key=lambda x: (x[1]["time"], x[0]))
    for i, span in enumerate(SPANS):
        first = {c: next((r for _, r in ordered if r["customer"] == c), {}) for c in history.customers}
        last = {
            c: next(
                (r for _, r in reversed(ordered) if r["customer"] == c and r["time"] < span.start), first[c]
            )
            for c in history.customers
        }
        for name, chosen in (("channel", first), ("last_channel", last)):
            for label, group in tally.groups(name).items():
                among = np.array([(chosen[c].get("channel") or UNKNOWN) == label for c in history.customers])
                assert numbers(group[i]) == by_sets(history, rule, span, among)


def everything(tally: FlowTally, *names: str) -> Any:
    return tally.retentions(), {name: tally.groups(name) for name in names}


@pytest.mark.parametrize("known_before", [None, "2025-03-04"])
def test_a_saved_log_gives_what_the_history_gives(history, saved_shop, definition, known_before):
    store = LogStore.of(saved_shop)
    names = ("country", "segment", "channel", "last_channel")
    known = None if known_before is None else history.instant(known_before)
    spans = calendar_spans(history, "month", known_before=known)
    whole = everything(tallied(history, definition, spans, *names, known_before=known), *names)
    assert everything(tallied(store, definition, spans, *names, known_before=known), *names) == whole
    assert len(whole[1]["country"]) > 1


def test_any_parts_of_a_history_give_the_same(history, definition):
    spans = calendar_spans(history, "week")
    whole = tallied(history, definition, spans, "segment")
    parts = FlowTally(CustomerBase.of(history), definition, spans, [Grouping("segment")])
    for _, part in split(history, 400):
        parts.add(part)
    assert everything(parts, "segment") == everything(whole, "segment")


def groups_of(segments: list[str]) -> History:
    rows = [{"customer": f"c{i}", "time": T - DAY, "amount": 1.0} for i in range(len(segments))]
    rows += [
        {"customer": "c0", "time": T - 200 * DAY, "amount": 1.0},
        {"customer": "c0", "time": T + DAY, "amount": 1.0},
    ]
    return history_of(
        Tables(rows, customers=[{"customer": f"c{i}", "segment": s} for i, s in enumerate(segments)])
    )


def test_small_groups_are_put_together_and_nobody_is_lost():
    history = groups_of(["a"] * 5 + ["b"] * 3 + ["c"] * 2 + ["d"])
    tally = tallied(history, Inactivity(30, 20), (Span(T, T + DAY, T + DAY),), "segment")
    few = tally.groups("segment", most=3)
    assert {name: group[0].start for name, group in few.items()} == {"a": 5, "b": 3, OTHER: 3}
    assert list(tally.groups("segment", most=4)) == ["a", "b", "c", "d"]


def test_a_segment_with_too_many_values_is_no_group(monkeypatch):
    import churn.retention.flows

    monkeypatch.setattr(churn.retention.flows, "MOST_GROUPS", 3)
    rule, spans = Inactivity(30, 20), (Span(T, T + DAY, T + DAY),)
    assert tallied(groups_of(["a", "b", "c"]), rule, spans, "segment").too_many == set()
    history = groups_of(["a", "b", "c", "d"])
    assert tallied(history, rule, spans, "segment").too_many == {"segment"}
    parts = FlowTally(CustomerBase.of(history), rule, spans, [Grouping("segment")])
    for _, part in split(history, 1):
        parts.add(part)
    assert (parts.too_many, parts.groups("segment")) == ({"segment"}, {})
    assert parts.retentions()[0].start == 4


def test_a_group_without_anyone_at_the_start_is_there_with_no_rate():
    rows = [
        {"customer": "old", "time": T - 200 * DAY, "amount": 1.0},
        {"customer": "new", "time": T, "amount": 1.0},
    ]
    rows += [{"customer": "new", "time": T + 50 * DAY, "amount": 1.0}]
    people = [{"customer": c, "segment": c} for c in ("old", "new", "never")]
    history = history_of(Tables(rows, customers=people))
    tally = tallied(history, Inactivity(30, 20), (Span(T, T + DAY, T + DAY),), "segment")
    groups = tally.groups("segment")
    assert list(groups) == ["new", "old"]
    assert (groups["old"][0].rate, groups["new"][0].rate, groups["new"][0].new) == (None, None, 1)
