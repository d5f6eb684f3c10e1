"""Forgetting customers: ids become random names, what could tell who they were is blanked, the counts stay."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from churn.campaigns.ledger import people as ids
from churn.campaigns.ledger.claims import change
from churn.campaigns.ledger.forgotten import forget, forgotten
from churn.campaigns.ledger.schema import (
    assignments,
    contacts,
    erasing,
    erasures,
    events,
    outcomes,
    people,
    responses,
    suppressions,
)

_BLANKED = (
    "cost",
    "uplift",
    "value",
    "expected_profit",
    "churn_probability",
    "ignored_complaints",
    "draw",
    "stage",
    "segments",
)


def erase_counts(connection: sa.Connection, customers: Sequence[Any]) -> dict[str, int]:
    """Return how many rows the ledger has of customers, by table; nothing is changed."""
    numbers = list(ids.find(connection, ids.texts(customers)).values())
    tables = (assignments, contacts, events, responses, suppressions, outcomes)
    out = {"customers": len(numbers)}
    for table in tables:
        query = sa.select(sa.func.count()).select_from(table).where(table.c.person.in_(numbers))
        out[table.name.removeprefix("ledger_")] = connection.execute(query).scalar() or 0
    return out


def erase(
    connection: sa.Connection, customers: Sequence[Any], by: str, now: dt.datetime, told: dict[str, Any]
) -> dict[str, int]:
    """Forget customers within one writing transaction; return the counts of `erase_counts`.

    Arm, action, days, states and outcomes stay under a random name, so what was counted stays; what was still due is
    cancelled. `told` is kept
    beside the counts, and no id.
    """
    names = list(dict.fromkeys(ids.texts(customers)))
    counts = erase_counts(connection, names)
    gone = forgotten(connection, names)
    if len(gone) == len(names) and not counts["customers"]:
        return counts  # done before
    numbers = list(ids.find(connection, names).values())
    query = sa.select(assignments.c.campaign).where(assignments.c.person.in_(numbers)).distinct()
    for campaign in connection.execute(query).scalars().all():
        change(connection, campaign, "cancelled", "erased", now, persons=numbers)
    connection.execute(sa.insert(erasing), [{"open": 1}])
    forget(connection, [n for n in names if n not in gone], now)
    for number in numbers:
        token = ids.ERASED + secrets.token_hex(16)
        mine = {"person": number}
        connection.execute(sa.update(people).filter_by(**mine).values(digest=token, customer=token))
        connection.execute(
            sa.update(assignments).filter_by(**mine).values(dict.fromkeys(_BLANKED)),
        )
        key = sa.literal(token + "-") + contacts.c.campaign + "-" + sa.cast(contacts.c.step, sa.Text)
        connection.execute(sa.update(contacts).filter_by(**mine).values(key=key))
        connection.execute(sa.update(events).filter_by(**mine).values(detail=""))
        rows = connection.execute(sa.select(responses.c.response).filter_by(**mine)).scalars().all()
        for row in rows:
            connection.execute(
                sa.update(responses)
                .where(responses.c.response == row)
                .values(response=ids.ERASED + secrets.token_hex(16), detail="")
            )
    connection.execute(sa.delete(erasing))
    row = {
        "time": now,
        "done_by": by,
        "customers": len(names),
        "content": json.dumps({"ledger": counts, **told}),
    }
    connection.execute(sa.insert(erasures), [row])
    return counts
