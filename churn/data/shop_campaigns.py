"""Contacts in the simulated shop: the same shop, whose future differs for those whom a contact changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from churn.data import truth
from churn.data.continued import Future, draw_future
from churn.data.responses import ACCEPTS, KINDS, REPEAT_DAYS, answers, hurt_at, people_of, reach
from churn.data.shop import Course, ShopTables
from churn.data.truth import FloatArray
from churn.errors import ParameterError

AnyShop = TypeVar("AnyShop", bound=ShopTables)

_PURPOSE = 6  # sets these random numbers apart from those of the shop itself
_INSTANT = pd.Timedelta(seconds=2)  # instants are kept to the second
_DAY = pd.Timedelta(days=1)
_TIMES = {"orders": "time", "returns": "time", "tickets": "opened", "interactions": "time"}


def contacted(shop: AnyShop, contacts: pd.DataFrame, *, effect: float = 1.0) -> AnyShop:
    """Return the shop as it would be had these contacts been made.

    All before the contacts stays as it was, and so do the customers whom they did not change. Who had begun to leave
    may be won back: he goes on as if he had never faded, and his hazard starts anew. Who had not may begin to leave
    at the contact. A call also answers all complaints that wait. Each contact finds the customer as the one before it
    left him; the same kind again within `REPEAT_DAYS` is a further step of the same action and does nothing more.

    Parameters
    ----------
    shop : Shop
        A generated shop.
    contacts : DataFrame
        Columns customer, kind (see `churn.data.responses.KINDS`) and time (UTC where it has no zone).
    effect : float
        By which every probability of an effect is multiplied; with 0 the shop stays as it is.

    Returns
    -------
    Shop
        The other shop; its `contacts` say what each contact did (outcome: won back, woken, answered (in time),
        nothing, or further step) and whether the customer takes an offer should he order. `reason` in its truth
        is "campaign" for who left over a contact.

    Raises
    ------
    ParameterError
        A column is missing, a customer or kind is unknown, a time is outside the span, before the first order of the
        customer, or before a contact that was made earlier.

    Examples
    --------
    >>> from churn import make_shop
    >>> shop = make_shop(200, seed=1)
    >>> some = shop.customers[shop.customers["joined"] < "2025-01-01"]["customer"]
    >>> other = contacted(shop, pd.DataFrame({"customer": some, "kind": "gift", "time": "2025-06-01"}))
    >>> before = shop.orders["time"] < "2025-06-01"
    >>> other.orders[: before.sum()].equals(shop.orders[before])
    True
    """
    truth.number("effect", effect, 0, 1, "1")
    made = _check(shop, contacts)
    if len(made) == 0:
        return shop
    turn = made.groupby("row").cumcount().to_numpy()
    for n in range(int(turn.max()) + 1):
        shop, told = _round(shop, made[turn == n], effect)
        told = told if shop.contacts is None else pd.concat([shop.contacts, told])
        shop = dataclasses.replace(shop, contacts=told.sort_values(["time", "customer"], ignore_index=True))
    return shop


def responses(shop: ShopTables, *, within_days: float = 60.0) -> pd.DataFrame:
    """Return what the contacted did: who took the offer, and who left over a mail and wants no other.

    Parameters
    ----------
    shop : ShopTables
        A shop with contacts.
    within_days : float
        An offer is taken with the first order within so many days.

    Returns
    -------
    DataFrame
        One row per response, by time: customer, kind, contacted (the contact's time), time, response ("redeemed" or
        "unsubscribed").

    Examples
    --------
    >>> from churn import make_shop
    >>> list(responses(make_shop(20, seed=1)))
    ['customer', 'kind', 'contacted', 'time', 'response']
    """
    names = ["customer", "kind", "contacted", "time", "response"]
    if shop.contacts is None:
        return pd.DataFrame({name: [] for name in names})
    made = shop.contacts.rename(columns={"time": "contacted"})
    made = made[made["outcome"] != "further step"].sort_values("contacted", kind="stable")
    offers = made[made["kind"].isin(ACCEPTS)]
    orders = shop.orders[["customer", "time"]].assign(ordered=shop.orders["time"])
    met = pd.merge_asof(
        offers, orders, left_on="contacted", right_on="time", by="customer", direction="forward"
    )
    met = met[(met["ordered"] - met["contacted"]) < within_days * _DAY]
    taken = met[met["takes"]].assign(time=met["ordered"], response="redeemed")
    angry = made[made["outcome"].eq("woken") & made["kind"].ne("call")]
    gone = angry.assign(time=angry["contacted"] + pd.Timedelta(hours=3), response="unsubscribed")
    gone = gone[gone["time"] < shop.end]
    return pd.concat([taken, gone])[names].sort_values(["time", "customer"], ignore_index=True)


def _check(shop: ShopTables, contacts: pd.DataFrame) -> pd.DataFrame:
    """Return the contacts by customer and time, with row (of the customer) and at (days since the start)."""
    missing = [name for name in ("customer", "kind", "time") if name not in contacts]
    if missing:
        raise ParameterError(
            "The contacts lack a column.",
            given=f"columns {', '.join(map(str, contacts.columns)) or 'none'}",
            allowed="customer, kind and time",
            fix=f"Add the column {missing[0]}.",
        )
    course = shop.course
    if course is None or len(course.asked) != len(shop.tickets) or len(course.returned) != len(shop.returns):
        raise ParameterError(
            "Only a generated shop knows what a contact would change.",
            fix="Make one with churn.make_shop, and leave its tables as they are.",
        )
    made = contacts[["customer", "kind", "time"]].reset_index(drop=True)
    try:
        made["time"] = pd.to_datetime(made["time"], utc=True).dt.floor("s").dt.as_unit("us")
    except (TypeError, ValueError):
        raise ParameterError(
            "The times of the contacts are not instants.",
            given=repr(made["time"].iloc[0]),
            allowed="instants such as 2025-06-01",
            fix="Correct the column time.",
        ) from None
    made["row"] = pd.Index(shop.customers["customer"]).get_indexer(pd.Index(made["customer"]))
    first = shop.orders.drop_duplicates("customer").set_index("customer")["time"]
    earlier = made["customer"].map(first)
    past = pd.Series(pd.NaT, index=made.index, dtype=earlier.dtype)
    if shop.contacts is not None:
        past = made["customer"].map(shop.contacts.groupby("customer")["time"].max())
    doubled = made.duplicated(["customer", "time"])
    checks = (
        (made["row"] < 0, "A contact names a customer whom the shop does not know.", "customers of the shop"),
        (~made["kind"].isin(KINDS), "A contact is of a kind that the shop does not know.", ", ".join(KINDS)),
        (
            made["time"].isna() | (made["time"] >= shop.end),
            "A contact is not before the shop's end.",
            f"before {shop.end}",
        ),
        (
            ~(made["time"] > earlier),
            "A contact is before the customer's first order.",
            "times after the first order",
        ),
        (
            made["time"] <= past,
            "A contact is before one that was made already.",
            "times after earlier contacts",
        ),
        (doubled, "A customer is contacted twice at the same instant.", "one contact at a time"),
    )
    for wrong, what, allowed in checks:
        if wrong.any():
            one = made[wrong].iloc[0]
            raise ParameterError(
                what,
                given=f"{str(one['customer'])[:60]!r}, {str(one['kind'])[:60]!r}, {one['time']} "
                f"({int(wrong.sum()):,} such rows)",
                allowed=allowed,
                fix="Correct or leave out these rows.",
            )
    made["customer"] = shop.customers["customer"].take(made["row"].to_numpy()).to_numpy()
    made["customer"] = made["customer"].astype(shop.customers["customer"].dtype)
    made["at"] = truth.to_days(made["time"], shop.start)
    return made.sort_values(["row", "time"], ignore_index=True)


def _round(shop: AnyShop, made: pd.DataFrame, effect: float) -> tuple[AnyShop, pd.DataFrame]:
    """Make at most one contact per customer."""
    row, at, kind = made["row"].to_numpy(), made["at"].to_numpy(), made["kind"].to_numpy()
    code = made["kind"].map({k: n for n, k in enumerate(KINDS)}).to_numpy()
    seconds = np.round(at * 86_400).astype(np.int64)
    rngs = [
        np.random.default_rng([shop.seed, _PURPOSE, *key])
        for key in zip(row.tolist(), code.tolist(), seconds.tolist(), strict=True)
    ]
    draws = np.array([rng.random(2) for rng in rngs])
    chance, leaves = draws[:, 0], truth.to_days(shop.truth["leaves_at"], shop.start)[row]
    fresh = ~_repeated(shop, made)

    moment = np.full(len(shop.truth), -np.inf)
    moment[row] = at
    hurt, people = hurt_at(shop, moment)[row], people_of(shop).iloc[row]
    saves, wakes = np.zeros(len(row)), np.zeros(len(row))
    for name in KINDS:
        of = kind == name
        if of.any():
            answer = answers(name, people[of], hurt[of], effect=effect)
            saves[of], wakes[of] = answer.saves, answer.wakes
    left = leaves <= at
    won = fresh & left & (chance < saves * reach(np.where(left, at - leaves, 0.0)))
    woken = fresh & ~left & (chance < wakes)
    calls = fresh & (kind == "call") & (effect > 0)
    answered = calls & ~left & _in_time(shop, row, at)
    outcome = np.select(
        [won, woken, answered, ~fresh], ["won back", "woken", "answered", "further step"], "nothing"
    )
    takes = won | (draws[:, 1] < made["kind"].map(ACCEPTS).fillna(0.0).to_numpy())
    told = made.drop(columns=["row", "at"]).assign(outcome=outcome, takes=takes)
    if calls.any():
        shop = _answer(shop, made[calls])
    changed = np.flatnonzero(won | woken | answered)
    if len(changed) == 0:
        return shop, told
    return _change(shop, made.iloc[changed], [rngs[i] for i in changed], woken[changed]), told


def _change(shop: AnyShop, made: pd.DataFrame, rngs: list[np.random.Generator], woken: np.ndarray) -> AnyShop:
    """Replace what comes after the contacts for these customers."""
    assert shop.course is not None
    row, at = made["row"].to_numpy(), made["at"].to_numpy()
    who = shop.course.who.iloc[row].reset_index(drop=True)
    hazard = who["hazard_per_day"].to_numpy()
    leaves = at + np.array([rng.exponential() for rng in rngs]) / hazard
    leaves[woken] = at[woken]
    since = np.full(len(shop.truth), np.inf)
    since[row] = at
    owner, time = _events(shop, "orders")
    last = np.full(len(shop.truth), -np.inf)
    early = time < since[owner]
    np.maximum.at(last, owner[early], time[early])
    days = (shop.end - shop.start) / _DAY
    future = draw_future(
        who,
        pd.Index(shop.customers["customer"])[row],
        rngs,
        since=at,
        last=last[row],
        leaves=leaves,
        start=shop.start,
        days=days,
        ignored_effect=shop.ignored_effect,
        ignored_after_days=shop.ignored_after_days,
    )
    causes = {"orders": time, "returns": shop.course.returned, "tickets": shop.course.asked}
    tables: dict[str, Any] = {}
    ordered = {}
    for name, when in _TIMES.items():
        owner, own = _events(shop, name)
        cause = causes.get(name, own)
        kept = cause < since[owner]
        tables[name], order = _joined(getattr(shop, name)[kept], future.tables[name], when)
        if name in future.ordered:
            ordered[name] = np.concatenate([cause[kept], future.ordered[name]])[order]
    course = Course(shop.course.who, ordered["returns"], ordered["tickets"])
    return dataclasses.replace(shop, truth=_truth(shop, row, future, woken), course=course, **tables)


def _events(shop: ShopTables, name: str) -> tuple[np.ndarray, FloatArray]:
    table = getattr(shop, name)
    row = pd.Index(shop.customers["customer"]).get_indexer(pd.Index(table["customer"]))
    return row, truth.to_days(table[_TIMES[name]], shop.start)


def _joined(kept: pd.DataFrame, new: pd.DataFrame, time: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Return both by time, and the order in which they were put; kept rows keep their ids."""
    for name, letter in (("order_id", "O"), ("ticket_id", "T")):
        if name in new and len(kept):
            last = int(kept[name].str[1:].astype(np.int64).max())
            new = new.assign(**{name: [f"{letter}{n:07d}" for n in range(last + 1, last + 1 + len(new))]})
    both = pd.concat([kept, new], ignore_index=True) if len(new) else kept.reset_index(drop=True)
    order = np.argsort(both[time].to_numpy(), kind="stable")
    return both.iloc[order].reset_index(drop=True), order


