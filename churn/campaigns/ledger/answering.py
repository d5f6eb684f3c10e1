"""The part of the ledger that holds what came of a campaign: responses, outcomes, measurements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from churn.campaigns.ledger import outcomes as coming
from churn.campaigns.ledger import people as ids
from churn.campaigns.ledger import responses as answers
from churn.campaigns.ledger.approve import recorded
from churn.campaigns.ledger.base import Base, instant
from churn.campaigns.ledger.frames import frame_of

if TYPE_CHECKING:
    import pandas as pd


class Answering(Base):
    """Responses, wishes, outcomes and measurements."""

    def suppressed(self, customers: Iterable[Any] | None = None) -> pd.DataFrame:
        """Return who is not to be contacted: customer, channel (``"*"`` for all).

        Erased customers are known by a hash alone: give `customers`, and those among them are told too.
        """
        with self._reading() as c:
            names = None if customers is None else ids.texts(customers)
            return frame_of(answers.suppressed(c, names), ("customer", "channel"))

    def suppress(self, rows: Iterable[tuple[Any, str, str]], *, now: dt.datetime | None = None) -> int:
        """Add customers who are not to be contacted: customer, channel (``"*"`` for all), reason; return how many."""
        with self._writing() as c:
            return answers.suppress(c, list(rows), instant(now))

    def respond(
        self, name: str, rows: Sequence[dict[str, Any]], *, now: dt.datetime | None = None
    ) -> dict[str, Any]:
        """Add responses to a campaign; see `churn.campaigns.ledger.responses.respond` for rows and counts."""
        with self._writing() as c:
            recorded(c, name, self.where)
            return answers.respond(c, name, rows, instant(now))

    def responses(self, name: str) -> pd.DataFrame:
        """Return responses to a campaign: customer, kind, channel, time, detail, arm."""
        with self._reading() as c:
            rows = answers.response_rows(c, name)
        return frame_of(rows, ("customer", "kind", "channel", "time", "detail", "arm"))

    def record_outcomes(
        self, name: str, as_of: dt.date, frame: pd.DataFrame, *, now: dt.datetime | None = None
    ) -> dict[str, int]:
        """Add what became of customers as known on a day: customer, retained, orders, net_value, mature.

        Rows that are there with the same values are not added again. Counts: new, changed, unchanged, unknown.
        """
        with self._writing() as c:
            return coming.record_outcomes(c, name, as_of, frame, instant(now))

    def outcomes(self, name: str, as_of: dt.date | None = None) -> pd.DataFrame:
        """Return the newest outcome of each customer: customer, arm, as_of, retained, orders, net_value, mature."""
        with self._reading() as c:
            rows = coming.outcome_rows(c, name, as_of)
        return frame_of(
            rows,
            ("customer", "arm", "as_of", "retained", "orders", "net_value", "mature"),
            numbers=("retained", "orders", "net_value"),
        )

    def record_measurement(
        self, name: str, as_of: dt.date, content: dict[str, Any], *, now: dt.datetime | None = None
    ) -> bool:
        """Add what was measured; return False where the last of that day says the same."""
        with self._writing() as c:
            return coming.record_measurement(c, name, as_of, content, instant(now))

    def measurements(self, name: str) -> list[dict[str, Any]]:
        """Return what was measured, oldest first: as_of, recorded, content."""
        with self._reading() as c:
            return coming.measurement_rows(c, name)
