"""One pass for all cutoffs gives the bits of each cutoff's own view; the future, the order of rows and other customers change nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churn.data.history import DAY_US, History
from churn.features.catalogue import Schema, catalogue
from churn.features.compute import feature_matrices
from churn.features.executor import Executor, Moment, Source, parts
from churn.features.formulas import parse_measure
from churn.features.measures import Count, Mean, Ratio
from churn.features.own import signal
from churn.features.pooled import Rank
from churn.features.signal import Above, Both, Signal
from tests.features.agree import assert_same_bits, at_each, at_one, everyone
from tests.features.oracle import DAY, OUTCOMES, Row, Tables, instant
from tests.features.tables import Shop, at_of, changed_futures, generated, history_of, orders, shops, ticket

T = instant("2024-03-01")
few = settings(generated, max_examples=12)
OFFSETS = (-40 * DAY, -1, 0, 0, 1, 7 * DAY, 14 * DAY, 30 * DAY, 30 * DAY + 1, 90 * DAY, 365 * DAY, 700 * DAY)
OWN = (
    "Count('orders', 45.5, until=3.25)",
    "Count('tickets', 30, by='resolved', where=Above('is_complaint'))",
    "Count('orders', where=Unmet('delivered', 2.5))",
    "Last('orders', 'amount', back=2)",
    "Since('tickets', first=True, by='escalated')",
    "Rank(Mean('tickets', 'reply_hours'))",
    "AgainstMean(Total('interactions', 'value', 90))",
    "FadingRate('tickets', 3)",
)


def chosen(history: History) -> tuple[Signal, ...]:
    """The catalogue and some signals of one's own."""
    columns, own = Schema.of(history).columns, []
    for i, text in enumerate(OWN):
        if parse_measure(text, "x").needs() <= columns:
            own.append(signal(f"own_{i}", text, meaning="m"))
    return catalogue(history, own=own)


def pools_of(s: Signal) -> list[Any]:
    return [p for part in parts(s.measure) for p in getattr(part, "pools", tuple)()]


# -- one pass for all cutoffs --------------------------------------------------------------------------


@few
@given(
    shops(), st.lists(st.sampled_from(OFFSETS), min_size=1, max_size=6), st.sampled_from((1, 2, 3, 32_768))
)
def test_one_pass_gives_the_bits_of_each_view(shop: Shop, offsets: list[int], block: int) -> None:
    history = history_of(shop.tables)
    signals, cutoffs = chosen(history), sorted(shop.t - o for o in offsets)
    for cutoff, found in zip(cutoffs, at_each(history, cutoffs, signals, block=block), strict=True):
        assert_same_bits(found, at_one(history, cutoff, signals), signals)


def test_a_shop_in_blocks_and_at_many_cutoffs_has_the_same_bits(history: History) -> None:
    signals = chosen(history)
    last = int(history.logs["orders"].time[-1])
    cutoffs = [last - k * 33 * DAY_US - k for k in reversed(range(8))]
    whole, parts_ = at_each(history, cutoffs, signals), at_each(history, cutoffs, signals, block=97)
    for cutoff, one, other in zip(cutoffs, whole, parts_, strict=True):
        assert_same_bits(one, other, signals)
        if cutoff in cutoffs[::3]:
            assert_same_bits(one, at_one(history, cutoff, signals), signals)


@pytest.fixture(scope="module")
def three() -> History:
    return history_of(
        Tables(
            orders(T - 50 * DAY, T - 30 * DAY, T - DAY)
            + orders(T - 9 * DAY, T - 3 * DAY, customer="b")
            + orders(T + 9 * DAY, customer="c"),
            returns=[{"customer": "b", "time": T - DAY, "amount": 1.0}],
            tickets=[ticket(T - 20 * DAY, T - 2 * DAY), ticket(T - 5 * DAY, customer="b", resolved=T + DAY)],
        )
    )


