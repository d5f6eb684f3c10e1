"""Every signal again, row by row in plain Python, written from the meanings and not from the measures.

Rows are dicts as a person would write them down; instants are microseconds since 1970 in UTC, None is
"not known" or "has not happened". Nothing here uses NumPy, pandas or the package.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

HOUR = 3_600_000_000
DAY = 24 * HOUR
Row = dict[str, Any]
NAMES_TAKEN = {"orders", "returns", "tickets", "complaints", "interactions", "return", "ticket", "complaint"}
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass
class Tables:
    """What a shop wrote down; a table or field that it does not keep is left away."""

    orders: list[Row]
    returns: list[Row] = field(default_factory=list)
    tickets: list[Row] = field(default_factory=list)
    interactions: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    timezone: str = "UTC"


def instant(text: str, zone: str = "UTC") -> int:
    """Microseconds of a local time such as 2024-02-29 12:00."""
    stamp = dt.datetime.fromisoformat(text)
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=ZoneInfo(zone))
    return (stamp.astimezone(dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)


def local_day(us: int, zone: str) -> int:
    return (EPOCH + dt.timedelta(microseconds=us)).astimezone(ZoneInfo(zone)).date().toordinal()


def known(rows: Iterable[Row], t: int, at: str = "time") -> list[Row]:
    """Rows that had happened and were known before T, oldest first; ties stay as they came."""
    seen = [r for r in rows if r[at] < t and (r.get("recorded_at") is None or r["recorded_at"] < t)]
    return sorted(seen, key=lambda r: r[at])


def mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def over(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None or b == 0 else a / b


def number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def frequent(values: Iterable[str | None]) -> set[str]:
    """The at most 20 most frequent values, over all time; of equally frequent ones the first in the alphabet."""
    counted = Counter(v for v in values if v is not None)
    return {v for v, _ in sorted(counted.items(), key=lambda kv: (-kv[1], kv[0]))[:20]}


class Person:
    """One customer as known at T."""

    def __init__(self, tables: Tables, who: Any, t: int, ignored_after_days: float) -> None:
        self.t, self.zone = t, tables.timezone

        def of(rows: list[Row], at: str = "time") -> list[Row]:
            return [r for r in known(rows, t, at) if r["customer"] == who]

        self.orders, self.returns = of(tables.orders), of(tables.returns)
        self.interactions = of(tables.interactions)
        self.tickets = []
        for row in of(tables.tickets, "opened"):
            ticket = dict(row)
            for name in ("first_reply", "resolved"):  # what happened at or after T is not known
                if ticket.get(name) is not None and ticket[name] >= t:
                    ticket[name] = None
            if ticket.get("resolved") is None:  # the mark is given on resolution
                ticket["satisfaction"] = None
            answers = [ticket[n] for n in ("first_reply", "resolved") if ticket.get(n) is not None]
            ticket["answer"] = min(answers) if answers else None
            patience_end = ticket["opened"] + round(ignored_after_days * DAY)
            ticket["ignored"] = (
                bool(ticket.get("is_complaint"))
                and patience_end < t
                and (ticket["answer"] is None or ticket["answer"] > patience_end)
            )
            self.tickets.append(ticket)
        self.row = next((c for c in tables.customers if c["customer"] == who), {})
        joined = self.row.get("joined")
        begins = [self.orders[0]["time"]] if self.orders else []
        if joined is not None and joined < t:
            begins.append(joined)
        self.begin = min(begins) if begins else None
        self.days = sorted({local_day(r["time"], self.zone) for r in self.orders})
        self.gaps = [float(b - a) for a, b in pairwise(self.days)]

    def inside(self, rows: list[Row], days: float, until: float = 0, at: str = "time") -> list[Row]:
        """Rows in [T - days, T - until)."""
        return [r for r in rows if self.t - days * DAY <= r[at] < self.t - until * DAY]

    def days_since(self, us: int | None) -> float | None:
        return None if us is None else (self.t - us) / DAY

    def since_last(self, rows: list[Row], at: str = "time") -> float | None:
        return self.days_since(rows[-1][at]) if rows else None

    def since_first(self, rows: list[Row], at: str = "time") -> float | None:
        return self.days_since(rows[0][at]) if rows else None

    @property
    def tenure(self) -> float | None:
        return self.days_since(self.begin)

    def decline(
        self, rows: list[Row], recent: int, earlier: int, worth: Callable[[Row], float] = lambda _: 1.0
    ) -> float | None:
        """Share by which the rate per day of the recent days lies under that of the days before."""
        tenure = self.tenure
        if tenure is None:
            return None
        earlier_days = min(float(earlier), tenure - recent)
        before = math.fsum(worth(r) for r in self.inside(rows, recent + earlier, recent))
        if earlier_days < 30 or before <= 0:
            return None
        now = math.fsum(worth(r) for r in self.inside(rows, recent))
        return max(1 - (now / recent) / (before / earlier_days), -3.0)

    def slope(self, worth: Callable[[Row], float] = lambda _: 1.0) -> float | None:
        """Least-squares trend over six stretches of 30 days, oldest first, as a share of their mean."""
        if self.tenure is None or self.tenure < 180:
            return None
        sums = [
            math.fsum(worth(r) for r in self.inside(self.orders, 30 * (k + 1), 30 * k))
            for k in reversed(range(6))
        ]
        middle = math.fsum(sums) / 6
        if middle <= 0:
            return None
        up = math.fsum((x - 2.5) * (y - middle) for x, y in enumerate(sums))
        return up / math.fsum((x - 2.5) ** 2 for x in range(6)) / middle

    def basket(self, column: str) -> dict[str, float | None]:
        """What is said of the amount, the units and the products per order."""

        def values(rows: list[Row]) -> list[float]:
            return [v for r in rows if (v := number(r.get(column))) is not None]

        own = mean(values(self.orders))
        last = number(self.orders[-1].get(column)) if self.orders else None
        now = mean(values(self.inside(self.orders, 90)))
        before = mean(values(self.inside(self.orders, 90 + 365, 90)))
        decline = None if now is None or before is None or before <= 0 else max(1 - now / before, -3.0)
        return {"mean": own, "last": last, "last_vs_mean": over(last, own), "mean_decline_90d": decline}


def signals_at(tables: Tables, t: int, *, ignored_after_days: float = 7.0) -> dict[Any, dict[str, Any]]:
    """Every signal of every customer as known at T; None is "not known"."""
    everyone = {
        r["customer"]
        for rows in (tables.orders, tables.returns, tables.tickets, tables.interactions, tables.customers)
        for r in rows
    }
    people = {who: Person(tables, who, t, ignored_after_days) for who in everyone}
    base_gaps = [g for p in people.values() for g in p.gaps]
    base = {
        "gap": mean(base_gaps),
        # Pooled variance: squares about each customer's own mean over the degrees of freedom.
        "variance": over(
            math.fsum((g - mean(p.gaps)) ** 2 for p in people.values() for g in p.gaps),
            sum(max(len(p.gaps) - 1, 0) for p in people.values()),
        ),
    }
    return {who: _signals(tables, p, base) for who, p in people.items()}


def _signals(tables: Tables, p: Person, base: dict[str, float | None]) -> dict[str, Any]:
    return {
        **_rhythm(p, base),
        **_volume(tables, p),
        **(_returns(p) if tables.returns else {}),
        **(_service(p) if tables.tickets else {}),
        **(_engagement(tables, p) if tables.interactions else {}),
        **_account(tables, p),
    }


def _rhythm(p: Person, base: dict[str, float | None]) -> dict[str, Any]:
    out: dict[str, Any] = {f"orders_count_{d}d": len(p.inside(p.orders, d)) for d in (30, 60, 90, 180, 365)}
    out["orders_count"] = len(p.orders)
    out["order_days_count"] = len(p.days)
    out["order_days_count_365d"] = len({local_day(r["time"], p.zone) for r in p.inside(p.orders, 365)})
    out["orders_same_season"] = len(p.inside(p.orders, 365, 305))
    recency = out["recency_days"] = p.since_last(p.orders)
    out["gap_mean_days"] = own = mean(p.gaps)
    out["gap_spread_days"] = (
        math.sqrt(math.fsum((g - own) ** 2 for g in p.gaps) / (len(p.gaps) - 1)) if len(p.gaps) > 1 else None
    )
    out["gap_last_days"] = p.gaps[-1] if p.gaps else None
    out["gap_largest_days"] = max(p.gaps, default=None)
    usual = None if base["gap"] is None else (math.fsum(p.gaps) + 2 * base["gap"]) / (len(p.gaps) + 2)
    out["gap_usual_days"] = usual
    out["overdue_ratio"] = ratio = over(recency, usual)
    late = None if recency is None or usual is None else recency - usual
    out["overdue_days"] = None if late is None else max(late, 0.0)
    out["overdue_score"] = None
    if late is not None and base["variance"] is not None:
        squares = math.fsum((g - own) ** 2 for g in p.gaps)
        variance = (squares + 2 * base["variance"]) / (max(len(p.gaps) - 1, 0) + 2)
        out["overdue_score"] = late / max(math.sqrt(variance), 0.5)
    out["silence_probability"] = None if ratio is None else math.exp(-ratio)
    out["recency_vs_largest_gap"] = over(recency, out["gap_largest_days"])
    out["orders_decline_30d"] = p.decline(p.orders, 30, 180)
    out["orders_decline_90d"] = p.decline(p.orders, 90, 365)
    out["orders_slope_6x30d"] = p.slope()
    for h in (30, 120):
        weight = math.fsum(0.5 ** ((p.t - r["time"]) / DAY / h) for r in p.orders)
        # A steady rate must come out as that rate: the weights of all ages sum to h / ln 2 days.
        out[f"orders_rate_half_life_{h}d"] = weight / (h / math.log(2)) * 30
    out["active_share_12x30d"] = None
    if p.tenure is not None:
        there = min(max(math.ceil(p.tenure / 30), 1), 12)
        held = sum(bool(p.inside(p.orders, 30 * (k + 1), 30 * k)) for k in range(12))
        out["active_share_12x30d"] = held / there
    return out


def _volume(tables: Tables, p: Person) -> dict[str, Any]:
    def amount(rows: list[Row]) -> float:
        return math.fsum(r["amount"] for r in rows)

    out: dict[str, Any] = {f"amount_{d}d": amount(p.inside(p.orders, d)) for d in (30, 90, 180, 365)}
    out["amount_total"] = amount(p.orders)
    out["amount_mean_180d"] = mean([r["amount"] for r in p.inside(p.orders, 180)])
    out["amount_decline_90d"] = p.decline(p.orders, 90, 365, lambda r: r["amount"])
    out["amount_slope_6x30d"] = p.slope(lambda r: r["amount"])
    for column in ("amount", "quantity", "products"):
        if any(column in r for r in tables.orders):
            basket = p.basket(column)
            if column != "amount":
                del basket["last"]
            out.update({f"{column}_{k}": v for k, v in basket.items()})
    if any("channel" in r for r in tables.orders):
        out.update(_channels("order_channel", tables.orders, p.orders))
    return out


def _channels(name: str, all_rows: list[Row], own: list[Row]) -> dict[str, Any]:
    used = Counter(r["channel"] for r in own if r.get("channel") is not None)
    channels = frequent(r.get("channel") for r in all_rows)
    out: dict[str, Any] = {f"{name}_share:{c}": over(used[c], used.total()) for c in channels}
    if channels:
        out[f"{name}_top_share"] = over(max(used[c] for c in channels), used.total())
    return out


def _returns(p: Person) -> dict[str, Any]:
    last = p.returns[-1]["time"] if p.returns else None
    return {
        "returns_count_90d": len(p.inside(p.returns, 90)),
        "returns_count_365d": len(p.inside(p.returns, 365)),
        "returns_count": len(p.returns),
        "returns_share": over(len(p.returns), len(p.orders)),
        "returned_amount_share": over(
            math.fsum(abs(r["amount"]) for r in p.returns), math.fsum(r["amount"] for r in p.orders)
        ),
        "return_recency_days": p.since_last(p.returns),
        "orders_after_return": None if last is None else sum(r["time"] > last for r in p.orders),
    }


def _service(p: Person) -> dict[str, Any]:
    complaints = [r for r in p.tickets if r.get("is_complaint")]
    ignored = [r for r in complaints if r["ignored"]]
    waiting = [r for r in complaints if r["answer"] is None]
    answered = [(r["answer"] - r["opened"]) / HOUR for r in p.tickets if r["answer"] is not None]
    resolved = [(r["resolved"] - r["opened"]) / HOUR for r in p.tickets if r.get("resolved") is not None]
    rated = [r for r in p.tickets if r.get("satisfaction") is not None]
    out: dict[str, Any] = {}
    for d in (30, 90, 365):
        out[f"tickets_count_{d}d"] = len(p.inside(p.tickets, d, at="opened"))
        out[f"complaints_count_{d}d"] = len(p.inside(complaints, d, at="opened"))
    return out | {
        "tickets_count": len(p.tickets),
        "ticket_recency_days": p.since_last(p.tickets, "opened"),
        "tickets_per_order": over(len(p.tickets), len(p.orders)),
        "complaints_count": len(complaints),
        "complaint_recency_days": p.since_last(complaints, "opened"),
        "ignored_complaints_count": len(ignored),
        "ignored_complaints_count_180d": len(p.inside(ignored, 180, at="opened")),
        "ignored_complaints_share": over(len(ignored), len(complaints)),
        "ignored_complaint_recency_days": p.since_last(ignored, "opened"),
        "unanswered_complaint_oldest_days": p.since_first(waiting, "opened"),
        "orders_after_ignored": (
            sum(r["time"] > ignored[-1]["opened"] for r in p.orders) if ignored else None
        ),
        "open_tickets_count": sum(r.get("resolved") is None for r in p.tickets),
        "unanswered_tickets_count": sum(r["answer"] is None for r in p.tickets),
        "first_reply_hours_mean": mean(answered),
        "first_reply_hours_last": answered[-1] if answered else None,
        "resolution_hours_mean": mean(resolved),
        # The mark is given on resolution: the last one is that of the ticket resolved last.
        "satisfaction_last": sorted(rated, key=lambda r: r["resolved"])[-1]["satisfaction"]
        if rated
        else None,
        "satisfaction_mean": mean([r["satisfaction"] for r in rated]),
    }


def _engagement(tables: Tables, p: Person) -> dict[str, Any]:
    kinds = frequent(r["kind"] for r in tables.interactions)
    out: dict[str, Any] = {}
    for kind in (None, *sorted(kinds)):
        rows = [r for r in p.interactions if kind in (None, r["kind"])]
        name = "interactions" if kind is None else f"{kind}_contact" if kind in NAMES_TAKEN else kind
        for d in (14, 30, 90):
            out[f"{name}_count_{d}d"] = len(p.inside(rows, d))
        out[f"{name}_recency_days"] = p.since_last(rows)
        out[f"{name}_decline_14d"] = p.decline(rows, 14, 90)
        out[f"{name}_decline_30d"] = p.decline(rows, 30, 180)
    out["interactions_after_order"] = over(p.since_last(p.interactions), p.since_last(p.orders))
    if any("channel" in r for r in tables.interactions):
        out.update(_channels("interaction_channel", tables.interactions, p.interactions))
    return out


def _account(tables: Tables, p: Person) -> dict[str, Any]:
    out: dict[str, Any] = {"tenure_days": p.tenure, "first_order_days": p.since_first(p.orders)}
    for column in {k for r in tables.customers for k in r} - {"customer", "joined"}:
        usual = frequent(r.get(column) for r in tables.customers)
        value = p.row.get(column)
        out[f"segment:{column}"] = value if value in usual else None
    return out
