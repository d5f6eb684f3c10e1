from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

import churn
from churn.data.base import CustomerBase, count
from churn.data.history import History
from churn.data.store import LogStore
from churn.definition import Definition, Inactivity, LabelTable, LeavingEvent, Subscription
from churn.errors import ParameterError
from churn.features.compute import compute_features
from churn.retention.periods import retention_between
from churn.scoring.stages import (
    STAGES,
    UNKNOWN,
    UsualGap,
    count_stages,
    known_before,
    period_start,
    stage_names,
    stage_rules,
    stages,
    stages_line,
)
from tests.features.oracle import DAY, HOUR, Row, Tables, instant
from tests.features.tables import Shop, generated, history_of, orders, shops

T = instant("2024-03-01")
RULE = Inactivity(60, 30)
KINDS = (
    RULE,
    Inactivity(45, 60, 14),
    Subscription(30, 7, grace_days=10),
    Subscription(60, ended_when=("renewal",)),
    LeavingEvent(60, 30, table="interactions", left_when=("visit",)),
    LeavingEvent(90, 30, 7, table="interactions", left_when=("visit",), active_in="interactions"),
    LabelTable(60, 30),
)


def codes_of(history: History, rule: Definition, t: int = T, **options: Any) -> np.ndarray:
    usual = UsualGap.of(CustomerBase.of(history), rule, t).days
    return stages(history, rule, t, usual_gap_days=usual, **options)


def stage_of(history: History, rule: Definition = RULE, who: str = "a", t: int = T, **options: Any) -> str:
    code = codes_of(history, rule, t, **options)[history.customers.get_loc(who)]
    return "unknown" if code == UNKNOWN else stage_names(rule)[code]


def reconcile(history: History, rule: Definition, t: int) -> dict[str, int]:
    codes = codes_of(history, rule, t)
    found = count_stages(codes, rule)
    flow = retention_between(history, rule, period_start(history, rule, t), t, known_before=t)
    assert found["new"] == flow.new
    assert found["won back"] == flow.reactivated
    assert found["active"] + found["slipping"] == flow.retained
    assert sum(found[s] for s in ("new", "won back", "active", "slipping")) == flow.end
    assert sum(found.values()) == known_before(history, t).sum()
    return found


@generated
@given(shop=shops())
def test_stages_reconcile_with_the_retention_of_the_last_period(shop: Shop) -> None:
    history = history_of(shop.tables)
    t = min(shop.t, history.closing)
    for rule in KINDS:
        try:
            rule.active(history.as_of(t).logs, len(history.customers), t)
        except ParameterError:  # the drawn tables lack what the definition goes by
            continue
        reconcile(history, rule, t)


def test_every_stage_occurs_in_the_shop_and_reconciles(history, definition) -> None:
    found = reconcile(history, definition, history.closing)
    assert all(found[s] > 0 for s in STAGES)
    rule = LeavingEvent(120, 45, table="interactions", left_when=("visit",))
    reconcile(history, rule, history.instant("2025-06-01"))


def test_stages_do_not_depend_on_how_customers_are_parted(history, saved_shop, definition) -> None:
    base, t = CustomerBase.of(LogStore.of(saved_shop)), history.instant("2025-09-01")
    for rule in (definition, LeavingEvent(120, 45, table="interactions", left_when=("email_open",))):
        whole = codes_of(history, rule, t)
        usual = UsualGap(rule, t)
        count(base, usual)
        assert usual.days == UsualGap.of(CustomerBase.of(history), rule, t).days
        parted: dict[Any, int] = {}
        for part in base.parts():
            parted |= dict(zip(part.customers, stages(part, rule, t, usual_gap_days=usual.days), strict=True))
        assert [parted[c] for c in history.customers] == whole.tolist()


def test_the_gaps_are_those_of_the_signals(history, definition) -> None:
    t = history.instant("2025-09-01")
    X = compute_features(history, t)
    assert UsualGap.of(CustomerBase.of(history), definition, t).days == pytest.approx(
        X.loc[X["order_days_count"] == 1, "gap_usual_days"].iloc[0]
    )
    slipping = codes_of(history, definition, t) == STAGES.index("slipping")
    gap = X["gap_mean_days"].fillna(X["gap_usual_days"])
    want = X["recency_days"] > 2 * gap
    entered = {STAGES.index(s) for s in ("new", "won back", "lapsed")}
    judged = ~np.isin(codes_of(history, definition, t), [*entered, 5, -1])
    at = history.customers.get_indexer(X.index)
    assert (want.to_numpy() == slipping[at])[judged[at]].all()
    assert slipping.sum() > 20


def shop_with(*rows: Row, **tables: Any) -> History:
    """Customer z, who orders every 10 days, gives the usual gap of 10 days and the end of the data."""
    every = orders(*range(T - 400 * DAY, T + 10 * DAY, 10 * DAY), customer="z")
    return history_of(Tables([*every, *rows], **tables))


