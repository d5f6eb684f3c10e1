"""Monthly recurring revenue of subscriptions: its flow, and gross and net retention of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from churn.data.base import CustomerBase
from churn.data.history import EventLog
from churn.definition import Definition, Subscription
from churn.definition.subscription import number_subscriptions
from churn.retention.bounds import Span
from churn.retention.money import Money, amount


@dataclass(frozen=True)
class Recurring:
    """The monthly recurring revenue (MRR) of one period: the prices per month of all live subscriptions.

    ``start - lost - less + more + new = end``, to the last billionth. Customers are looked at, not subscriptions.

    Attributes
    ----------
    period_start, period_end : str
        The period, local dates; the end is exclusive.
    so_far : str or None
        Of a period that is not over: up to when it is counted.
    start, end : float
        MRR of the customers live at the start, and of those live at the end.
    lost : float
        MRR at the start of customers who pay nothing at the end.
    less, more : float
        What the others pay less, or more, at the end.
    new : float
        MRR at the end of customers who paid nothing at the start.
    """

    period_start: str
    period_end: str
    so_far: str | None
    start: float
    end: float
    lost: float
    less: float
    more: float
    new: float

    @property
    def gross_retention(self) -> float | None:
        """``(start - lost - less) / start``; None where nothing was paid at the start or the period is running."""
        return (
            (self.start - self.lost - self.less) / self.start if self.start > 0 and not self.so_far else None
        )

    @property
    def net_retention(self) -> float | None:
        """``(start - lost - less + more) / start``; None like the gross one."""
        if self.start <= 0 or self.so_far:
            return None
        return (self.start - self.lost - self.less + self.more) / self.start

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        names = ("start", "lost", "less", "more", "new", "end")
        return {
            "period_start": self.period_start,
            "period_end": self.period_end,
            "running": self.so_far is not None,
            **{f"mrr_{name}": getattr(self, name) for name in names},
            "gross_retention": self.gross_retention,
            "net_retention": self.net_retention,
        }


class RecurringTally:
    """Adds up recurring revenue part by part, where the definition goes by subscriptions with prices."""

    def __init__(self, spans: Sequence[Span], definition: Definition) -> None:
        self._spans, self._definition = spans, definition
        self._sums = [[0] * 6 for _ in spans]
        self._any = False

    def add(self, logs: Mapping[str, EventLog], customers: int) -> None:
        """Count the subscriptions of a part, as they were known."""
        log = logs.get("subscriptions")
        if not isinstance(self._definition, Subscription) or log is None or "price" not in log.numbers:
            return
        rows, _, until = self._definition.terms(log)
        price, start, who = (
            Money.of(np.maximum(_told_prices(log)[rows], 0.0)),
            log.time[rows],
            log.customer[rows],
        )
        self._any |= bool(len(rows))

        def paid(instant: int) -> Money:
            live = np.flatnonzero((start < instant) & (instant <= until))
            return price[live].by(who[live], customers)

        held: dict[int, Money] = {}
        for sums, span in zip(self._sums, self._spans, strict=True):
            was = held.pop(span.start, None) or paid(span.start)
            now = held[span.until] = paid(span.until)
            before, after = was.values, now.values
            nothing = Money.none(customers)
            gone, came = (before > 0) & ~(after > 0), ~(before > 0) & (after > 0)
            change = now + Money(-was.whole, -was.rest)
            stays = ~gone & ~came
            flows = (
                was,
                now,
                was.where(gone, nothing),
                Money(-change.whole, -change.rest).where(stays & (after < before), nothing),
                change.where(stays & (after > before), nothing),
                now.where(came, nothing),
            )
            for i, flow in enumerate(flows):
                sums[i] += flow.billionths()

    def result(self, base: CustomerBase) -> tuple[Recurring, ...] | None:
        """Return the periods; None where no subscription has a price."""
        if not self._any:
            return None
        return tuple(
            Recurring(
                base.date(s.start),
                base.date(s.end),
                base.date(s.until) if s.running else None,
                *map(amount, sums),
            )
            for s, sums in zip(self._spans, self._sums, strict=True)
        )


def _told_prices(log: EventLog) -> np.ndarray:
    """Return, per row, the price of its subscription that was told last; NaN before the first one."""
    import pandas as pd

    one = number_subscriptions(log, np.arange(len(log)))
    return pd.Series(log.numbers["price"]).groupby(one).ffill().to_numpy()
