"""Shops for the tests: a history made of written-down rows, and generated ones that crowd the edges."""

from __future__ import annotations

import copy
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from churn.data.history import History
from churn.data.load import make_history
from churn.features.compute import compute_features
from tests.features.oracle import DAY, HOUR, Row, Tables, instant

TIMES = {"time", "opened", "first_reply", "resolved", "recorded_at", "joined"}
TYPES = {
    "amount": pa.float64(),
    "quantity": pa.float64(),
    "products": pa.float64(),
    "satisfaction": pa.float64(),
    "is_complaint": pa.bool_(),
    "channel": pa.string(),
    "size": pa.string(),
}
CUTOFFS = (
    ("UTC", "2024-03-01 00:00"),  # the day after a leap day
    ("UTC", "2024-02-29 13:37"),
    ("Europe/Berlin", "2024-03-31 00:00"),  # the night in which the clock skips an hour
    ("Europe/Berlin", "2024-10-28 00:00"),  # the day after a day of 25 hours
    ("America/New_York", "2024-03-11 00:00"),
    ("Pacific/Auckland", "2024-04-08 00:00"),
    ("Asia/Kolkata", "2024-06-01 12:00"),
)
AT_THE_CUTOFF = -1
# Days before T at which some window begins or ends.
EDGES = (0, 2.5, 7, 14, 30, 60, 90, 104, 120, 150, 180, 210, 270, 305, 330, 360, 365, 455)


def history_of(tables: Tables, **options: Any) -> History:
    """The same rows through the front door."""
    frames = {
        name: frame(getattr(tables, name))
        for name in ("orders", "returns", "tickets", "interactions", "customers")
        if getattr(tables, name)
    }
    segments = [k for k in (tables.customers or [{}])[0] if k not in ("customer", "joined")]
    return make_history(**frames, segments=segments, timezone=tables.timezone, **options)


def frame(rows: list[Row]) -> pa.Table:
    """Rows as an Arrow table with times in UTC."""
    return pa.table(
        {
            name: pa.array(
                [r.get(name) for r in rows], pa.timestamp("us", "UTC") if name in TIMES else TYPES.get(name)
            )
            for name in dict.fromkeys(k for r in rows for k in r)
        }
    )


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


