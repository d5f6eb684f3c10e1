"""The oracle of what is read from orders and returns: rhythm, volume and product."""

from __future__ import annotations

import math
from typing import Any

from tests.features.oracle import (
    DAY,
    Found,
    Person,
    Row,
    Tables,
    decimal,
    frequent,
    less,
    local_day,
    mean,
    median,
    most_used,
    number,
    over,
    total,
    values_of,
)

WINDOWS = (7, 14, 30, 60, 90, 180, 365)


def base_of(people: list[Person]) -> dict[str, float | None]:
    """The mean gap of the base, and its pooled variance: squares about each own mean over the degrees of freedom."""
    gaps = [g for p in people for g in p.gaps]
    squares = math.fsum((g - mean(p.gaps)) ** 2 for p in people for g in p.gaps)
    return {
        "gap": mean(gaps),
        "variance": over(squares, sum(max(len(p.gaps) - 1, 0) for p in people)),
    }


def signals(tables: Tables, p: Person, base: dict[str, float | None]) -> Found:
    return {
        **_frequency(p),
        **_gaps(p, base),
        **_spend(p),
        **_basket(tables, p),
        **(_discount(p) if tables.has("orders", "discount") else {}),
        **channels("order_channel", tables, "orders", p),
        **(_returns(p) if tables.returns else {}),
        **(_deliveries(p) if tables.has("orders", "promised", "delivered") else {}),
    }


def _frequency(p: Person) -> Found:
    out: Found = {f"orders_count_{d}d": len(p.inside(p.orders, d)) for d in WINDOWS}
    for d in (30, 60, 90, 180, 365):
        there = None if p.tenure is None else min(max(p.tenure, 30.0), float(d))
        out[f"orders_rate_{d}d"] = over(30.0 * out[f"orders_count_{d}d"], there)
    out["orders_count"] = len(p.orders)
    out["order_days_count"] = len(p.days)
    out["order_days_count_365d"] = len({local_day(r["time"], p.zone) for r in p.inside(p.orders, 365)})
    season = p.inside(p.orders, 365, 305)
    out["orders_same_season"] = len(season)
    out["orders_same_season_share"] = over(len(season), len(p.inside(p.orders, 425, 60)))
    out["amount_same_season"] = total(r["amount"] for r in season)
    out["orders_decline_30d"] = p.decline(p.orders, 30, 180)
    out["orders_decline_90d"] = p.decline(p.orders, 90, 365)
    out["orders_slope_6x30d"] = p.slope(p.orders)
    out["orders_slope_4x90d"] = p.slope(p.orders, 4, 90)
    for h in (30, 120):
        out[f"orders_rate_half_life_{h}d"] = p.fading(p.orders, h)
    out["active_share_12x30d"] = None
    if p.tenure is not None:
        there = min(max(math.ceil(p.tenure / 30), 1), 12)
        held = sum(bool(p.inside(p.orders, 30 * (k + 1), 30 * k)) for k in range(12))
        out["active_share_12x30d"] = held / there
    return out


def _gaps(p: Person, base: dict[str, float | None]) -> Found:
    gaps, own, recency = p.gaps, mean(p.gaps), p.since_last(p.orders)
    squares = math.fsum((g - own) ** 2 for g in gaps) if gaps else 0.0
    spread = math.sqrt(squares / (len(gaps) - 1)) if len(gaps) > 1 else None
    last, largest, middle = gaps[-1] if gaps else None, max(gaps, default=None), median(gaps[-9:])
    usual = None if base["gap"] is None else (total(gaps) + 2 * base["gap"]) / (len(gaps) + 2)
    ratio, late = over(recency, usual), less(recency, usual)
    score = gamma = None
    if base["variance"] is not None and usual is not None:
        variance = (squares + 2 * base["variance"]) / (max(len(gaps) - 1, 0) + 2)
        deviation = max(math.sqrt(variance), 0.5)
        score = over(late, deviation)
        shape = min(max((usual / deviation) ** 2, 0.02), 50.0)
        gamma = None if ratio is None else gamma_above(shape, shape * ratio)
    return {
        "gap_mean_days": own,
        "gap_median_days": middle,
        "gap_spread_days": spread,
        "gap_spread_ratio": over(spread, own),
        "gap_last_days": last,
        "gap_last_vs_mean": over(last, own),
        "gap_recent_vs_mean": over(mean(gaps[-3:]), own) if len(p.days) >= 5 else None,
        "gap_largest_days": largest,
        "gap_usual_days": usual,
        "recency_days": recency,
        "overdue_ratio": ratio,
        "overdue_days": None if late is None else max(late, 0.0),
        "overdue_score": score,
        "silence_probability": None if ratio is None else math.exp(-ratio),
        "silence_probability_gamma": gamma,
        "recency_vs_largest_gap": over(recency, largest),
        "recency_vs_median_gap": over(recency, middle),
    }


def gamma_above(shape: float, x: float) -> float:
    """Chance that a gamma variable of scale 1 exceeds x: by its series for small x, by its continued fraction else."""
    if x <= 0:
        return 1.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = part = 1 / shape
        k = shape
        while abs(term) > 1e-17 * abs(part):
            k += 1
            term *= x / k
            part += term
        return 1 - front * part
    b = x + 1 - shape
    c, d = 1e300, 1 / b
    found = d
    for i in range(1, 10_000):
        a = -i * (i - shape)
        b += 2
        d = 1 / (a * d + b)
        c = b + a / c
        found *= d * c
        if abs(d * c - 1) < 1e-16:
            break
    return front * found


