"""How the rows of each table are told in a customer's timeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from churn.data.calendar import date_text
from churn.data.eventlog import DAY_US, HOUR_US, NEVER, EventLog
from churn.display import format_amount
from churn.model.reasons.words import hours_text, plural

_LONGEST = 60  # a text of the data, such as a ticket's category, is cut there


@dataclass(frozen=True)
class Batch:
    """Rows of one table to be told.

    Attributes
    ----------
    log : EventLog
        The rows, as known before the cutoff.
    cutoff : int
        T, in microseconds UTC.
    timezone : str
        The zone of dates.
    currency : str
        Before amounts.
    count : numpy.ndarray of int64, shape (n_rows,)
        How many rows each stands for.
    alike : numpy.ndarray of bool, shape (n_rows,)
        Whether all that a row stands for came by the same channel.
    """

    log: EventLog
    cutoff: int
    timezone: str
    currency: str
    count: np.ndarray
    alike: np.ndarray

    def money(self, value: float) -> str:
        """Write an amount."""
        return format_amount(value, self.currency)

    def date(self, instant: int) -> str:
        """Write an instant's local date."""
        return date_text(instant, self.timezone)[:10]


@dataclass(frozen=True)
class Told:
    """The rows of a table as entries: what they are, what they are worth, in words, and whether they wait for us."""

    kind: list[str]
    text: list[str]
    amount: np.ndarray
    open: np.ndarray


Writer = Callable[[Batch], Told]


def _orders(rows: Batch) -> Told:
    log = rows.log
    amount, n = log.numbers["amount"], len(log)
    channel, late = _texts(log, "channel"), _lateness(rows)
    texts = []
    for i, value in enumerate(amount.tolist()):
        what = "order" if np.isnan(value) else f"order of {rows.money(value)}"
        texts.append(_listed(what, channel[i], late[i]))
    return Told(["order"] * n, texts, amount, np.zeros(n, dtype=bool))


