"""Who is on the at-risk list, in which order, by which rule, and whom the rule leaves out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.config import ScoringSettings
from churn.display import format_count, format_percent
from churn.model.bands import LISTED_FROM, is_listed, odds_of


@dataclass(frozen=True)
class Listing:
    """The list.

    Attributes
    ----------
    chosen : numpy.ndarray of int64, shape (n_listed,)
        Rows of those who are listed, most value at stake first.
    at_risk : int
        How many the rule would list, also where a capacity shortens the list.
    rule : str
        The rule in words, and whom it leaves out.
    """

    chosen: np.ndarray
    at_risk: int
    rule: str


def choose(churn_probability: np.ndarray, stake: np.ndarray, settings: ScoringSettings) -> Listing:
    """Choose whom to list.

    Parameters
    ----------
    churn_probability, stake : numpy.ndarray of shape (n_customers,)
        Of the active customers, in the order of their ids, which settles ties: the probability, and the value at stake.
    settings : ScoringSettings
        Threshold, and size of the list.

    Examples
    --------
    >>> listing = choose(np.array([0.9, 0.2, 0.7]), np.array([1.0, 5.0, 3.0]), ScoringSettings(threshold=0.5))
    >>> listing.chosen.tolist(), listing.rule
    ([2, 0], 'Listed: churn probability of 50 % or more. Below it: 1 customers.')
    """
    p = churn_probability
    chosen = np.flatnonzero(is_listed(p, settings.threshold))
    if settings.threshold is not None:
        rule = f"Listed: churn probability of {100 * settings.threshold:g} % or more"
    else:
        least = LISTED_FROM * odds_of(p)[1]
        limit = least / (1 + least)
        rule = f"Listed: odds of churn at least twice the average, a probability of {format_percent(limit, 0)} or more"
    chosen = chosen[np.lexsort((chosen, -p[chosen], -stake[chosen]))]
    left, count = len(p) - len(chosen), len(chosen)
    if settings.top is not None and len(chosen) > settings.top:
        rule += f"; {format_count(len(chosen) - settings.top)} more left out by top: {settings.top}"
        chosen = chosen[: settings.top]
    return Listing(chosen, count, f"{rule}. Below it: {format_count(left)} customers.")
