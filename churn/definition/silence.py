"""How long customers are silent before they order again, with those who are silent at the end of the data as such."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.data.history import History
from churn.definition.kaplan import kaplan_meier
from churn.errors import DataError

FEWEST = 30  # silences from which on a share is told


@dataclass(frozen=True)
class Silences:
    """The silences of all customers: one after each order day.

    Attributes
    ----------
    days : numpy.ndarray of int64, shape (n_silences,)
        Days to the next order day; for the silence at the end of the data, the days that have passed.
    ended : numpy.ndarray of bool, shape (n_silences,)
        Whether an order ended it.
    within_days : int
        Days within which a return is looked for: a year, or half of the longest silence that 30 are known to reach
        where that is shorter, so that the share can be told up to so many days of silence.
    survival : numpy.ndarray of float64, shape (longest + 1,)
        By days from 0: the Kaplan-Meier estimate of the share of silences longer than that.
    at_risk : numpy.ndarray of int64, shape (longest + 1,)
        How many silences are known to be that long or longer.
    """

    days: np.ndarray
    ended: np.ndarray
    within_days: int
    survival: np.ndarray
    at_risk: np.ndarray

    @classmethod
    def of(cls, history: History) -> Silences:
        """Read the silences off the orders; days are local, and several orders on a day are one.

        Raises
        ------
        DataError
            Nearly nobody ordered twice.
        """
        orders = history.logs["orders"]
        scale = 1_000_000
        key = np.unique(orders.customer.astype(np.int64) * scale + orders.numbers["day"].astype(np.int64))
        customer, day = key // scale, key % scale
        again = customer[1:] == customer[:-1]
        gaps = (day[1:] - day[:-1])[again]
        if len(gaps) < FEWEST:
            raise DataError(
                "Too few customers ordered again to say how long they are silent",
                given=f"{len(gaps)} gaps between order days",
                allowed=f"{FEWEST} or more",
                fix="Bring more history.",
                code="too-few-gaps",
            )
        last = int(local_days(history, history.closing)) - 1  # the last day that the data hold
        open_ = last - day[np.append(~again, True)]
        # After the last order's day nothing is known to have been missed yet.
        curve = kaplan_meier(np.bincount(gaps), np.bincount(open_))
        days = np.concatenate([gaps, open_])
        ended = np.arange(len(days)) < len(gaps)
        reach = int(np.flatnonzero(curve.at_risk >= FEWEST)[-1])
        return cls(days, ended, max(min(365, reach // 2), 1), curve.survival, curve.at_risk)

    def come_back(self, silent_days: np.ndarray) -> np.ndarray:
        """Return the share of customers silent for so many days who order within `within_days` more.

        NaN where fewer than 30 silences are known to be long enough to tell.
        """
        d = np.asarray(silent_days, dtype=np.int64)
        end = d + self.within_days
        inside = end < len(self.survival)
        known = inside.copy()
        known[inside] = self.at_risk[end[inside]] >= FEWEST
        out = np.full(d.shape, np.nan)
        s = self.survival[d[known]]
        out[known] = 1 - np.divide(self.survival[end[known]], s, out=np.zeros_like(s), where=s > 0)
        return out

    def ordered_by(self, days: np.ndarray) -> np.ndarray:
        """Return, of the silences that end within `within_days`, the share that has ended by so many days."""
        longest = min(self.within_days, len(self.survival) - 1)
        end = np.minimum(np.asarray(days, dtype=np.int64), longest)
        return np.asarray((1 - self.survival[end]) / (1 - self.survival[longest]))


def local_days(history: History, instant: int) -> float:
    """Return the number of the local day of an instant, as the orders have it."""
    from churn.data.events import local_day

    return float(local_day(np.array([instant], dtype=np.int64), history.timezone)[0])