def _truth(shop: ShopTables, row: np.ndarray, future: Future, woken: np.ndarray) -> pd.DataFrame:
    """Return the truth with when and why the changed customers leave now."""
    days = (shop.end - shop.start) / _DAY
    after = shop.truth.copy()
    fade = after["fade_days"].to_numpy()[row]
    leaving = future.leaves < days
    for name, when in (("leaves_at", future.leaves), ("gone_at", future.leaves + fade)):
        instants = after[name].to_numpy(dtype="datetime64[us]", copy=True)
        seconds = np.floor(np.where(leaving, when, 0) * 86_400).astype("m8[s]")
        start = shop.start.tz_localize(None).to_datetime64()
        instants[row] = np.where(leaving, start + seconds, np.datetime64("NaT"))
        after[name] = pd.DatetimeIndex(instants).tz_localize("UTC")
    reason = after["reason"].to_numpy(dtype=object, copy=True)
    told = np.where(woken, "campaign", np.where(future.hurt, "ignored complaint", "drifted away")).astype(
        object
    )
    told[~leaving] = None
    reason[row] = told
    after["reason"] = pd.Series(reason, dtype=object, index=after.index)
    return after


def _triggers(complaints: pd.DataFrame, after_days: float) -> dict[Any, list[pd.Timestamp]]:
    ignored = complaints["opened"] + after_days * _DAY
    found: dict[Any, list[pd.Timestamp]] = ignored.groupby(complaints["customer"]).agg(list).to_dict()
    return found