def _lateness(rows: Batch) -> list[str]:
    """Say of each order whether it came late, or is late at the cutoff, by a day or more."""
    log = rows.log
    promised, delivered = (log.instants.get(c) for c in ("promised", "delivered"))
    if promised is None or delivered is None:
        return [""] * len(log)
    arrived = delivered != NEVER
    end = np.where(arrived, delivered, rows.cutoff)
    days = np.where(promised == NEVER, 0, np.maximum(end - promised, 0) // DAY_US)
    return [
        "" if late < 1 else f"arrived {_days(late)} late" if there else f"not there yet, {_days(late)} late"
        for late, there in zip(days.tolist(), arrived.tolist(), strict=True)
    ]


def _returns(rows: Batch) -> Told:
    log = rows.log
    amount, n = log.numbers["amount"], len(log)
    texts = ["return" if np.isnan(v) else f"return of {rows.money(v)}" for v in amount.tolist()]
    return Told(["return"] * n, texts, amount, np.zeros(n, dtype=bool))


def _tickets(rows: Batch) -> Told:
    log = rows.log
    n = len(log)
    complaint = log.numbers.get("is_complaint", np.zeros(n)) > 0
    kinds = ["complaint" if c else "ticket" for c in complaint.tolist()]
    category, channel = _texts(log, "category"), _texts(log, "channel")
    mark = log.numbers.get("satisfaction", np.full(n, np.nan)).tolist()
    states, waiting = _states(rows)
    escalated = _happened(log, "escalated").tolist()
    texts = []
    for i, kind in enumerate(kinds):
        about = f"{kind} about {category[i]}" if category[i] not in ("", kind) else kind
        more = "escalated" if escalated[i] else ""
        marked = "" if np.isnan(mark[i]) else f"mark {mark[i]:g}"
        texts.append(_listed(about, channel[i], states[i], more, marked))
    return Told(kinds, texts, np.full(n, np.nan), waiting)


def _states(rows: Batch) -> tuple[list[str], np.ndarray]:
    """Say of each ticket how long an answer took or has been due, and whether it is open."""
    log = rows.log
    has_reply, has_end = "first_reply" in log.instants, "resolved" in log.instants
    if not has_reply and not has_end:  # nobody can tell
        return [""] * len(log), np.zeros(len(log), dtype=bool)
    never = np.full(len(log), NEVER, dtype=np.int64)
    reply, end = log.instants.get("first_reply", never), log.instants.get("resolved", never)
    again = log.instants.get("reopened", never)
    answer = np.minimum(reply, end)
    reopened = (again != NEVER) & (end != NEVER) & (again >= end)
    waiting = ((end == NEVER) | reopened) if has_end else (answer == NEVER)
    waited = _hours(rows.cutoff - log.time)
    texts = []
    for i in range(len(log)):
        if reopened[i]:
            texts.append(f"resolved, opened again {hours_text(float(_hours(rows.cutoff - again[i])))} ago")
        elif end[i] != NEVER:
            texts.append(f"resolved after {hours_text(float(_hours(end[i] - log.time[i])))}")
        elif answer[i] == NEVER:
            missing = "unanswered" if has_reply else "not resolved"
            texts.append(f"{missing} for {hours_text(waited[i])}")
        else:
            answered = f"answered after {hours_text(float(_hours(reply[i] - log.time[i])))}"
            texts.append(f"{answered}, not resolved for {hours_text(waited[i])}" if has_end else answered)
    return texts, waiting


def _interactions(rows: Batch) -> Told:
    log = rows.log
    kind, channel = _texts(log, "kind"), _texts(log, "channel")
    texts = []
    for i, (n, same) in enumerate(zip(rows.count.tolist(), rows.alike.tolist(), strict=True)):
        noun = kind[i].replace("_", " ") or "contact"
        what = noun if n == 1 else f"{n:,} {plural(noun)} that week"
        texts.append(_listed(what, channel[i] if same else ""))
    n_rows = len(log)
    return Told(["interaction"] * n_rows, texts, np.full(n_rows, np.nan), np.zeros(n_rows, dtype=bool))


def _surveys(rows: Batch) -> Told:
    log = rows.log
    n = len(log)
    kind, known = _texts(log, "kind"), "answered" in log.instants
    score = log.numbers.get("score", np.full(n, np.nan)).tolist()
    answered = _happened(log, "answered").tolist()
    texts = []
    for i in range(n):
        what = f"{kind[i]} survey" if kind[i] and kind[i] != "survey" else "survey"
        if not np.isnan(score[i]):
            texts.append(f"{what}: {score[i]:g}")
        else:
            said = "answered" if answered[i] else "no answer" if known else ""
            texts.append(_listed(what, said))
    return Told(["survey"] * n, texts, np.full(n, np.nan), np.zeros(n, dtype=bool))


def _subscriptions(rows: Batch) -> Told:
    log = rows.log
    n = len(log)
    event, plan = _texts(log, "event"), _texts(log, "plan")
    ends = (log.numbers.get("is_end", np.zeros(n)) > 0).tolist()
    failed = (log.numbers.get("is_failed_payment", np.zeros(n)) > 0).tolist()
    price = log.numbers.get("price", np.full(n, np.nan))
    until = log.instants.get("renews", np.full(n, NEVER, dtype=np.int64)).tolist()
    texts = []
    for i, value in enumerate(price.tolist()):
        named = event[i].replace("_", " ")
        what = f"subscription: {named}" if named else "subscription"
        if failed[i] or ends[i]:
            what = "payment failed" if failed[i] else "subscription ended"
        texts.append(
            _listed(
                what,
                f"plan {plan[i]}" if plan[i] else "",
                "" if np.isnan(value) else f"{rows.money(value)} a month",
                "" if until[i] == NEVER or ends[i] else f"paid until {rows.date(until[i])}",
            )
        )
    return Told(["subscription"] * n, texts, price, np.zeros(n, dtype=bool))


# Of the same instant, what stands later here comes first in a timeline, which is newest first.
WRITERS: dict[str, Writer] = {
    "subscriptions": _subscriptions,
    "interactions": _interactions,
    "orders": _orders,
    "returns": _returns,
    "tickets": _tickets,
    "surveys": _surveys,
}


def _texts(log: EventLog, name: str) -> list[str]:
    """Return a text column, "" where it is unknown or not there; long texts are cut, line breaks taken out."""
    if name not in log.categories:
        return [""] * len(log)
    codes, labels = log.categories[name].codes, log.categories[name].labels
    short = {code: _short(labels[code]) for code in np.unique(codes).tolist() if code >= 0}
    return [short.get(code, "") for code in codes.tolist()]


def _short(text: str) -> str:
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"


def _happened(log: EventLog, name: str) -> np.ndarray:
    there = log.instants.get(name)
    return np.zeros(len(log), dtype=bool) if there is None else there != NEVER


def _hours(microseconds: np.ndarray) -> np.ndarray:
    return np.maximum(microseconds, 0) / HOUR_US


def _listed(*parts: str) -> str:
    return ", ".join(p for p in parts if p)


def _days(n: int) -> str:
    return f"{n:,} day{'' if n == 1 else 's'}"
