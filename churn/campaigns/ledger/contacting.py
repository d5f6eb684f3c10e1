"""The part of the ledger that delivery uses: claims, what came of them, and where contacts stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from churn.campaigns.ledger import claims as claiming
from churn.campaigns.ledger import people as ids
from churn.campaigns.ledger import states
from churn.campaigns.ledger.base import Base, instant
from churn.campaigns.ledger.claims import Claim, Told
from churn.campaigns.ledger.frames import frame_of
from churn.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd


class Contacting(Base):
    """Claims, and where contacts stand."""

    def states(self, name: str) -> pd.DataFrame:
        """Return how many contacts are in each state, by channel and due day: channel, due, state, contacts."""
        with self._reading() as c:
            return frame_of(
                states.state_counts(c, name), ("channel", "due", "state", "contacts"), numbers=("contacts",)
            )

    def claim(
        self,
        name: str,
        channel: str | None = None,
        on: dt.date | None = None,
        limit: int = 500,
        worker: str = "",
        lease_seconds: float = 300.0,
        now: dt.datetime | None = None,
        *,
        keys: Collection[str] | None = None,
    ) -> list[Claim]:
        """Claim contacts that are due by a day, oldest first; nobody else gets them until the lease ends.

        A contact whose lease ended without a record is claimed again, with the same key and the next attempt. With
        `keys`, only those contacts are claimed, as far as nobody has them.
        """
        if lease_seconds <= 0 or limit < 1:
            raise ParameterError(
                "A claim needs a lease and a limit above 0", given=f"lease {lease_seconds} s, limit {limit}"
            )
        present = instant(now)
        day, place = on or present.date(), (name, channel)
        if keys is not None:
            with self._writing() as c:
                return claiming.claim(c, name, channel, day, limit, worker, lease_seconds, present, keys=keys)
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

    def dead_letters(self, name: str) -> list[dict[str, Any]]:
        """Return how many contacts are put aside, by reason, most first: reason, contacts."""
        with self._reading() as c:
            return states.dead_reasons(c, name)

    def repeated(self, name: str) -> int:
        """Return how many contacts were handed over again under their key, because a worker died or was slow."""
        with self._reading() as c:
            return states.repetitions(c, name)