@pytest.mark.parametrize("block", [1, 2, 3])
@pytest.mark.parametrize(
    "cutoffs",
    [
        [T, T, T],
        [T + DAY, T, T - 31 * DAY, T],
        [T - 900 * DAY, T + 900 * DAY],
        [T - 30 * DAY, T - 30 * DAY + 1],
        [],
    ],
    ids=["twice", "not in order", "before and after everything", "a microsecond apart", "none"],
)
def test_any_cutoffs_may_be_asked_for(three: History, cutoffs: list[int], block: int) -> None:
    signals = catalogue(three)
    for cutoff, found in zip(cutoffs, at_each(three, cutoffs, signals, block=block), strict=True):
        assert_same_bits(found, at_one(three, cutoff, signals), signals)


@pytest.mark.parametrize("block", [1, 2, 3])
def test_a_population_may_be_empty_or_some(three: History, block: int) -> None:
    signals = catalogue(three)
    nobody, some = feature_matrices(
        three, [T, T], [np.array([], int), np.array([0, 2])], signals, block=block
    )
    assert nobody.shape == (0, len(signals))
    assert_same_bits(some, at_one(three, T, signals)[[0, 2]], signals)


@pytest.mark.parametrize("block", [1, 2, 3])
def test_a_pool_of_a_pool_does_not_depend_on_the_blocks(three: History, block: int) -> None:
    """The rank of how overdue customers are needs the usual gap of all of them first."""
    signals = [signal("x", "Rank(Overdue('ratio'))", meaning="m")]
    assert_same_bits(at_each(three, [T], signals, block=block)[0], at_one(three, T, signals), signals)


