"""Shops for the tests: a history made of written-down rows, and generated ones that crowd the edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from churn.config import FeatureSettings
from churn.data.history import History
from churn.data.load import make_history
from churn.features.compute import compute_features
from tests.features.oracle import DAY, HOUR, OUTCOMES, STARTS, Patience, Row, Tables, instant

TIMES = {"time", "opened", "recorded_at", "joined", "promised", "renews"} | {
    name for names in OUTCOMES.values() for name in names
}
NUMBERS = {"amount", "quantity", "products", "discount", "satisfaction", "value", "score", "price", "limit"}
TYPES = (
    {name: pa.timestamp("us", "UTC") for name in TIMES}
    | dict.fromkeys(NUMBERS, pa.float64())
    | dict.fromkeys(("is_complaint", "is_failed_payment", "is_end", "churned", "vip"), pa.bool_())
    | dict.fromkeys(
        ("channel", "size", "category", "kind", "plan", "event", "subscription", "grade"), pa.string()
    )
)
CUTOFFS = (
    ("UTC", "2024-03-01 00:00"),  # the day after a leap day
    ("UTC", "2024-02-29 13:37"),
    ("Europe/Berlin", "2024-03-31 00:00"),  # the night in which the clock skips an hour
    ("Europe/Berlin", "2024-10-28 00:00"),  # the day after a day of 25 hours
    ("America/New_York", "2024-03-11 00:00"),
    ("Pacific/Auckland", "2024-04-08 00:00"),
    ("Asia/Kolkata", "2024-06-01 12:00"),
)
# Days before T at which some window begins or ends.
EDGES = (0, 2.5, 7, 14, 30, 60, 90, 104, 120, 150, 180, 210, 270, 305, 330, 360, 365, 425, 455)
AT_T, JUST_BEFORE_T = -1, -2
WHO = ("a", "b", "c", "d")
# Without shrinking: what fails is shown as it was drawn, after seconds and not minutes.
generated = settings(
    phases=(Phase.explicit, Phase.generate),
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Shop:
    """Tables, a cutoff, and the days after which nobody is waited for any more."""

    tables: Tables
    t: int
    patience: Patience

    @property
    def settings(self) -> FeatureSettings:
        return settings_of(self.patience)


def settings_of(patience: Patience) -> FeatureSettings:
    return FeatureSettings(ignored_after_days=patience.ignored, silent_after_days=patience.silent)


def history_of(tables: Tables, **options: Any) -> History:
    """The same rows through the front door."""
    names = ("orders", "returns", "tickets", "interactions", "surveys", "subscriptions", "customers")
    frames = {name: frame(getattr(tables, name)) for name in names if getattr(tables, name)}
    segments = sorted({k for r in tables.customers for k in r} - {"customer", "joined"})
    features = {name: frame(rows) for name, rows in tables.features.items() if rows}
    return make_history(**frames, features=features, segments=segments, timezone=tables.timezone, **options)


def frame(rows: list[Row]) -> pa.Table:
    """Rows as an Arrow table with times in UTC."""
    names = dict.fromkeys(k for r in rows for k in r)
    return pa.table({name: pa.array([r.get(name) for r in rows], TYPES.get(name)) for name in names})


def orders(*times: int, customer: Any = "a", **values: Any) -> list[Row]:
    """One order of 10 at each time."""
    return [{"customer": customer, "time": t, "amount": 10.0, **values} for t in times]


def ticket(opened: int, first_reply: int | None = None, resolved: int | None = None, **values: Any) -> Row:
    """A complaint of customer a."""
    return {
        "ticket_id": f"t{opened}",
        "customer": "a",
        "opened": opened,
        "first_reply": first_reply,
        "resolved": resolved,
        "is_complaint": True,
        "satisfaction": None,
        **values,
    }


def at_of(table: str) -> str:
    """The name of a table's time."""
    return STARTS.get(table, "time")


