"""The ledger: who was contacted, who was held out, what came of it; SQLite, or PostgreSQL for teams."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from churn.campaigns.ledger import approve as approving
from churn.campaigns.ledger import erase as forgetting
from churn.campaigns.ledger import people as ids
from churn.campaigns.ledger import states
from churn.campaigns.ledger.answering import Answering
from churn.campaigns.ledger.base import instant
from churn.campaigns.ledger.contacting import Contacting
from churn.campaigns.ledger.frames import assignment_frame, frame_of
from churn.campaigns.ledger.migrate import check_version, migrate, version_of
from churn.campaigns.ledger.schema import campaigns, erasures
from churn.campaigns.policy import Policy
from churn.errors import OutputError
from churn.sqldatabase import database_url, open_engine, shown

if TYPE_CHECKING:
    import os

    import pandas as pd

_WAIT_SECONDS = 120.0


class Ledger(Contacting, Answering):
    """What is recorded of campaigns; made by `open_ledger`, and a context manager.

    Rows are added and never changed: where a contact stands is worked out of what was added last. Customers are texts
    in all frames (7 and "7" are one customer), times are UTC, and every method that writes is one transaction. `now`
    is the time that counts as the present, the clock's when left out.

    Examples
    --------
    >>> import tempfile
    >>> with open_ledger(f"sqlite:///{tempfile.mkdtemp()}/campaigns.db") as ledger:
    ...     _ = ledger.suppress([("C1", "*", "asked by letter")])
    ...     ledger.suppressed(["C1", "C2"]).to_dict("records")
    [{'customer': 'C1', 'channel': '*'}]
    """

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Ledger({self.where})"

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def approve(
        self, plan: approving.Approvable, *, by: str = "", now: dt.datetime | None = None
    ) -> dict[str, Any]:
        """Record a plan: the campaign, who is treated and who held out, and the contacts due; again changes nothing.

        Returns
        -------
        dict
            `campaign`, `new`, and the counts `treated`, `holdout`, `global_holdout`, `contacts`.

        Raises
        ------
        ParameterError
            Another plan is recorded under this name; it says what differs.
        """
        with self._writing() as c:
            return approving.approve(c, plan, by, instant(now))

    def campaigns(self) -> pd.DataFrame:
        """Return the campaigns, oldest first: campaign, approved, approved_by, start, digest and counts by arm."""
        with self._reading() as c:
            query = sa.select(campaigns).order_by(campaigns.c.approved, campaigns.c.campaign)
            rows = [
                {n: r[n] for n in ("campaign", "approved", "approved_by", "start", "digest")}
                | approving.counts(c, r["campaign"])
                for r in c.execute(query).mappings()
            ]
        return frame_of(
            rows,
            ("campaign", "approved", "approved_by", "start", "digest"),
            numbers=("treated", "holdout", "global_holdout", "contacts"),
        )

    def campaign(self, name: str) -> dict[str, Any]:
        """Return a campaign: what `campaigns` tells, its `policy` and the `summary` of its plan as plain values.

        Raises
        ------
        ParameterError
            There is none of that name; it names those there are.
        """
        with self._reading() as c:
            row = approving.recorded(c, name, self.where)
            found = row | approving.counts(c, name)
        return found | {n: json.loads(found[n]) for n in ("policy", "summary")}

    def assignments(self, name: str) -> pd.DataFrame:
        """Return who is in which arm of a campaign, with what was known before: one row per customer.

        Of an erased customer the name is ``erased-...`` and what was known is empty.
        """
        with self._reading() as c:
            return assignment_frame(c, name)

    def contacts(self, name: str) -> pd.DataFrame:
        """Return the contacts of a campaign, each with its `state`: due, claimed, sent, failed, dead or cancelled.

        Further columns are customer, step, action, channel, due, key, attempts, time and detail of what was recorded
        last, and retry_at, lease_until, worker where they mean something.
        """
        with self._reading() as c:
            rows = states.contact_rows(c, name)
        return frame_of(
            rows,
            (
                "customer",
                "step",
                "action",
                "channel",
                "due",
                "key",
                "state",
                "attempts",
                "time",
                "detail",
                "retry_at",
                "lease_until",
                "worker",
            ),
            numbers=("step", "attempts"),
        )

    def past_contacts(
        self,
        customers: Iterable[Any] | None = None,
        since: dt.datetime | dt.date | None = None,
        *,
        planned: bool = False,
    ) -> pd.DataFrame:
        """Return contacts that were made or begun, over all campaigns, for caps and quiet days.

        Parameters
        ----------
        customers : iterable, optional
            Only of these.
        since : datetime or date, optional
            Only from then on.
        planned : bool, default False
            With those that are approved and still due, too, at the midnight of their day.

        Returns
        -------
        pandas.DataFrame
            customer, campaign, action, channel, state and time (UTC), oldest first.
        """
        with self._reading() as c:
            persons = None if customers is None else set(ids.find(c, ids.texts(customers)).values())
            rows = states.past_rows(c, _start(since), persons, planned=planned)
        rows.sort(key=lambda r: (r["time"], r["campaign"], r["person"]))
        return frame_of(rows, ("customer", "campaign", "action", "channel", "state", "time"))

    def erase_counts(self, customers: Sequence[Any]) -> dict[str, int]:
        """Return how many rows there are of customers, by table; nothing is changed."""
        with self._reading() as c:
            return forgetting.erase_counts(c, customers)

    def erase(
        self,
        customers: Sequence[Any],
        *,
        by: str = "",
        told: dict[str, Any] | None = None,
        now: dt.datetime | None = None,
    ) -> dict[str, int]:
        """Forget customers; their arms, actions and outcomes stay under random names. Return the counts."""
        with self._writing() as c:
            return forgetting.erase(c, customers, by, instant(now), told or {})

    def erasures(self) -> list[dict[str, Any]]:
        """Return which erases were done, without any id: time, done_by, customers, content."""
        with self._reading() as c:
            rows = c.execute(sa.select(erasures).order_by(erasures.c.number)).mappings().all()
        return [
            {**{n: r[n] for n in ("time", "done_by", "customers")}, "content": json.loads(r["content"])}
            for r in rows
        ]


def open_ledger(
    ledger: Policy | str, password: str | None = None, *, folder: str | os.PathLike[str] | None = None
) -> Ledger:
    """Open the ledger of a policy or at a database's URL; its tables are made or brought up to date first.

    Parameters
    ----------
    ledger : Policy or str
        A policy, or the SQLAlchemy URL of an SQLite or PostgreSQL database.
    password : str, optional
        Takes the place of the URL's; with a policy, of what its ``ledger_password_env`` names.
    folder : path-like, optional
        Where the relative path of an SQLite file starts: the policy's folder, or the working folder.

    Returns
    -------
    Ledger
        A context manager.

    Raises
    ------
    OutputError
        The URL is none, the database cannot be reached, or its tables are of a newer version.
    ConfigError
        The environment variable with the password is not set.

    Examples
    --------
    >>> import tempfile
    >>> with open_ledger("sqlite:///campaigns.db", folder=tempfile.mkdtemp()) as ledger:
    ...     len(ledger.campaigns())
    0
    """
    start = None if folder is None else Path(folder)
    if isinstance(ledger, Policy):
        start = start or ledger.folder
        password = password if password is not None else _password(ledger)
        ledger = ledger.ledger.get_secret_value()
    url = database_url(ledger, password, start, role="the ledger")
    lite = url.get_backend_name() == "sqlite"
    if lite and not Path(str(url.database)).parent.is_dir():
        raise OutputError(
            f"The ledger {shown(url)} is in a folder that is not there",
            fix="Make the folder, or name another file under `ledger` in the policy.",
        )
    engine = open_engine(url, wait_seconds=_WAIT_SECONDS, pooled=True)
    opened = Ledger(engine)
    try:
        with opened._reading() as c:
            ready = check_version(version_of(c), opened.where)
        if not ready:
            with opened._writing() as c:
                migrate(c, opened.where)
    except BaseException:
        opened.close()
        raise
    return opened


def _password(policy: Policy) -> str | None:
    import os

    name = policy.ledger_password_env
    if name is None:
        return None
    if name not in os.environ:
        from churn.errors import ConfigError

        raise ConfigError(
            f"The environment variable {name} is not set",
            fix="The policy takes the ledger's password from it (ledger_password_env): set it, or leave the key out.",
            code="no-password",
        )
    return os.environ[name]


def _start(since: dt.datetime | dt.date | None) -> dt.datetime | None:
    if since is None or isinstance(since, dt.datetime):
        return since if since is None else instant(since)
    return dt.datetime.combine(since, dt.time(), dt.UTC)
