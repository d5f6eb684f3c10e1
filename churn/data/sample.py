"""A random part of the customers, always the same one: chosen by the id, whatever the log is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.data.base import CustomerBase, count
from churn.data.eventlog import Category
from churn.data.history import History

if TYPE_CHECKING:
    import pandas as pd


class SampleTally:
    """Keeps the rows of at most so many customers: those whose ids have the smallest hashes.

    Who is chosen depends on the ids alone, so a log in parts and the same log in one piece give the same customers.

    Parameters
    ----------
    most : int
        How many customers at most; all where there are no more.

    Examples
    --------
    >>> import churn
    >>> tally = SampleTally(20)
    >>> tally.add(churn.make_shop(customers=50, seed=1).history())
    >>> len(tally.parts[0].customers)
    20
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: list[tuple[History, np.ndarray]] = []
        self._below = np.uint64(np.iinfo(np.uint64).max)

    def add(self, part: History) -> None:
        """Keep the customers of a part that may be among the chosen ones."""
        keys = id_hashes(part.customers)
        keep = keys <= self._below
        self._kept.append((of_customers(part, keep), keys[keep]))
        if sum(len(k) for _, k in self._kept) > self.most + self.most // 2:
            self._trim()

    @property
    def parts(self) -> list[History]:
        """The chosen customers, in the parts they came in."""
        self._trim()
        return [part for part, _ in self._kept]

    def base(self, whole: CustomerBase) -> CustomerBase:
        """Return the chosen customers as a base with the calendar of the whole."""
        parts = [replace(p, span=whole.span) for p in self.parts]
        return replace(whole, count=len(parts), load=lambda number, _: parts[number], whole=False)

    def _trim(self) -> None:
        keys = np.concatenate([k for _, k in self._kept]) if self._kept else np.empty(0, dtype=np.uint64)
        if len(keys) <= self.most:
            return
        self._below = np.partition(keys, self.most - 1)[self.most - 1]
        self._kept = [
            (of_customers(part, k <= self._below), k[k <= self._below])
            for part, k in self._kept
            if (k <= self._below).any()
        ]


def sample_of(base: CustomerBase, most: int) -> CustomerBase:
    """Return at most so many customers of a base, with its calendar; the base itself where it is small and whole."""
    if base.count == 1 and len((only := base.load(0, None)).customers) <= most:
        return replace(base, load=lambda _, __: only)
    tally = SampleTally(most)
    count(base, tally)
    return tally.base(base)


def id_hashes(customers: pd.Index[Any]) -> np.ndarray:
    """Return a number for each id that looks random and is always the same; uint64.

    Examples
    --------
    >>> import pandas as pd
    >>> a, b = id_hashes(pd.Index(["C1", "C2"])), id_hashes(pd.Index(["C2", "C3"]))
    >>> bool(a[1] == b[0])
    True
    """
    from pandas.util import hash_pandas_object

    return hash_pandas_object(customers, index=False, categorize=False).to_numpy(dtype=np.uint64)


def of_customers(history: History, keep: np.ndarray) -> History:
    """Return some customers of a history, with their rows and the calendar of the whole.

    Parameters
    ----------
    history : History
        All customers, or a part of them.
    keep : numpy.ndarray of bool, shape (n_customers,)
        Who stays.

    Examples
    --------
    >>> import churn
    >>> history = churn.make_shop(customers=50, seed=1).history()
    >>> one = of_customers(history, history.customers == "C000007")
    >>> list(one.customers), one.last_order == history.last_order
    (['C000007'], True)
    """
    span = history.data_start, history.last_order
    if keep.all():
        return replace(history, span=span)
    code = np.where(keep, np.cumsum(keep) - 1, -1).astype(np.int32)
    logs = {
        name: log.of_customers(np.flatnonzero(keep[log.customer]), code) for name, log in history.logs.items()
    }
    labels = history.labels
    if labels is not None:
        labels = labels.of_customers(np.flatnonzero(keep[labels.customer]), code)
    return replace(
        history,
        customers=history.customers[keep],
        logs=logs,
        joined=None if history.joined is None else history.joined[keep],
        segments={k: Category(v.codes[keep], v.labels) for k, v in history.segments.items()},
        contact={},
        labels=labels,
        span=span,
    )
