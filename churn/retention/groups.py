"""Groups of customers that retention is told for: segments, and the channel of an order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from churn.data.base import CustomerBase
from churn.data.eventlog import Category, EventLog
from churn.data.history import History
from churn.errors import ParameterError

CHANNEL, LAST_CHANNEL = "channel", "last_channel"
UNKNOWN, OTHER = "(unknown)", "(other)"
MOST_GROUPS = 1000  # more values are no groups of customers


@dataclass(frozen=True)
class Grouping:
    """One way to group customers: a segment column, or the channel of an order.

    `channel` is how a customer came: the channel of the first order. It never changes, so the customers of a
    channel add up over periods, as those of a segment do. `last_channel` is that of the last order before the
    period, and of who had none then, of the first order: within a period everybody is in one group, but the same
    customer may be in another one in the next.

    Attributes
    ----------
    name : str
        The segment, `channel` or `last_channel`.
    """

    name: str

    @property
    def needs_orders(self) -> bool:
        """Whether it goes by the orders."""
        return self.name in (CHANNEL, LAST_CHANNEL)

    def codes(
        self, part: History, logs: Mapping[str, EventLog], instants: Iterable[int], seen: np.ndarray
    ) -> tuple[tuple[str, ...], Iterator[np.ndarray]]:
        """Return the labels, and each customer's position among them for periods that start at ascending instants.

        Parameters
        ----------
        part : History
            The customers.
        logs : mapping of str to EventLog
            Its tables, as they were known.
        instants : iterable of int
            Starts of periods.
        seen : numpy.ndarray of bool, shape (n_customers,)
            Who was ever active, and needs a group.

        Returns
        -------
        tuple of (tuple of str, iterator of numpy.ndarray of shape (n_customers,))
            Only labels that somebody seen has; the last one is `UNKNOWN`, whether anybody needs it or not.
        """
        n = len(part.customers)
        if not self.needs_orders:
            category = part.segments.get(self.name, Category(np.full(n, -1, dtype=np.int32), ()))
            labels, place = _present(category.codes[seen], category.labels)
            return labels, _same(place[category.codes], instants)
        orders = logs["orders"]
        channel = orders.categories.get("channel", Category(np.full(len(orders), -1, dtype=np.int32), ()))
        labels, place = _present(channel.codes, channel.labels)
        first = np.full(n, -1, dtype=np.int32)
        first[orders.customer[::-1]] = channel.codes[::-1]  # of repeated indices the last assignment stays
        if self.name == CHANNEL:
            return labels, _same(place[first], instants)
        return labels, _last(orders, place[channel.codes], place[first], instants)


def _present(codes: np.ndarray, labels: tuple[str, ...]) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the labels that occur, and the new position of each code; -1 has the last one."""
    found = np.unique(codes)
    found = found[found >= 0]
    place = np.full(len(labels) + 1, len(found))
    place[found] = np.arange(len(found))
    return (*(labels[i] for i in found), UNKNOWN), place


def _same(codes: np.ndarray, instants: Iterable[int]) -> Iterator[np.ndarray]:
    for _ in instants:
        yield codes


def _last(
    orders: EventLog, channel: np.ndarray, first: np.ndarray, instants: Iterable[int]
) -> Iterator[np.ndarray]:
    last, done = first.copy(), 0
    for instant in instants:
        end = int(np.searchsorted(orders.time, instant, side="left"))
        last[orders.customer[done:end]] = channel[done:end]
        done = max(done, end)
        yield last.copy()


def groupings(base: CustomerBase) -> tuple[str, ...]:
    """Return the names of all groupings that a base allows, segments first."""
    return (*base.segments, *((CHANNEL, LAST_CHANNEL) if base.channels else ()))


def check_grouping(base: CustomerBase, name: str) -> Grouping:
    """Return a grouping by name.

    Raises
    ------
    ParameterError
        The data have no such segment, or the orders no channel.
    """
    allowed = groupings(base)
    if name not in allowed:
        raise ParameterError(
            "There is no such group of customers in the data",
            given=repr(name),
            allowed=", ".join(allowed) or "none: the customers have no segments and the orders no channel",
            fix="Name a segment of the customers table, or channel where the orders have one.",
            code="no-such-group",
        )
    return Grouping(name)
