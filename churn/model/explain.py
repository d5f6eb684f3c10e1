"""Reasons: what pushes a customer's risk up, in plain words with the customer's own numbers.

The model's own contributions are added up by topic; the topics that push up most are told, each in one sentence
that compares the customer with the customer's own past. A topic whose facts say nothing worrying is passed over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from churn.display import format_amount
from churn.features.signal import Signal

Facts = Mapping[str, float]
_DOWN = 0.15  # from this share on a fall is worth telling
_FEW_ORDER_DAYS = 3  # up to here a mean gap is no habit
_ANY_CONTACT = "engagement:interactions"
_SEGMENT_PUSH = 0.1  # log-odds from which belonging to a segment is worth telling


@dataclass(frozen=True)
class Reason:
    """One reason: its topic, its push in log-odds, and the sentence."""

    topic: str
    push: float
    text: str


def explain_rows(
    signals: tuple[Signal, ...],
    X: np.ndarray,
    contributions: np.ndarray,
    *,
    most: int = 3,
    currency: str = "",
    ignored_after_days: float = 7.0,
) -> list[list[Reason]]:
    """Return the reasons of some customers, strongest first.

    Parameters
    ----------
    signals : tuple of Signal
        What the columns are.
    X, contributions : numpy.ndarray of shape (n_rows, n_signals)
        Signals and their contributions to the score in log-odds.
    most : int, default 3
        Reasons per customer.
    currency : str, default ""
        Sign or code before amounts.
    ignored_after_days : float, default 7
        For the words about ignored complaints.

    Returns
    -------
    list of list of Reason
        For each row up to `most` reasons; fewer where the model has no more that push up.
    """
    topics = list(dict.fromkeys(s.topic for s in signals))
    own = {s.topic: s for s in reversed(signals) if s.family == "own"}
    member = np.zeros((len(signals), len(topics)))
    for i, s in enumerate(signals):
        member[i, topics.index(s.topic)] = 1.0
    push = contributions @ member
    teller = _Teller(currency, ignored_after_days)
    out = []
    for row, pushes in zip(X, push, strict=True):
        facts = {s.name: float(v) for s, v in zip(signals, row, strict=True)}
        values = {
            s.name: s.categories[int(v)]
            for s, v in zip(signals, row, strict=True)
            if s.categories and not math.isnan(v)
        }
        found: list[Reason] = []
        # First what compares the customer with the own past; plain facts only where that leaves room.
        for plain in (False, True):
            for k in np.argsort(-pushes, kind="stable"):
                if pushes[k] <= 0 or len(found) == most:
                    break
                topic = topics[k]
                if any(r.topic == topic for r in found) or _told_already(topic, found):
                    continue
                if topic.startswith("segment:") and pushes[k] < _SEGMENT_PUSH:
                    continue
                if topic in own:
                    text = teller.own(own[topic], facts, values)
                else:
                    text = teller.tell(topic, facts, values, plain=plain)
                if text and all(text != r.text for r in found):
                    found.append(Reason(topic, float(pushes[k]), text))
        found.sort(key=lambda r: -r.push)
        out.append(found)
    return out


def _told_already(topic: str, found: list[Reason]) -> bool:
    """Contacts of any kind and contacts of one kind say the same twice: only one of the two is told."""
    told = [r.topic for r in found if r.topic.startswith("engagement:")]
    if not topic.startswith("engagement:") or not told:
        return False
    return topic == _ANY_CONTACT or _ANY_CONTACT in told


class _Teller:
    """Finds the sentence for a topic."""

    def __init__(self, currency: str, ignored_after_days: float) -> None:
        self._currency, self._ignored_after = currency, ignored_after_days

    def tell(self, topic: str, facts: Facts, values: Mapping[str, str], *, plain: bool = False) -> str | None:
        """Return the sentence of a topic, or its plain fact; None where there is nothing worrying to tell."""
        if plain:
            return self._plain(topic, facts)
        if topic.startswith("engagement:"):
            return self._engagement(topic.split(":", 1)[1], facts)
        if topic.startswith("survey"):
            return self._survey(topic, facts)
        if topic.startswith("segment:"):
            value = values.get(topic)
            return (
                f"{topic.split(':', 1)[1].replace('_', ' ').capitalize()} {value} raises the risk"
                if value
                else None
            )
        teller: Callable[[Facts], str | None] | None = getattr(self, f"_{topic.replace(' ', '_')}", None)
        try:
            return teller(facts) if teller else None
        except _UnknownError:
            return None

    def own(self, signal: Signal, facts: Facts, values: Mapping[str, str]) -> str | None:
        """Return the plain fact of a signal of the user's own, in the words of its meaning."""
        value = values.get(signal.name, f"{_get(facts, signal.name):,.4g}")
        meaning = signal.meaning.split(";")[0].strip()
        return None if value == "nan" else f"{meaning[:1].upper()}{meaning[1:]}: {value}"

    def _plain(self, topic: str, f: Facts) -> str | None:
        once, late = math.isnan(_get(f, "gap_mean_days")), _get(f, "overdue_days")
        try:
            if topic in ("experience", "spend") and once:
                return f"No habit yet: {self._money(_get(f, 'amount_total'))} spent so far, all on one day"
            if topic == "frequency" and once and late >= 1:
                return f"Others order again after {_days(_get(f, 'gap_usual_days'))} on average"
            if topic == "frequency":
                return f"{_count(_get(f, 'orders_count_365d'), 'order')} in the last 365 days"
            if topic == "silence" and not once:
                return f"The last order was {_days(_get(f, 'recency_days'))} ago"
            if topic == "experience":
                return f"{_count(_get(f, 'orders_count'), 'order')} in {_days(_get(f, 'tenure_days'))} as a customer"
            if topic == "spend":
                return f"Spent {self._money(_get(f, 'amount_180d'))} in the last 180 days"
            if topic == "basket":
                return f"{self._money(_get(f, 'amount_mean'))} per order on average"
        except _UnknownError:
            pass
        return None

    def _silence(self, f: Facts) -> str | None:
        days, gap = _get(f, "recency_days"), _get(f, "gap_mean_days")
        if math.isnan(gap):
            return _once(f)
        if days > gap:
            if _get(f, "order_days_count") <= _FEW_ORDER_DAYS:
                return f"No order for {_days(days)}; the few before came {_days(gap)} apart"
            return f"No order for {_days(days)}; usually one every {_days(gap)}"
        spread = _get(f, "gap_spread_days")
        if spread > 0.75 * gap:
            return f"Irregular: {_days(gap)} between orders on average, give or take {_days(spread)}"
        return (
            f"Orders rarely, every {_days(gap)} on average; the last was {_days(days)} ago"
            if gap > 60
            else None
        )

    def _frequency(self, f: Facts) -> str | None:
        if math.isnan(_get(f, "gap_mean_days")):
            return _once(f)
        recent, year, fall = (
            _get(f, n) for n in ("orders_count_90d", "orders_count_365d", "orders_decline_90d")
        )
        if fall >= 1 and year > 0:
            return f"No order in the last 90 days, {year:,.0f} in the last 365"
        if fall >= _DOWN:
            return (
                f"{_count(recent, 'order')} in the last 90 days; the usual pace was {recent / (1 - fall):.1f}"
            )
        if _get(f, "orders_slope_6x30d") <= -_DOWN:
            return f"Orders are falling month by month: {_count(_get(f, 'orders_count_180d'), 'order')} in 180 days"
        return f"Only {_count(year, 'order')} in the last 365 days" if 0 < year <= 4 else None

    def _experience(self, f: Facts) -> str | None:
        if math.isnan(_get(f, "gap_mean_days")):
            return _once(f)
        orders = _get(f, "orders_count")
        return (
            f"Only {_count(orders, 'order')} in {_days(_get(f, 'tenure_days'))} as a customer"
            if orders <= 3
            else None
        )

    def _season(self, f: Facts) -> str | None:
        if _get(f, "tenure_days") >= 365 and _get(f, "orders_same_season") == 0:
            return "Ordered nothing in the same season last year"
        return None

    def _spend(self, f: Facts) -> str | None:
        fall, recent = _get(f, "amount_decline_90d"), _get(f, "amount_90d")
        if _DOWN <= fall < 1 and recent > 0:
            return f"Spent {self._money(recent)} in the last 90 days, {100 * fall:.0f} % under the usual pace"
        return None

    def _basket(self, f: Facts) -> str | None:
        last, mean, ratio = (_get(f, n) for n in ("amount_last", "amount_mean", "amount_last_vs_mean"))
        if ratio <= 1 - _DOWN:
            return f"The last order was {self._money(last)}; the average is {self._money(mean)}"
        fall = _get(f, "amount_mean_decline_90d")
        if fall >= _DOWN:
            return f"Orders of the last 90 days are {100 * fall:.0f} % smaller than before"
        products = _get(f, "products_mean")
        if products <= 5:
            return f"Narrow baskets: {products:.1f} different products per order"
        return None

    def _returns(self, f: Facts) -> str | None:
        count, share = _get(f, "returns_count"), _get(f, "returned_amount_share")
        return (
            f"Returned {100 * share:.0f} % of what was ordered ({_count(count, 'return')})"
            if count > 0 and share >= 0.005
            else None
        )

    def _ignored(self, f: Facts) -> str | None:
        count, age = _get(f, "ignored_complaints_count"), _get(f, "ignored_complaint_recency_days")
        open_age = _get(f, "unanswered_complaint_oldest_days")
        if count > 0:
            noun = "A complaint" if count == 1 else f"{count:.0f} complaints"
            last = "opened" if count == 1 else "the last opened"
            return f"{noun} without an answer within {self._ignored_after:g} days, {last} {_days(age)} ago"
        return f"A complaint has waited {_days(open_age)} for an answer" if not math.isnan(open_age) else None

    def _complaints(self, f: Facts) -> str | None:
        count, age = _get(f, "complaints_count_365d"), _get(f, "complaint_recency_days")
        if not count > 0:
            return None
        times = {1: "once", 2: "twice"}.get(int(count), f"{count:.0f} times")
        return f"Complained {times} in the last 365 days, last {_days(age)} ago"

    def _tickets(self, f: Facts) -> str | None:
        count = _get(f, "tickets_count_90d")
        return f"{_count(count, 'support ticket')} in the last 90 days" if count > 0 else None

    def _open_tickets(self, f: Facts) -> str | None:
        count = _get(f, "open_tickets_count")
        return f"{_count(count, 'ticket')} still open" if count > 0 else None

    def _replies(self, f: Facts) -> str | None:
        hours = _get(f, "first_reply_hours_last")
        return f"Waited {hours:.0f} hours for the last answer from support" if hours >= 24 else None

    def _satisfaction(self, f: Facts) -> str | None:
        mark = _get(f, "satisfaction_last")
        return f"Gave {mark:g} as the last satisfaction mark" if mark <= 3 else None

    def _discount(self, f: Facts) -> str | None:
        recent, ever = _get(f, "discount_share_180d"), _get(f, "discount_share")
        if recent >= 0.05 and recent >= ever:
            return f"Buys at a discount: {100 * recent:.0f} % off in the last 180 days"
        return None

    def _deliveries(self, f: Facts) -> str | None:
        late, count = _get(f, "delivery_delay_days_last"), _get(f, "late_deliveries_count_365d")
        if late >= 1:
            return f"The last delivery came {_days(late)} later than promised"
        return (
            f"{_count(count, 'late delivery', 'late deliveries')} in the last 365 days" if count > 0 else None
        )

    def _reopened(self, f: Facts) -> str | None:
        count = _get(f, "reopened_tickets_count_365d")
        return f"{_count(count, 'ticket')} had to be opened again in the last 365 days" if count > 0 else None

    def _escalated(self, f: Facts) -> str | None:
        count, age = _get(f, "escalated_tickets_count_365d"), _get(f, "escalated_recency_days")
        return (
            f"{_count(count, 'ticket')} escalated in 365 days, last {_days(age)} ago" if count > 0 else None
        )

    def _repeat_contact(self, f: Facts) -> str | None:
        count = _get(f, "repeat_tickets_count_90d")
        return (
            f"Wrote again about the same thing: {_count(count, 'ticket')} in the last 90 days"
            if count > 0
            else None
        )

    def _survey(self, topic: str, f: Facts) -> str | None:
        words = "survey" if topic == "survey" else topic.removeprefix("survey:") + " survey"
        change, last = _get(f, f"{topic}_score_change"), _get(f, f"{topic}_score_last")
        if change < 0:
            return f"The last {words} score fell by {-change:g} to {last:g}"
        if _get(f, f"{topic}_silent_share") >= 0.5 and _get(f, f"{topic}_silent_count_365d") > 0:
            return f"Leaves {_share(_get(f, f'{topic}_silent_share'))} of the {words}s unanswered"
        return None

    def _plan(self, f: Facts) -> str | None:
        cuts, change = _get(f, "price_cuts_count_365d"), _get(f, "plan_price_change")
        if change < 0:
            return f"Went down to a plan of {self._money(_get(f, 'plan_price'))} a month, {self._money(-change)} less"
        return f"{_count(cuts, 'downgrade')} in the last 365 days" if cuts > 0 else None

    def _renewal(self, f: Facts) -> str | None:
        days = _get(f, "renewal_days")
        if days < 0:
            return f"The paid term ended {_days(-days)} ago"
        return f"The paid term ends in {_days(days)}" if days <= 60 else None

    def _payments(self, f: Facts) -> str | None:
        count = _get(f, "failed_payments_count_90d")
        return f"{_count(count, 'failed payment')} in the last 90 days" if count > 0 else None

    def _acquisition(self, f: Facts) -> str | None:
        ratio = _get(f, "first_order_amount_vs_mean")
        if ratio >= 1.5:
            return f"Began with an order of {self._money(_get(f, 'first_order_amount'))}, above the average since"
        return None

    def _engagement(self, kind: str, f: Facts) -> str | None:
        noun = {"interactions": "visit or other contact"}.get(kind, kind.replace("_", " "))
        days, recent = _get(f, f"{kind}_recency_days"), _get(f, f"{kind}_count_30d")
        if days >= 30:
            return f"No {noun} for {_days(days)}"
        fall = _get(f, f"{kind}_decline_30d")
        if _DOWN <= fall < 1:
            noun = {"interactions": "contact"}.get(kind, noun)
            return f"{_count(recent, noun)} in the last 30 days; the usual pace was {recent / (1 - fall):.1f}"
        return None

    def _money(self, value: float) -> str:
        return format_amount(_known(value), self._currency)


def _once(f: Facts) -> str:
    once = "once" if _get(f, "orders_count") == 1 else "on a single day"
    return f"Ordered {once}, {_days(_get(f, 'recency_days'))} ago, and not again"


def _get(facts: Facts, name: str) -> float:
    return facts.get(name, math.nan)


class _UnknownError(Exception):
    """A sentence needs a number that is not known."""


def _known(value: float) -> float:
    if math.isnan(value):
        raise _UnknownError
    return value


def _days(value: float) -> str:
    days = max(round(_known(value)), 0)
    return f"{days:,} day{'' if days == 1 else 's'}"


def _share(value: float) -> str:
    return f"{100 * _known(value):.0f} %"


def _count(value: float, noun: str, plural: str = "") -> str:
    number = "no" if _known(value) == 0 else f"{value:,.0f}"
    return f"{number} {noun if value == 1 else plural or noun + 's'}"
