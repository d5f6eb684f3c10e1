"""Every signal again, row by row in plain Python, written from the meanings and not from the measures.

Rows are dicts as a person would write them down; instants are microseconds since 1970 in UTC, None is "not known" or
"has not happened". Money is counted in decimals. Nothing here uses NumPy, pandas or the package.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

HOUR = 3_600_000_000
DAY = 24 * HOUR
Row = dict[str, Any]
Found = dict[str, Any]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# What is not known before its time has come, and the values that are given with it.
OUTCOMES = {
    "orders": ("delivered",),
    "tickets": ("first_reply", "resolved", "reopened", "escalated"),
    "surveys": ("answered",),
}
GIVEN_WITH = {"satisfaction": "resolved", "score": "answered"}
STARTS = {"tickets": "opened"}
EVENT_TABLES = ("orders", "returns", "tickets", "interactions", "surveys", "subscriptions")


@dataclass
class Tables:
    """What a shop wrote down; a table or field that it does not keep is left away."""

    orders: list[Row]
    returns: list[Row] = field(default_factory=list)
    tickets: list[Row] = field(default_factory=list)
    interactions: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    timezone: str = "UTC"
    surveys: list[Row] = field(default_factory=list)
    subscriptions: list[Row] = field(default_factory=list)
    features: dict[str, list[Row]] = field(default_factory=dict)

    def rows(self, table: str) -> list[Row]:
        return self.features[table] if table in self.features else getattr(self, table)

    def has(self, table: str, *columns: str) -> bool:
        rows = self.rows(table)
        return bool(rows) and all(any(c in r for r in rows) for c in columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The tables with rows of events."""
        return tuple(t for t in (*EVENT_TABLES, *self.features) if self.rows(t))


@dataclass(frozen=True)
class Patience:
    """The days after which a complaint is ignored, and a survey's silence is one."""

    ignored: float = 7.0
    silent: float = 14.0