class _Draw:
    """What one generated shop is drawn from: few shared instants, so that ties are common, most of them on an edge."""

    def __init__(self, draw: st.DrawFn, t: int, patience: Patience) -> None:
        self.draw, self.t = draw, t
        nudge = st.sampled_from((0, 0, -1, 1, HOUR, -HOUR, 5 * HOUR))
        edge = st.builds(lambda d, n: t - round(d * DAY) + n, st.sampled_from(EDGES), nudge)
        anywhere = st.integers(t - 500 * DAY, t + 40 * DAY)
        self.when = st.sampled_from(draw(st.lists(edge | anywhere, min_size=1, max_size=12)))
        self.who = st.sampled_from(("a", "a", *WHO))
        waits = [round(d * DAY) + n for d in (patience.ignored, patience.silent) for n in (0, 1)]
        self.after = st.sampled_from((None, None, 0, HOUR, DAY, 40 * DAY, *waits, AT_T, JUST_BEFORE_T))
        self.late = st.sampled_from((None, None, None, 0, 1, DAY, 40 * DAY, AT_T, JUST_BEFORE_T))

    def rows(self, table: str, most: int, least: int = 0, **fields: st.SearchStrategy[Any]) -> list[Row]:
        """Rows with outcomes at, before and after T, and now and then recorded late."""
        at = at_of(table)
        outcomes = dict.fromkeys(OUTCOMES.get(table, ()), self.after)
        one = st.fixed_dictionaries(
            {"customer": self.who, at: self.when, **fields, **outcomes, "recorded_at": self.late}
        )
        least = max(least, self.draw(st.sampled_from((0, 0, most // 2, most))))
        found = self.draw(st.lists(one, min_size=least, max_size=most))
        for row in found:
            for name in (*outcomes, "recorded_at"):
                row[name] = self.moment(row[at], row[name])
        return found

    def moment(self, start: int, after: int | None) -> int | None:
        if after in (AT_T, JUST_BEFORE_T):
            return max(start, self.t + (0 if after == AT_T else -1))
        return None if after is None else start + after


CHANNEL = st.sampled_from(("web", "shop", "app", None))
AMOUNT = st.sampled_from((0.0, 0.25, 0.1, 0.2, 1.0, 20.0, 19.99, 99.75, -30.0, 1e6, -1e6))


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """A shop with every table, most of them small."""
    zone, local = draw(st.sampled_from(CUTOFFS))
    t = instant(local, zone)
    patience = draw(st.sampled_from((Patience(), Patience(2.5, 7.0))))
    d = _Draw(draw, t, patience)
    ordered = d.rows(
        "orders",
        18,
        least=1,
        amount=AMOUNT,
        quantity=st.sampled_from((None, 0.0, 1.0, 7.0)),
        products=st.sampled_from((None, 2.0, 3.0)),
        channel=CHANNEL,
        discount=st.sampled_from((None, 0.0, 0.5, 4.0)),
        promised=st.none() | d.when,
    )
    joined = {c: draw(st.none() | d.when) for c in sorted(draw(st.sets(d.who)))}
    asked = d.rows(
        "tickets",
        8,
        is_complaint=st.sampled_from((True, True, False, None)),
        satisfaction=st.sampled_from((None, 1.0, 4.0)),
        category=st.sampled_from(("size", "bill", None)),
        channel=CHANNEL,
    )
    # A ticket from before the sign-up is set aside on the way in.
    asked = [r for r in asked if r["opened"] >= (joined.get(r["customer"]) or r["opened"])]
    return Shop(
        Tables(
            ordered,
            d.rows("returns", 4, amount=AMOUNT),
            [{"ticket_id": i, **r} for i, r in enumerate(asked)],
            d.rows(
                "interactions",
                10,
                kind=st.sampled_from(("visit", "email_open", "tickets", "interactions")),
                channel=CHANNEL,
                value=st.sampled_from((None, 0.0, 0.5, 3.0)),
            ),
            [
                {"customer": c, "joined": j, "size": draw(st.sampled_from(("big", "small", None)))}
                for c, j in joined.items()
            ],
            zone,
            d.rows(
                "surveys",
                8,
                score=st.sampled_from((None, 0.0, 7.0, 10.0)),
                kind=st.sampled_from(("nps", "csat", None)),
            ),
            d.rows(
                "subscriptions",
                6,
                plan=st.sampled_from(("gold", "basic", None)),
                price=st.sampled_from((None, 5.0, 9.99, 10.0)),
                renews=st.none() | d.when,
                is_failed_payment=st.sampled_from((True, False, None)),
                event=st.sampled_from(("start", "renewal", None)),
            ),
            {
                "credit": d.rows(
                    "credit",
                    5,
                    limit=st.sampled_from((None, 0.0, 500.0, -1.0)),
                    grade=st.sampled_from(("A", "B", None)),
                )
            },
        ),
        t,
        patience,
    )


@st.composite
def changed_futures(draw: st.DrawFn) -> tuple[Shop, Tables]:
    """A shop, and tables that differ from its own in nothing but what became known at or after the cutoff."""
    shop = draw(shops())
    t = shop.t

    def after(least: int) -> int:
        return max(t, least) + draw(st.sampled_from((0, 1, HOUR, DAY, 40 * DAY)))

    def changed(table: str) -> list[Row]:
        at, kept = at_of(table), []
        for given in shop.tables.rows(table):
            row = dict(given)
            hidden = row[at] >= t or (row["recorded_at"] is not None and row["recorded_at"] >= t)
            fate = draw(st.sampled_from(("stays", "goes", "doubles", "changes"))) if hidden else "stays"
            if fate == "changes":
                row |= {"recorded_at": after(row[at])}
                row |= dict.fromkeys(NUMBERS & row.keys(), 1000000000.0)
                row |= {k: "new" for k in ("channel", "kind", "category", "plan", "grade") if k in row}
            for outcome in OUTCOMES.get(table, ()):
                if row[outcome] is None or row[outcome] >= t:
                    row[outcome] = draw(st.none() | st.just(after(row[at])))
            for name, outcome in (("satisfaction", "resolved"), ("score", "answered")):
                if name in row and (row[outcome] is None or row[outcome] >= t):
                    row[name] = draw(st.sampled_from((None, 5.0)))
            kept += [] if fate == "goes" else [row]
            if fate == "doubles":
                kept.insert(0, dict(row))
        for row in draw(st.lists(st.sampled_from(kept), max_size=3)) if kept else ():
            start = after(0)
            new = {**row, at: start, "recorded_at": None, **dict.fromkeys(OUTCOMES.get(table, ()))}
            kept.insert(draw(st.integers(0, len(kept))), new)
        if table == "tickets":  # known by their number, first come first kept
            taken: set[int] = set()
            for row in sorted(kept, key=lambda r: r[at] >= t):
                if row["ticket_id"] in taken:
                    row["ticket_id"] = 1000 + len(taken)
                taken.add(row["ticket_id"])
        return kept

    other = {table: changed(table) for table in (*shop.tables.names,)}
    wrote = {r["customer"] for r in (*shop.tables.tickets, *other.get("tickets", ()))}
    customers = [dict(r) for r in shop.tables.customers]
    for row in customers:  # tickets from before the sign-up are set aside, so those who wrote keep theirs
        if row["joined"] is not None and row["joined"] >= t and row["customer"] not in wrote:
            row["joined"] = draw(st.none() | st.just(after(0)))
    features = {name: other.pop(name) for name in shop.tables.features if name in other}
    return shop, Tables(**other, customers=customers, timezone=shop.tables.timezone, features=features)


def value(tables: Tables, name: str, t: int, who: Any = "a", patience: Patience | None = None) -> Any:
    """One signal of one customer."""
    found = compute_features(
        history_of(tables), t, customers=[who], settings=settings_of(patience or Patience())
    )
    return found[name].iloc[0]


def three_customers(t: int) -> History:
    """Orders and a ticket before an instant, and a customer who comes after it."""
    return history_of(
        Tables(
            orders(t - 50 * DAY, t - 30 * DAY, t - DAY, channel="web", delivered=None)
            + orders(t - 9 * DAY, t - 3 * DAY, customer="b", amount=120.0)
            + orders(t + 9 * DAY, customer="c"),
            tickets=[ticket(t - 9 * DAY, t - 8 * DAY)],
            customers=[{"customer": "a", "size": "big"}],
        )
    )
