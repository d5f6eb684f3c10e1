"""Kaplan-Meier from counts by whole days: counts add up over parts of the customers, estimates do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_Z_95 = 1.959963984540054  # the 97.5 % point of the standard normal distribution


@dataclass(frozen=True)
class KaplanMeier:
    """The share still there after so many days, where some were only watched for a while.

    Attributes
    ----------
    ended, open : numpy.ndarray of int64, shape (longest + 1,)
        By days from 0: how many ended then, and how many were there when the watching stopped.
    at_risk : numpy.ndarray of int64, shape (longest + 1,)
        How many were watched that long or longer.
    survival : numpy.ndarray of float64, shape (longest + 1,)
        The share that lasts longer than so many days.
    low, high : numpy.ndarray of float64, shape (longest + 1,)
        Its 95 % interval; NaN where nothing ended yet, or nothing is left.
    """

    ended: np.ndarray
    open: np.ndarray
    at_risk: np.ndarray
    survival: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def first_at_most(self, share: float, values: np.ndarray | None = None) -> int | None:
        """Return the first day on which the survival, or other values by day, is at most a share; None if never."""
        curve = self.survival if values is None else values
        reached = np.flatnonzero(curve <= share)  # NaN is not
        return int(reached[0]) if len(reached) else None


def kaplan_meier(ended: np.ndarray, open_: np.ndarray) -> KaplanMeier:
    """Estimate how long something lasts from counts by day.

    Parameters
    ----------
    ended : numpy.ndarray of int, shape (n,)
        By days from 0: how many ended after that many days.
    open_ : numpy.ndarray of int, shape (m,)
        By days from 0: how many had not ended when they were last seen, after that many days.

    Returns
    -------
    KaplanMeier
        The product-limit estimate [1]_, ``S(d) = prod (1 - ended / at_risk)`` over the days up to d, with Greenwood's
        variance [2]_ on the scale of ``log(-log S)``, which keeps the interval between 0 and 1.

    References
    ----------
    .. [1] E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", Journal of the
       American Statistical Association 53, 1958.
    .. [2] J. D. Kalbfleisch and R. L. Prentice, "The Statistical Analysis of Failure Time Data", second edition,
       2002, section 1.4.

    Examples
    --------
    >>> kaplan_meier(np.array([0, 1, 1]), np.array([0, 0, 1, 1])).survival.tolist()
    [1.0, 0.75, 0.5, 0.5]
    """
    n = max(len(ended), len(open_))
    d, c = (np.pad(np.asarray(a, dtype=np.int64), (0, n - len(a))) for a in (ended, open_))
    at_risk = np.cumsum((d + c)[::-1])[::-1]
    stay = np.divide(at_risk - d, at_risk, out=np.ones(n), where=at_risk > 0)
    survival = np.cumprod(stay)
    terms = np.divide(d, at_risk * (at_risk - d), out=np.zeros(n), where=(d > 0) & (d < at_risk))
    inside = (survival > 0) & (survival < 1)
    low, high = np.full(n, np.nan), np.full(n, np.nan)
    s = survival[inside]
    wide = np.exp(_Z_95 * np.sqrt(np.cumsum(terms)[inside]) / -np.log(s))
    low[inside], high[inside] = s**wide, s ** (1 / wide)
    return KaplanMeier(d, c, at_risk, survival, low, high)
