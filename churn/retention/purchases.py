"""What customers buy: revenue and how much of it stays, repeat purchases, order value, lifetime value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from churn.config.retention import Every, RetentionSettings
from churn.data.base import CustomerBase, count
from churn.data.history import DAY_US, EventLog, History, Instant
from churn.definition import Definition
from churn.definition.orders import first_row
from churn.retention.answers import AnswerTally
from churn.retention.cohorts import beginning, cohort_of, cohort_spans, known_logs, rows_of
from churn.retention.lifetime import Lifetime
from churn.retention.money import Money, amount
from churn.retention.periods import read_as_of
from churn.retention.purchase_series import PurchasePeriod, Purchases
from churn.retention.recurring import RecurringTally

if TYPE_CHECKING:
    from churn.data.store import LogStore

TABLES = ("orders", "returns", "surveys")


def purchases(
    data: History | LogStore | CustomerBase,
    definition: Definition,
    every: Every = "month",
    *,
    as_of: Instant | int | None = None,
    calendar: RetentionSettings | None = None,
) -> Purchases:
    """Tell what customers bought in each calendar period, and how much of the revenue of those who were there stayed.

    Parameters
    ----------
    data : History, LogStore or CustomerBase
        The customers, in one piece or in parts.
    definition : Definition
        Says who is active at the start of a period, whose revenue is followed.
    every : {"day", "week", "month", "quarter", "year"}, default "month"
        The period.
    as_of : date, datetime or str, optional
        The instant T at which somebody looks: only what had happened and was known strictly before it counts.
    calendar : RetentionSettings, optional
        The user's calendar, how many customers are few, and which surveys are NPS and CSAT.

    Returns
    -------
    Purchases
        Orders, buyers, revenue before and after returns, revenue retention, repeat-purchase rate, mean order value,
        orders per buyer, lifetime value by cohort, and NPS, CSAT and monthly recurring revenue where the data have
        them.

    Notes
    -----
    Of the customers S active at the start of a period, let b be what each ordered in the period before and c in this
    one, neither below 0. Net revenue retention is ``sum(c) / sum(b)`` and gross revenue retention
    ``sum(min(b, c)) / sum(b)``: what a customer spends more makes up for nobody else in the second [1]_, [2]_. They
    were made for subscriptions, where revenue is even; in a shop a customer without an order in a month
    is no lost revenue, so take periods long enough for most to order again, and read the net one.

    References
    ----------
    .. [1] Baremetrics, "Net Revenue Retention",
       https://changelog.baremetrics.com/new-metric-net-revenue-retention-2BOJIA
    .. [2] Denoise, "Gross revenue retention formula", https://dnoise.online/en/metrics/formulas/grr-formula

    Examples
    --------
    >>> import churn
    >>> found = purchases(churn.make_shop(customers=300, seed=2).history(), churn.Inactivity(120, 45), "quarter")
    >>> p = found.periods[4]
    >>> p.repeat_buyers <= p.buyers <= p.orders and p.gross_retention <= p.net_retention
    True
    """
    base = CustomerBase.of(data)
    known = None if as_of is None else read_as_of(base, as_of)
    tally = PurchaseTally(base, definition, every, known_before=known, settings=calendar)
    count(base, tally, tables=tally.tables)
    return tally.result()


class PurchaseTally:
    """Counts purchases part by part; see `purchases` for the parameters."""

    def __init__(
        self,
        base: CustomerBase,
        definition: Definition,
        every: Every = "month",
        *,
        known_before: Instant | int | None = None,
        settings: RetentionSettings | None = None,
    ) -> None:
        self.settings = settings or RetentionSettings()
        self.base, self.definition, self.every = base, definition, every
        self.known = None if known_before is None else base.instant(known_before, "known_before")
        self.spans = cohort_spans(base, every, self.settings, self.known)
        self.tables = tuple(dict.fromkeys((*TABLES, *definition.tables)))
        n = len(self.spans)
        self._counts = np.zeros((n, 6), dtype=np.int64)
        self._money = [[0] * 5 for _ in range(n)]
        self._cohorts = np.zeros(n + 1, dtype=np.int64)
        self._spent = [Money.none(n + 1) for _ in range(n)]
        self._unseen = 0
        self._answers = AnswerTally(self.spans, self.settings)
        self._recurring = RecurringTally(self.spans, definition)

    def add(self, part: History) -> None:
        """Count the customers of a part."""
        n, spans = len(part.customers), self.spans
        if not n or not spans:
            return
        logs = known_logs(part, self.tables, self.known)
        orders, returns = logs["orders"], logs.get("returns")
        bought = first_row(orders, n)
        cohort = cohort_of(spans, self.definition.first_seen(logs, n))
        self._cohorts += np.bincount(cohort, minlength=len(spans) + 2)[:-1]
        times = np.zeros(n, dtype=np.int64)
        before = Money.none(n)
        active = self.definition.active_at(logs, n, [s.start for s in spans])
        back = rows_of(returns, spans) if returns is not None else [slice(0, 0)] * len(spans)
        for p, (span, there, rows, gone) in enumerate(
            zip(spans, active, rows_of(orders, spans), back, strict=True)
        ):
            who = orders.customer[rows]
            here = np.bincount(who, minlength=n)
            times += here
            buyers = here > 0
            now = _amounts(orders, rows).by(who, n)
            lost, spent = Money.none(n), now
            if returns is not None and gone.stop > gone.start:
                lost = _amounts(returns, gone).by(returns.customer[gone], n)
                spent = now + Money(-lost.whole, -lost.rest)
            self._counts[p] += (
                len(who),
                buyers.sum(),
                (buyers & (bought < span.start)).sum(),
                (times > 0).sum(),
                (times > 1).sum(),
                there.sum(),
            )
            held, kept = _positive(before[there]), _positive(now[there])
            lower = kept.where(kept.values < held.values, held)
            for i, money in enumerate((now, lost, held, kept, lower)):
                self._money[p][i] += money.billionths()
            brought = spent.by(cohort, len(spans) + 2)
            self._spent[p] = self._spent[p] + brought[:-1]
            self._unseen += brought[-1:].billionths()
            before = now
        self._answers.add(logs.get("surveys"))
        self._recurring.add(logs, n)

    def result(self) -> Purchases:
        """Return what was counted."""
        base, first = self.base, self.base.midnight(self.base.data_start)
        begins = base.data_start + self.definition.lookback_days * DAY_US
        periods = []
        for p, (span, counts, money) in enumerate(
            zip(self.spans, self._counts.tolist(), self._money, strict=True)
        ):
            comparable = (
                p > 0 and self.spans[p - 1].start >= first and span.start >= begins and not span.running
            )
            periods.append(
                PurchasePeriod(
                    base.date(span.start),
                    base.date(span.end),
                    base.date(span.until) if span.running else None,
                    span.start < first,
                    span.start < begins,
                    *counts,
                    *money[:2],
                    *(money[2:] if comparable else (None, None, None)),
                )
            )
        new_from = beginning(self.definition, self.settings)
        early = sum(s.start < base.data_start + new_from * DAY_US for s in self.spans) if new_from else 0
        return Purchases(
            every=self.every,
            periods=tuple(periods),
            lifetime=Lifetime.of(
                [base.date(s.start) for s in self.spans],
                self._cohorts,
                self._spent,
                early=early,
                running=bool(self.spans) and self.spans[-1].running,
                few=self.settings.small_below,
                unseen=amount(self._unseen),
            ),
            recurring=self._recurring.result(base),
            answers=self._answers.result(base),
            active_means=self.definition.active_means,
            begin_days=self.definition.lookback_days,
            small_below=self.settings.small_below,
        )


def _amounts(log: EventLog, rows: slice) -> Money:
    return Money.of(log.numbers["amount"][rows])


def _positive(money: Money) -> Money:
    """Take what is below nothing as nothing."""
    return money.where(money.values > 0, Money.none(len(money.whole)))
