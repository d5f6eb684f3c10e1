"""Who of those whose contact is due may still be contacted on a day, and if not, why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.blocks import Limits
from churn.display import format_count
from churn.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

STOPPING = (
    "replied",
    "bought",
    "redeemed",
)  # responses after which the later contacts of a series are not made
CANCELS = {
    "suppressed": "asked not to be contacted, or bounced, since the approval",
    "no consent": "consent is not given now",
    "unreachable": "what the channel needs, such as an address, is not known now",
    "answered": "replied, bought or redeemed after an earlier contact",
    "ordered": "ordered after an earlier contact",
    "stopped": "an earlier contact of the series was cancelled",
    "late": "the day is past by more than limits.late_days",
}
WAITS = {
    "closed day": "nobody is contacted on this day",
    "quiet": "another campaign contacted them within limits.quiet_days",
    "cap": "limits.caps are used up for now",
    "capacity": "the channel's capacity of the day is used up",
    "series": "an earlier contact of the series is not sent yet",
    "spacing": "the contact before was late, and the days between them are kept",
    "retry": "failed, and is tried again later",
    "in hand": "another run is delivering them",
}


@dataclass(frozen=True)
class Known:
    """What is known of customers at the time of sending, by id as text.

    Attributes
    ----------
    people : dict of str to pandas.DataFrame
        By channel: flags ``suppressed``, ``consent``, ``reachable``, indexed by customer; who is missing has no
        consent.
    answered, ordered : collection of str
        Who replied, bought or redeemed, and who has ordered, after the first contact.
    past : pandas.DataFrame
        ``customer``, ``campaign``, ``channel``, ``time`` of contacts of all campaigns.
    """

    people: Mapping[str, pd.DataFrame]
    past: pd.DataFrame
    answered: Collection[str] = ()
    ordered: Collection[str] = ()


def judged(
    contacts: pd.DataFrame,
    limits: Limits,
    known: Known,
    *,
    campaign: str,
    on: dt.date,
    now: dt.datetime,
    revive: bool = False,
) -> pd.DataFrame:
    """Judge the contacts that are due by a day.

    Parameters
    ----------
    contacts : pandas.DataFrame
        Of the campaign, as the ledger tells them.
    limits : Limits
        Of the policy.
    known : Known
        What is known now.
    campaign : str
        Whose they are.
    on : date
        The day that is worked on.
    now : datetime
        The time, in the zone in which days are meant.
    revive : bool, default False
        Whether dead letters are tried again.

    Returns
    -------
    pandas.DataFrame
        The contacts that are due by then and neither sent nor cancelled, oldest first, with ``verdict`` (send, cancel,
        wait or dead) and ``code``, a key of `CANCELS` or `WAITS`. Where the day is past, what was sent since counts as
        sent on it: no earlier day lifts a limit.
    """
    import pandas as pd

    day = np.datetime64(on, "D")
    all_due = _days(contacts["due"])
    frame = contacts.assign(day=all_due, made=_local(contacts["time"], now))
    frame = _with_earlier(frame, on)
    frame = frame[(frame["day"].to_numpy() <= day) & ~frame["state"].isin(["sent", "cancelled"])]
    frame = frame.sort_values(["due", "step"], kind="stable").reset_index(drop=True)
    verdict = _Verdict(frame)
    if not revive:
        verdict.say(frame["state"] == "dead", "dead", "dead")
    verdict.say((frame["state"] == "claimed") & (frame["lease_until"] > now).fillna(False), "wait", "in hand")
    for channel, rows in frame.groupby("channel", sort=True):
        flags = known.people[str(channel)].reindex(rows["customer"])
        for code, wanted in (("suppressed", True), ("no consent", False), ("unreachable", False)):
            name = {"no consent": "consent", "unreachable": "reachable"}.get(code, code)
            flag = flags[name].fillna(False).to_numpy(dtype=bool)
            verdict.say(_at(frame, rows.index[flag == wanted]), "cancel", code)
    later = frame["step"] > 0
    verdict.say(frame["before"] == "cancelled", "cancel", "stopped")
    verdict.say(later & frame["customer"].isin(list(known.answered)), "cancel", "answered")
    verdict.say(later & frame["customer"].isin(list(known.ordered)), "cancel", "ordered")
    effective = np.maximum(frame["day"].to_numpy(), frame["earliest"].to_numpy())
    days_late = (day - effective) / np.timedelta64(1, "D")
    verdict.say(later & ~frame["before"].isin(["sent", "cancelled"]), "wait", "series")
    verdict.say((days_late > limits.late_days) & (frame["state"] != "dead"), "cancel", "late")
    verdict.say(effective > day, "wait", "spacing")
    retry = (frame["state"] == "failed") & (frame["retry_at"] > now).fillna(False)
    verdict.say(retry, "wait", "retry")
    if not is_open(limits, on):
        verdict.say(np.ones(len(frame), dtype=bool), "wait", "closed day")
    past = _past(contacts, known.past, campaign, now)
    present = max(np.datetime64(now.date(), "D"), day)
    used = past[past["day"].isin([day, present]) & (past["campaign"] == campaign)]
    past = past.assign(day=past["day"].mask(past["day"] > pd.Timestamp(on), pd.Timestamp(on)))
    verdict.say(_quiet(frame, past, limits, campaign, day), "wait", "quiet")
    for cap in limits.caps:
        verdict.say(_capped(frame, past, cap.contacts, cap.days, cap.channel, day), "wait", "cap")
    for channel, capacity in limits.capacity.items():
        left = max(capacity - int((used["channel"] == channel).sum()), 0)
        waiting = verdict.open & (frame["channel"] == channel).to_numpy()
        verdict.say(waiting & (np.cumsum(waiting) > left), "wait", "capacity")
    return frame.assign(verdict=verdict.word, code=verdict.code)


def all_too_late(
    rows: pd.DataFrame, verdicts: pd.DataFrame, late_days: int, now: dt.datetime
) -> ParameterError | None:
    """Return what to raise where all that a run would do is to cancel, because nobody ran it in time.

    Where something went on the day of these contacts or later the run was at work: they had to wait, and then end as
    the policy says.
    """
    late = verdicts["code"] == "late"
    if not late.any() or (verdicts["verdict"] == "send").any():
        return None
    oldest = verdicts.loc[late, "due"].min().date()
    sent = rows.loc[rows["state"] == "sent", "time"]
    if not sent.empty and sent.max().to_pydatetime().astimezone(now.tzinfo).date() >= oldest:
        return None
    return ParameterError(
        "No contact would go: what is due is too late, and would be cancelled",
        given=f"{format_count(int(late.sum()))} contacts, the oldest due on {oldest.isoformat()}",
        allowed=f"limits.late_days: {late_days}",
        fix="Nothing is changed. Raise limits.late_days to contact them all the same, plan and approve a campaign of "
        "another name with a later start, or give --cancel-late to cancel them.",
        code="all-late",
    )


def is_open(limits: Limits, day: dt.date) -> bool:
    """Return whether anybody may be contacted on a day.

    Examples
    --------
    >>> is_open(Limits(no_contact_on=("sat", "sun")), dt.date(2026, 1, 10))
    False
    """
    weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
    return weekday not in limits.no_contact_on and not any(p.first <= day <= p.last for p in limits.pauses)


class _Verdict:
    """Keeps the first verdict that is said of each row."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.word = np.full(len(frame), "send", dtype=object)
        self.code = np.full(len(frame), "", dtype=object)

    @property
    def open(self) -> np.ndarray:
        """Whether nothing is said yet."""
        return self.word == "send"

    def say(self, which: Any, word: str, code: str) -> None:
        """Say a word of the rows of which nothing is said yet."""
        at = np.asarray(which, dtype=bool) & self.open
        self.word[at], self.code[at] = word, code


