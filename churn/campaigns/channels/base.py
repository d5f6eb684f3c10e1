"""What a channel takes and what it answers; the interface of a channel of one's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

Status = Literal["sent", "failed", "rejected", "held"]
STATUSES: tuple[str, ...] = get_args(Status)
BASE_COLUMNS = ("key", "campaign", "customer", "step", "action", "channel", "due")
DETAIL_LETTERS = 200


@dataclass(frozen=True)
class Contact:
    """One contact that is due, as a channel is handed it.

    Attributes
    ----------
    campaign, customer : str
        Whose it is.
    step : int
        Which contact of the action it is, from 0.
    action, channel : str
        What is done, and over what.
    due : date
        The day it was planned for.
    key : str
        The same for every try of this contact and different for any other: whoever receives it twice throws one away.
    content : dict of str to str
        What the policy hands over with the action, such as the template's name.
    fields : dict of str to str
        Columns of the contact data that the policy names, such as email; empty where not known.

    Examples
    --------
    >>> import datetime as dt
    >>> Contact("winter", "C1", 0, "mail", "email", dt.date(2026, 1, 5), "k1", fields={"email": "a@b.example"})
    Contact(campaign='winter', customer='C1', step=0, action='mail', channel='email', due=datetime.date(2026, 1, 5),
            key='k1', content={})
    """

    campaign: str
    customer: str
    step: int
    action: str
    channel: str
    due: dt.date
    key: str
    content: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)  # personal: not in any log

    def plain(self) -> dict[str, Any]:
        """Return it as plain values: `BASE_COLUMNS`, ``content`` and ``fields``."""
        base = {name: getattr(self, name) for name in BASE_COLUMNS} | {"due": self.due.isoformat()}
        return base | {"content": dict(self.content), "fields": dict(self.fields)}


@dataclass(frozen=True)
class Result:
    """What came of one contact.

    Attributes
    ----------
    key : str
        The contact's.
    status : {"sent", "failed", "rejected", "held"}
        Taken; not taken but may be later; never will be; not tried.
    detail : str
        Why, in a few words that hold neither personal data nor secrets: it is stored.
    retry_after : float, optional
        Seconds after which to try again, where the receiver named them.

    Examples
    --------
    >>> Result("k1", "failed", "answered 503")
    Result(key='k1', status='failed', detail='answered 503', retry_after=None)
    """

    key: str
    status: Status
    detail: str = ""
    retry_after: float | None = None


class Channel(Protocol):
    """What a channel must have: anything with this method is one."""

    def deliver(self, batch: Sequence[Contact]) -> Sequence[Result]:
        """Hand over some contacts; return one result per contact, in any order."""
        ...  # pragma: no cover


def settled(batch: Sequence[Contact], results: Any) -> tuple[list[Result], list[str]]:
    """Return one result per contact, in the batch's order, and what is wrong with what a channel answered.

    A contact without a sound result of its own counts as failed: it is tried again with the same key.

    Parameters
    ----------
    batch : sequence of Contact
        What was handed over.
    results : object
        What the channel returned.

    Examples
    --------
    >>> import datetime as dt
    >>> one = Contact("winter", "C1", 0, "mail", "email", dt.date(2026, 1, 5), "k1")
    >>> settled([one], [Result("k2", "sent")])
    ([Result(key='k1', status='failed', detail='the channel gave no result for this contact', retry_after=None)],
     ['contacts without a result: 1', 'results for contacts that it was not handed: 1'])
    """
    if not isinstance(results, Iterable) or isinstance(results, (str, bytes, Mapping)):
        wrong = f"returned {_kind(results)} where a list of results is expected"
        return [Result(c.key, "failed", f"the channel {wrong}") for c in batch], [wrong]
    keys = {c.key for c in batch}
    found: dict[str, list[Result]] = {}
    foreign = other = 0
    for result in results:
        if not _sound(result):
            other += 1
        elif result.key not in keys:
            foreign += 1
        else:
            found.setdefault(result.key, []).append(result)
    missing = sum(c.key not in found for c in batch)
    told = (
        (missing, "contacts without a result"),
        (foreign, "results for contacts that it was not handed"),
        (other, "results that are no churn.campaigns.Result as it must be"),
    )
    return [_one(c, found.get(c.key, [])) for c in batch], [f"{text}: {n}" for n, text in told if n]


def _one(contact: Contact, found: Sequence[Result]) -> Result:
    if not found:
        return Result(contact.key, "failed", "the channel gave no result for this contact")
    if len({r.status for r in found}) > 1:
        return Result(contact.key, "failed", "the channel gave two results for this contact that differ")
    first = found[0]
    return Result(first.key, first.status, short(first.detail), first.retry_after)


def _sound(result: Any) -> bool:
    return (
        isinstance(result, Result)
        and isinstance(result.key, str)
        and result.status in STATUSES
        and isinstance(result.detail, str)
        and (result.retry_after is None or _seconds(result.retry_after))
    )


def _seconds(value: Any) -> bool:
    return isinstance(value, (int, float)) and 0 <= value < float("inf")


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


def short(text: str) -> str:
    r"""Return a text as one line of at most `DETAIL_LETTERS` letters.

    Examples
    --------
    >>> short("one\n two")
    'one two'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= DETAIL_LETTERS else line[: DETAIL_LETTERS - 1] + "…"
