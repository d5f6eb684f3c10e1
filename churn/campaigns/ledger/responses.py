"""What customers did with a contact, and who is not to be contacted any more."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from churn.campaigns.ledger import people as ids
from churn.campaigns.ledger.forgotten import forgotten, lift
from churn.campaigns.ledger.schema import assignments, contacts, pairs, people, responses, suppressions
from churn.errors import DataError

KINDS = (
    "delivered",
    "opened",
    "clicked",
    "replied",
    "redeemed",
    "bought",
    "soft_bounced",
    "bounced",
    "complained",
    "unsubscribed",
    "resubscribed",
)
_STOPS = ("bounced", "complained", "unsubscribed")


def respond(
    connection: sa.Connection, campaign: str, rows: Sequence[dict[str, Any]], now: dt.datetime
) -> dict[str, Any]:
    """Add responses to a campaign; those that are there already change nothing.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        In a writing transaction.
    campaign : str
        That they answer.
    rows : sequence of dict
        `customer`, `kind`, `time` with its zone; where known `channel`, `detail` and `response`, an id of its own.
    now : datetime
        The time of recording.

    Returns
    -------
    dict
        `new` and `known` responses, `unknown` customers (of whom nothing but a wish not to be contacted is kept),
        `erased` ones, `holdout` responses, `suppressed` and `lifted` wishes, `by_kind`, `examples` of unknown ids, and
        `other_channels`: those of wishes over which no campaign goes, so that they keep nobody from a contact.
    """
    for row in rows:
        if row["kind"] not in KINDS:
            raise DataError(
                "A response is of a kind that is not known",
                given=ascii(str(row["kind"])[:40]),
                allowed=", ".join(KINDS),
                fix="Write one of these in the column kind; nothing has been recorded.",
                code="response-kind",
            )
    names = _known_names(connection, ids.texts(r["customer"] for r in rows))
    gone = forgotten(connection, names)
    ids.enter(
        connection,
        [n for n, r in zip(names, rows, strict=True) if r["kind"] in _STOPS and n not in gone],
    )
    numbers = ids.find(connection, names)
    arms = _arms(connection, campaign)
    made: dict[str, dict[str, Any]] = {}
    wishes: list[dict[str, Any]] = []
    unknown: dict[str, None] = {}
    erased = lifted = 0
    for name, row in zip(names, rows, strict=True):
        if name in gone:
            erased += 1
            if row["kind"] == "resubscribed":
                lifted += lift(connection, name, now)
            continue
        number = numbers.get(name)
        if number is not None and row["kind"] in (*_STOPS, "resubscribed"):
            wishes.append(_wish(number, row, now))
        if number is None or number not in arms:
            unknown[name] = None
            continue
        key = _key(campaign, name, row)
        made.setdefault(
            key,
            {
                "response": key,
                "campaign": campaign,
                "person": number,
                "kind": row["kind"],
                "channel": _clean(row.get("channel"), 100),
                "time": row["time"],
                "detail": _clean(row.get("detail"), 500),
                "recorded": now,
            },
        )
    there = _there(connection, list(made))
    new = [r for k, r in made.items() if k not in there]
    if new:
        connection.execute(sa.insert(responses), new)
    kinds: dict[str, int] = {}
    for r in new:
        kinds[r["kind"]] = kinds.get(r["kind"], 0) + 1
    on, off = _wished(connection, wishes)
    named = {w["channel"] for w in wishes if w["active"]} - {"*"}
    of_unknown = sum(n in unknown for n in names)
    return {
        "campaign": campaign,
        "rows": len(rows),
        "new": len(new),
        "known": len(rows) - len(new) - of_unknown - erased,
        "unknown": of_unknown,
        "examples": [n[:60] for n in list(unknown)[:3]],
        "erased": erased,
        "holdout": sum(arms[r["person"]] != "treated" for r in new),
        "suppressed": on,
        "lifted": off + lifted,
        "by_kind": dict(sorted(kinds.items())),
        "other_channels": sorted(named - _channels(connection)) if named else [],
    }


def _known_names(connection: sa.Connection, names: list[str]) -> list[str]:
    """Return ids as the ledger knows them: where it knows one only without the spaces around it, without."""
    padded = sorted({n for n in names if n != n.strip() and n.strip()})
    if not padded:
        return names
    known = ids.find(connection, [*padded, *(n.strip() for n in padded)])
    other = {n: n.strip() for n in padded if n not in known and n.strip() in known}
    return [other.get(n, n) for n in names]


def _arms(connection: sa.Connection, campaign: str) -> dict[int, str]:
    query = sa.select(assignments.c.person, assignments.c.arm).where(assignments.c.campaign == campaign)
    return pairs(connection, query)


def _channels(connection: sa.Connection) -> set[str]:
    return {channel_of(c) for c in connection.execute(sa.select(contacts.c.channel).distinct()).scalars()}


def channel_of(text: Any) -> str:
    """Return a channel as wishes name it: who unsubscribes from Email wants no email.

    Examples
    --------
    >>> channel_of(" Email ")
    'email'
    """
    return _clean(text, 100).strip().casefold()


def _key(campaign: str, customer: str, row: dict[str, Any]) -> str:
    own = row.get("response")
    parts = (
        (campaign, "id", str(own))
        if own not in (None, "")
        else (campaign, customer, row["kind"], row["time"].astimezone(dt.UTC).isoformat())
    )
    text = "".join(f"{len(p)}:{p}" for p in parts)  # so that no id can look like another's parts
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _there(connection: sa.Connection, keys: list[str]) -> set[str]:
    out: set[str] = set()
    for at in range(0, len(keys), 10_000):
        query = sa.select(responses.c.response).where(responses.c.response.in_(keys[at : at + 10_000]))
        out |= set(connection.execute(query).scalars())
    return out


def _wish(person: int, row: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    """Return what a response means for further contacts.

    A dead address says nothing of other channels; who unsubscribes without naming one, or complains, means all.
    """
    channel = channel_of(row.get("channel")) or "*"
    if row["kind"] == "complained":
        channel = "*"
    return {
        "person": person,
        "channel": channel,
        "active": row["kind"] != "resubscribed",
        "reason": row["kind"],
        "time": row["time"],
        "recorded": now,
    }


def _wished(connection: sa.Connection, wishes: list[dict[str, Any]]) -> tuple[int, int]:
    """Add wishes that change something; return how many began and how many ended."""
    if not wishes:
        return 0, 0
    present = current(connection)
    single: dict[int, list[str]] = {}
    for person, channel in present:
        if channel != "*":
            single.setdefault(person, []).append(channel)
    made = []
    for wish in sorted(wishes, key=lambda w: w["time"]):
        everywhere = wish["channel"] == "*" and not wish["active"]  # ends those of single channels too
        places = [wish["channel"]]
        if everywhere:
            places += single.get(wish["person"], [])
        for channel in places:
            was, at = present.get((wish["person"], channel), (False, None))
            if was != wish["active"] and (at is None or wish["time"] >= at):
                made.append({**wish, "channel": channel})
                if channel != "*" and (wish["person"], channel) not in present:
                    single.setdefault(wish["person"], []).append(channel)
                present[wish["person"], channel] = (wish["active"], wish["time"])
    if made:
        connection.execute(sa.insert(suppressions), made)
    return sum(w["active"] for w in made), sum(not w["active"] for w in made)


def current(connection: sa.Connection) -> dict[tuple[int, str], tuple[bool, dt.datetime]]:
    """Return the newest wish of each person and channel: whether it holds, and since when."""
    query = sa.select(
        suppressions.c.person, suppressions.c.channel, suppressions.c.active, suppressions.c.time
    ).order_by(suppressions.c.time, suppressions.c.number)
    return {(p, c): (on, time) for p, c, on, time in connection.execute(query)}


def suppress(connection: sa.Connection, rows: Sequence[tuple[str, str, str]], now: dt.datetime) -> int:
    """Add customers who are not to be contacted, each with channel (``"*"`` for all) and reason."""
    names = ids.texts(r[0] for r in rows)
    ids.enter(connection, names)
    numbers = ids.find(connection, names)
    wishes = [
        {
            "person": numbers[name],
            "channel": channel_of(channel) or "*",
            "active": True,
            "reason": _clean(reason, 500),
            "time": now,
            "recorded": now,
        }
        for name, (_, channel, reason) in zip(names, rows, strict=True)
    ]
    return _wished(connection, wishes)[0]


def suppressed(connection: sa.Connection, customers: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return who is not to be contacted over which channel; of erased ones those among `customers`."""
    holding = [(p, c) for (p, c), (on, _) in current(connection).items() if on]
    names = pairs(
        connection,
        sa.select(people.c.person, people.c.customer).where(
            people.c.person.in_(sa.select(suppressions.c.person))
        ),
    )
    out = [{"customer": names[p], "channel": c} for p, c in holding]
    if customers is not None:
        wanted = set(customers)
        out = [r for r in out if r["customer"] in wanted]
        gone = forgotten(connection, list(wanted)) | ids.nameless(connection, wanted)
        out += [{"customer": n, "channel": "*"} for n in sorted(gone)]
    return out


def response_rows(connection: sa.Connection, campaign: str) -> list[dict[str, Any]]:
    """Return every response to a campaign, in the order of time."""
    query = (
        sa.select(
            people.c.customer,
            responses.c.kind,
            responses.c.channel,
            responses.c.time,
            responses.c.detail,
            assignments.c.arm,
        )
        .join(people, people.c.person == responses.c.person)
        .join(
            assignments,
            sa.and_(
                assignments.c.campaign == responses.c.campaign, assignments.c.person == responses.c.person
            ),
        )
        .where(responses.c.campaign == campaign)
        .order_by(responses.c.time, responses.c.response)
    )
    return [dict(r) for r in connection.execute(query).mappings()]


def _clean(value: Any, length: int) -> str:
    text = "" if value is None or value != value else str(value)  # noqa: PLR0124  (NaN)
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")[:length]
