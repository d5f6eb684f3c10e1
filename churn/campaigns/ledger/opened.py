"""The ledger: who was contacted, who was held out, what came of it; SQLite, or PostgreSQL for teams."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from churn.campaigns.ledger import approve as approving
from churn.campaigns.ledger import claims as claiming
from churn.campaigns.ledger import erase as forgetting
from churn.campaigns.ledger import outcomes as coming
from churn.campaigns.ledger import people as ids
from churn.campaigns.ledger import responses as answering
from churn.campaigns.ledger import states
from churn.campaigns.ledger.claims import Claim, Told
from churn.campaigns.ledger.frames import assignment_frame, frame_of
from churn.campaigns.ledger.migrate import check_version, lock, migrate, version_of
from churn.campaigns.ledger.schema import campaigns, erasures
from churn.campaigns.policy import Policy
from churn.errors import OutputError, ParameterError
from churn.sqldatabase import database_url, explained, open_engine, shown

if TYPE_CHECKING:
    import os

    import pandas as pd

_WAIT_SECONDS = 120.0
_FIX = (
    "Check host, database, rights and password (the URL is in the policy under `ledger`); what was running is "
    "undone as a whole."
)


class Ledger:
    """What is recorded of campaigns; made by `open_ledger`, and a context manager.

    Rows are added and never changed: where a contact stands is worked out of what was added last. Customers are texts
    in all frames (7 and "7" are one customer), times are UTC, and every method that writes is one transaction. `now`
    is the time that counts as the present, the clock's when left out.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._reader = engine.execution_options(churn_writes=False)
        self._from: dict[tuple[str, str | None], tuple[dt.date, int, int]] = {}

    @property
    def where(self) -> str:
        """The database as it may be shown: without user, password and options."""
        return shown(self._engine.url)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Ledger({self.where})"

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

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
            row = c.execute(sa.select(campaigns).where(campaigns.c.campaign == name)).mappings().first()
            if row is None:
                there = (
                    c.execute(sa.select(campaigns.c.campaign).order_by(campaigns.c.approved)).scalars().all()
                )
                raise ParameterError(
                    f"No campaign {name!r} is approved in the ledger {self.where}",
                    allowed=", ".join(there[-5:]) or None,
                    fix="Plan it with churn campaign plan POLICY, then approve it with churn campaign approve POLICY.",
                    code="no-campaign",
                )
            found = dict(row) | approving.counts(c, name)
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

    def states(self, name: str) -> pd.DataFrame:
        """Return how many contacts are in each state, by channel and due day: channel, due, state, contacts."""
        with self._reading() as c:
            return frame_of(
                states.state_counts(c, name), ("channel", "due", "state", "contacts"), numbers=("contacts",)
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
        rows.sort(key=lambda r: r["time"])
        return frame_of(rows, ("customer", "campaign", "action", "channel", "state", "time"))

    def suppressed(self, customers: Iterable[Any] | None = None) -> pd.DataFrame:
        """Return who is not to be contacted: customer, channel (``"*"`` for all).

        Erased customers are known by a hash alone: give `customers`, and those among them are told too.
        """
        with self._reading() as c:
            names = None if customers is None else ids.texts(customers)
            return frame_of(answering.suppressed(c, names), ("customer", "channel"))

    def suppress(self, rows: Iterable[tuple[Any, str, str]], *, now: dt.datetime | None = None) -> int:
        """Add customers who are not to be contacted: customer, channel (``"*"`` for all), reason; return how many."""
        with self._writing() as c:
            return answering.suppress(c, list(rows), instant(now))

    def claim(
        self,
        name: str,
        channel: str | None = None,
        on: dt.date | None = None,
        limit: int = 500,
        worker: str = "",
        lease_seconds: float = 300.0,
        now: dt.datetime | None = None,
    ) -> list[Claim]:
        """Claim contacts that are due by a day, oldest first; nobody else gets them until the lease ends.

        A contact whose lease ended without a record is claimed again, with the same key and the next attempt.
        """
        if lease_seconds <= 0 or limit < 1:
            raise ParameterError(
                "A claim needs a lease and a limit above 0", given=f"lease {lease_seconds} s, limit {limit}"
            )
        present = instant(now)
        day, place = on or present.date(), (name, channel)
        with self._writing() as c:
            after = self._from.get(place)
            found = claiming.claim(c, name, channel, day, limit, worker, lease_seconds, present, after)
            if len(found) < limit and after is not None:  # once more from the beginning
                found += claiming.claim(
                    c, name, channel, day, limit - len(found), worker, lease_seconds, present
                )
                self._from.pop(place, None)
            elif found:
                last = found[-1]
                self._from[place] = (last.due, last.person, last.step)
        return found

    def sent(self, claims: Sequence[Claim], detail: Told = "", *, now: dt.datetime | None = None) -> int:
        """Record that contacts were handed over; `detail` is one text, or texts by key. Return how many are new."""
        return self._record(claims, "sent", detail, now)

    def failed(
        self,
        claims: Sequence[Claim],
        error: Told,
        retry_at: dt.datetime | Mapping[str, dt.datetime] | None = None,
        *,
        now: dt.datetime | None = None,
    ) -> int:
        """Record that contacts were not handed over and may be tried again, at once or from a time on."""
        return self._record(claims, "failed", error, now, retry_at)

    def dead(self, claims: Sequence[Claim], error: Told, *, now: dt.datetime | None = None) -> int:
        """Record that contacts are put aside: nobody tries them again before `revive`."""
        return self._record(claims, "dead", error, now)

    def cancelled(self, claims: Sequence[Claim], reason: Told, *, now: dt.datetime | None = None) -> int:
        """Record that claimed contacts were not handed over and never will be, such as after an unsubscribe."""
        return self._record(claims, "cancelled", reason, now)

    def _record(
        self, claims: Sequence[Claim], kind: str, detail: Told, now: dt.datetime | None, retry: Any = None
    ) -> int:
        if not claims:
            return 0
        with self._writing() as c:
            return claiming.record(c, claims, kind, detail, instant(now), retry)

    def revive(self, name: str, *, channel: str | None = None, now: dt.datetime | None = None) -> int:
        """Make dead contacts due again, with their keys; return how many."""
        with self._writing() as c:
            self._from.clear()
            return claiming.change(c, name, "revived", "", instant(now), channel=channel)

    def cancel(
        self,
        name: str,
        reason: str = "",
        *,
        customers: Iterable[Any] | None = None,
        channel: str | None = None,
        due_from: dt.date | None = None,
        due_by: dt.date | None = None,
        now: dt.datetime | None = None,
    ) -> int:
        """Cancel contacts that are due, failed or dead, or left by a dead worker; return how many."""
        with self._writing() as c:
            persons = None if customers is None else list(ids.find(c, ids.texts(customers)).values())
            return claiming.change(
                c,
                name,
                "cancelled",
                reason,
                instant(now),
                persons=persons,
                channel=channel,
                due_from=due_from,
                due_by=due_by,
            )

    def respond(
        self, name: str, rows: Sequence[dict[str, Any]], *, now: dt.datetime | None = None
    ) -> dict[str, Any]:
        """Add responses to a campaign; see `churn.campaigns.ledger.responses.respond` for rows and counts."""
        self.campaign(name)
        with self._writing() as c:
            return answering.respond(c, name, rows, instant(now))

    def responses(self, name: str) -> pd.DataFrame:
        """Return responses to a campaign: customer, kind, channel, time, detail, arm."""
        with self._reading() as c:
            rows = answering.response_rows(c, name)
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


def _start(since: dt.datetime | dt.date | None) -> dt.datetime | None:
    if since is None or isinstance(since, dt.datetime):
        return since if since is None else instant(since)
    return dt.datetime.combine(since, dt.time(), dt.UTC)
