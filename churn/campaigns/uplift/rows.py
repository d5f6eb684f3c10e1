"""The rows of a randomised past: who was contacted or left alone by chance, what was known before, what came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Rows:
    """One row per campaign, action and customer; each pair of campaign and action is an experiment of two arms.

    Attributes
    ----------
    X : numpy.ndarray of float64, shape (n_rows, n_signals)
        Signals as known before the campaign; NaN is unknown.
    customer, campaign, action : numpy.ndarray of int, shape (n_rows,)
        Codes; campaigns are numbered in the order of their start.
    treated : numpy.ndarray of bool, shape (n_rows,)
        Whether the customer was in the arm that is contacted; whoever was not reached stays in it.
    share : numpy.ndarray of float64, shape (n_rows,)
        Chance of being treated, which the design set.
    stayed : numpy.ndarray of float64, shape (n_rows,)
        1 retained after the horizon, 0 not.
    risk : numpy.ndarray of float64, shape (n_rows,)
        Churn probability known before the campaign.
    value : numpy.ndarray of float64, shape (n_rows,)
        What a saved customer is worth; 1 where money is not known.
    cost : numpy.ndarray of float64, shape (n_rows,)
        Expected cost of contacting, offers included; the same in both arms.
    assumed : numpy.ndarray of float64, shape (n_rows,)
        The effect the policy assumed.
    campaigns, actions : tuple of str
        Names behind the codes.
    periods : tuple of (str, str)
        By campaign its first day and the day from which on its outcome is known, as YYYY-MM-DD; the second is empty
        where it is not known, and without any the campaigns are taken to follow each other in the order of their codes.
    """

    X: Array
    customer: Array
    campaign: Array
    action: Array
    treated: Array
    share: Array
    stayed: Array
    risk: Array
    value: Array
    cost: Array
    assumed: Array
    campaigns: tuple[str, ...]
    actions: tuple[str, ...]
    periods: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        return len(self.stayed)

    def take(self, which: Array) -> Rows:
        """Return some of the rows, by mask or position."""
        every = {f.name: getattr(self, f.name) for f in fields(self)}
        some: dict[str, Any] = {k: v[which] for k, v in every.items() if isinstance(v, np.ndarray)}
        return replace(self, **some)

    def experiments(self) -> Iterator[tuple[int, int, Array]]:
        """Yield campaign, action and the positions of the rows of each experiment."""
        key = self.campaign.astype(np.int64) * max(len(self.actions), 1) + self.action
        for value in np.unique(key):
            where = np.flatnonzero(key == value)
            yield int(self.campaign[where[0]]), int(self.action[where[0]]), where

    def around(self, first: int) -> tuple[Array, Array]:
        """Return the rows whose outcome was known when a campaign began, and those of it and of later campaigns."""
        if not self.periods:
            return self.campaign < first, self.campaign >= first
        day = self.periods[first][0]
        known = np.array([start < day and until <= day for start, until in self.periods])
        later = np.array([start >= day for start, _ in self.periods])
        return known[self.campaign], later[self.campaign]

    @property
    def signed(self) -> Array:
        """Inverse propensity weights: 1 / share of the treated, -1 / (1 - share) of the holdout."""
        return np.where(self.treated, 1 / self.share, -1 / (1 - self.share))

    def residual(self) -> Array:
        """Return what came less what the risk let expect, within each experiment, shape (n_rows,).

        A line in the risk, fitted with the weights that make the mean of `effects` most exact. It takes no account
        of the arm, so the contrast of the arms keeps its mean and loses noise (Tsiatis et al. 2008).
        """
        out = np.empty(len(self))
        for _, _, where in self.experiments():
            t, e, y = self.treated[where], self.share[where], self.stayed[where]
            root = np.sqrt(np.where(t, (1 - e) / e, e / (1 - e)))
            design = np.column_stack([np.ones(len(where)), self.risk[where]])
            line = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
            out[where] = y - design @ line
        return out

    def effects(self) -> Array:
        """Return one noisy unbiased effect on retention per row, shape (n_rows,); only means of many say something.

        ``(stayed - expected) * (treated / share - (1 - treated) / (1 - share))``, whose mean over any group chosen
        without looking at the outcome is the group's mean effect (Horvitz and Thompson 1952).
        """
        return self.residual() * self.signed


def logit(risk: Array) -> Array:
    """Return the log-odds of probabilities, kept finite."""
    p = np.clip(risk, 1e-4, 1 - 1e-4)
    return np.log(p / (1 - p))


def folds_of(customer: Array, count: int, seed: int) -> Array:
    """Return a fold for each row; all rows of a customer are in one."""
    people, code = np.unique(customer, return_inverse=True)
    numbers = np.arange(len(people)) % count
    return np.asarray(np.random.default_rng(seed).permutation(numbers)[code])
