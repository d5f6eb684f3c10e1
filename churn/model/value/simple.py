"""Simple forecasts of spend: the customer's own mean, and the own mean drawn towards the base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Columns = Mapping[str, np.ndarray]
NEEDED = ("tenure_days", "amount_365d", "orders_count_365d")
_MOST_ROWS = 20_000


def own_mean(column: Columns, horizon_days: int, lookback_days: int) -> np.ndarray:
    """Return the spend within the horizon at the customer's own pace of the last 365 days.

    The pace is taken since joining where that is later, but over at least `lookback_days` days, so that one early
    order is not blown up. It is net of the customer's own share of value returned, where returns are known; never
    negative.

    Parameters
    ----------
    column : mapping of str to numpy.ndarray of shape (n_rows,)
        Signals by name.
    horizon_days, lookback_days : int
        Days.

    Examples
    --------
    >>> column = {"tenure_days": np.array([1000.0, 10.0]), "amount_365d": np.array([365.0, 100.0])}
    >>> own_mean(column, 60, 100).tolist()
    [60.0, 60.0]
    """
    return np.asarray(_kept_amount(column) / _days(column, lookback_days) * horizon_days)


@dataclass(frozen=True)
class Shrunken:
    """The own pace and the own order value, each drawn towards the base the more, the less is known of the customer.

    Orders come as in the NBD: Poisson with a rate that is gamma(r, alpha) over the base, so after x orders in n
    days it is gamma(r + x, alpha + n). Order values as in the gamma-gamma model: with mean z over x orders the
    expected value is ``p (gamma + x z) / (p x + q - 1)``.

    Attributes
    ----------
    r, alpha : float
        Of the rates, alpha in days.
    p, q, gamma : float
        Of the order values, gamma in money.

    Notes
    -----
    Ehrenberg (1959) for the NBD; Fader and Hardie (2013), The Gamma-Gamma Model of Monetary Value.
    """

    r: float
    alpha: float
    p: float
    q: float
    gamma: float

    def if_staying(self, column: Columns, horizon_days: int, lookback_days: int) -> np.ndarray:
        """Return the expected spend within the horizon, given at least one order in it; shape (n_rows,)."""
        x, days, _ = _facts(column, lookback_days)
        shape, rate = self.r + x, self.alpha + days
        none = (rate / (rate + horizon_days)) ** shape
        orders = shape / rate * horizon_days / np.maximum(1 - none, 1e-12)
        return np.asarray(orders * self.order_value(column, lookback_days))

    def order_value(self, column: Columns, lookback_days: int) -> np.ndarray:
        """Return the expected value of the customer's next order, less returns; shape (n_rows,)."""
        x, _, z = _facts(column, lookback_days)
        return np.asarray(self.p * (self.gamma + x * z) / (self.p * x + self.q - 1))


def fit_shrunken(column: Columns, lookback_days: int) -> Shrunken:
    """Fit the priors by maximum likelihood on the customers of one cutoff.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> rate, mean = rng.gamma(2.0, 1 / 100, 4000), 1 / rng.gamma(6.0, 1 / 200, 4000)
    >>> x = rng.poisson(rate * 365).astype(float)
    >>> spent = np.array([rng.gamma(3.0 * n, m) if n else 0.0 for n, m in zip(x, mean)])
    >>> s = fit_shrunken({"tenure_days": np.full(4000, 900.0), "amount_365d": spent, "orders_count_365d": x}, 90)
    >>> round(s.r, 1), round(s.alpha, -1), round(s.p, 0), round(s.q, 0)
    (2.0, 100.0, 3.0, 6.0)
    """
    from scipy.special import gammaln

    x, days, z = (v[:: -(-len(v) // _MOST_ROWS) or 1] for v in _facts(column, lookback_days))

    def nbd(theta: np.ndarray) -> float:
        r, a = np.exp(theta)
        return -float(
            (gammaln(r + x) - gammaln(r) + r * np.log(a / (a + days)) + x * np.log(days / (a + days))).mean()
        )

    bought = (x > 0) & (z > 0)
    n, m = x[bought], z[bought]
    unit = (
        float(np.exp(np.log(m).mean())) if len(m) else 1.0
    )  # in units of the base's usual order, any currency fits

    def gamma_gamma(theta: np.ndarray) -> float:
        p, q, g = np.exp(theta[0]), 1 + np.exp(theta[1]), np.exp(theta[2])
        v = m / unit
        return -float(
            (
                gammaln(p * n + q)
                - gammaln(p * n)
                - gammaln(q)
                + q * np.log(g)
                + (p * n - 1) * np.log(v)
                + p * n * np.log(n)
                - (p * n + q) * np.log(g + n * v)
            ).mean()
        )

    start = [0.0, float(np.log(days.sum() / max(x.sum(), 1.0)))] if len(x) else [0.0, 4.0]
    r, alpha = np.exp(_minimum(nbd, start)) if len(x) else np.exp(start)
    theta = _minimum(gamma_gamma, [0.7, 0.7, 0.7]) if len(m) > 10 else np.array([0.7, 0.7, 0.7])
    return Shrunken(
        float(r),
        float(alpha),
        float(np.exp(theta[0])),
        float(1 + np.exp(theta[1])),
        float(np.exp(theta[2]) * unit),
    )


def _minimum(loss: object, start: list[float]) -> np.ndarray:
    from scipy.optimize import minimize

    # Bounded: a base without any spread has its best fit at infinity.
    found = minimize(loss, np.array(start), method="L-BFGS-B", bounds=[(s - 7, s + 7) for s in start])
    return np.asarray(found.x)


def _facts(column: Columns, lookback_days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = np.nan_to_num(np.asarray(column["orders_count_365d"], dtype=np.float64))
    kept = _kept_amount(column)
    return x, _days(column, lookback_days), np.divide(kept, x, out=np.zeros(len(x)), where=x > 0)


def _days(column: Columns, lookback_days: int) -> np.ndarray:
    least = min(max(lookback_days, 1), 365)
    return np.clip(np.nan_to_num(column["tenure_days"], nan=least), least, 365)


def _kept_amount(column: Columns) -> np.ndarray:
    returned = column.get("returned_amount_share")
    kept = 1.0 if returned is None else 1 - np.clip(np.nan_to_num(returned), 0, 1)
    return np.asarray(np.maximum(np.nan_to_num(column["amount_365d"]), 0.0) * kept)
