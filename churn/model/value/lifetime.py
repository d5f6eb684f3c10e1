"""Worth over a stated lifetime: what stays of a customer period by period, times spend, discounted."""

from __future__ import annotations

import numpy as np

# Within which the fit is sought: at a concentration of 0.01 who bought in the first period buys in all, at 1,000 the
# share that is lost is the same in every period.
BOUNDS = (0.01, 1000.0)
MOST_LEAVING = 0.5
_YEAR_DAYS = 365.0


def survival(
    churn_probability: np.ndarray, concentration: float, periods: int, leaving: float = 0.0
) -> np.ndarray:
    """Return the share of each customer that still buys in the first, second, ... period.

    Parameters
    ----------
    churn_probability : numpy.ndarray of shape (n_rows,)
        Of the first period.
    concentration : float
        How alike customers of one churn probability are; infinite means that all have it in every period.
    periods : int
        How many periods.
    leaving : float, default 0
        Share of all customers that every period after the first loses besides, whatever their churn probability.

    Returns
    -------
    numpy.ndarray of shape (n_rows, periods)
        Falls from period to period; the first column is 1 - churn probability.

    Notes
    -----
    The shifted beta-geometric model: each customer leaves with an own constant probability per period, which is
    beta(a, b) among customers who look alike, with mean a / (a + b) equal to the churn probability and a + b the
    concentration. Who stays is who had a small probability, so the share that leaves falls. Fader and Hardie (2007),
    How to Project Customer Retention, Journal of Interactive Marketing 21 (1). Where churn is silence, its probability
    tells the slow from the fast more than those who will leave from those who will not; `leaving` is for that.

    Examples
    --------
    >>> survival(np.array([0.5]), 2.0, 3).round(3).tolist()
    [[0.5, 0.333, 0.25]]
    >>> survival(np.array([0.5]), float("inf"), 3).tolist()
    [[0.5, 0.25, 0.125]]
    """
    stay = 1 - np.asarray(churn_probability, dtype=np.float64)
    k = np.arange(periods)
    if np.isinf(concentration):
        shares = np.asarray(stay[:, None] ** (k + 1.0))
    else:
        shares = np.cumprod((stay[:, None] * concentration + k) / (concentration + k), axis=1)
    return np.asarray(shares * (1 - leaving) ** k)


def fit_losses(churn_probability: np.ndarray, period: np.ndarray, bought: np.ndarray) -> tuple[float, float]:
    """Fit how customers are lost on who bought in later periods.

    Parameters
    ----------
    churn_probability : numpy.ndarray of shape (n_rows,)
        Of the first period, as the model gives it.
    period : numpy.ndarray of int, shape (n_rows,)
        Which period a row is about, from 2.
    bought : numpy.ndarray of shape (n_rows,)
        1 where the customer bought in it.

    Returns
    -------
    tuple of (float, float)
        The most likely concentration, within `BOUNDS`, and the share that leaves besides, up to `MOST_LEAVING`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p, period = rng.uniform(0.05, 0.6, 40_000), rng.integers(2, 7, 40_000)
    >>> bought = rng.random(40_000) < (1 - rng.beta(4 * p, 4 - 4 * p)) ** period * 0.9 ** (period - 1)
    >>> concentration, leaving = fit_losses(p, period, bought)
    >>> round(concentration), round(leaving, 1)
    (4, 0.1)
    """
    from scipy.optimize import minimize

    most = int(period.max())

    def loss(theta: np.ndarray) -> float:
        shares = survival(churn_probability, float(np.exp(theta[0])), most, float(theta[1]))
        s = np.clip(shares[np.arange(len(period)), period - 1], 1e-9, 1 - 1e-9)
        return -float(np.mean(np.where(bought > 0, np.log(s), np.log1p(-s))))

    bounds = [tuple(np.log(BOUNDS)), (0.0, MOST_LEAVING)]
    found = min(
        (minimize(loss, (start, 0.05), method="L-BFGS-B", bounds=bounds) for start in (-1.0, 2.0)),
        key=lambda result: result.fun,
    )
    return float(np.exp(found.x[0])), float(found.x[1])


def periods(horizon_days: int, lifetime_days: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the periods of a lifetime start and how long they are, in days.

    Examples
    --------
    >>> [x.tolist() for x in periods(60, 150)]
    [[0, 60, 120], [60, 60, 30]]
    """
    starts = np.arange(0, lifetime_days, horizon_days)
    return starts, np.minimum(lifetime_days - starts, horizon_days)


def lifetime_value(
    churn_probability: np.ndarray,
    spend_if_staying: np.ndarray,
    *,
    horizon_days: int,
    concentration: float,
    lifetime_days: int,
    discount_rate: float,
    leaving: float = 0.0,
    paid_when_leaving: float = 0.0,
    season: np.ndarray | None = None,
    if_staying: bool = False,
) -> np.ndarray:
    """Return the expected spend over a lifetime, discounted to its start.

    Parameters
    ----------
    churn_probability, spend_if_staying : numpy.ndarray of shape (n_rows,)
        For one period of `horizon_days`.
    horizon_days : int
        Length of a period.
    concentration, leaving : float
        See `survival`.
    lifetime_days : int
        How far to count; the last period counts by its share.
    discount_rate : float
        Per year of 365 days; 0.1 takes a tenth off what comes in a year. A period's money comes at its middle.
    paid_when_leaving : float, default 0
        Share of a period's spend that a customer still pays in the period of leaving.
    season : numpy.ndarray of shape (n_periods,), optional
        Factor of the spend in each period.
    if_staying : bool, default False
        Of a customer who stays through the first period, such as one who was saved; he may be lost in later ones.

    Returns
    -------
    numpy.ndarray of shape (n_rows,)
        Revenue, not profit, in the unit of the amounts.

    Notes
    -----
    ``sum over k of spend * season_k * (S_k + paid * (S_(k-1) - S_k)) / (1 + d) ** t_k`` with S from `survival`,
    S_0 = 1.

    Examples
    --------
    >>> stays, spend = np.zeros(1), np.full(1, 100.0)
    >>> terms = dict(horizon_days=60, concentration=4.0, lifetime_days=360, discount_rate=0.0)
    >>> lifetime_value(stays, spend, **terms).tolist()
    [600.0]
    >>> lifetime_value(stays + 0.5, spend, **{**terms, "lifetime_days": 60}).tolist()
    [50.0]
    >>> lifetime_value(stays + 0.5, spend, **{**terms, "lifetime_days": 60}, if_staying=True).tolist()
    [100.0]
    """
    starts, lengths = periods(horizon_days, lifetime_days)
    p = np.minimum(churn_probability, 1 - 1e-9) if if_staying else churn_probability
    shares = survival(p, concentration, len(starts), leaving)
    if if_staying:
        shares = shares / shares[:, :1]
    before = np.column_stack([np.ones(len(shares)), shares[:, :-1]])
    paid = shares + paid_when_leaving * (before - shares)
    discount = (1 + discount_rate) ** (-(starts + lengths / 2) / _YEAR_DAYS)
    factor = discount if season is None else discount * season
    # Not a product of matrices: that would round otherwise for one row and for many.
    return np.asarray(spend_if_staying * np.einsum("ij,j->i", paid, lengths / horizon_days * factor))