def _spend(p: Person) -> Found:
    def amount(row: Row) -> float:
        return row["amount"]

    out: Found = {f"amount_{d}d": total(map(amount, p.inside(p.orders, d))) for d in WINDOWS if d >= 30}
    out["amount_total"] = total(map(amount, p.orders))
    out["amount_decline_90d"] = p.decline(p.orders, 90, 365, amount)
    out["amount_slope_6x30d"] = p.slope(p.orders, worth=amount)
    out["amount_slope_4x90d"] = p.slope(p.orders, 4, 90, amount)
    big = [r for i, r in enumerate(p.orders) if is_big(r, p.orders[:i])]
    out["high_value_count_365d"] = len(p.inside(big, 365))
    out["high_value_recency_days"] = p.since_last(big)
    most = max(map(amount, p.orders), default=None)
    out["largest_order_recency_days"] = p.since_last([r for r in p.orders if r["amount"] == most])
    return out


def is_big(row: Row, before: list[Row]) -> bool:
    """More than one and a half times the mean of three orders before at least."""
    if len(before) < 3:
        return False
    return decimal(row["amount"]) > decimal(1.5) * sum(decimal(r["amount"]) for r in before) / len(before)


def _basket(tables: Tables, p: Person) -> Found:
    out: Found = {}
    for column in ("amount", "quantity", "products"):
        if not tables.has("orders", column):
            continue
        own = mean(values_of(p.orders, column))
        last = number(p.orders[-1].get(column)) if p.orders else None
        now = mean(values_of(p.inside(p.orders, 90), column))
        before = mean(values_of(p.inside(p.orders, 90 + 365, 90), column))
        out[f"{column}_mean"] = own
        out[f"{column}_mean_180d"] = mean(values_of(p.inside(p.orders, 180), column))
        out[f"{column}_last"] = last
        out[f"{column}_last_vs_mean"] = over(last, own)
        unknown = now is None or before is None or before <= 0
        out[f"{column}_mean_decline_90d"] = None if unknown else max(1 - now / before, -3.0)
    if tables.has("orders", "quantity"):
        out["quantity_decline_90d"] = p.decline(p.orders, 90, 365, lambda r: number(r.get("quantity")) or 0.0)
    if tables.has("orders", "products"):
        out["products_slope_6x30d"] = p.slope(p.orders, worth=lambda r: number(r.get("products")) or 0.0)
    return out


def _discount(p: Person) -> Found:
    def share(rows: list[Row]) -> float | None:
        off = sum(map(decimal, values_of(rows, "discount")))
        whole = off + sum(decimal(r["amount"]) for r in rows)
        return None if whole == 0 else float(off / whole)

    return {
        "discount_share": share(p.orders),
        "discount_share_180d": share(p.inside(p.orders, 180)),
        "discounted_orders_share": over(
            sum((number(r.get("discount")) or 0) > 0 for r in p.orders), len(p.orders)
        ),
        "full_price_recency_days": p.since_last([r for r in p.orders if r.get("discount") == 0]),
        "first_order_discount": number(p.orders[0].get("discount")) if p.orders else None,
    }


def channels(name: str, tables: Tables, table: str, p: Person) -> Found:
    """What is said of the channels of orders and of interactions."""
    looked_at = frequent(r.get("channel") for r in tables.rows(table))
    if not looked_at:
        return {}
    used = [r["channel"] for r in p.rows[table] if r.get("channel") is not None]
    out: dict[str, Any] = {f"{name}_share:{c}": over(used.count(c), len(used)) for c in looked_at}
    out[f"{name}_top_share"] = over(max(used.count(c) for c in looked_at), len(used))
    out[f"{name}_preferred"] = most_used(c for c in used if c in looked_at)
    out[f"{name}_last"] = used[-1] if used and used[-1] in looked_at else None
    out[f"{name}_switched"] = float(used[-1] != used[-2]) if len(used) > 1 else None
    return out


def _returns(p: Person) -> Found:
    returns = p.rows["returns"]

    def credited(rows: list[Row]) -> float:
        return total(abs(r["amount"]) for r in rows)

    def ordered(rows: list[Row]) -> float:
        return total(r["amount"] for r in rows)

    this_year, orders = p.inside(returns, 365), p.inside(p.orders, 365)
    return {
        "returns_count_90d": len(p.inside(returns, 90)),
        "returns_count_365d": len(this_year),
        "returns_count": len(returns),
        "returns_share": over(len(returns), len(p.orders)),
        "returns_share_365d": over(len(this_year), len(orders)),
        "returned_amount": credited(returns),
        "returned_amount_share": over(credited(returns), ordered(p.orders)),
        "returned_amount_share_365d": over(credited(this_year), ordered(orders)),
        "return_recency_days": p.since_last(returns),
        "orders_after_return": p.after_last(p.orders, returns),
        "returns_after_last_order": p.after_last(returns, p.orders),
    }


def _deliveries(p: Person) -> Found:
    came = [r for r in p.orders if r.get("promised") is not None and r.get("delivered") is not None]
    late = [r for r in came if r["delivered"] > r["promised"]]

    def delay(row: Row) -> float:
        return max(row["delivered"] - row["promised"], 0) / DAY

    last = sorted(came, key=lambda r: r["delivered"])[-1:]
    return {
        "late_deliveries_count_365d": len(p.inside(late, 365, at="delivered")),
        "late_deliveries_share": over(len(late), len(came)),
        "delivery_delay_days_mean": math.fsum(map(delay, came)) / len(came) if came else None,
        "delivery_delay_days_last": delay(last[0]) if last else None,
        "late_delivery_recency_days": p.since_last(late, "delivered"),
    }
