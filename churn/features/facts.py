"""What each row of a log says: its columns, and what is derived from it and the customer's rows before it.

Nothing here looks at later rows or at a cutoff, so it is worked out once for all cutoffs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from churn.data.history import DAY_US, HOUR_US, NEVER, Category, EventLog
from churn.errors import DataError
from churn.features.exact import fixed_point
from churn.features.streams import stable_order

Array = np.ndarray
_ERA_HALF_LIVES = 16  # within an era the weights of a fading rate grow from 1 to 2^16
_REPEAT_DAYS = 30


class Facts:
    """The columns of one log by name, with derived ones computed once."""

    def __init__(self, log: EventLog, customers: int) -> None:
        self.log, self.customers = log, customers
        self._derived: dict[str, Array] = {}
        self._order: Array | None = None

    def column(self, name: str) -> Array:
        """Return a column as float64; instants are microseconds, NaN where they have not happened."""
        if name in self.log.numbers:
            return self.log.numbers[name]
        if name not in self._derived:
            if name == "time":
                self._derived[name] = self.log.time.astype(np.float64)
            elif name in self.log.instants or name == "answer":
                instant = self.instant(name)
                self._derived[name] = np.where(instant == NEVER, np.nan, instant)
            elif name in self.log.categories:
                raise DataError(
                    f"{self.log.name}.{name} holds text, and numbers are needed",
                    given=", ".join(map(repr, self.log.categories[name].labels[:5])),
                    fix="Mend the column; a model trained on numbers cannot read texts.",
                    code="text-for-number",
                )
            elif name.startswith("fade:"):
                self._derived[name] = fade_weights(self.log.time, float(name.removeprefix("fade:")))
            else:
                self._derived[name] = DERIVED[self.log.name, name][0](self)
        return self._derived[name]

    def instant(self, name: str) -> Array:
        """Return a time column as int64, `NEVER` where it has not happened."""
        if name == "time":
            return self.log.time
        if name == "answer":
            found = [self.log.instants[c] for c in ("first_reply", "resolved") if c in self.log.instants]
            return np.minimum.reduce(found) if found else np.full(len(self.log), NEVER, dtype=np.int64)
        return self.log.instants[name]

    def category(self, name: str) -> Category:
        """Return a text column."""
        return self.log.categories[name]

    def by_customer(self) -> Array:
        """Return the rows' order by customer, then time."""
        if self._order is None:
            self._order = stable_order(self.log.customer.astype(np.intp), self.customers)
        return self._order


def fade_weights(time: Array, half_life_days: float) -> Array:
    """Return weights that double every half-life, starting anew at 1 in every era.

    Examples
    --------
    >>> import numpy as np
    >>> fade_weights(np.array([0, 30, 480]) * 86_400_000_000, 30.0).tolist()
    [1.0, 2.0, 1.0]
    """
    age = (time % era_us(half_life_days)) / (half_life_days * DAY_US)
    return np.exp2(age)


def era_us(half_life_days: float) -> int:
    """Return the length of an era in microseconds."""
    return round(_ERA_HALF_LIVES * half_life_days * DAY_US)


def _step(facts: Facts, values: Array) -> Array:
    """Return each row's value less that of the customer's row before, NaN on the first; rows in log order."""
    order = facts.by_customer()
    c, v = facts.log.customer[order], values[order]
    out = np.full(len(v), np.nan)
    if len(v) > 1:
        follows = c[1:] == c[:-1]
        step = np.where(follows, v[1:] - v[:-1], np.nan)
        out[order[1:]] = step
    return out


def _gap(facts: Facts) -> Array:
    step = facts.column("day_step")
    return np.where(step > 0, step, np.nan)


def _order_day(facts: Facts) -> Array:
    step = facts.column("day_step")
    return (np.isnan(step) | (step > 0)).astype(np.float64)


def _largest_yet(facts: Facts, values: Array) -> Array:
    """1 on rows with the largest known value of the customer's rows so far."""
    import pandas as pd

    largest = pd.Series(values).groupby(facts.log.customer).cummax().to_numpy()
    return (values == largest).astype(np.float64)