def instant(text: str, zone: str = "UTC") -> int:
    """Microseconds of a local time such as 2024-02-29 12:00."""
    stamp = dt.datetime.fromisoformat(text)
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=ZoneInfo(zone))
    return (stamp.astimezone(dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)


def local_day(us: int, zone: str) -> dt.date:
    return (EPOCH + dt.timedelta(microseconds=us)).astimezone(ZoneInfo(zone)).date()


def known(rows: Iterable[Row], t: int, at: str = "time") -> list[Row]:
    """Rows that had happened and were known before T, oldest first; ties stay as they came."""
    seen = [r for r in rows if r[at] < t and (r.get("recorded_at") is None or r["recorded_at"] < t)]
    return sorted(seen, key=lambda r: r[at])


def as_known(table: str, row: Row, t: int) -> Row:
    """The row as it was known at T: an outcome at or after T has not happened, and what comes with it is not given."""
    row = dict(row)
    for name in OUTCOMES.get(table, ()):
        if row.get(name) is not None and row[name] >= t:
            row[name] = None
    for name, outcome in GIVEN_WITH.items():
        if name in row and row.get(outcome) is None:
            row[name] = None
    return row


def number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def decimal(value: float) -> Fraction:
    """The number a person wrote: 0.1 is a tenth."""
    return Fraction(repr(float(value)))


def total(values: Iterable[float]) -> float:
    return float(sum(map(decimal, values), Fraction(0)))


def mean(values: list[float]) -> float | None:
    return total(values) / len(values) if values else None


def over(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None or b == 0 else a / b


def less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def median(values: list[float]) -> float | None:
    if not values:
        return None
    ordered, n = sorted(values), len(values)
    return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / 2


def values_of(rows: Iterable[Row], column: str) -> list[float]:
    return [v for r in rows if (v := number(r.get(column))) is not None]


def frequent(values: Iterable[str | None]) -> set[str]:
    """The at most 20 most frequent values, over all time; of equally frequent ones the first in the alphabet."""
    counted = Counter(v for v in values if v is not None)
    return {v for v, _ in sorted(counted.items(), key=lambda kv: (-kv[1], kv[0]))[:20]}


def most_used(values: Iterable[str]) -> str | None:
    """The most frequent value, of equals the first in the alphabet."""
    counted = Counter(values)
    return min(counted, key=lambda v: (-counted[v], v), default=None)


class Person:
    """One customer as known at T."""

    def __init__(self, tables: Tables, who: Any, t: int) -> None:
        self.t, self.zone = t, tables.timezone
        self.rows: dict[str, list[Row]] = {}
        for name in (*EVENT_TABLES, *tables.features):
            own = [r for r in tables.rows(name) if r["customer"] == who]
            self.rows[name] = [as_known(name, r, t) for r in known(own, t, STARTS.get(name, "time"))]
        self.orders = self.rows["orders"]
        self.row = next((c for c in tables.customers if c["customer"] == who), {})
        joined = self.row.get("joined")
        begins = [self.orders[0]["time"]] if self.orders else []
        if joined is not None and joined < t:
            begins.append(joined)
        self.tenure = self.days_since(min(begins)) if begins else None
        self.days = sorted({local_day(r["time"], self.zone) for r in self.orders})
        self.gaps = [float((b - a).days) for a, b in pairwise(self.days)]

    def inside(self, rows: list[Row], days: float, until: float = 0, at: str = "time") -> list[Row]:
        """Rows in [T - days, T - until)."""
        return [r for r in rows if self.t - round(days * DAY) <= r[at] < self.t - round(until * DAY)]

    def days_since(self, us: int | None) -> float | None:
        return None if us is None else (self.t - us) / DAY

    def since_last(self, rows: list[Row], at: str = "time") -> float | None:
        """Days since the latest of the rows; those where it has not happened do not count."""
        return self.days_since(max((r[at] for r in rows if r.get(at) is not None), default=None))

    def since_first(self, rows: list[Row], at: str = "time") -> float | None:
        return self.days_since(rows[0][at]) if rows else None

    def after_last(self, rows: list[Row], of: list[Row], at: str = "time") -> int | None:
        """Rows later than the last of others."""
        return sum(r["time"] > of[-1][at] for r in rows) if of else None

    def decline(
        self,
        rows: list[Row],
        recent: int,
        earlier: int,
        worth: Callable[[Row], float] = lambda _: 1.0,
        at: str = "time",
    ) -> float | None:
        """Share by which the rate per day of the recent days lies under that of the days before."""
        if self.tenure is None:
            return None
        earlier_days = min(float(earlier), self.tenure - recent)
        before = total(worth(r) for r in self.inside(rows, recent + earlier, recent, at))
        if earlier_days < 30 or before <= 0:
            return None
        now = total(worth(r) for r in self.inside(rows, recent, at=at))
        return max(1 - (now / recent) / (before / earlier_days), -3.0)

    def slope(
        self,
        rows: list[Row],
        stretches: int = 6,
        days: int = 30,
        worth: Callable[[Row], float] = lambda _: 1.0,
        at: str = "time",
    ) -> float | None:
        """Least-squares trend over stretches of days, oldest first, as a share of their mean."""
        if self.tenure is None or self.tenure < stretches * days:
            return None
        sums = [
            sum((decimal(worth(r)) for r in self.inside(rows, days * (k + 1), days * k, at)), Fraction(0))
            for k in reversed(range(stretches))
        ]
        middle = sum(sums) / stretches
        if middle <= 0:
            return None
        x0 = Fraction(stretches - 1, 2)
        up = sum((x - x0) * (y - middle) for x, y in enumerate(sums))
        return float(up / sum((x - x0) ** 2 for x in range(stretches)) / middle)

    def fading(self, rows: list[Row], half_life: int) -> float:
        """Rows per 30 days with fading weights: of a steady rate, the weights of all ages sum to h / ln 2 days."""
        weight = math.fsum(0.5 ** ((self.t - r["time"]) / DAY / half_life) for r in rows)
        return weight / (half_life / math.log(2)) * 30


def signals_at(tables: Tables, t: int, patience: Patience | None = None) -> dict[Any, Found]:
    """Every signal of every customer as known at T; None is "not known"."""
    from tests.features import oracle_account, oracle_contact, oracle_orders

    every_row = [r for t_ in tables.names for r in tables.rows(t_)] + tables.customers
    people = {who: Person(tables, who, t) for who in {r["customer"] for r in every_row}}
    base = oracle_orders.base_of(list(people.values()))
    found = {
        who: {
            **oracle_orders.signals(tables, p, base),
            **oracle_contact.signals(tables, p, patience or Patience()),
            **oracle_account.signals(tables, p),
        }
        for who, p in people.items()
    }
    oracle_account.compare(tables, people, found)
    return found
