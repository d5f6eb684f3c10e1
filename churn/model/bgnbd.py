"""BG/NBD: buying as a Poisson process that ends for good after some order (Fader, Hardie and Lee 2005).

A customer orders at a rate lambda while alive and leaves after each order with probability p. Over customers lambda is
gamma distributed (shape `r`, rate `alpha`) and p is beta distributed (`a`, `b`). All that is needed of a customer is
`x`, the number of order days after the first; `t_x`, the time from the first to the last; and `T`, the time from the
first to the cutoff.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from churn.data.events import local_day
from churn.data.history import View
from churn.display import Rendered, format_count
from churn.errors import ModelError

FEWEST_REPEATERS = 30
_NODES = 64  # exact to 1e-8 also for customers of a day; see tests/model/test_bgnbd.py
_BLOCK = 65_536
_STARTS = ((1.0, 1.0, 1.0, 1.0), (0.3, 0.3, 0.5, 2.0), (3.0, 3.0, 0.2, 5.0))
_LOG_BOUND = 9.0  # beyond it, customers are as good as equal, and the likelihood is flat


@dataclass(frozen=True)
class Rhythm:
    """What BG/NBD needs of each customer: arrays of shape (n_customers,).

    Attributes
    ----------
    customer : numpy.ndarray of int64
        Positions in `History.customers`, ascending.
    x : numpy.ndarray of float64
        Different days with an order, less the first.
    t_x : numpy.ndarray of float64
        Days from the first order day to the last.
    T : numpy.ndarray of float64
        Days from the first order day to the last day before the cutoff.
    """

    customer: np.ndarray
    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray

    def of(self, customers: np.ndarray) -> Rhythm:
        """Return the rows of some customers, each of whom must be there."""
        at = np.searchsorted(self.customer, customers)
        return Rhythm(self.customer[at], self.x[at], self.t_x[at], self.T[at])


def rhythm_of(view: View) -> Rhythm:
    """Return the rhythm of every customer with an order known at the view's cutoff; days are local days.

    The first order seen counts as the first order: of customers who bought before the data begin, that is an error,
    which more history makes smaller.
    """
    orders = view.logs["orders"]
    key = np.unique(orders.customer.astype(np.int64) << 32 | orders.numbers["day"].astype(np.int64))
    who, day = key >> 32, (key & 0xFFFFFFFF).astype(np.float64)
    customer, start, count = np.unique(who, return_index=True, return_counts=True)
    first, last = day[start], day[start + count - 1]
    seen_until = float(local_day(np.array([view.instant - 1]), view.timezone)[0])
    return Rhythm(customer, count - 1.0, last - first, seen_until - first)


@dataclass(frozen=True, repr=False)
class BgNbd(Rendered):
    """A fitted BG/NBD model; times are in the unit it was fitted in.

    Attributes
    ----------
    r, alpha : float
        Shape and rate of the gamma distribution of order rates; the mean rate is r / alpha.
    a, b : float
        Of the beta distribution of the probability to leave after an order.
    log_likelihood : float
        Of all customers.
    customers : int
        How many it was fitted on.

    References
    ----------
    Fader, P. S., Hardie, B. G. S., Lee, K. L. (2005). "Counting Your Customers" the Easy Way: An Alternative to the
    Pareto/NBD Model. Marketing Science 24(2), 275-284.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")
    customers: int = 0

    def alive(self, x: Any, t_x: Any, T: Any) -> np.ndarray:
        """Return the probability that a customer has not left by T, shape (n_customers,).

        P(alive) = 1 / (1 + [x > 0] a / (b + x - 1) ((alpha + T) / (alpha + t_x))^(r + x)). It is no churn
        probability: who ordered once is alive for sure, and may still not order for years.

        Examples
        --------
        >>> BgNbd(0.243, 4.414, 0.793, 2.426).alive([0, 2], [0, 30.43], [38.86, 38.86]).round(4).tolist()
        [1.0, 0.7266]
        """
        x, t_x, T = _arrays(x, t_x, T)
        with np.errstate(over="ignore"):  # silent for so long that exp overflows: surely gone
            odds = (
                self.a
                / (self.b + np.maximum(x, 1) - 1)
                * np.exp((self.r + x) * np.log((self.alpha + T) / (self.alpha + t_x)))
            )
        return np.where(x > 0, 1 / (1 + odds), 1.0)

    def no_order(self, x: Any, t_x: Any, T: Any, horizon: float, gap: float = 0.0) -> np.ndarray:
        """Return the probability of no order in (T + gap, T + gap + horizon], shape (n_customers,).

        Parameters
        ----------
        x, t_x, T : array_like of shape (n_customers,)
            Orders after the first, time from the first to the last, time from the first to now.
        horizon : float
            Length of the window.
        gap : float, default 0
            Time from T to the window.

        Notes
        -----
        Given that the customer is alive at T, the rate is gamma distributed with shape s = r + x and rate
        c = alpha + T, and p is beta distributed with a and b + x, independently: the likelihood of an alive
        customer is lambda^x exp(-lambda T) (1 - p)^x. Leaving is a Poisson process of rate lambda p, so the customer is
        still alive at T + gap with probability exp(-lambda p gap), and then orders within the horizon with probability
        1 - exp(-lambda horizon). The mean over lambda gives

            P = 1 - P(alive) E_p[ (1 + p gap / c)^-s - (1 + (p gap + horizon) / c)^-s ]

        The mean over p is 2F1(s, a; a + b + x; -gap / c) for the first term, by Euler's integral, and alike for the
        second; it is taken here by Gauss-Jacobi quadrature, which is stable where series of 2F1 are not. With no gap
        it is 1 - P(alive) (1 - (c / (c + horizon))^s): no p remains.

        Examples
        --------
        >>> BgNbd(0.243, 4.414, 0.793, 2.426).no_order([0, 2], [0, 30.43], [38.86, 38.86], 39).round(4).tolist()
        [0.8554, 0.4454]
        """
        x, t_x, T = _arrays(x, t_x, T)
        s, c = self.r + x, self.alpha + T
        if gap == 0:
            orders = -np.expm1(-s * np.log1p(horizon / c))
        else:

            def by_then(p: np.ndarray, s: np.ndarray, c: np.ndarray) -> np.ndarray:
                return np.exp(-s * np.log1p(p * gap / c)) - np.exp(-s * np.log1p((p * gap + horizon) / c))

            orders = self._mean_over_p(by_then, x, s, c)
        return np.asarray(np.clip(1 - self.alive(x, t_x, T) * orders, 0.0, 1.0))

    def expected_orders(self, x: Any, t_x: Any, T: Any, horizon: float, gap: float = 0.0) -> np.ndarray:
        """Return the expected number of order days in (T + gap, T + gap + horizon], shape (n_customers,).

        Parameters
        ----------
        x, t_x, T : array_like of shape (n_customers,)
            Orders after the first, time from the first to the last, time from the first to now.
        horizon : float
            Length of the window.
        gap : float, default 0
            Time from T to the window.

        Notes
        -----
        Orders come at the rate lambda exp(-lambda p u) at T + u. Integrated over the window, and with the mean over
        lambda as in `no_order`, this is P(alive) E_p[ ((1 + p gap / c)^-s - (1 + p (gap + horizon) / c)^-s) / p ].
        With no gap it equals equation (10) of Fader, Hardie and Lee (2005), which has no value at a = 1.

        Examples
        --------
        The paper's example customer expects 1.226 orders in the next 39 weeks.

        >>> BgNbd(0.243, 4.414, 0.793, 2.426).expected_orders([2], [30.43], [38.86], 39).round(3).tolist()
        [1.226]
        """
        x, t_x, T = _arrays(x, t_x, T)
        s, c = self.r + x, self.alpha + T

        def count(p: np.ndarray, s: np.ndarray, c: np.ndarray) -> np.ndarray:
            near, far = np.log1p(p * gap / c), np.log1p(p * (gap + horizon) / c)
            rate = np.maximum(p, 1e-200)
            return np.exp(-s * near) * -np.expm1(-s * (far - near)) / rate

        return np.asarray(self.alive(x, t_x, T) * self._mean_over_p(count, x, s, c))

    def _mean_over_p(self, value: Any, x: np.ndarray, s: np.ndarray, c: np.ndarray) -> np.ndarray:
        """Return the mean of a function of (p, s, c) over each customer's beta distribution of p."""
        counts, at = np.unique(x, return_inverse=True)
        nodes, weights = (
            np.stack(part) for part in zip(*(beta_nodes(self.a, self.b + n) for n in counts), strict=True)
        )
        out = np.empty(len(x))
        for k in range(0, len(x), _BLOCK):
            rows = slice(k, k + _BLOCK)
            p, w = nodes[at[rows]], weights[at[rows]]
            out[rows] = (w * value(p, s[rows, None], c[rows, None])).sum(axis=1)
        return out

    def render(self) -> str:
        """Return the estimates in one line."""
        return (
            f"BG/NBD on {format_count(self.customers)} customers: r {self.r:.3f}, alpha {self.alpha:.3f}, "
            f"a {self.a:.3f}, b {self.b:.3f}, log-likelihood {self.log_likelihood:.1f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the estimates as plain values."""
        return dict(vars(self))


def fit_bgnbd(x: Any, t_x: Any, T: Any) -> BgNbd:
    """Fit BG/NBD by maximum likelihood.

    Parameters
    ----------
    x : array_like of shape (n_customers,)
        Orders after the first.
    t_x, T : array_like of shape (n_customers,)
        Time from the first order to the last, and from the first to now, in one unit.

    Returns
    -------
    BgNbd

    Raises
    ------
    ModelError
        Fewer than 30 customers ordered again, or no maximum was found.

    Notes
    -----
    The log-likelihood is equation (6) of Fader, Hardie and Lee (2005) on the log scale, with its gradient; customers of
    the same x, t_x and T are counted and not repeated. L-BFGS-B runs over the logarithms of the four parameters, from
    three starts when the first fails.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, t_x, T = simulate(rng, 5000, BgNbd(0.8, 30.0, 0.9, 4.0), 300.0)
    >>> print(fit_bgnbd(x, t_x, T))
    BG/NBD on 5,000 customers: r 0.774, alpha 28.635, a 1.100, b 5.174, log-likelihood -56065.5
    """
    from scipy.optimize import minimize

    x, t_x, T = _arrays(x, t_x, T)
    repeaters = int((x > 0).sum())
    if repeaters < FEWEST_REPEATERS:
        raise ModelError(
            "There are too few repeat customers for BG/NBD",
            given=f"{repeaters} of {len(x)} customers ordered on a second day",
            allowed=f"at least {FEWEST_REPEATERS}",
            fix="Bring more history or more customers.",
            code="bgnbd-too-few",
        )
    unit = float(T.max())  # so that alpha lies near 1, whatever the unit of time
    rows, count = np.unique(np.stack([x, t_x / unit, T / unit]), axis=1, return_counts=True)
    likelihood = _Likelihood(rows[0], rows[1], rows[2], count.astype(np.float64))
    best = None
    for start in _STARTS:
        scaled = np.log(start) - np.array([0.0, 3.0, 0.0, 0.0])  # alpha is some twentieth of the longest T
        found = minimize(
            likelihood,
            scaled,
            jac=True,
            method="L-BFGS-B",
            bounds=[(-_LOG_BOUND - 3, _LOG_BOUND)] * 4,
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
        )
        if np.isfinite(found.fun) and (best is None or found.fun < best.fun):
            best = found
        if best is not None and _is_settled(best):
            break
    if best is None or not _is_settled(best):
        raise ModelError(
            "BG/NBD found no maximum of its likelihood",
            given=f"{len(x)} customers, {repeaters} of whom ordered on a second day",
            fix="Bring more history or more customers.",
            code="bgnbd-no-fit",
        )
    r, alpha, a, b = (float(v) for v in np.exp(best.x))
    # Likelihoods of a time are densities: a unit u times as long gives u^x times as much.
    total = float(-best.fun * len(x) - x.sum() * np.log(unit))
    return BgNbd(r, alpha * unit, a, b, total, len(x))


def simulate(
    rng: np.random.Generator, customers: int, model: BgNbd, until: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw `x`, `t_x` and `T` of customers who came evenly over the time before `until`, from the model's own story."""
    T = rng.uniform(0, until, customers)
    rate = rng.gamma(model.r, 1 / model.alpha, customers)
    leaves = rng.beta(model.a, model.b, customers)
    x, last = np.zeros(customers), np.zeros(customers)
    here = np.arange(customers)
    while len(here):
        following = last[here] + rng.exponential(1 / rate[here])
        ordered = following <= T[here]
        here, following = here[ordered], following[ordered]
        x[here] += 1
        last[here] = following
        here = here[rng.random(len(here)) >= leaves[here]]
    return x, last, T


def beta_nodes(a: float, b: float, n: int = _NODES) -> tuple[np.ndarray, np.ndarray]:
    """Return points and weights whose weighted sum is the mean of a function over a beta distribution.

    Gauss-Jacobi quadrature by the eigenvalues of the recurrence (Golub and Welsch 1969), with weights of sum 1.

    Examples
    --------
    >>> p, w = beta_nodes(2.0, 3.0, 8)
    >>> round(float((w * p).sum()), 12), round(float((w * p**2).sum()), 12)
    (0.4, 0.2)
    """
    from scipy.linalg import eigh_tridiagonal

    k = np.arange(1, n, dtype=np.float64)
    A, B = b - 1, a - 1
    s = A + B
    middle = np.empty(n)
    middle[0] = (B - A) / (s + 2)
    middle[1:] = (B**2 - A**2) / ((2 * k + s) * (2 * k + s + 2))
    side = np.empty(n - 1)
    side[0] = 4 * (1 + A) * (1 + B) / ((2 + s) ** 2 * (3 + s))
    j = k[1:]
    side[1:] = 4 * j * (j + A) * (j + B) * (j + s) / ((2 * j + s) ** 2 * (2 * j + s + 1) * (2 * j + s - 1))
    points, vectors = eigh_tridiagonal(middle, np.sqrt(side))
    return np.clip((1 + points) / 2, 0.0, 1.0), vectors[0] ** 2


class _Likelihood:
    """Mean negative log-likelihood and its gradient over the logarithms of r, alpha, a and b."""

    def __init__(self, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, count: np.ndarray) -> None:
        self.t_x, self.T, self.count = t_x, T, count
        self.values, self.at = np.unique(x, return_inverse=True)
        self.x, self.repeat = x, x > 0
        self.times = np.bincount(self.at, count)  # customers per number of orders
        self.n = count.sum()

    def __call__(self, logs: np.ndarray) -> tuple[float, np.ndarray]:
        from scipy.special import gammaln, psi

        r, alpha, a, b = np.exp(logs)
        v, times, x = self.values, self.times, self.x
        later = b + np.maximum(v, 1) - 1
        late, early = np.log(alpha + self.T), np.log(alpha + self.t_x)
        # Alive at T, or gone after the last order: log(exp(-s late) + a / later exp(-s early)), without overflow.
        gone = np.where(self.repeat, np.log(a / later)[self.at] + (r + x) * (late - early), -np.inf)
        share = _expit(gone)
        per_count = (
            gammaln(r + v) - gammaln(r) + r * np.log(alpha)
            + gammaln(a + b) + gammaln(b + v) - gammaln(b) - gammaln(a + b + v)
        )  # fmt: skip
        either = np.logaddexp(0.0, gone) - (r + x) * late
        total = (times * per_count).sum() + (self.count * either).sum()
        w = self.count * share
        gone_per_count = np.bincount(self.at, w)
        time = self.count * late - w * (late - early)
        by_r = (times * (psi(r + v) - psi(r) + np.log(alpha))).sum() - time.sum()
        by_alpha = (
            self.n * r / alpha
            - ((r + x) * ((self.count - w) / (alpha + self.T) + w / (alpha + self.t_x))).sum()
        )
        by_a = (times * (psi(a + b) - psi(a + b + v)) + gone_per_count / a).sum()
        by_b = (
            times * (psi(a + b) + psi(b + v) - psi(b) - psi(a + b + v)) - gone_per_count / later
        ).sum()  # fmt: skip
        gradient = np.array([by_r * r, by_alpha * alpha, by_a * a, by_b * b])
        return float(-total / self.n), -gradient / self.n


def _is_settled(found: Any) -> bool:
    """Tell whether nothing pulls on a parameter that is not at its bound."""
    inside = (found.x > -_LOG_BOUND - 3 + 1e-6) & (found.x < _LOG_BOUND - 1e-6)
    return bool(found.success or np.abs(np.where(inside, found.jac, 0.0)).max() < 1e-4)


def _expit(z: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    return np.asarray(expit(z))


def _arrays(x: Any, t_x: Any, T: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x, t_x, T = (np.atleast_1d(np.asarray(v, dtype=np.float64)) for v in (x, t_x, T))
    return x, t_x, T
