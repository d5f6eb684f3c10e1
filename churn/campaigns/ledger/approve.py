"""Approval: campaign, assignments with the holdout, and the contacts due, recorded before anything is sent."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from churn.campaigns.days import Days
from churn.campaigns.ledger import people as ids
from churn.campaigns.ledger.schema import assignments, campaigns, pairs
from churn.campaigns.ledger.schema import people as people_table
from churn.errors import DataError, ParameterError
from churn.progress import report
from churn.sqldatabase import stage, unstage

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from churn.campaigns.policy import Policy

ARMS = ("treated", "holdout", "global holdout")
_NUMBERS = (
    "cost",
    "uplift",
    "value",
    "expected_profit",
    "churn_probability",
    "ignored_complaints",
    "draw",
)
_TEXTS = ("risk_band", "stage", "stratum", "why_code")


class Approvable(Protocol):
    """What the ledger needs of a plan."""

    @property
    def policy(self) -> Policy:
        """The policy it was made with."""

    @property
    def customers(self) -> pd.DataFrame:
        """One row per customer."""

    def summary(self) -> dict[str, Any]:
        """Return its plan.json."""


def approve(connection: sa.Connection, plan: Approvable, by: str, now: dt.datetime) -> dict[str, Any]:
    """Record a plan within one writing transaction; one that is recorded changes nothing.

    Returns
    -------
    dict
        Campaign, whether it is `new`, and how many are treated, held out, and contacts due.

    Raises
    ------
    ParameterError
        Another plan is recorded under this name.
    DataError
        A row of the plan contradicts itself.
    """
    name, summary = plan.policy.campaign, plan.summary()
    known = connection.execute(sa.select(campaigns).where(campaigns.c.campaign == name)).mappings().first()
    if known is not None:
        if known["digest"] != summary["digest"]:
            raise _other(connection, plan, dict(known))
        return {"campaign": name, "new": False, **counts(connection, name)}
    chosen = _chosen(plan)
    connection.execute(
        sa.insert(campaigns),
        [
            {
                "campaign": name,
                "approved": now,
                "approved_by": by,
                "digest": summary["digest"],
                "start": plan.policy.start,
                "policy": json.dumps(plan.policy.plain(), ensure_ascii=False),
                "summary": json.dumps(summary, ensure_ascii=False, default=str),
            }
        ],
    )
    _enter(connection, plan, chosen)
    return {"campaign": name, "new": True, **counts(connection, name)}


def recorded(connection: sa.Connection, name: str, where: str) -> dict[str, Any]:
    """Return what is recorded of a campaign.

    Raises
    ------
    ParameterError
        There is none of that name; it names those there are.
    """
    row = connection.execute(sa.select(campaigns).where(campaigns.c.campaign == name)).mappings().first()
    if row is None:
        query = sa.select(campaigns.c.campaign).order_by(campaigns.c.approved)
        there = connection.execute(query).scalars().all()
        raise ParameterError(
            f"No campaign {name!r} is approved in the ledger {where}",
            allowed=", ".join(there[-5:]) or None,
            fix="Plan it with churn campaign plan POLICY, then approve it with churn campaign approve POLICY."
            if there
            else "The ledger is empty. Where it was not, put its file back: who unsubscribed is in it alone. Else plan "
            "with churn campaign plan POLICY, then approve with churn campaign approve POLICY.",
            code="no-campaign",
        )
    return dict(row)


def counts(connection: sa.Connection, name: str) -> dict[str, int]:
    """Return how many are in each arm, and the contacts."""
    query = (
        sa.select(assignments.c.arm, sa.func.count())
        .where(assignments.c.campaign == name)
        .group_by(assignments.c.arm)
    )
    found = pairs(connection, query)
    total = connection.execute(
        sa.text("SELECT count(*) FROM ledger_contacts WHERE campaign = :name"), {"name": name}
    ).scalar()
    return {
        "treated": found.get("treated", 0),
        "holdout": found.get("holdout", 0),
        "global_holdout": found.get("global holdout", 0),
        "contacts": int(total or 0),
    }


def _chosen(plan: Approvable) -> pd.DataFrame:
    frame = plan.customers[plan.customers["arm"].isin(ARMS)].reset_index(drop=True)
    frame = frame.assign(customer=ids.texts(frame["customer"]))
    twice = frame["customer"].duplicated()
    if twice.any():
        raise DataError(
            "The plan names a customer twice",
            given=f"{int(twice.sum())} rows, such as {frame['customer'][twice].iloc[0][:40]!a}",
            fix="Make the plan again from scores with one row per customer.",
        )
    idle = (frame["arm"] == "treated") & (frame["action"].isna() | (frame["action"] == ""))
    known = {a.name for a in plan.policy.actions}
    unknown = sorted(set(frame.loc[frame["arm"] == "treated", "action"]) - known)
    if idle.any() or unknown:
        raise DataError(
            "The plan treats customers with an action that its policy does not have",
            given=str(unknown[0]) if unknown else "no action",
            allowed=", ".join(sorted(known)),
            fix="Make the plan again: churn campaign plan POLICY.",
        )
    return frame


def _enter(connection: sa.Connection, plan: Approvable, chosen: pd.DataFrame) -> None:
    name = plan.policy.campaign
    report("Recording who is contacted and who is held out")
    ids.enter(connection, chosen["customer"].tolist())
    stage(connection, "ledger_chosen", _assignment_rows(chosen))
    columns = (
        "arm, action, channel, day, contacts, cost, uplift, value, expected_profit, churn_probability, "
        "ignored_complaints, draw, risk_band, stage, stratum, why_code, segments"
    )
    connection.execute(
        sa.text(
            f"INSERT INTO ledger_assignments (campaign, person, {columns}) "
            f"SELECT :name, p.person, {', '.join('c.' + x for x in columns.split(', '))} "
            "FROM ledger_chosen c JOIN ledger_people p ON p.digest = c.digest ORDER BY p.person"
        ),
        {"name": name},
    )
    report("Recording the contacts that are due")
    stage(connection, "ledger_due", _contact_rows(plan, chosen))
    connection.execute(
        sa.text(
            "INSERT INTO ledger_contacts (campaign, person, step, arm, action, channel, due, key) "
            "SELECT :name, p.person, d.step, 'treated', d.action, d.channel, d.due, d.key "
            "FROM ledger_due d JOIN ledger_people p ON p.digest = d.digest ORDER BY d.due, p.person"
        ),
        {"name": name},
    )
    unstage(connection, "ledger_chosen", "ledger_due")


def _assignment_rows(chosen: pd.DataFrame) -> pa.Table:
    import pandas as pd
    import pyarrow as pa

    def numbers(name: str) -> pa.Array:
        if name not in chosen:
            return pa.nulls(len(chosen), pa.float64())
        return pa.array(
            pd.to_numeric(chosen[name]).to_numpy("float64", na_value=float("nan")), from_pandas=True
        )

    def words(name: str) -> pa.Array:
        values = chosen[name] if name in chosen else [None] * len(chosen)
        return pa.array([None if _empty(v) else str(v).replace("\0", "") for v in values], pa.string())

    def filled(name: str) -> pa.Array:
        return words(name).fill_null("")

    segments = [c for c in chosen.columns if str(c).startswith("segment_")]
    told: list[str | None] = [
        json.dumps({k: v for k, v in zip(segments, row, strict=True) if not _empty(v)}, default=str)
        for row in zip(*(chosen[c].tolist() for c in segments), strict=True)
    ]
    told = told or [None] * len(chosen)
    return pa.table(
        {
            "digest": ids.digests(chosen["customer"]),
            "arm": filled("arm"),
            "action": filled("action"),
            "channel": filled("channel"),
            "day": pa.array(_dates(chosen["day"]), pa.date32()),
            "contacts": numbers("contacts").cast(pa.int64()),
            **{n: numbers(n) for n in _NUMBERS},
            **{n: words(n) for n in _TEXTS},
            "segments": pa.array(told, pa.string()),
        }
    )


def _empty(value: Any) -> bool:
    return value is None or value != value or value == ""  # noqa: PLR0124  (NaN)


def _dates(values: Any) -> list[dt.date | None]:
    import pandas as pd

    days = pd.to_datetime(values.astype(object).where(values.notna() & (values.astype(str) != ""), None))
    return [None if pd.isna(d) else d.date() for d in days]


def _contact_rows(plan: Approvable, chosen: pd.DataFrame) -> pa.Table:
    import pyarrow as pa

    treated = chosen[chosen["arm"] == "treated"]
    digest = ids.digests(treated["customer"])
    policy = plan.policy
    days = Days.of_policy(policy)
    falls = {a.name: days.step_days(a.steps) for a in policy.actions}
    rows: dict[str, list[Any]] = {n: [] for n in ("digest", "step", "action", "channel", "due", "key")}
    key = hashlib.blake2b(policy.holdout.key.encode("utf-8"), digest_size=32).digest()
    start = hashlib.blake2b(b"contact\0" + policy.campaign.encode("utf-8"), key=key, digest_size=16)
    for who, action, channel, first in zip(
        digest, treated["action"], treated["channel"], _dates(treated["day"]), strict=True
    ):
        at = -1 if first is None else (first - policy.start).days
        due = falls[action][at] if 0 <= at < policy.days else [-1]
        if due[0] < 0:
            raise DataError(
                "The plan contacts a customer on a day that its policy does not allow",
                given=str(first or "no day"),
                fix="Make the plan again: churn campaign plan POLICY.",
            )
        for number, day in enumerate(due):
            state = start.copy()
            state.update(f"{who}/{number}".encode())
            for column, value in zip(
                rows, (who, number, action, channel, days.date(day), state.hexdigest()), strict=True
            ):
                rows[column].append(value)
    types = [pa.string(), pa.int64(), pa.string(), pa.string(), pa.date32(), pa.string()]
    return pa.table({c: pa.array(v, t) for (c, v), t in zip(rows.items(), types, strict=True)})


def _other(connection: sa.Connection, plan: Approvable, known: Mapping[str, Any]) -> ParameterError:
    """Tell what differs between a plan and the one that is recorded."""
    before, after = json.loads(known["policy"]), json.loads(json.dumps(plan.policy.plain()))
    keys = sorted(k for k in set(before) | set(after) if before.get(k) != after.get(k))
    told = [f"policy: {', '.join(keys)}"] if keys else []
    query = (
        sa.select(people_table.c.customer, assignments.c.arm, assignments.c.action, assignments.c.day)
        .join(people_table, people_table.c.person == assignments.c.person)
        .where(assignments.c.campaign == known["campaign"])
    )
    old = {c: (arm, action, day) for c, arm, action, day in connection.execute(query)}
    chosen = _chosen(plan)
    new = {
        c: (arm, "" if _empty(action) else action, day)
        for c, arm, action, day in zip(
            chosen["customer"], chosen["arm"], chosen["action"], _dates(chosen["day"]), strict=True
        )
    }
    for word, number in (
        ("added", len(new.keys() - old.keys())),
        ("gone", len(old.keys() - new.keys())),
        ("with another arm, action or day", sum(old[c] != new[c] for c in old.keys() & new.keys())),
    ):
        if number:
            told.append(f"{number:,} customers {word}")
    return ParameterError(
        f"Another plan is approved as campaign {known['campaign']!r}, and an approved campaign is never changed",
        given="; ".join(told) or "the same customers from other scores",
        fix="Give the policy a new name under `campaign`; cancel what is still due of the old one with "
        "churn campaign cancel POLICY.",
        code="other-plan",
    )
