"""The customer base: all customers, in one piece or in parts that fit the memory.

What is counted per customer adds up over parts, so whoever goes through them once needs the memory of one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from churn.data.calendar import Calendar
from churn.data.history import History, check_history
from churn.data.store import LogStore
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

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
    origin : History or LogStore
        What it was made of.
    segments : tuple of str
        Segment columns of the customers.
    channels : bool
        Whether the orders have a channel.
    whole : bool
        Whether the parts hold all customers of the origin, and not a sample of them.

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
    origin: History | LogStore
    segments: tuple[str, ...] = ()
    channels: bool = False
    whole: bool = True

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
                store,
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
            history,
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
        if self.count == 1 or not isinstance(self.origin, LogStore):
            for number in range(self.count):
                yield self.load(number, tables)
            return
        # The next part is read while this one is worked on: reading is mostly waiting and unpacking.
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self.load, 0, tables)
            for number in range(1, self.count + 1):
                part = coming.result()
                if number < self.count:
                    coming = ahead.submit(self.load, number, tables)
                yield part
                del part


def holds(base: CustomerBase) -> tuple[pd.Index[Any], np.ndarray]:
    """Return the sorted ids of all customers and the number of the part that each is in; of a saved log unread.

    Examples
    --------
    >>> import churn
    >>> ids, part = holds(CustomerBase.of(churn.make_shop(customers=50, seed=1).history()))
    >>> len(ids), set(part.tolist())
    (50, {0})
    """
    if isinstance(base.origin, LogStore) and base.whole:
        ids, part = base.origin.customer_ids()
        order = np.asarray(ids.argsort())
        return ids[order], part[order]
    every = [p.customers for p in base.parts()]
    part = np.repeat(np.arange(len(every)), [len(e) for e in every])
    return (every[0].append(every[1:]) if len(every) > 1 else every[0])[order_of(every)], part[
        order_of(every)
    ]


def order_of(ids: Sequence[pd.Index[Any]]) -> np.ndarray | slice:
    """Return what puts customers who came part by part into the order of their ids, as they stand in a whole history.

    Examples
    --------
    >>> import pandas as pd
    >>> order_of([pd.Index(["b", "d"]), pd.Index(["a", "c"])]).tolist()
    [2, 0, 3, 1]
    """
    import pandas as pd

    if len(ids) < 2:
        return slice(None)
    return np.argsort(pd.factorize(ids[0].append(list(ids[1:])), sort=True)[0], kind="stable")


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