def _near(instants: Iterable[pd.Timestamp], when: Any) -> bool:
    return any(abs(i - when) < _INSTANT for i in instants)


def _in_time(shop: ShopTables, row: np.ndarray, at: FloatArray) -> np.ndarray:
    """Return who is going to leave over a complaint that was opened before the contact."""
    over = shop.truth["reason"].eq("ignored complaint").to_numpy()[row]
    found = np.zeros(len(row), dtype=bool)
    if not over.any():
        return found
    ids = shop.customers["customer"].to_numpy()
    when = shop.truth["leaves_at"]
    owner, opened = _events(shop, "tickets")
    since = np.full(len(shop.truth), -np.inf)
    since[row[over]] = at[over]
    open_ = shop.tickets["is_complaint"].to_numpy(dtype=bool) & (opened < since[owner])
    hurt = _triggers(shop.tickets[open_], shop.ignored_after_days)
    for i in np.flatnonzero(over):
        found[i] = _near(hurt.get(ids[row[i]], ()), when.iloc[row[i]])
    return found


def _answer(shop: AnyShop, calls: pd.DataFrame) -> AnyShop:
    """Answer, at the call, the complaints that wait."""
    since = pd.Series(pd.NaT, index=range(len(shop.customers)), dtype="datetime64[us, UTC]")
    since.iloc[calls["row"].to_numpy()] = calls["time"].to_numpy()
    owner, _ = _events(shop, "tickets")
    when, tickets = since.take(owner).set_axis(shop.tickets.index), shop.tickets
    waits = tickets["is_complaint"].astype(bool) & (tickets["opened"] < when)
    waits &= tickets["first_reply"].isna() | (tickets["first_reply"] > when)
    if not waits.any():
        return shop
    reply = tickets["first_reply"].where(~waits, when)
    return dataclasses.replace(shop, tickets=tickets.assign(first_reply=reply))


def _repeated(shop: ShopTables, made: pd.DataFrame) -> np.ndarray:
    """Return which contacts follow one of the same kind so soon that they are a further step of it."""
    if shop.contacts is None:
        return np.zeros(len(made), dtype=bool)
    first = shop.contacts[shop.contacts["outcome"] != "further step"]
    last = first.groupby(["customer", "kind"])["time"].max()
    keys = pd.MultiIndex.from_frame(made[["customer", "kind"]])
    before = last.reindex(keys).to_numpy(dtype="datetime64[us]")
    gap = made["time"].dt.tz_localize(None).to_numpy(dtype="datetime64[us]") - before
    return np.asarray(gap < np.timedelta64(int(REPEAT_DAYS * 86_400), "s"))