@st.composite
def shops(draw: st.DrawFn) -> tuple[Tables, int, float]:
    """Tables, a cutoff and the days after which a complaint is ignored.

    All events lie on a few shared instants, so that ties are common, and most of those sit on an edge.
    """
    zone, local = draw(st.sampled_from(CUTOFFS))
    t = instant(local, zone)
    patience = draw(st.sampled_from((7.0, 2.5)))
    nudge = st.sampled_from((0, 0, -1, 1, HOUR, -HOUR, 5 * HOUR))
    edge = st.builds(lambda d, n: t - round(d * DAY) + n, st.sampled_from(EDGES), nudge)
    anywhere = st.integers(t - 500 * DAY, t + 40 * DAY)
    pool = draw(st.lists(edge | anywhere, min_size=1, max_size=14))
    when = st.sampled_from(pool)
    who = st.sampled_from(("a", "b", "c", "d"))
    later = st.sampled_from((0, 1, round(patience * DAY), round(patience * DAY) + 1, DAY, 40 * DAY))
    amount = st.sampled_from((0.0, 0.25, 1.0, 20.0, 99.75, -30.0, 1e6, -1e6))
    channel = st.sampled_from(("web", "shop", "app", None))

    def recorded(row: Row) -> st.SearchStrategy[Row]:
        late = st.none() | st.builds(lambda d: row["opened" if "opened" in row else "time"] + d, later)
        return st.builds(lambda r: {**row, "recorded_at": r}, late | st.sampled_from((t, t - 1)))

    def rows(most: int, least: int = 0, **fields: st.SearchStrategy[Any]) -> list[Row]:
        one = st.fixed_dictionaries({"customer": who, **fields}).flatmap(recorded)
        return draw(st.lists(one, min_size=least, max_size=most))

    ordered = rows(
        16,
        least=1,
        time=when,
        amount=amount,
        quantity=st.sampled_from((None, 0.0, 1.0, 7.0)),
        products=st.sampled_from((None, 2.0, 3.0)),
        channel=channel,
    )
    returned = rows(4, time=when, amount=amount)
    seen = rows(
        12,
        time=when,
        kind=st.sampled_from(("visit", "email_open", "tickets", "interactions")),
        channel=channel,
    )
    asked = rows(
        8,
        opened=when,
        first_reply=st.none() | later | st.just(AT_THE_CUTOFF),
        resolved=st.none() | later | st.just(AT_THE_CUTOFF),
        is_complaint=st.sampled_from((True, True, False, None)),
        satisfaction=st.sampled_from((None, 1.0, 4.0)),
    )
    for i, row in enumerate(asked):
        row["ticket_id"] = i
        for name in ("first_reply", "resolved"):
            after = row[name] if row[name] != AT_THE_CUTOFF else max(t - row["opened"], 0)
            row[name] = None if after is None else row["opened"] + after
    known = [
        {
            "customer": c,
            "joined": draw(st.none() | when),
            "size": draw(st.sampled_from(("big", "small", None))),
        }
        for c in draw(st.sets(who))
    ]
    joined = {r["customer"]: r["joined"] for r in known if r["joined"] is not None}
    # A ticket from before the sign-up is set aside on the way in.
    asked = [r for r in asked if r["opened"] >= joined.get(r["customer"], r["opened"])]
    return Tables(ordered, returned, asked, seen, known, zone), t, patience


@st.composite
def changed_futures(draw: st.DrawFn) -> tuple[Tables, Tables, int]:
    """Two shops that are the same before a cutoff and differ in what became known at or after it."""
    tables, t, _ = draw(shops())
    other = copy.deepcopy(tables)

    def after(least: int) -> int:
        return max(t, least) + draw(st.integers(0, 40 * DAY))

    for name in ("orders", "returns", "tickets", "interactions"):
        at, kept = "opened" if name == "tickets" else "time", []
        for row in getattr(other, name):
            hidden = row[at] >= t or (row["recorded_at"] is not None and row["recorded_at"] >= t)
            fate = draw(st.sampled_from(("stays", "goes", "doubles", "changes"))) if hidden else "stays"
            if fate == "changes":
                row |= {"recorded_at": after(row[at])}
                row |= {k: v for k, v in {"amount": 1e9, "channel": "new", "kind": "new"}.items() if k in row}
            for answer in {"first_reply", "resolved"} & set(row):
                if row[answer] is None or row[answer] >= t:
                    row[answer] = draw(st.none() | st.just(after(row[at])))
            if name == "tickets" and (row["resolved"] is None or row["resolved"] >= t):
                row["satisfaction"] = draw(st.sampled_from((None, 5.0)))
            kept += [] if fate == "goes" else [row]
            if fate == "doubles":
                kept.insert(0, {**row, "ticket_id": -len(kept)} if name == "tickets" else row)
        for row in draw(st.lists(st.sampled_from(kept), max_size=3)) if kept and name != "tickets" else ():
            kept.insert(draw(st.integers(0, len(kept))), {**row, at: after(0), "recorded_at": None})
        setattr(other, name, kept)
    wrote = {r["customer"] for r in tables.tickets}  # tickets from before the sign-up are set aside
    for row in other.customers:
        if row["joined"] is not None and row["joined"] >= t and row["customer"] not in wrote:
            row["joined"] = draw(st.none() | st.just(after(0)))
    return tables, other, t


def value(tables: Tables, name: str, t: int, who: Any = "a", **options: Any) -> Any:
    """One signal of one customer."""
    return compute_features(history_of(tables), t, customers=[who], **options)[name].iloc[0]