def _high_value(facts: Facts) -> Array:
    """1 on orders of more than one and a half times the mean of the customer's orders before, three at least."""
    order = facts.by_customer()
    customer, amount = facts.log.customer[order], facts.log.numbers["amount"][order]
    whole, rest = fixed_point(amount)
    first = np.concatenate([[True], customer[1:] != customer[:-1]]) if len(order) else np.zeros(0, dtype=bool)
    start = np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))
    before = np.arange(len(order)) - start

    def above(part: Array) -> Array:  # integers, so that the sum does not depend on other customers
        running = np.concatenate([[0], np.cumsum(part.astype(np.int64))[:-1]]) if len(part) else part
        return np.asarray(2.0 * part * before - 3.0 * (running - running[start]))

    more = above(whole) if rest is None else above(whole) + above(rest) / 1e9
    high = np.empty(len(order))
    high[order] = (before >= 3) & (more > 0)
    return high


def _repeat(facts: Facts) -> Array:
    """1 on tickets of a category about which the customer wrote in the 30 days before."""
    codes = facts.category("category").codes
    order = np.lexsort((facts.log.time, codes, facts.log.customer))
    c, k, t = facts.log.customer[order], codes[order], facts.log.time[order]
    repeat = np.zeros(len(order))
    if len(order) > 1:
        near = (
            (c[1:] == c[:-1]) & (k[1:] == k[:-1]) & (k[1:] >= 0) & (t[1:] - t[:-1] <= _REPEAT_DAYS * DAY_US)
        )
        repeat[order[1:]] = near
    return repeat


def _wait(name: str, unit: int = 1) -> Callable[[Facts], Array]:
    """Return the time from a row to what came after it: microseconds, whose sums are exact, or another unit."""

    def compute(facts: Facts) -> Array:
        return np.asarray((facts.column(name) - facts.log.time) / unit)

    return compute


def _delay(unit: int = 1) -> Callable[[Facts], Array]:
    return lambda facts: np.maximum((facts.column("delivered") - facts.column("promised")) / unit, 0.0)


def _price_step(facts: Facts) -> Array:
    """Return the price less the customer's last known price before; NaN without one."""
    price, order = facts.log.numbers["price"], facts.by_customer()
    known = order[~np.isnan(price[order])]
    out = np.full(len(price), np.nan)
    if len(known) > 1:
        follows = facts.log.customer[known[1:]] == facts.log.customer[known[:-1]]
        out[known[1:]] = np.where(follows, price[known[1:]] - price[known[:-1]], np.nan)
    return out


# (log, name): (how it is computed, the columns it needs).
DERIVED: dict[tuple[str, str], tuple[Callable[[Facts], Array], tuple[str, ...]]] = {
    ("orders", "day_step"): (lambda f: _step(f, f.log.numbers["day"]), ("day",)),
    ("orders", "gap"): (_gap, ("day",)),
    ("orders", "gap_squared"): (lambda f: f.column("gap") ** 2, ("day",)),
    ("orders", "order_day"): (_order_day, ("day",)),
    ("orders", "longest_gap"): (lambda f: _largest_yet(f, f.column("gap")), ("day",)),
    ("orders", "largest"): (lambda f: _largest_yet(f, f.log.numbers["amount"]), ("amount",)),
    ("orders", "high_value"): (_high_value, ("amount",)),
    ("orders", "delay_us"): (_delay(), ("promised", "delivered")),
    ("orders", "delay_days"): (_delay(DAY_US), ("promised", "delivered")),
    ("tickets", "answer"): (lambda f: f.column("answer"), ("answer",)),
    ("tickets", "reply_us"): (_wait("answer"), ("first_reply",)),
    ("tickets", "reply_hours"): (_wait("answer", HOUR_US), ("first_reply",)),
    ("tickets", "resolution_us"): (_wait("resolved"), ("resolved",)),
    ("tickets", "resolution_hours"): (_wait("resolved", HOUR_US), ("resolved",)),
    ("tickets", "repeat"): (_repeat, ("category",)),
    ("subscriptions", "price_step"): (_price_step, ("price",)),
}


def columns_of(log: str, name: str) -> tuple[str, ...]:
    """Return the columns of a log that a column, derived or not, is made of."""
    if name == "time" or name.startswith("fade:"):
        return ()
    return DERIVED[log, name][1] if (log, name) in DERIVED else (name,)
