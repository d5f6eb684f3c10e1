"""What contacting a customer is expected to earn."""

from __future__ import annotations

import numpy as np


def action_profit(
    churn_probability: np.ndarray,
    value: np.ndarray | float,
    *,
    save_chance: float,
    contact_cost: float,
    offer_cost: float = 0.0,
    stayers_accept: float = 1.0,
    wakes: float = 0.0,
    uplift: np.ndarray | None = None,
) -> np.ndarray:
    """Return what contacting each customer is expected to earn, shape (n_rows,).

    Parameters
    ----------
    churn_probability : numpy.ndarray of shape (n_rows,)
        Of each customer without a contact.
    value : numpy.ndarray of shape (n_rows,) or float
        What the customer is worth if saved, before the offer; money.
    save_chance : float
        Share of those who would leave who stay because of the contact; they take the offer.
    contact_cost : float
        Of all contacts to one customer together.
    offer_cost : float, default 0
        Of an offer that is taken.
    stayers_accept : float, default 1
        Share of those who would stay anyway who take the offer.
    wakes : float, default 0
        Share of those who would stay who leave because of the contact.
    uplift : numpy.ndarray of shape (n_rows,), optional
        The reduction of the churn probability by a model, instead of that from `save_chance` and `wakes`.

    Returns
    -------
    numpy.ndarray of shape (n_rows,)
        Money; NaN where the probability or the value is not known.

    Notes
    -----
    ``uplift * value - offer_cost * P(taken) - contact_cost`` with ``uplift = p * save_chance - (1 - p) * wakes`` and
    ``P(taken) = p * save_chance + (1 - p) * stayers_accept``. Without `wakes` this is the expected profit of a
    contact of [1]_ and [2]_.

    References
    ----------
    .. [1] Neslin, S. A., Gupta, S., Kamakura, W., Lu, J. and Mason, C. H. (2006). Defection Detection.
       Journal of Marketing Research 43(2), 204-211.
    .. [2] Verbraken, T., Verbeke, W. and Baesens, B. (2013). A Novel Profit Maximizing Metric for Measuring
       Classification Performance of Customer Churn Prediction Models. IEEE TKDE 25(5), 961-973.

    Examples
    --------
    >>> p, value = np.array([0.5, 0.5]), np.array([200.0, 20.0])
    >>> action_profit(p, value, save_chance=0.3, contact_cost=1, offer_cost=10).tolist()
    [22.5, -4.5]
    """
    p, wasted = churn_probability, stayers_accept * offer_cost
    if uplift is not None:
        taken = expected_taken(p, save_chance, stayers_accept)
        return np.asarray(uplift * value - offer_cost * taken - contact_cost)
    profit = p * save_chance * (value - offer_cost) - (1 - p) * wasted - contact_cost
    return np.asarray(profit - (1 - p) * wakes * value if wakes else profit)


def expected_uplift(churn_probability: np.ndarray, save_chance: float, wakes: float = 0.0) -> np.ndarray:
    """Return by how much a contact is expected to lower the churn probability, shape (n_rows,).

    Examples
    --------
    >>> expected_uplift(np.array([0.5, 0.1]), 0.2, wakes=0.1).round(3).tolist()
    [0.05, -0.07]
    """
    return np.asarray(churn_probability * save_chance - (1 - churn_probability) * wakes)


def expected_taken(churn_probability: np.ndarray, save_chance: float, stayers_accept: float) -> np.ndarray:
    """Return the probability that an offer is taken, shape (n_rows,).

    Examples
    --------
    >>> expected_taken(np.array([0.5]), 0.2, 1.0).tolist()
    [0.6]
    """
    return np.asarray(churn_probability * save_chance + (1 - churn_probability) * stayers_accept)
