"""Worth over a stated lifetime: what stays of a customer period by period, times spend, discounted."""

from __future__ import annotations

import numpy as np

# Concentrations within which the fit is sought: at 0.01 nobody is lost after the first period, at 1,000 the share
# that is lost is the same in every period.
BOUNDS = (0.01, 1000.0)
_YEAR_DAYS = 365.0


def survival(churn_probability: np.ndarray, concentration: float, periods: int) -> np.ndarray:
    """Return the share of each customer that still buys in the first, second, ... period.

    Parameters
    ----------
    churn_probability : numpy.ndarray of shape (n_rows,)
        Of the first period.
    concentration : float
        How alike customers of one churn probability are; infinite means that all have it in every period.
    periods : int
        How many periods.

    Returns
    -------
    numpy.ndarray of shape (n_rows, periods)
        Falls from period to period; the first column is 1 - churn probability.

    Notes
    -----
    The shifted beta-geometric model: each customer leaves with an own constant probability per period, which is
    beta(a, b) among customers who look alike, with mean a / (a + b) equal to the churn probability and a + b the
    concentration. Who stays is who had a small probability, so the share that leaves falls. Fader and Hardie (2007),
    How to Project Customer Retention, Journal of Interactive Marketing 21 (1).

    Examples
    --------
    >>> survival(np.array([0.5]), 2.0, 3).round(3).tolist()
    [[0.5, 0.333, 0.25]]
    >>> survival(np.array([0.5]), float("inf"), 3).tolist()
    [[0.5, 0.25, 0.125]]
    """
    stay = 1 - np.asarray(churn_probability, dtype=np.float64)
    if np.isinf(concentration):
        return np.asarray(stay[:, None] ** np.arange(1, periods + 1))
    b, k = stay[:, None] * concentration, np.arange(periods)
    return np.asarray(np.cumprod((b + k) / (concentration + k), axis=1))


def fit_concentration(churn_probability: np.ndarray, period: np.ndarray, bought: np.ndarray) -> float:
    """Fit the concentration on who bought in later periods.

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
    float
        The most likely one within `BOUNDS`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> leaves = rng.beta(1.0, 3.0, 20_000)
    >>> bought = rng.random(20_000) < (1 - leaves) ** 3
    >>> round(fit_concentration(np.full(20_000, 0.25), np.full(20_000, 3), bought), 0)
    4.0
    """
    from scipy.optimize import minimize_scalar

    most = int(period.max())

    def loss(log_concentration: float) -> float:
        shares = survival(churn_probability, float(np.exp(log_concentration)), most)
        s = np.clip(shares[np.arange(len(period)), period - 1], 1e-9, 1 - 1e-9)
        return -float(np.mean(np.where(bought > 0, np.log(s), np.log1p(-s))))

    found = minimize_scalar(loss, bounds=tuple(np.log(BOUNDS)), method="bounded", options={"xatol": 0.01})
    return float(np.exp(found.x))


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
    paid_when_leaving: float = 0.0,
    season: np.ndarray | None = None,
) -> np.ndarray:
    """Return the expected spend over a lifetime, discounted to its start.

    Parameters
    ----------
    churn_probability, spend_if_staying : numpy.ndarray of shape (n_rows,)
        For one period of `horizon_days`.
    horizon_days : int
        Length of a period.
    concentration : float
        See `survival`.
    lifetime_days : int
        How far to count; the last period counts by its share.
    discount_rate : float
        Per year of 365 days; 0.1 takes a tenth off what comes in a year. A period's money comes at its middle.
    paid_when_leaving : float, default 0
        Share of a period's spend that a customer still pays in the period of leaving.
    season : numpy.ndarray of shape (n_periods,), optional
        Factor of the spend in each period.

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
    """
    starts, lengths = periods(horizon_days, lifetime_days)
    shares = survival(churn_probability, concentration, len(starts))
    before = np.column_stack([np.ones(len(shares)), shares[:, :-1]])
    paid = shares + paid_when_leaving * (before - shares)
    discount = (1 + discount_rate) ** (-(starts + lengths / 2) / _YEAR_DAYS)
    factor = discount if season is None else discount * season
    return np.asarray(spend_if_staying * (paid @ (lengths / horizon_days * factor)))
