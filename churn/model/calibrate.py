"""The calibrator: a factor of the log-odds, kept only if it improves data later than those it was fitted on."""

from __future__ import annotations

import numpy as np

from churn.model.baserate import shift_to

_RANGE = (0.5, 2.0)


def recentred_loss(z: np.ndarray, y: np.ndarray) -> float:
    """Return the log loss after moving the log-odds so that the mean prediction is the observed share.

    Base rates drift with the season and are forecast apart; what is left is how well the rows are told apart.

    Parameters
    ----------
    z : numpy.ndarray of shape (n_rows,)
        Predicted log-odds.
    y : numpy.ndarray of shape (n_rows,)
        Labels.

    Examples
    --------
    >>> z, y = np.array([-2.0, 2.0]), np.array([0.0, 1.0])
    >>> round(recentred_loss(z, y), 3), round(recentred_loss(z + 5, y), 3)
    (0.127, 0.127)
    """
    return float(recentred_losses(z, y).mean())


def recentred_losses(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the loss of each row whose mean is `recentred_loss`."""
    moved = z + shift_to(z, float(y.mean()))
    return np.asarray(np.logaddexp(0, moved) - y * moved)


def surely_better(new: np.ndarray, old: np.ndarray) -> bool:
    """Tell whether losses are lower in the mean by more than two standard errors of their paired difference.

    Parameters
    ----------
    new, old : numpy.ndarray of shape (n_rows,)
        Losses of the same rows, one row per customer.

    Examples
    --------
    >>> surely_better(np.zeros(100), np.ones(100)), surely_better(np.array([0.0, 1.0]), np.array([1.0, 0.1]))
    (True, False)
    """
    gain = old - new
    return bool(gain.mean() > 2 * gain.std() / np.sqrt(len(gain)))


def find_slope(earlier: tuple[np.ndarray, np.ndarray] | None, later: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the factor of the log-odds, or 1 where what one snapshot asks for does not surely help the next.

    Parameters
    ----------
    earlier, later : tuple of numpy.ndarray
        Predicted log-odds and labels of two snapshots, by a model that has seen neither; None where there is
        no earlier one.

    Returns
    -------
    float
        Fitted on both, if the one fitted on the earlier surely improves the later one; between 0.5 and 2.

    Notes
    -----
    The one-parameter form of Platt (1999), after recentring.
    """
    if earlier is None:
        return 1.0
    z, y = later
    if not surely_better(recentred_losses(_fit_slope([earlier]) * z, y), recentred_losses(z, y)):
        return 1.0
    return _fit_slope([earlier, later])


def _fit_slope(parts: list[tuple[np.ndarray, np.ndarray]]) -> float:
    from scipy.optimize import minimize_scalar

    def loss(slope: float) -> float:
        return sum(len(y) * recentred_loss(slope * z, y) for z, y in parts)

    found = minimize_scalar(loss, bounds=_RANGE, method="bounded", options={"xatol": 1e-3})
    return float(found.x)
