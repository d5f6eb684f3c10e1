"""What came: net spend within a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from churn.data.eventlog import EventLog
from churn.data.history import DAY_US


def net_spend(
    logs: Mapping[str, EventLog],
    population: np.ndarray,
    start: int,
    end: int,
    *,
    weight: Callable[[np.ndarray], np.ndarray] | None = None,
) -> np.ndarray:
    """Return orders less returns within ``[start, end)``, per customer; never below 0.

    A return counts when it is credited, whenever the goods were ordered. Where that makes a window negative it
    counts as 0: such refunds undo orders from before the window and foretell nothing.

    Parameters
    ----------
    logs : mapping of str to EventLog
        Tables as they were known when the forecast is learnt from; `View.logs` sees no later row.
    population : numpy.ndarray of int64, shape (n_rows,)
        Positions of customers.
    start, end : int
        The window, in microseconds; `end` is excluded.
    weight : callable, optional
        From the days since `start` to the factor of an amount, such as a discount.

    Returns
    -------
    numpy.ndarray of float64, shape (n_rows,)
        In the unit of the amounts.

    Examples
    --------
    >>> day = 86_400_000_000
    >>> orders = EventLog("orders", np.array([0, day]), np.array([0, 0]), {"amount": np.array([10.0, 30.0])})
    >>> returns = EventLog("returns", np.array([day]), np.array([0]), {"amount": np.array([4.0])})
    >>> net_spend({"orders": orders, "returns": returns}, np.array([0, 1]), 1, 2 * day).tolist()
    [26.0, 0.0]
    """
    total = np.zeros(int(population.max(initial=-1)) + 1)
    for name, sign in (("orders", 1.0), ("returns", -1.0)):
        log = logs.get(name)
        if log is None:
            continue
        first, last = np.searchsorted(log.time, [start, end], side="left")
        customer = log.customer[first:last]
        there = customer < len(total)
        amount = sign * np.nan_to_num(log.numbers["amount"][first:last][there])
        if weight is not None:
            amount = amount * weight((log.time[first:last][there] - start) / DAY_US)
        total += np.bincount(customer[there], amount, minlength=len(total))
    return np.asarray(np.maximum(total[population], 0.0))
