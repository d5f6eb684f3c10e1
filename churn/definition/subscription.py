"""Churn by contract: a subscription that ended, or was not renewed in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from churn.data.contracts import nearest
from churn.data.history import DAY_US, NEVER, EventLog, History
from churn.definition.base import Definition, Staying, check_days, check_words, log_of
from churn.definition.orders import first_row, seen_before
from churn.definition.stretches import Stretches
from churn.errors import ParameterError


@dataclass(frozen=True)
class Subscription(Definition):
    """Churn by contract: a live subscriber none of whose subscriptions is live any more.

    A subscription is live at an instant u when its newest row before u is no end and, with `grace_days`, u lies
    at most so many days after the end of the paid term (`renews`) that was told last. A customer is live while
    one subscription is; where the log has no `subscription` field, a customer has one. Failed payments change
    nothing unless `ended_when` names them.

    At a cutoff T the population is every customer who is live, by the rows known before T. A customer of the
    population churns when live at ``T + gap_days`` and no longer live at ``T + gap_days + horizon_days``; whoever
    is not live at ``T + gap_days`` was lost before the label window and counts neither way. So an end at the first
    instant of the window churns, and one at its last does not.

    Parameters
    ----------
    horizon_days : int
        Length of the label window; days, at least 1.
    gap_days : int, default 0
        Days between the cutoff and the label window, kept free to act in.
    grace_days : int, optional
        Days after `renews` within which a renewal still counts as in time; when left out `renews` is not looked
        at, and only ends count.
    ended_when : sequence of str, optional
        Values of the subscriptions' `event` that mean an end, beside the flag `is_end`.

    Raises
    ------
    ParameterError
        A value is not a whole number of days in its range, or no text.

    Examples
    --------
    >>> Subscription(horizon_days=30, grace_days=5, ended_when=("cancelled",)).describe()
    "active = a subscription that has not ended ('cancelled') and is at most 5 days past its renewal date; churn = ..."
    """

    kind: ClassVar[str] = "subscription"
    horizon_days: int
    gap_days: int = 0
    grace_days: int | None = None
    ended_when: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_days("horizon_days", self.horizon_days, 1)
        check_days("gap_days", self.gap_days, 0)
        if self.grace_days is not None:
            check_days("grace_days", self.grace_days, 0)
        object.__setattr__(self, "ended_when", check_words("ended_when", self.ended_when))

    @property
    def tables(self) -> tuple[str, ...]:
        """The logs that tell who is active: the subscriptions."""
        return ("subscriptions",)

    @property
    def lookback_days(self) -> int:
        """Days of history before the first cutoff: one horizon, for the signals to have something to see."""
        return self.horizon_days

    def active(self, logs: Mapping[str, EventLog], customers: int, instant: int) -> np.ndarray:
        """Tell of each customer whether one of the subscriptions is live."""
        log = log_of(self, logs, "subscriptions")
        terms = self._terms(log, instant)
        out = np.zeros(customers, dtype=bool)
        out[log.customer[terms.newest[terms.live]]] = True
        return out

    def doing(self, logs: Mapping[str, EventLog]) -> EventLog:
        """Return the orders: contracts have a rhythm of their own, see `strained`."""
        return logs["orders"]

    def strained(self, logs: Mapping[str, EventLog], customers: int, instant: int) -> np.ndarray:
        """Tell of each customer whether a live subscription is past its renewal date, or its last payment failed."""
        log = log_of(self, logs, "subscriptions")
        terms = self._terms(log, instant)
        out = np.zeros(customers, dtype=bool)
        out[log.customer[terms.newest[terms.live & (terms.overdue | terms.unpaid)]]] = True
        return out

    @property
    def strained_means(self) -> str:
        """What says that a subscriber is slipping away, in words."""
        late = "" if self.grace_days is None else "its renewal date has passed without a renewal, or "
        return f"a live subscription where {late}the last row is a failed payment"

    @property
    def unseen_means(self) -> str:
        """What a customer is who was never active so far."""
        return "no subscription yet"

    def seen(self, logs: Mapping[str, EventLog], customers: int, instant: int) -> np.ndarray:
        """Tell of each customer whether there is any row about a subscription before an instant."""
        return seen_before(log_of(self, logs, "subscriptions"), customers, instant)

    def first_seen(self, logs: Mapping[str, EventLog], customers: int) -> np.ndarray:
        """Return the instant of each customer's first row about a subscription, `NEVER` without."""
        return first_row(log_of(self, logs, "subscriptions"), customers)

    def stretches(self, logs: Mapping[str, EventLog]) -> Stretches:
        """Return, per row that leaves a subscription live, the time until its next row or until the grace is over."""
        log = log_of(self, logs, "subscriptions")
        rows, _, end = self.terms(log)
        order = np.argsort(rows)  # in the order of the log again
        return Stretches(log.customer[rows[order]], log.time[rows[order]], end[order])

    def terms(self, log: EventLog) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows that leave a subscription live, which subscription it is, and until when it stays so.

        Returns
        -------
        tuple of numpy.ndarray, each of int64 and shape (n_terms,)
            Rows of the log by subscription and time; the subscriptions' numbers; the last instant at which the
            subscription is live by this row, `NEVER` where nothing ends it.
        """
        ends = self._ends(log)
        rows = np.arange(len(log))
        failed = log.numbers.get("is_failed_payment")
        if failed is not None:
            rows = rows[ends | (failed != 1)]
        one = number_subscriptions(log, rows)
        order = np.argsort(one, kind="stable")
        rows, one = rows[order], one[order]
        at = np.arange(len(rows))
        first = np.searchsorted(one, one, side="left")
        until = np.full(len(rows), NEVER)
        follows = np.flatnonzero(one[1:] == one[:-1])
        until[follows] = log.time[rows[follows + 1]]
        renews = log.instants.get("renews")
        if self.grace_days is not None and renews is not None:
            told = np.maximum.accumulate(np.where(renews[rows] != NEVER, at, -1))
            ended = np.maximum.accumulate(np.where(ends[rows], at, -1))
            due = (told >= first) & (told > ended)  # what was told before an end is of the term before
            grace = renews[rows[told[due]]] + self.grace_days * DAY_US
            until[due] = np.minimum(until[due], grace)
        live = ~ends[rows]
        return rows[live], one[live], until[live]

    def outcomes(self, history: History, cutoff: int, population: np.ndarray) -> np.ndarray:
        """Return 1.0 for those not live at the end of the label window, NaN for those not live at its start."""
        n = len(history.customers)
        first = self.active(history.logs, n, cutoff + self.gap_days * DAY_US)[population]
        last = self.active(history.logs, n, cutoff + self.window_us)[population]
        return np.where(first, np.where(last, 0.0, 1.0), np.nan)

    @property
    def active_means(self) -> str:
        """What makes a customer active, in words."""
        return f"a subscription that has not ended{self._ending}" + (
            "" if self.grace_days is None else f" and is at most {self.grace_days} days past its renewal date"
        )

    @property
    def lost_means(self) -> str:
        """What makes an active customer no longer active, in words."""
        return "no live subscription"

    @property
    def churn_means(self) -> str:
        """What the probability is of, in words."""
        return "no live subscription at the end of the horizon"

    @property
    def _ending(self) -> str:
        return f" ({', '.join(map(repr, self.ended_when))})" if self.ended_when else ""

    def describe(self) -> str:
        """Say the definition in one sentence."""
        churn = f"no live subscription in {self.ahead_days} days"
        if self.gap_days:
            churn += f", but still one after the {self.gap_days} days left free to act"
        return f"active = {self.active_means}; churn = {churn}"

    def staying(self, churn_probability: np.ndarray, recency_days: np.ndarray) -> Staying:  # noqa: ARG002
        """Return 1 - p: whoever does not churn has a live subscription when the window ends."""
        note = "each counts with 1 - the churn probability."
        if self.gap_days:
            note += f" An upper bound: who is lost within the gap of {self.gap_days} days is not foreseen."
        return 1 - churn_probability, note

    def _terms(self, log: EventLog, instant: int) -> _Terms:
        """Return how every subscription stands at an instant, by its number."""
        ends = self._ends(log)
        every = np.arange(np.searchsorted(log.time, instant, side="left"))
        one = number_subscriptions(log, every)
        n = int(one.max(initial=-1)) + 1
        failed = log.numbers.get("is_failed_payment")
        rows = every if failed is None else every[ends[every] | (failed[every] != 1)]
        # Rows are in time order, and of repeated indices the last assignment stays: the newest row wins.
        last, newest, ended, told = np.full((4, n), -1)
        last[one] = every
        newest[one[rows]] = rows
        ended[one[rows][ends[rows]]] = rows[ends[rows]]
        live = (newest >= 0) & (ended < newest)
        overdue = np.zeros(n, dtype=bool)
        renews = log.instants.get("renews")
        if self.grace_days is not None and renews is not None:
            said = rows[renews[rows] != NEVER]
            told[one[said]] = said
            due = told > ended  # what was told before an end is of the term before
            live[due] &= instant - self.grace_days * DAY_US <= renews[told[due]]
            overdue[due] = renews[told[due]] < instant
        unpaid = np.zeros(n, dtype=bool) if failed is None else failed[last] == 1
        return _Terms(newest, live, overdue, unpaid)

    def _ends(self, log: EventLog) -> np.ndarray:
        """Tell which rows are ends; an error where nothing can say so."""
        flag, event = log.numbers.get("is_end"), log.categories.get("event")
        ends = np.zeros(len(log), dtype=bool) if flag is None else flag == 1
        if self.ended_when:
            labels = event.labels if event is not None else ()
            known = [i for i, label in enumerate(labels) if label in self.ended_when]
            if not known:
                near = nearest(self.ended_when[0], labels)
                raise ParameterError(
                    "No subscription has an event that definition.ended_when names",
                    given=f"{', '.join(map(repr, self.ended_when))}; the events are {', '.join(labels[:12]) or 'none'}",
                    fix=f"Did you mean {near!r}?"
                    if near
                    else "Map `event`, and name its values as they are in the data.",
                    code="no-such-event",
                )
            if event is not None:
                ends |= np.isin(event.codes, known)
        elif flag is None and (self.grace_days is None or "renews" not in log.instants):
            raise ParameterError(
                "Nothing says when a subscription is over",
                given=f"grace_days {self.grace_days}, no ended_when, and subscriptions with "
                f"{', '.join([*log.numbers, *log.instants, *log.categories]) or 'no column'}",
                allowed="ended_when with `event`, the flag `is_end`, or grace_days with `renews`",
                fix="Give one of them.",
                code="no-end",
            )
        return ends


@dataclass(frozen=True)
class _Terms:
    """By subscription: its newest row but for failed payments (-1 without), and how it stands."""

    newest: np.ndarray
    live: np.ndarray
    overdue: np.ndarray
    unpaid: np.ndarray


def number_subscriptions(log: EventLog, rows: np.ndarray) -> np.ndarray:
    """Return the number of each row's subscription; without a name it is the customer's one subscription."""
    import pandas as pd

    customer = log.customer[rows].astype(np.int64)
    name = log.numbers.get("subscription")
    if name is None:
        return customer
    codes = pd.factorize(name[rows])[0].astype(np.int64)  # -1 where it is empty
    return np.asarray(pd.factorize((customer << 32) | (codes + 1))[0], dtype=np.int64)
