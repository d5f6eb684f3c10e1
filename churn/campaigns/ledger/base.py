"""What every part of the ledger shares: the database, transactions that read or write, and the clock."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterator

import sqlalchemy as sa

from churn.campaigns.ledger.migrate import lock
from churn.errors import ParameterError
from churn.sqldatabase import explained, shown

_FIX = (
    "Check host, database, rights and password (the URL is in the policy under `ledger`); what was running is "
    "undone as a whole."
)


class Base:
    """A database, and its transactions."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(churn_writes=False)
        self._from: dict[tuple[str, str | None], tuple[dt.date, int, int]] = {}

    @property
    def where(self) -> str:
        """The database as it may be shown: without user, password and options."""
        return shown(self._engine.url)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with explained(self._engine.url, f"The ledger {self.where}", fix=_FIX), self._engine.begin() as c:
            lock(c)
            yield c

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with (
            explained(self._engine.url, f"The ledger {self.where}", doing="cannot be read", fix=_FIX),
            self._reader.connect() as c,
        ):
            yield c


def instant(now: dt.datetime | None) -> dt.datetime:
    """Return a time in UTC, the clock's where none is given.

    Raises
    ------
    ParameterError
        It has no zone.
    """
    if now is None:
        return dt.datetime.fromtimestamp(time.time(), dt.UTC)
    if now.tzinfo is None:
        raise ParameterError("A time needs its zone", given=now.isoformat(), fix="Give it as UTC.")
    return now.astimezone(dt.UTC)
