"""What became of the customers of a campaign, and what was measured: versions are added, the newest counts."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from churn.campaigns.ledger import people as ids
from churn.campaigns.ledger.schema import assignments, measurements, outcomes, people
from churn.errors import DataError
from churn.sqldatabase import stage, unstage

if TYPE_CHECKING:
    import pandas as pd

_VALUES = ("retained", "orders", "net_value")


def record_outcomes(
    connection: sa.Connection, campaign: str, as_of: dt.date, frame: pd.DataFrame, now: dt.datetime
) -> dict[str, int]:
    """Add the outcomes of customers of a campaign as they are known on a day.

    Returns
    -------
    dict
        `new` and `changed` rows, which were added; `unchanged`; and `unknown`, who are not in the campaign.

    Raises
    ------
    DataError
        A customer stands there twice.
    """
    import pandas as pd
    import pyarrow as pa

    names = ids.texts(frame["customer"])
    if len(set(names)) < len(names):
        raise DataError("The outcomes name a customer twice", fix="Give one row per customer.")

    def numbers(name: str) -> pa.Array:
        values = pd.to_numeric(frame[name]) if name in frame else pd.Series(float("nan"), index=frame.index)
        return pa.array(values.to_numpy("float64", na_value=float("nan")), from_pandas=True)

    mature = frame["mature"].to_numpy(dtype=bool) if "mature" in frame else [True] * len(frame)
    rows = pa.table(
        {
            "digest": pa.array(ids.digests(names), pa.string()),
            **{n: numbers(n) for n in _VALUES},
            "mature": pa.array(mature, pa.bool_()),
        }
    )
    stage(connection, "ledger_came", rows)
    known = (
        "JOIN ledger_people p ON p.digest = n.digest "
        "JOIN ledger_assignments a ON a.person = p.person AND a.campaign = :campaign"
    )
    latest = (
        "LEFT JOIN ledger_outcomes o ON o.number = (SELECT max(number) FROM ledger_outcomes x "
        "WHERE x.campaign = :campaign AND x.person = p.person AND x.as_of = :as_of)"
    )
    other = " OR ".join(f"o.{n} IS DISTINCT FROM n.{n}" for n in (*_VALUES, "mature"))
    if connection.dialect.name == "sqlite":
        other = other.replace("IS DISTINCT FROM", "IS NOT")
    given = {"campaign": campaign, "as_of": as_of}
    bound = [sa.bindparam("as_of", type_=sa.Date)]
    in_it, new, changed = connection.execute(
        sa.text(
            "SELECT count(*), count(*) FILTER (WHERE o.number IS NULL), "
            f"count(*) FILTER (WHERE o.number IS NOT NULL AND ({other})) FROM ledger_came n {known} {latest}"
        ).bindparams(*bound),
        given,
    ).one()
    values = ", ".join(_VALUES)
    connection.execute(
        sa.text(
            f"INSERT INTO ledger_outcomes (campaign, person, as_of, {values}, mature, recorded) "
            f"SELECT :campaign, p.person, :as_of, {', '.join('n.' + v for v in _VALUES)}, n.mature, :recorded "
            f"FROM ledger_came n {known} {latest} WHERE o.number IS NULL OR {other}"
        ).bindparams(*bound, sa.bindparam("recorded", type_=outcomes.c.recorded.type)),
        {**given, "recorded": now},
    )
    unstage(connection, "ledger_came")
    return {
        "new": new,
        "changed": changed,
        "unchanged": in_it - new - changed,
        "unknown": len(names) - in_it,
    }


def outcome_rows(connection: sa.Connection, campaign: str, as_of: dt.date | None) -> list[dict[str, Any]]:
    """Return the newest outcome of each customer: of one day, or of the last day that each has one of."""
    x = outcomes.alias("x")
    newest = (
        sa.select(x.c.number)
        .where(x.c.campaign == outcomes.c.campaign, x.c.person == outcomes.c.person)
        .order_by(x.c.as_of.desc(), x.c.number.desc())
        .limit(1)
        .correlate(outcomes)
    )
    if as_of is not None:
        newest = newest.where(x.c.as_of == as_of)
    query = (
        sa.select(
            people.c.customer,
            assignments.c.arm,
            outcomes.c.as_of,
            *(outcomes.c[n] for n in _VALUES),
            outcomes.c.mature,
        )
        .join(people, people.c.person == outcomes.c.person)
        .join(
            assignments,
            sa.and_(assignments.c.campaign == outcomes.c.campaign, assignments.c.person == outcomes.c.person),
        )
        .where(outcomes.c.campaign == campaign, outcomes.c.number == newest.scalar_subquery())
        .order_by(outcomes.c.person)
    )
    return [dict(r) for r in connection.execute(query).mappings()]


def record_measurement(
    connection: sa.Connection, campaign: str, as_of: dt.date, content: dict[str, Any], now: dt.datetime
) -> bool:
    """Add what was measured, unless the last of that day says the same; return whether it was added."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    last = connection.execute(
        sa.select(measurements.c.content)
        .where(measurements.c.campaign == campaign, measurements.c.as_of == as_of)
        .order_by(measurements.c.number.desc())
        .limit(1)
    ).scalar()
    if last == text:
        return False
    row = {"campaign": campaign, "as_of": as_of, "recorded": now, "content": text}
    connection.execute(sa.insert(measurements), [row])
    return True


def measurement_rows(connection: sa.Connection, campaign: str) -> list[dict[str, Any]]:
    """Return what was measured, oldest first."""
    query = (
        sa.select(measurements.c.as_of, measurements.c.recorded, measurements.c.content)
        .where(measurements.c.campaign == campaign)
        .order_by(measurements.c.number)
    )
    return [
        {"as_of": as_of, "recorded": recorded, "content": json.loads(content)}
        for as_of, recorded, content in connection.execute(query)
    ]
