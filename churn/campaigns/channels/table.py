"""A table of a database: PostgreSQL or SQLite, one row per campaign, customer and step."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.campaigns.channels.base import Contact, Result
from churn.errors import OutputError
from churn.sqldatabase import database_url, explained, shown, transaction

if TYPE_CHECKING:
    import sqlalchemy as sa

_KEY = ("campaign", "customer", "step")


class TableChannel:
    """Puts contacts into a table, which it makes where there is none.

    A contact that is there already stays as it is and counts as sent. Columns: those of the contact, ``content`` as
    JSON, ``handed_over_at`` in UTC, and one per field.

    Parameters
    ----------
    url : str
        SQLAlchemy URL of a PostgreSQL or SQLite database.
    table : str
        Its name, with a schema before a dot where one is meant.
    password : str, optional
        Takes the place of the URL's.
    folder : Path, optional
        Where the relative path of an SQLite file starts.
    fields : sequence of str
        The contact data that are handed over.
    now : callable, optional
        The clock.

    Raises
    ------
    OutputError
        The URL is none; and at delivery: the database cannot be reached or refuses, or the table has other columns.
    """

    def __init__(
        self,
        url: str,
        table: str,
        *,
        password: str | None = None,
        folder: Path | None = None,
        fields: Sequence[str] = (),
        now: Callable[[], dt.datetime] | None = None,
    ) -> None:
        self._url = database_url(url, password, folder, role="a table for contacts")
        self._name, self._fields = table, tuple(fields)
        self._now = now or (lambda: dt.datetime.now(dt.UTC))

    @property
    def where(self) -> str:
        """The database and table, without user and password."""
        return f"{shown(self._url)}, table {self._name}"

    def __repr__(self) -> str:
        return f"TableChannel({self.where})"

    def deliver(self, batch: Sequence[Contact]) -> list[Result]:
        """Insert what is not there yet, in one transaction."""
        good = [c for c in batch if _storable(c)]
        with explained(self._url, self.where), transaction(self._url) as connection:
            there = self._put(connection, good) if good else {}
        return [self._result(c, there) for c in batch]

    def _result(self, contact: Contact, there: dict[tuple[str, str, int], str]) -> Result:
        found = there.get((contact.campaign, contact.customer, contact.step))
        if found is None:
            return Result(contact.key, "rejected", "a text of it cannot be stored: NUL or half a letter")
        if found != contact.key:
            return Result(
                contact.key,
                "rejected",
                "the table has this campaign, customer and step from another ledger",
            )
        return Result(contact.key, "sent", "in the table")

    def _put(self, connection: sa.Connection, rows: Sequence[Contact]) -> dict[tuple[str, str, int], str]:
        import sqlalchemy as sa
        from sqlalchemy.dialects import postgresql, sqlite

        lite = connection.dialect.name == "sqlite"
        table = self._table()
        if not lite:  # or two processes make it at the same moment
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(self._name))))
        self._ready(connection, table)
        stamp = self._now()
        values = [self._row(c, stamp) for c in rows]
        insert = (sqlite if lite else postgresql).insert(table)
        connection.execute(insert.on_conflict_do_nothing(index_elements=list(_KEY)), values)
        found: dict[tuple[str, str, int], str] = {}
        for campaign in sorted({c.campaign for c in rows}):
            ids = sorted({c.customer for c in rows if c.campaign == campaign})
            for start in range(0, len(ids), 500):
                query = sa.select(table.c.customer, table.c.step, table.c.key).where(
                    table.c.campaign == campaign, table.c.customer.in_(ids[start : start + 500])
                )
                found |= {(campaign, r.customer, r.step): r.key for r in connection.execute(query)}
        return found

    def _ready(self, connection: sa.Connection, table: sa.Table) -> None:
        import sqlalchemy as sa

        look = sa.inspect(connection)
        if not look.has_table(table.name, table.schema):
            table.create(connection)
            return
        found = {c["name"] for c in look.get_columns(table.name, table.schema)}
        missing = [c for c in table.columns if c.name not in found]
        if missing:
            adding = "; ".join(f'ALTER TABLE {self._name} ADD COLUMN "{c.name}" TEXT' for c in missing)
            raise OutputError(
                f"The table of {self.where} lacks {', '.join(c.name for c in missing)}",
                allowed="a table that churn made with these fields, or none yet",
                fix=f"Name a new table (table: ...), or add what is missing: {adding}. Nothing has been changed.",
                code="other-columns",
            )

    def _table(self) -> sa.Table:
        import sqlalchemy as sa

        schema, _, name = self._name.rpartition(".")
        columns: list[Any] = [
            sa.Column("campaign", sa.Text, primary_key=True),
            sa.Column("customer", sa.Text, primary_key=True),
            sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("action", sa.Text, nullable=False),
            sa.Column("channel", sa.Text, nullable=False),
            sa.Column("due", sa.Date, nullable=False),
            sa.Column("key", sa.Text, nullable=False),
            sa.Column("content", sa.Text, nullable=False),
            sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=False),
            *(sa.Column(f, sa.Text) for f in self._fields),
        ]
        return sa.Table(name, sa.MetaData(), *columns, schema=schema or None)

    def _row(self, contact: Contact, stamp: dt.datetime) -> dict[str, Any]:
        names = ("campaign", "customer", "step", "action", "channel", "due", "key")
        return {
            **{name: getattr(contact, name) for name in names},
            "content": json.dumps(dict(contact.content), sort_keys=True),
            "handed_over_at": stamp,
            **{name: contact.fields.get(name) or None for name in self._fields},
        }


def _storable(contact: Contact) -> bool:
    texts = "".join((contact.customer, *contact.content.values(), *contact.fields.values()))
    return "\0" not in texts and not any("\ud800" <= c <= "\udfff" for c in texts)
