"""Campaigns, assignments, contacts, attempts, events, responses, suppressions, outcomes, measurements."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from churn.campaigns.ledger.migrations.guards import guard

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TIME = sa.DateTime(timezone=True)
_CONTACT = ["ledger_contacts.campaign", "ledger_contacts.person", "ledger_contacts.step"]
_ASSIGNMENT = ["ledger_assignments.campaign", "ledger_assignments.person"]
_TABLES = (
    "people",
    "campaigns",
    "assignments",
    "contacts",
    "attempts",
    "events",
    "responses",
    "suppressions",
    "outcomes",
    "measurements",
)


def _must(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _may(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=True) for name in names]


def _number(name: str = "number") -> sa.Column[Any]:
    return sa.Column(name, _NUMBER, primary_key=True, autoincrement=True)


def _key(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Make the tables."""
    text, integer = sa.Text(), sa.Integer()
    double: sa.Double[float] = sa.Double()
    op.create_table("ledger_erasing", _must("open", integer))
    op.create_table(
        "ledger_people",
        _number("person"),
        sa.Column("digest", text, nullable=False, unique=True),
        _must("customer", text),
    )
    op.create_table(
        "ledger_campaigns",
        _key("campaign", text),
        _must("approved", _TIME),
        *(_must(n, text) for n in ("approved_by", "digest")),
        _must("start", sa.Date()),
        *(_must(n, text) for n in ("policy", "summary")),
    )
    op.create_table(
        "ledger_assignments",
        _key("campaign", text),
        _key("person", _NUMBER),
        *(_must(n, text) for n in ("arm", "action", "channel")),
        *_may(sa.Date(), "day"),
        *_may(sa.BigInteger(), "contacts"),
        *_may(double, "cost", "uplift", "value", "expected_profit", "churn_probability"),
        *_may(double, "ignored_complaints", "draw"),
        *_may(text, "risk_band", "stage", "stratum", "why_code", "segments"),
        sa.ForeignKeyConstraint(["campaign"], ["ledger_campaigns.campaign"]),
        sa.ForeignKeyConstraint(["person"], ["ledger_people.person"]),
        sa.CheckConstraint("arm IN ('treated', 'holdout', 'global holdout')", name="ledger_arms"),
        sa.UniqueConstraint("campaign", "person", "arm", name="ledger_one_arm"),
    )
    op.create_index("ledger_assignments_person", "ledger_assignments", ["person"])
    op.create_table(
        "ledger_contacts",
        _key("campaign", text),
        _key("person", _NUMBER),
        _key("step", integer),
        *(_must(n, text) for n in ("arm", "action", "channel")),
        _must("due", sa.Date()),
        sa.Column("key", text, nullable=False, unique=True),
        sa.CheckConstraint("arm = 'treated'", name="ledger_no_contact_in_holdout"),
        sa.ForeignKeyConstraint(["campaign", "person", "arm"], [*_ASSIGNMENT, "ledger_assignments.arm"]),
    )
    op.create_index(
        "ledger_contacts_due", "ledger_contacts", ["campaign", "channel", "due", "person", "step"]
    )
    op.create_index("ledger_contacts_person", "ledger_contacts", ["person"])
    op.create_table(
        "ledger_attempts",
        _key("campaign", text),
        _key("person", _NUMBER),
        _key("step", integer),
        _key("attempt", integer),
        _must("worker", text),
        *(_must(n, _TIME) for n in ("claimed", "lease_until")),
        sa.ForeignKeyConstraint(["campaign", "person", "step"], _CONTACT),
    )
    op.create_table(
        "ledger_events",
        _number(),
        _must("campaign", text),
        _must("person", _NUMBER),
        *(_must(n, integer) for n in ("step", "attempt")),
        _must("kind", text),
        _must("time", _TIME),
        _must("detail", text),
        *_may(_TIME, "retry_at"),
        sa.ForeignKeyConstraint(["campaign", "person", "step"], _CONTACT),
        sa.CheckConstraint(
            "kind IN ('sent', 'repeated', 'failed', 'dead', 'cancelled', 'revived')",
            name="ledger_event_kinds",
        ),
    )
    op.create_index(
        "ledger_events_contact", "ledger_events", ["campaign", "person", "step", "attempt", "number"]
    )
    op.create_index(
        "ledger_sent_once",
        "ledger_events",
        ["campaign", "person", "step"],
        unique=True,
        postgresql_where=sa.text("kind = 'sent'"),
        sqlite_where=sa.text("kind = 'sent'"),
    )
    op.create_table(
        "ledger_responses",
        _key("response", text),
        _must("campaign", text),
        _must("person", _NUMBER),
        *(_must(n, text) for n in ("kind", "channel")),
        _must("time", _TIME),
        _must("detail", text),
        _must("recorded", _TIME),
        sa.ForeignKeyConstraint(["campaign", "person"], _ASSIGNMENT),
    )
    op.create_index("ledger_responses_person", "ledger_responses", ["campaign", "person"])
    op.create_table(
        "ledger_suppressions",
        _number(),
        _must("person", _NUMBER),
        _must("channel", text),
        _must("active", sa.Boolean()),
        _must("reason", text),
        *(_must(n, _TIME) for n in ("time", "recorded")),
        sa.ForeignKeyConstraint(["person"], ["ledger_people.person"]),
    )
    op.create_index("ledger_suppressions_person", "ledger_suppressions", ["person", "channel"])
    op.create_table(
        "ledger_outcomes",
        _number(),
        _must("campaign", text),
        _must("person", _NUMBER),
        _must("as_of", sa.Date()),
        *_may(double, "retained", "orders", "net_value"),
        _must("mature", sa.Boolean()),
        _must("recorded", _TIME),
        sa.ForeignKeyConstraint(["campaign", "person"], _ASSIGNMENT),
    )
    op.create_index("ledger_outcomes_person", "ledger_outcomes", ["campaign", "person", "as_of", "number"])
    op.create_table(
        "ledger_measurements",
        _number(),
        _must("campaign", text),
        _must("as_of", sa.Date()),
        _must("recorded", _TIME),
        _must("content", text),
        sa.ForeignKeyConstraint(["campaign"], ["ledger_campaigns.campaign"]),
    )
    guard([f"ledger_{name}" for name in _TABLES])
