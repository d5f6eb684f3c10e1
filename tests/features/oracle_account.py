"""The oracle of the account, of tables of ready features, and of what compares a customer with the others."""

from __future__ import annotations

import math
import struct
from typing import Any

from tests.features.oracle import (
    DAY,
    Found,
    Person,
    Tables,
    frequent,
    less,
    local_day,
    mean,
    number,
    over,
    values_of,
)

RANKED = (
    "recency_days",
    "gap_mean_days",
    "orders_count_90d",
    "orders_count_365d",
    "orders_decline_90d",
    "amount_365d",
    "amount_decline_90d",
    "amount_mean",
    "tenure_days",
    "interactions_recency_days",
    "interactions_count_30d",
)
IN_SEGMENT = ("recency_days", "orders_count_365d", "amount_365d")
AGAINST_ALL = {"first_reply_vs_all": "first_reply_hours_mean", "resolution_vs_all": "resolution_hours_mean"}


def segments_of(tables: Tables) -> list[str]:
    """The segment columns in which somebody has a value."""
    return sorted(
        {k for r in tables.customers for k, v in r.items() if v is not None} - {"customer", "joined"}
    )


def signals(tables: Tables, p: Person) -> Found:
    first = p.orders[0] if p.orders else {}
    amount = number(first.get("amount"))
    out: Found = {
        "tenure_days": p.tenure,
        "first_order_days": p.since_first(p.orders),
        "first_order_amount": amount,
        "first_order_amount_vs_mean": over(amount, mean(values_of(p.orders, "amount"))),
        "first_order_month": f"{local_day(first['time'], p.zone):%B}" if first else None,
    }
    for column in segments_of(tables):
        usual = frequent(r.get(column) for r in tables.customers)
        value = p.row.get(column)
        out[f"segment:{column}"] = value if value in usual else None
    if tables.subscriptions:
        out.update(_subscription(tables, p))
    for table, rows in tables.features.items():
        if rows:
            out.update(_ready(table, tables, p))
    return out


def _subscription(tables: Tables, p: Person) -> Found:
    rows = p.rows["subscriptions"]
    out: Found = {
        "subscription_events_count_365d": len(p.inside(rows, 365)),
        "subscription_recency_days": p.since_last(rows),
    }
    plans = frequent(r.get("plan") for r in tables.subscriptions)
    if plans:
        out["plan"] = last_known(rows, "plan", plans)
    if tables.has("subscriptions", "price"):
        prices = values_of(rows, "price")
        out["plan_price"] = prices[-1] if prices else None
        out["plan_price_change"] = less(prices[-1], prices[-2]) if len(prices) > 1 else None
        priced = [r for r in rows if number(r.get("price")) is not None]
        steps = list(zip(priced[1:], priced, strict=False))
        cuts = [now for now, before in steps if now["price"] < before["price"]]
        rises = [now for now, before in steps if now["price"] > before["price"]]
        out["price_cuts_count_365d"] = len(p.inside(cuts, 365))
        out["price_rises_count_365d"] = len(p.inside(rises, 365))
        out["price_cut_recency_days"] = p.since_last(cuts)
    if tables.has("subscriptions", "renews"):
        ends = [r["renews"] for r in rows if r.get("renews") is not None]
        out["renewal_days"] = (ends[-1] - p.t) / DAY if ends else None
    if tables.has("subscriptions", "is_failed_payment"):
        failed = [r for r in rows if r.get("is_failed_payment")]
        for d in (90, 365):
            out[f"failed_payments_count_{d}d"] = len(p.inside(failed, d))
        out["failed_payment_recency_days"] = p.since_last(failed)
    return out


def last_known(rows: list[Any], column: str, among: set[str]) -> str | None:
    values = [r[column] for r in rows if r.get(column) is not None]
    return values[-1] if values and values[-1] in among else None


def _ready(table: str, tables: Tables, p: Person) -> Found:
    """A table of ready features: each value as it held at the cutoff, and how old the last row is."""
    rows = p.rows[table]
    out: Found = {f"{table}:age_days": p.since_last(rows)}
    columns = {k for r in tables.rows(table) for k in r} - {"customer", "time", "recorded_at"}
    for column in columns:
        values = [r.get(column) for r in tables.rows(table)]
        if any(isinstance(v, str) for v in values):
            out[f"{table}:{column}"] = last_known(rows, column, frequent(values))
        else:
            known = values_of(rows, column)
            out[f"{table}:{column}"] = known[-1] if known else None
    return out


# -- among the others ----------------------------------------------------------------------------------


def closeness(value: float) -> int:
    """Equal for values that are taken as equal: the first 17 bits of the number, in the order of the numbers."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", value + 0.0))
    return ((~bits & (2**64 - 1)) if bits >> 63 else bits | 1 << 63) >> 47


def compare(tables: Tables, people: dict[Any, Person], found: dict[Any, Found]) -> None:
    """Add what compares a customer with those who ordered in the last 365 days."""
    base = [who for who, p in people.items() if p.inside(p.orders, 365)]

    def values(name: str, whom: list[Any]) -> list[float]:
        return [found[w][name] for w in whom if found[w][name] is not None]

    for own in found.values():
        for name in (n for n in RANKED if n in own):
            others = [closeness(v) for v in values(name, base)]
            mine = None if own[name] is None else closeness(own[name])
            lower = sum(o < mine for o in others) + sum(o == mine for o in others) / 2 if mine else 0
            own[f"{name}_rank"] = None if mine is None else over(lower, len(others))
        for name, of in AGAINST_ALL.items():
            if of in own:
                own[name] = over(own[of], _mean(values(of, base)))
        for column in segments_of(tables):
            mine = own[f"segment:{column}"]
            same = [w for w in base if mine is not None and found[w][f"segment:{column}"] == mine]
            for name in IN_SEGMENT:
                own[f"{name}_vs_segment:{column}"] = over(own[name], _mean(values(name, same)))


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