def test_equal_parts_are_computed_once(three: History, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    count = Moment._count

    def counted(self: Moment, *key: Any) -> Any:
        asked.append((id(self), *key))
        return count(self, *key)

    monkeypatch.setattr(Moment, "_count", counted)
    both = Both(Above("amount"), Above("amount", 3))
    measures = [
        Count("orders", 90),
        Ratio(Count("orders", 90), Count("orders", 90.0)),
        Count("orders", 9, 0, both),
    ]
    moment = Executor(Source.of(three.as_of(T)), [T], measures).at(T)
    for measure in [*measures, *measures]:
        moment.value(measure)
    assert len(asked) == len(set(asked)) == 2


def test_parts_are_a_measure_and_all_it_is_made_of() -> None:
    inner = Both(Above("amount"), Above("quantity"))
    measure = Rank(Ratio(Count("orders", where=inner), Mean("orders", "amount")))
    found = list(parts(measure))
    assert {measure, measure.measure, inner, inner.one, inner.other, Mean("orders", "amount")} <= set(found)


# -- time travel ---------------------------------------------------------------------------------------


def same_types(one: History, other: History) -> bool:
    """Whether the grades of the table of ready features are texts, or not there, in both."""
    logs = [h.logs["credit"] for h in (one, other) if "credit" in h.logs]
    return len({"grade" in log.categories for log in logs}) < 2


@generated
@given(changed_futures())
def test_the_future_changes_no_bit(futures: tuple[Shop, Tables]) -> None:
    shop, other = futures
    if not other.orders:
        return
    one, two = history_of(shop.tables), history_of(other)
    signals = chosen(one)
    # A column of ready features that is empty in one of them has no type; see test_compute.
    there = [
        i
        for i, s in enumerate(signals)
        if s.measure.needs() <= Schema.of(two).columns
        and (same_types(one, two) or ("credit", "grade") not in s.measure.needs())
    ]
    shared = [c for c in one.customers if c in two.customers]
    mine, theirs = one.customers.get_indexer(shared), two.customers.get_indexer(shared)
    cutoffs = [shop.t - 30 * DAY, shop.t]
    kept = [signals[i] for i in there]
    for a, b in zip(
        at_each(one, [*cutoffs, shop.t + DAY], signals), at_each(two, cutoffs, kept), strict=False
    ):
        assert_same_bits(a[np.ix_(mine, there)], b[theirs], kept)
        # What is computed from a table that only the future has says nothing.
        gone = np.delete(a, there, axis=1)
        names = [s for i, s in enumerate(signals) if i not in there]
        for column, s in zip(gone.T, names, strict=True):
            assert all(np.isnan(v) or v == 0 or (s.unit == "rank" and v == 0.5) for v in column), s.name


@pytest.mark.parametrize(
    "table", ["orders", "returns", "tickets", "interactions", "surveys", "subscriptions", "credit"]
)
@pytest.mark.parametrize("recorded", [T, T + DAY])
def test_a_row_recorded_late_is_not_known_before(table: str, recorded: int) -> None:
    at = at_of(table)
    row: Row = {
        "customer": "a",
        at: T - 3 * DAY,
        "amount": 5.0,
        "kind": "visit",
        "price": 3.0,
        "ticket_id": 2,
    }
    row = {k: v for k, v in row.items() if k in (at, "customer") or (table, k) in KEPT}
    early = {**row, at: T - 90 * DAY, **({"ticket_id": 1} if "ticket_id" in row else {})}

    def shop(*rows: Row) -> History:
        base = orders(T - 60 * DAY, T - 9 * DAY)
        found = [{"recorded_at": None, **r} for r in rows]
        if table == "orders":
            return history_of(Tables(base + found))
        if table == "credit":
            return history_of(Tables(base, features={"credit": found}))
        return history_of(Tables(base, **{table: found}))

    late, never = shop(early, row | {"recorded_at": recorded}), shop(early)
    signals = catalogue(never)
    assert_same_bits(at_each(late, [T - 1, T], signals)[1], at_each(never, [T], signals)[0], signals)
    known = shop(early, row | {"recorded_at": T - 1})
    assert (at_each(late, [recorded + 1], signals)[0] != at_each(never, [recorded + 1], signals)[0]).any()
    assert_same_bits(
        at_each(late, [recorded + 1], signals)[0], at_each(known, [recorded + 1], signals)[0], signals
    )


KEPT = {
    ("orders", "amount"),
    ("returns", "amount"),
    ("tickets", "ticket_id"),
    ("interactions", "kind"),
    ("subscriptions", "price"),
    ("credit", "price"),
}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "Mean('tickets', 'satisfaction')",
            "a mark of a ticket that is not resolved was given nobody knows when",
        ),
        ("Count('tickets', where=Known('satisfaction'))", "the same"),
        ("Mean('surveys', 'score')", "a score of a survey that is not answered was given nobody knows when"),
        ("Total('orders', 'amount') ", "plain"),
    ],
)
def test_a_signal_of_ones_own_sees_no_future(text: str, why: str) -> None:
    tables = Tables(
        orders(T - 50 * DAY, promised=T - 10 * DAY)
        + orders(T + 5 * DAY, promised=T - 9 * DAY, amount=99.0)
        + orders(T + 6 * DAY, promised=T - DAY, amount=98.0),
        tickets=[ticket(T - 9 * DAY, satisfaction=4.0)],
        surveys=[{"customer": "a", "time": T - DAY, "answered": None, "score": 3.0}],
        subscriptions=[
            {"customer": "a", "time": T - 40 * DAY, "renews": T - 20 * DAY},
            {"customer": "a", "time": T + DAY, "renews": T - 10 * DAY},
        ],
    )
    history, signals = history_of(tables), [signal("x", text, meaning=why)]
    assert_same_bits(at_each(history, [T], signals)[0], at_one(history, T, signals), signals)


# -- what must not matter ------------------------------------------------------------------------------


def without_ties(tables: Tables) -> Tables:
    """No two rows of a table at the same instant."""

    def apart(table: str) -> list[Row]:
        names = {at_of(table), *OUTCOMES.get(table, ())}
        return [
            r | {k: r[k] + 1000 * i for k in names if r.get(k) is not None}
            for i, r in enumerate(tables.rows(table))
        ]

    return mapped(tables, apart)


def mapped(tables: Tables, change: Any) -> Tables:
    """The same tables with other rows."""
    events = {t: change(t) for t in tables.names if t not in tables.features}
    return replace(tables, **events, features={t: change(t) for t in tables.features if tables.features[t]})


