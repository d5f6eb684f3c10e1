"""Claims: one live worker at a time has a contact, and what came of it is added.

A worker claims some contacts for the length of a lease, hands them over, and records what happened. Should it die
between, the lease ends and the contact is claimed again, under the same key: only a receiver that has seen the key can
know whether the first one arrived.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from churn.campaigns.ledger.schema import attempts, contacts, events, people
from churn.campaigns.ledger.states import LAST, SOURCE, STATE, _running, a, claimable
from churn.errors import ParameterError

Told = str | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """A contact that this worker alone may hand over until its lease ends.

    Parameters
    ----------
    campaign, customer : str
        Of the contact.
    step : int
        Number of the contact within its action, from 0.
    attempt : int
        How often it has been claimed, this time included.
    action, channel : str
        What, and over which channel.
    due : date
        The day it is meant for.
    key : str
        The same for every attempt: by it a receiver knows a repetition.
    person : int
        The customer's number in the ledger.
    """

    campaign: str
    customer: str
    step: int
    attempt: int
    action: str
    channel: str
    due: dt.date
    key: str
    person: int


def claim(
    connection: sa.Connection,
    campaign: str,
    channel: str | None,
    on: dt.date,
    limit: int,
    worker: str,
    lease_seconds: float,
    now: dt.datetime,
    after: tuple[dt.date, int, int] | None = None,
    keys: Collection[str] | None = None,
) -> list[Claim]:
    """Claim contacts that are due by a day, oldest first; those behind `after`, and of `keys`, where they are given."""
    query = (
        sa.select(
            people.c.customer,
            contacts.c.step,
            LAST.label("last"),
            contacts.c.action,
            contacts.c.channel,
            contacts.c.due,
            contacts.c.key,
            contacts.c.person,
        )
        .select_from(SOURCE)
        .where(contacts.c.campaign == campaign, contacts.c.due <= on, claimable(now))
        .where(people.c.digest != people.c.customer)  # an erased customer whom somebody had in hand then
        .order_by(contacts.c.due, contacts.c.person, contacts.c.step)
        .limit(limit)
    )
    if channel is not None:
        query = query.where(contacts.c.channel == channel)
    if keys is not None:
        query = query.where(contacts.c.key.in_(keys))
    if after is not None:
        place = sa.tuple_(contacts.c.due, contacts.c.person, contacts.c.step)
        query = query.where(contacts.c.due >= after[0], place > sa.tuple_(*map(_bound, after)))
    found = [
        Claim(campaign, customer, step, last + 1, action, over, due, key, person)
        for customer, step, last, action, over, due, key, person in connection.execute(query)
    ]
    until = now + dt.timedelta(seconds=lease_seconds)
    if found:  # that two workers make the same attempt is refused by its primary key
        connection.execute(
            sa.insert(attempts),
            [_place(c) | {"worker": worker, "claimed": now, "lease_until": until} for c in found],
        )
    return found


def _bound(value: Any) -> Any:
    return sa.literal(value)


def _place(c: Claim) -> dict[str, Any]:
    return {"campaign": c.campaign, "person": c.person, "step": c.step, "attempt": c.attempt}


def _of(told: Told, key: str) -> str:
    text = told if isinstance(told, str) else told.get(key, "")
    return text.replace("\0", "")[:500]


def record(
    connection: sa.Connection,
    claims: Sequence[Claim],
    kind: str,
    detail: Told,
    now: dt.datetime,
    retry_at: dt.datetime | Mapping[str, dt.datetime] | None = None,
) -> int:
    """Add an event to each claimed contact; return how many are new.

    A contact is sent once. Where another worker, to whom it went after the lease, has recorded the same, ``repeated``
    says so.
    """
    done = _sent_already(connection, claims)
    rows, seen = [], set(done)
    for c in claims:
        place = (c.campaign, c.person, c.step)
        again = retry_at.get(c.key) if isinstance(retry_at, Mapping) else retry_at
        what = "repeated" if kind == "sent" and place in seen else kind
        if kind == "sent":
            if done.get(place) == c.attempt:
                continue  # recorded already, by this very attempt
            seen.add(place)
        rows.append(_place(c) | {"kind": what, "time": now, "detail": _of(detail, c.key), "retry_at": again})
    if rows:
        connection.execute(sa.insert(events), rows)
    return sum(r["kind"] == kind for r in rows)


def _sent_already(connection: sa.Connection, claims: Sequence[Claim]) -> dict[tuple[str, int, int], int]:
    """Return by which attempt those of these contacts were sent that are."""
    out: dict[tuple[str, int, int], int] = {}
    for campaign in {c.campaign for c in claims}:
        persons = sorted({c.person for c in claims if c.campaign == campaign})
        for at in range(0, len(persons), 10_000):
            query = sa.select(events.c.person, events.c.step, events.c.attempt).where(
                events.c.campaign == campaign,
                events.c.person.in_(persons[at : at + 10_000]),
                sa.text("ledger_events.kind = 'sent'"),
            )
            out |= {(campaign, p, step): n for p, step, n in connection.execute(query)}
    return out


def change(
    connection: sa.Connection,
    campaign: str,
    kind: str,
    detail: str,
    now: dt.datetime,
    *,
    persons: Sequence[int] | None = None,
    channel: str | None = None,
    due_from: dt.date | None = None,
    due_by: dt.date | None = None,
) -> int:
    """Add ``revived`` to contacts that are dead, or ``cancelled`` to those that nobody has or had in hand."""
    if kind == "revived":
        fits = STATE == "dead"
    elif kind == "cancelled":
        fits = sa.or_(STATE.in_(("due", "failed", "dead")), sa.and_(_running, a.c.lease_until <= now))
        fits = sa.and_(fits, STATE != "sent")
    else:
        raise ParameterError(f"Contacts cannot be made {kind!r}", allowed="revived, cancelled")
    query = (
        sa.select(contacts.c.person, contacts.c.step, LAST.label("attempt"))
        .select_from(SOURCE)
        .where(contacts.c.campaign == campaign, fits)
    )
    if channel is not None:
        query = query.where(contacts.c.channel == channel)
    if due_from is not None:
        query = query.where(contacts.c.due >= due_from)
    if due_by is not None:
        query = query.where(contacts.c.due <= due_by)
    wanted = None if persons is None else set(persons)
    rows = [
        {
            "campaign": campaign,
            "person": person,
            "step": step,
            "attempt": attempt,
            "kind": kind,
            "time": now,
            "detail": detail[:500],
            "retry_at": None,
        }
        for person, step, attempt in connection.execute(query)
        if wanted is None or person in wanted
    ]
    if rows:
        connection.execute(sa.insert(events), rows)
    return len(rows)
