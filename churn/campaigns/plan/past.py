"""What earlier campaigns mean for a plan: who was contacted when, and who is never to be contacted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.blocks import Cap
from churn.campaigns.days import Days
from churn.campaigns.policy import Policy
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Past:
    """What a ledger knows of earlier campaigns.

    Attributes
    ----------
    contacts : pandas.DataFrame or None
        ``customer``, ``campaign``, ``channel``, ``time`` of every contact that was handed over.
    suppressed : pandas.DataFrame or None
        ``customer`` and ``channel`` of who is never contacted; ``*`` stands for all channels.
    measurements : list of dict
        The newest measurement of each earlier campaign, oldest campaign first.
    global_share : float
        The largest global holdout of other campaigns with the same key.

    Examples
    --------
    >>> Past().measurements  # as where there is no ledger yet
    []
    """

    contacts: pd.DataFrame | None = None
    suppressed: pd.DataFrame | None = None
    measurements: list[dict[str, Any]] = field(default_factory=list)
    global_share: float = 0.0


class PastContacts:
    """Contacts of the past by customer, channel and day.

    Parameters
    ----------
    past : pandas.DataFrame or None
        ``customer``, ``campaign``, ``channel``, ``time`` (UTC; its date counts).
    customers : pandas.Index
        Ids as texts, each once.
    days : Days
        Of the campaign that is planned.
    campaign : str
        Its name; its own contacts are not counted as those of another.
    """

    def __init__(
        self, past: pd.DataFrame | None, customers: pd.Index[Any], days: Days, campaign: str
    ) -> None:
        import pandas as pd

        self.n, self.days = len(customers), days
        if past is None or not len(past):
            self.row = self.day = np.empty(0, dtype=np.int64)
            self.channel = np.empty(0, dtype=object)
            self.other = np.empty(0, dtype=bool)
            return
        row = customers.get_indexer(pd.Index(past["customer"].astype(str)))
        known = row >= 0
        time = pd.to_datetime(past["time"], utc=True).dt.tz_localize(None).to_numpy().astype("datetime64[D]")
        self.row = row[known]
        self.day = (time[known] - np.datetime64(days.start, "D")).astype(np.int64)
        self.channel = past["channel"].to_numpy(dtype=object)[known]
        self.other = past["campaign"].to_numpy(dtype=object)[known] != campaign

    def quiet_until(self, quiet_days: int) -> np.ndarray:
        """Return the first day on which each customer may be contacted again, shape (n,)."""
        ready = np.zeros(self.n, dtype=np.int64)
        if quiet_days and len(self.row):
            np.maximum.at(ready, self.row[self.other], self.day[self.other] + quiet_days + 1)
        return ready

    def ready(
        self, channel: str, steps: Sequence[int], caps: Sequence[Cap], from_day: np.ndarray
    ) -> np.ndarray:
        """Return the first day from `from_day` on which the contacts of an action keep to all caps; shape (n,).

        Parameters
        ----------
        channel : str
            Of the action.
        steps : sequence of int
            Days of its contacts after the first.
        caps : sequence of Cap
            Limits of contacts over time.
        from_day : numpy.ndarray of shape (n,)
            Before it a customer is not contacted.

        Returns
        -------
        numpy.ndarray of int64, shape (n,)
            The window's length where there is no such day.
        """
        window = self.days.window
        falls = self.days.step_days(steps)
        firsts = self.days.first_days[falls[self.days.first_days, 0] >= 0]
        none = np.full(self.n, window, dtype=np.int64)
        if not len(firsts):
            return none
        place = np.searchsorted(firsts, from_day)
        ready = np.where(place < len(firsts), firsts[np.minimum(place, len(firsts) - 1)], window)
        for cap in caps:
            if cap.channel not in (None, channel):
                continue
            # The most of its own contacts within the cap's days before each, whichever day is the first: so that a
            # later first day is never worse than an earlier one.
            days = falls[firsts]
            own = np.array(
                [
                    int(((days[:, : k + 1] > days[:, [k]] - cap.days).sum(axis=1)).max())
                    for k in range(days.shape[1])
                ]
            )
            if (own > cap.contacts).any():
                return none
            ready = np.maximum(ready, self._under(cap, falls, firsts, own))
        return ready

    def _under(self, cap: Cap, falls: np.ndarray, firsts: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Return the first day from which on a cap always allows the contacts that fall on given days, shape (n,)."""
        counted = np.ones(len(self.row), dtype=bool) if cap.channel is None else self.channel == cap.channel
        counted &= self.day > -cap.days
        out = np.zeros(self.n, dtype=np.int64)
        if not counted.any():
            return out
        row, day = self.row[counted], self.day[counted]
        low = int(day.min()) - 1
        span = int(max(day.max(), falls.max())) + cap.days - low + 2
        key = np.sort(row * span + (day - low))
        waiting = np.unique(row)
        planned = np.zeros(self.n, dtype=bool)
        planned[row[day >= 0]] = True  # of other campaigns: a later day may be worse than an earlier one
        after = np.append(firsts[1:], self.days.window)
        for first, following in zip(firsts, after, strict=True):
            fits = np.ones(len(waiting), dtype=bool)
            for k, at in enumerate(falls[first]):
                until = np.searchsorted(key, waiting * span + (at + cap.days - 1 - low), side="right")
                since = np.searchsorted(key, waiting * span + max(at - cap.days - low, 0), side="right")
                fits &= until - since + own[k] <= cap.contacts
            out[waiting[~fits]] = following
            waiting = waiting[~fits | planned[waiting]]
            if not len(waiting):
                break
        return out


def read_past(policy: Policy, customers: Sequence[str] = ()) -> Past:
    """Read earlier contacts, suppressions and measurements from a policy's ledger; nothing where there is none yet.

    Contacts of other campaigns that are approved and still due count too, on the day they are due. Those of `customers`
    who were erased, and are known by a hash alone, are suppressed too.
    """
    if not _has_ledger(policy):
        return Past()
    import pandas as pd

    from churn.campaigns.ledger import open_ledger

    report("Reading the ledger")
    with open_ledger(policy) as ledger:
        longest = max([policy.limits.quiet_days, *(cap.days for cap in policy.limits.caps)])
        since = policy.start - dt.timedelta(days=longest + 1)
        contacts = ledger.past_contacts(since=since, planned=True)
        names = ledger.campaigns()["campaign"].tolist()
        measured = [m for name in names for m in ledger.measurements(name)[-1:]]
        rules = [ledger.campaign(n)["policy"].get("holdout", {}) for n in names if n != policy.campaign]
        shares = [r.get("global_share", 0.0) for r in rules if r.get("key") == policy.holdout.key]
        return Past(
            contacts[contacts["campaign"] != policy.campaign],
            pd.concat([ledger.suppressed(), ledger.suppressed(customers)], ignore_index=True),
            [m["content"] for m in measured],
            max(shares, default=0.0),
        )


def _has_ledger(policy: Policy) -> bool:
    """Return whether there may be a ledger: planning makes no file."""
    url = policy.ledger.get_secret_value()
    kind, _, rest = url.partition("://")
    if not kind.startswith("sqlite"):
        return True
    return policy.place(rest.removeprefix("/").partition("?")[0]).is_file()