@pytest.mark.parametrize(
    ("times", "want"),
    [
        ((T - 30 * DAY,), "new"),  # the first instant of the period
        (
            (T - 30 * DAY - 1,),
            "slipping",
        ),  # before it: one order, more than twice the 10 days of all customers
        ((T - 1,), "new"),
        ((T,), "unknown"),
        ((T - 60 * DAY,), "slipping"),
        ((T - 60 * DAY - 1,), "lapsed"),
        ((T - 90 * DAY - 1, T - 1), "won back"),  # last seen more than 60 days before the period
        ((T - 90 * DAY, T - 1), "active"),  # active when the period began
        ((T - 72 * DAY, T - 48 * DAY), "active"),  # silent for 48 days, twice the own 24
        (
            (T - 72 * DAY, T - 48 * DAY - HOUR),
            "slipping",
        ),  # an hour more; the gap stays one of 24 days or more
    ],
)
def test_the_edges_of_the_stages(times: tuple[int, ...], want: str) -> None:
    assert stage_of(shop_with(*orders(*times))) == want


def test_slipping_follows_the_setting() -> None:
    history = shop_with(*orders(T - 50 * DAY, T - 40 * DAY))
    assert stage_of(history, slipping_after=3.9) == "slipping"
    assert stage_of(history, slipping_after=4.0) == "active"
    assert "more than 3.5 times" in stage_rules(RULE, 3.5)["slipping"]


def test_nobody_is_slipping_where_nobody_came_twice() -> None:
    history = history_of(Tables(orders(T - 40 * DAY) + orders(T + DAY, customer="z")))
    assert np.isnan(UsualGap.of(CustomerBase.of(history), RULE, T).days)
    assert stage_of(history) == "active"


@pytest.mark.parametrize(
    ("known", "want"),
    [
        ({"interactions": [{"customer": "a", "time": T - 1, "kind": "visit"}]}, "no order yet"),
        ({"interactions": [{"customer": "a", "time": T, "kind": "visit"}]}, "unknown"),
        ({"customers": [{"customer": "a", "joined": T - 1}]}, "no order yet"),
        ({"customers": [{"customer": "a", "joined": T}]}, "unknown"),
        ({"customers": [{"customer": "a", "joined": None}]}, "unknown"),
    ],
)
def test_who_never_ordered_is_known_by_what_else_there_is(known: dict[str, Any], want: str) -> None:
    assert stage_of(shop_with(**known)) == want


def test_whom_only_the_table_of_customers_names_is_known_from_the_end_of_the_data() -> None:
    history = shop_with(customers=[{"customer": "a", "joined": None}])
    assert stage_of(history, t=history.closing) == "no order yet"


def test_what_was_recorded_later_is_not_known() -> None:
    late = orders(T - 10 * DAY, recorded_at=T)
    assert stage_of(shop_with(*late)) == "unknown"
    assert stage_of(shop_with(*orders(T - 10 * DAY, recorded_at=T - 1))) == "new"


def subscribers(*rows: Row, more: tuple[Row, ...] = ()) -> History:
    marks = [
        {"customer": "z", "time": T - 400 * DAY, "event": e, "renews": None, "is_failed_payment": f}
        for e, f in (("start", False), ("cancelled", True))
    ]
    return shop_with(*more, subscriptions=[*marks, *({"customer": "a", **r} for r in rows)])


CONTRACT = Subscription(30, grace_days=5, ended_when=("cancelled",))
START = {"time": T - 200 * DAY, "event": "start"}


@pytest.mark.parametrize(
    ("rows", "want"),
    [
        ((START,), "active"),
        ((START | {"renews": T},), "active"),
        ((START | {"renews": T - 1},), "slipping"),
        ((START | {"renews": T - 5 * DAY},), "slipping"),
        ((START | {"renews": T - 5 * DAY - 1},), "lapsed"),
        ((START, {"time": T - 1, "is_failed_payment": True}), "slipping"),
        ((START, {"time": T, "is_failed_payment": True}), "active"),
        ((START, {"time": T - 2, "is_failed_payment": True}, {"time": T - 1, "event": "renewal"}), "active"),
        ((START, {"time": T - 1, "event": "cancelled"}), "lapsed"),
        (({"time": T - 1, "event": "start"},), "new"),
        (
            (START, {"time": T - 40 * DAY, "event": "cancelled"}, {"time": T - 1, "event": "start"}),
            "won back",
        ),
        ((), "no subscription yet"),
    ],
)
def test_a_subscriber_is_slipping_by_contract(rows: tuple[Row, ...], want: str) -> None:
    known = tuple(orders(T - 100 * DAY))  # one order day is no rhythm
    assert stage_of(subscribers(*rows, more=known), CONTRACT) == want


def test_a_subscriber_with_a_rhythm_of_orders_is_slipping_in_silence_too() -> None:
    twice = tuple(orders(T - 100 * DAY, T - 80 * DAY))
    assert stage_of(subscribers(START, more=twice), CONTRACT) == "slipping"


def test_every_stage_has_a_rule_in_words() -> None:
    for rule in KINDS:
        rules = stage_rules(rule)
        assert tuple(rules) == stage_names(rule)
        assert all(rules.values())
    assert stage_rules(CONTRACT)["slipping"].endswith(
        "or a live subscription where its renewal date has passed without a renewal, or the last row is a failed payment"
    )
    assert "renewal" not in stage_rules(Subscription(30, ended_when=("end",)))["slipping"]
    assert stage_rules(KINDS[5])["no interactions yet"]
    assert stages_line({"new": 1, "active": 1000}) == "new 1, active 1,000"


def test_a_shop_of_the_package_reads_well() -> None:
    history = churn.make_shop(customers=60, seed=1).history()
    line = stages_line(reconcile(history, churn.Inactivity(180, 60), history.closing))
    assert line.startswith("new ")
    assert "no order yet" in line
