"""Where each contact stands: worked out of its attempts and events, never stored."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from churn.campaigns.ledger.schema import attempts, contacts, events, people

STATES = ("due", "claimed", "sent", "failed", "dead", "cancelled")

a, e, s = attempts.alias("a"), events.alias("e"), events.alias("s")


def _same(table: Any, other: Any = contacts) -> sa.ColumnElement[bool]:
    return sa.and_(
        table.c.campaign == other.c.campaign, table.c.person == other.c.person, table.c.step == other.c.step
    )


_a2, _e2 = attempts.alias("a2"), events.alias("e2")
_last_attempt = sa.select(sa.func.max(_a2.c.attempt)).where(_same(_a2)).correlate(contacts).scalar_subquery()
_last_event = (
    sa.select(_e2.c.number)
    .where(_same(_e2))
    # Of the newest attempt first: a worker that lost its claim may still report on the older one.
    .order_by(_e2.c.attempt.desc(), _e2.c.number.desc())
    .limit(1)
    .correlate(contacts)
    .scalar_subquery()
)
SOURCE = (
    contacts.join(people, people.c.person == contacts.c.person)
    .outerjoin(a, sa.and_(_same(a), a.c.attempt == _last_attempt))
    .outerjoin(e, e.c.number == _last_event)
    # Written out, so that both databases use the index of what was sent.
    .outerjoin(s, sa.and_(_same(s), sa.text("s.kind = 'sent'")))
)
_running = sa.and_(a.c.attempt.is_not(None), sa.or_(e.c.number.is_(None), e.c.attempt < a.c.attempt))
STATE = sa.case(
    (s.c.number.is_not(None), "sent"),
    (_running, "claimed"),
    (sa.or_(e.c.number.is_(None), e.c.kind == "revived"), "due"),
    else_=e.c.kind,
)
LAST = sa.func.coalesce(a.c.attempt, 0)


def claimable(now: dt.datetime) -> sa.ColumnElement[bool]:
    """Return the condition of contacts that somebody may claim: due, to be tried again, or left by a dead worker."""
    again = sa.and_(e.c.kind == "failed", sa.or_(e.c.retry_at.is_(None), e.c.retry_at <= now))
    idle = sa.and_(sa.not_(_running), sa.or_(e.c.number.is_(None), e.c.kind == "revived", again))
    return sa.and_(s.c.number.is_(None), sa.or_(idle, sa.and_(_running, a.c.lease_until <= now)))


def contact_rows(connection: sa.Connection, campaign: str) -> list[dict[str, Any]]:
    """Return every contact of a campaign with its state."""
    query = (
        sa.select(
            people.c.customer,
            contacts.c.step,
            contacts.c.action,
            contacts.c.channel,
            contacts.c.due,
            contacts.c.key,
            STATE.label("state"),
            LAST.label("attempts"),
            sa.func.coalesce(s.c.time, sa.case((_running, a.c.claimed), else_=e.c.time)).label("time"),
            sa.func.coalesce(s.c.detail, sa.case((_running, ""), else_=e.c.detail), "").label("detail"),
            sa.case((STATE == "failed", e.c.retry_at)).label("retry_at"),
            sa.case((STATE == "claimed", a.c.lease_until)).label("lease_until"),
            sa.case((STATE == "claimed", a.c.worker), else_="").label("worker"),
        )
        .select_from(SOURCE)
        .where(contacts.c.campaign == campaign)
        .order_by(contacts.c.due, contacts.c.person, contacts.c.step)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def state_counts(connection: sa.Connection, campaign: str) -> list[dict[str, Any]]:
    """Return how many contacts of a campaign are in each state, by channel and due day."""
    query = (
        sa.select(contacts.c.channel, contacts.c.due, STATE.label("state"), sa.func.count().label("contacts"))
        .select_from(SOURCE)
        .where(contacts.c.campaign == campaign)
        .group_by(contacts.c.channel, contacts.c.due, STATE)
        .order_by(contacts.c.due, contacts.c.channel)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def past_rows(
    connection: sa.Connection, since: dt.datetime | None, persons: set[int] | None, *, planned: bool
) -> list[dict[str, Any]]:
    """Return who was contacted over which channel and when, over all campaigns.

    A contact that is claimed counts from its claim on: it may have been handed over by a worker that died. With
    `planned`, those that are due are told too, at the midnight of their day.
    """
    tried = sa.or_(STATE.in_(("sent", "claimed", "failed", "dead")), sa.false())
    time = sa.func.coalesce(s.c.time, a.c.claimed)
    query = (
        sa.select(
            contacts.c.person,
            people.c.customer,
            contacts.c.campaign,
            contacts.c.action,
            contacts.c.channel,
            contacts.c.due,
            STATE.label("state"),
            time.label("time"),
        )
        .select_from(SOURCE)
        .where(tried if not planned else STATE != "cancelled")
    )
    if since is not None and not planned:
        query = query.where(time >= since)
    out = []
    for row in connection.execute(query).mappings():
        found = dict(row)
        if persons is not None and found["person"] not in persons:
            continue
        if found["time"] is None:
            found["time"] = dt.datetime.combine(found["due"], dt.time(), dt.UTC)
        if since is not None and found["time"] < since:
            continue
        out.append(found)
    return out


def dead_reasons(connection: sa.Connection, campaign: str) -> list[dict[str, Any]]:
    """Return how many contacts are dead, by what was said last."""
    count = sa.func.count().label("contacts")
    query = (
        sa.select(e.c.detail.label("reason"), count)
        .select_from(SOURCE)
        .where(contacts.c.campaign == campaign, STATE == "dead")
        .group_by(e.c.detail)
        .order_by(count.desc(), e.c.detail)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def repetitions(connection: sa.Connection, campaign: str) -> int:
    """Return how often a contact was recorded as sent once more."""
    query = sa.select(sa.func.count()).where(events.c.campaign == campaign, events.c.kind == "repeated")
    return int(connection.execute(query).scalar() or 0)