@few
@given(shops(), st.randoms(use_true_random=False))
def test_rows_may_come_in_any_order(shop: Shop, random: Any) -> None:
    tables = without_ties(shop.tables)
    shuffled = mapped(tables, lambda t: random.sample(tables.rows(t), len(tables.rows(t))))
    shuffled = replace(shuffled, customers=tables.customers[::-1])
    one, other = history_of(tables), history_of(shuffled)
    signals = catalogue(one)
    assert signals == catalogue(other)
    cutoffs = [shop.t - 90 * DAY, shop.t]
    for a, b in zip(at_each(one, cutoffs, signals), at_each(other, cutoffs, signals), strict=True):
        assert_same_bits(a, b, signals)


@few
@given(shops())
def test_other_names_of_customers_change_no_bit(shop: Shop) -> None:
    names = {"a": "z", "b": "y", "c": "m", "d": "A"}

    def renamed(rows: list[Row]) -> list[Row]:
        return [r | {"customer": names[r["customer"]]} for r in rows]

    tables = mapped(shop.tables, lambda t: renamed(shop.tables.rows(t)))
    one, other = history_of(shop.tables), history_of(replace(tables, customers=renamed(tables.customers)))
    signals = catalogue(one)
    place = other.customers.get_indexer([names[c] for c in one.customers])
    assert_same_bits(
        at_each(one, [shop.t], signals)[0], at_each(other, [shop.t], signals, block=2)[0][place], signals
    )


@few
@given(shops())
def test_other_customers_change_no_bit_unless_they_are_compared(shop: Shop) -> None:
    def alone(rows: list[Row]) -> list[Row]:
        return [r for r in rows if r["customer"] == "a"]

    tables = mapped(shop.tables, lambda t: alone(shop.tables.rows(t)))
    if not tables.orders:
        return
    whole, single = history_of(shop.tables), history_of(replace(tables, customers=alone(tables.customers)))
    there = Schema.of(single).columns
    if not same_types(whole, single):  # see test_compute: an empty column of ready features has no type
        there -= {("credit", "grade")}
    signals = [s for s in chosen(whole) if s.measure.needs() <= there and not pools_of(s)]
    assert len(signals) > 60
    place = whole.customers.get_loc("a")
    cutoffs = [shop.t - 7 * DAY, shop.t]
    for a, b in zip(at_each(whole, cutoffs, signals), at_each(single, cutoffs, signals), strict=True):
        assert_same_bits(a[[place]], b, signals)


@few
@given(shops(), st.randoms(use_true_random=False))
def test_asking_for_some_signals_gives_the_bits_of_asking_for_all(shop: Shop, random: Any) -> None:
    history = history_of(shop.tables)
    signals = chosen(history)
    some = random.sample(range(len(signals)), 12)
    everything = at_each(history, [shop.t - 3 * DAY, shop.t], signals)
    asked = at_each(history, [shop.t - 3 * DAY, shop.t], [signals[i] for i in some])
    for a, b in zip(everything, asked, strict=True):
        assert_same_bits(a[:, some], b, [signals[i] for i in some])


# -- customers whose rows were known otherwise ---------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "before"),
    [
        (ticket(T - 9 * DAY, resolved=T - 1), []),
        (ticket(T - 9 * DAY, resolved=T), [0]),
        (ticket(T - 9 * DAY, T - 8 * DAY, T + DAY), [0]),
        (ticket(T - 6 * DAY), [0]),  # its week has not gone by
        (ticket(T - 7 * DAY), [0]),  # it has, but not before T
        (ticket(T - 7 * DAY - 1), []),
        (ticket(T, resolved=T + DAY), []),
    ],
)
def test_customers_are_unsettled_while_their_rows_are_not_final(row: Row, before: list[int]) -> None:
    history = history_of(Tables(orders(T - 90 * DAY) + orders(T - 80 * DAY, customer="b"), tickets=[row]))
    executor = Executor(Source.of(history), [T], [s.measure for s in catalogue(history)])
    assert np.flatnonzero(executor.unsettled(T)[1]).tolist() == before
    signals = catalogue(history)
    assert_same_bits(at_each(history, [T], signals)[0], at_one(history, T, signals), signals)


def test_everyone_is_settled_in_a_view(three: History) -> None:
    executor = Executor(Source.of(three.as_of(T)), [T], [s.measure for s in catalogue(three)])
    assert not executor.unsettled(T)[0]
    assert not executor.unsettled(T)[1].any()
    assert len(everyone(three)) == 3