def _with_earlier(frame: pd.DataFrame, on: dt.date) -> pd.DataFrame:
    """Add the state of the contact before, and the earliest day that keeps the days between the two."""
    import pandas as pd

    before = frame[["customer", "step", "state", "day", "made"]].assign(step=frame["step"] + 1)
    names = {"state": "before", "day": "day_before", "made": "made_before"}
    out = frame.merge(before.rename(columns=names), on=["customer", "step"], how="left")
    due, due_before = out["day"], out["day_before"]
    made = out["made_before"].mask(out["made_before"] > pd.Timestamp(on), pd.Timestamp(on))
    known = (out["before"] == "sent") & made.notna()
    return out.assign(earliest=(made + (due - due_before)).where(known, due).astype("datetime64[s]"))


def _quiet(
    frame: pd.DataFrame, past: pd.DataFrame, limits: Limits, campaign: str, day: np.datetime64
) -> np.ndarray:
    if not limits.quiet_days:
        return np.zeros(len(frame), dtype=bool)
    recent = (past["campaign"] != campaign) & (past["day"] >= day - np.timedelta64(limits.quiet_days, "D"))
    return frame["customer"].isin(past["customer"][recent]).to_numpy()


def _capped(
    frame: pd.DataFrame, past: pd.DataFrame, most: int, days: int, channel: str | None, day: np.datetime64
) -> np.ndarray:
    """Return whose contacts of the last days, this day included, leave no room for one more."""
    counted = past["day"] > day - np.timedelta64(days, "D")
    if channel is not None:
        counted &= past["channel"] == channel
    made = frame["customer"].map(past["customer"][counted].value_counts()).fillna(0).to_numpy()
    fits = np.ones(len(frame), dtype=bool) if channel is None else (frame["channel"] == channel).to_numpy()
    return fits & (made >= most)


def _past(contacts: pd.DataFrame, past: pd.DataFrame, campaign: str, now: dt.datetime) -> pd.DataFrame:
    """Return the contacts that count against caps: others' as they are told, our own where they are sent or in hand."""
    import pandas as pd

    # A contact of ours that failed must not stand in the way of its own next try.
    in_hand = (contacts["state"] == "claimed") & (contacts["lease_until"] > now).fillna(False)
    own = contacts[(contacts["state"] == "sent") | in_hand].assign(campaign=campaign)
    columns = ["customer", "campaign", "channel", "time"]
    every = pd.concat([past.loc[past["campaign"] != campaign, columns], own[columns]], ignore_index=True)
    return every.assign(day=_local(every["time"], now))


def _days(dates: pd.Series[Any]) -> pd.Series[Any]:
    return dates.astype("datetime64[s]").dt.normalize()


def _local(times: pd.Series[Any], now: dt.datetime) -> pd.Series[Any]:
    """Return the day of each time in the zone of `now`."""
    return times.dt.tz_convert(now.tzinfo).dt.tz_localize(None).dt.normalize().astype("datetime64[s]")


def _at(frame: pd.DataFrame, index: Any) -> np.ndarray:
    out = np.zeros(len(frame), dtype=bool)
    out[np.asarray(index)] = True
    return out
