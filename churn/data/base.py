"""The customer base: all customers, in one piece or in parts that fit the memory.

What is counted per customer adds up over parts, so whoever goes through them once needs the memory of one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from churn.data.calendar import Calendar
from churn.data.history import History, check_history
from churn.data.store import LogStore
from churn.progress import report

Load = Callable[[int, Collection[str] | None], History]


@dataclass(frozen=True)
class CustomerBase(Calendar):
    """All customers, part by part: each part is a `History` with customers of its own.

    Make one with `CustomerBase.of`.

    Attributes
    ----------
    name : str
        Of the data.
    timezone : str
        The zone in which dates and days are meant.
    data_end : int
        The end of what is known, exclusive.
    span : tuple of int
        The first and the last order's instant.
    count : int
        How many parts there are.
    load : callable
        Gives a part, and of it only the tables that are asked for, or all.
    segments : tuple of str
        Segment columns of the customers.
    channels : bool
        Whether the orders have a channel.

    Examples
    --------
    >>> import churn
    >>> base = CustomerBase.of(churn.make_shop(customers=50, seed=1).history())
    >>> base.count, sum(len(part.customers) for part in base.parts())
    (1, 50)
    """

    name: str
    timezone: str
    data_end: int
    span: tuple[int, int]
    count: int
    load: Load
    segments: tuple[str, ...] = ()
    channels: bool = False

    @classmethod
    def of(cls, data: History | LogStore | CustomerBase) -> CustomerBase:
        """Take a history in memory as one part, and a saved log bucket by bucket.

        Raises
        ------
        ParameterError
            It is something else.
        """
        if isinstance(data, CustomerBase):
            return data
        if isinstance(data, LogStore):
            store, orders = data, data.manifest.tables["orders"]
            span = int(orders.first or 0), int(orders.last or 0)

            def load(number: int, tables: Collection[str] | None) -> History:
                return replace(store.load(number, tables), span=span)

            return cls(
                store.manifest.name,
                store.manifest.timezone,
                store.data_end,
                span,
                store.buckets,
                load,
                tuple(store.manifest.master.segments) if store.manifest.master else (),
                "channel" in orders.labels,
            )
        check_history(data)
        history = data
        return cls(
            history.name,
            history.timezone,
            history.data_end,
            (history.data_start, history.last_order),
            1,
            lambda _, __: history,
            tuple(history.segments),
            "channel" in history.logs["orders"].categories,
        )

    @property
    def data_start(self) -> int:
        """The first order's instant."""
        return self.span[0]

    @property
    def last_order(self) -> int:
        """The last order's instant."""
        return self.span[1]

    def parts(self, tables: Collection[str] | None = None) -> Iterator[History]:
        """Yield the parts, each loaded when it is asked for; with tables named, at least these are in them."""
        for number in range(self.count):
            yield self.load(number, tables)


class Tally(Protocol):
    """What is counted over the customers: it is added up part by part, and must not depend on how they are parted."""

    def add(self, part: History) -> None:
        """Count the customers of a part."""


def count(base: CustomerBase, *tallies: Tally, tables: Collection[str] | None = None) -> None:
    """Go through the customers once and let every tally count them.

    Parameters
    ----------
    base : CustomerBase
        The customers.
    *tallies : Tally
        What to count.
    tables : collection of str, optional
        The tables that the tallies read; all when left out.
    """
    for number, part in enumerate(base.parts(tables)):
        if base.count > 1:
            report("Counting customers", number, base.count)
        for tally in tallies:
            tally.add(part)
