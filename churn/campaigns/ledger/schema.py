"""The tables of the ledger. Rows are added and never changed; only an erase may blank them.

A customer's id stands in one place, `people`; everything else knows the person by a number. So ids may be of any
length, and to forget somebody is to replace one id. The steps that make these tables are in ``migrations/versions``; a
test holds the two together.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

HEAD = "0002"
KNOWN = ("0001", HEAD)
VERSION_TABLE = "ledger_version"

metadata = sa.MetaData()
_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # which counts up in that type alone


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """A time with its zone, kept in UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Return what is stored."""
        if value is None:
            return None
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, _: sa.Dialect) -> dt.datetime | None:
        """Return what was stored."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def _column(name: str, kind: Any, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=more.pop("nullable", False), **more)


def _own_number() -> sa.Column[Any]:
    return sa.Column("number", _number, primary_key=True, autoincrement=True)


people = sa.Table(
    "ledger_people",
    metadata,
    sa.Column("person", _number, primary_key=True, autoincrement=True),
    _column("digest", sa.Text, unique=True),  # of the id: an index over ids would limit their length
    _column("customer", sa.Text),
)
campaigns = sa.Table(
    "ledger_campaigns",
    metadata,
    sa.Column("campaign", sa.Text, primary_key=True),
    _column("approved", Instant),
    _column("approved_by", sa.Text),
    _column("digest", sa.Text),
    _column("start", sa.Date),
    _column("policy", sa.Text),
    _column("summary", sa.Text),
)
assignments = sa.Table(
    "ledger_assignments",
    metadata,
    sa.Column("campaign", sa.Text, sa.ForeignKey("ledger_campaigns.campaign"), primary_key=True),
    sa.Column(
        "person", _number, sa.ForeignKey("ledger_people.person"), primary_key=True, autoincrement=False
    ),
    _column("arm", sa.Text),
    _column("action", sa.Text),
    _column("channel", sa.Text),
    _column("day", sa.Date, nullable=True),
    _column("contacts", sa.BigInteger, nullable=True),
    *(
        _column(name, sa.Double, nullable=True)
        for name in (
            "cost",
            "uplift",
            "value",
            "expected_profit",
            "churn_probability",
            "ignored_complaints",
            "draw",
        )
    ),
    *(
        _column(name, sa.Text, nullable=True)
        for name in ("risk_band", "stage", "stratum", "why_code", "segments")
    ),
    sa.CheckConstraint("arm IN ('treated', 'holdout', 'global holdout')", name="ledger_arms"),
    sa.UniqueConstraint("campaign", "person", "arm", name="ledger_one_arm"),
    sa.Index("ledger_assignments_person", "person"),
)
contacts = sa.Table(
    "ledger_contacts",
    metadata,
    sa.Column("campaign", sa.Text, primary_key=True),
    sa.Column("person", _number, primary_key=True, autoincrement=False),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    _column("arm", sa.Text),
    _column("action", sa.Text),
    _column("channel", sa.Text),
    _column("due", sa.Date),
    _column("key", sa.Text, unique=True),
    # The database itself refuses a contact with somebody who is held out.
    sa.CheckConstraint("arm = 'treated'", name="ledger_no_contact_in_holdout"),
    sa.ForeignKeyConstraint(
        ["campaign", "person", "arm"],
        ["ledger_assignments.campaign", "ledger_assignments.person", "ledger_assignments.arm"],
    ),
    sa.Index("ledger_contacts_due", "campaign", "channel", "due", "person", "step"),
    sa.Index("ledger_contacts_person", "person"),
)
_contact = ["ledger_contacts.campaign", "ledger_contacts.person", "ledger_contacts.step"]
attempts = sa.Table(
    "ledger_attempts",
    metadata,
    sa.Column("campaign", sa.Text, primary_key=True),
    sa.Column("person", _number, primary_key=True, autoincrement=False),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    _column("worker", sa.Text),
    _column("claimed", Instant),
    _column("lease_until", Instant),
    sa.ForeignKeyConstraint(["campaign", "person", "step"], _contact),
)
events = sa.Table(
    "ledger_events",
    metadata,
    _own_number(),
    _column("campaign", sa.Text),
    _column("person", _number),
    _column("step", sa.Integer),
    _column("attempt", sa.Integer),
    _column("kind", sa.Text),
    _column("time", Instant),
    _column("detail", sa.Text),
    _column("retry_at", Instant, nullable=True),
    sa.ForeignKeyConstraint(["campaign", "person", "step"], _contact),
    sa.CheckConstraint(
        "kind IN ('sent', 'repeated', 'failed', 'dead', 'cancelled', 'revived')", name="ledger_event_kinds"
    ),
    sa.Index("ledger_events_contact", "campaign", "person", "step", "attempt", "number"),
    sa.Index(
        "ledger_sent_once",
        "campaign",
        "person",
        "step",
        unique=True,
        postgresql_where=sa.text("kind = 'sent'"),
        sqlite_where=sa.text("kind = 'sent'"),
    ),
)
responses = sa.Table(
    "ledger_responses",
    metadata,
    sa.Column("response", sa.Text, primary_key=True),
    _column("campaign", sa.Text),
    _column("person", _number),
    _column("kind", sa.Text),
    _column("channel", sa.Text),
    _column("time", Instant),
    _column("detail", sa.Text),
    _column("recorded", Instant),
    sa.ForeignKeyConstraint(
        ["campaign", "person"], ["ledger_assignments.campaign", "ledger_assignments.person"]
    ),
    sa.Index("ledger_responses_person", "campaign", "person"),
)
suppressions = sa.Table(
    "ledger_suppressions",
    metadata,
    _own_number(),
    _column("person", _number),
    _column("channel", sa.Text),
    _column("active", sa.Boolean),
    _column("reason", sa.Text),
    _column("time", Instant),
    _column("recorded", Instant),
    sa.ForeignKeyConstraint(["person"], ["ledger_people.person"]),
    sa.Index("ledger_suppressions_person", "person", "channel"),
)
outcomes = sa.Table(
    "ledger_outcomes",
    metadata,
    _own_number(),
    _column("campaign", sa.Text),
    _column("person", _number),
    _column("as_of", sa.Date),
    _column("retained", sa.Double, nullable=True),
    _column("orders", sa.Double, nullable=True),
    _column("net_value", sa.Double, nullable=True),
    _column("mature", sa.Boolean),
    _column("recorded", Instant),
    sa.ForeignKeyConstraint(
        ["campaign", "person"], ["ledger_assignments.campaign", "ledger_assignments.person"]
    ),
    sa.Index("ledger_outcomes_person", "campaign", "person", "as_of", "number"),
)
measurements = sa.Table(
    "ledger_measurements",
    metadata,
    _own_number(),
    _column("campaign", sa.Text),
    _column("as_of", sa.Date),
    _column("recorded", Instant),
    _column("content", sa.Text),
    sa.ForeignKeyConstraint(["campaign"], ["ledger_campaigns.campaign"]),
)
# A row in here, within the transaction of an erase alone, opens the other tables for changes.
erasing = sa.Table("ledger_erasing", metadata, _column("open", sa.Integer))
erasures = sa.Table(
    "ledger_erasures",
    metadata,
    _own_number(),
    _column("time", Instant),
    _column("done_by", sa.Text),
    _column("customers", sa.Integer),
    _column("content", sa.Text),
)
erased = sa.Table(
    "ledger_erased",
    metadata,
    _own_number(),
    _column("hash", sa.Text),
    _column("active", sa.Boolean),
    _column("time", Instant),
    sa.Index("ledger_erased_hash", "hash"),
)
settings = sa.Table(
    "ledger_settings", metadata, sa.Column("name", sa.Text, primary_key=True), _column("value", sa.Text)
)

APPEND_ONLY = tuple(t.name for t in metadata.sorted_tables if t is not erasing)


def pairs(connection: sa.Connection, query: sa.Select[Any]) -> dict[Any, Any]:
    """Return the rows of a query of two columns as a dictionary."""
    return {row[0]: row[1] for row in connection.execute(query)}
