"""What a plan expects of those it will contact, each figure with an interval in which it should come to lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from churn.campaigns.blocks import Action

_DRAWS = 4000
_ONE_BY_ONE = 4_000_000  # customers times draws up to which every customer is drawn
_NODES = np.array([-3.5, -1.75, 0.0, 1.75, 3.5])  # standard deviations of the base rate's error
_FIGURES = ("cost", "saved", "value", "profit")


@dataclass(frozen=True)
class Estimate:
    """What is expected on average, and the 95 % interval of what may come."""

    mean: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """Return the figures."""
        return {"mean": self.mean, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Expectation:
    """What contacting some customers should lead to.

    Attributes
    ----------
    contacts : Estimate
        Their number; it is known.
    cost : Estimate
        Of contacts, and of the offers that are taken; money.
    saved : Estimate
        Who would leave and stays, less who would stay and leaves: what a holdout will show.
    value : Estimate
        Of those saved; money.
    profit : Estimate
        Value less cost; money.
    """

    contacts: Estimate
    cost: Estimate
    saved: Estimate
    value: Estimate
    profit: Estimate

    def to_dict(self) -> dict[str, dict[str, float]]:
        """Return the figures, each with mean, low and high."""
        return {name: getattr(self, name).to_dict() for name in ("contacts", *_FIGURES)}


def expect(
    churn_probability: np.ndarray,
    value: np.ndarray,
    action: np.ndarray,
    actions: Sequence[Action],
    *,
    uplift: np.ndarray | None = None,
    base_rate: tuple[float, float] | None = None,
    draws: int = _DRAWS,
    seed: int = 0,
) -> tuple[Expectation, list[Expectation]]:
    """Return what is expected in all, and of each action.

    Parameters
    ----------
    churn_probability, value : numpy.ndarray of shape (n,)
        Of those who will be contacted: without a contact, and the money at stake.
    action : numpy.ndarray of int, shape (n,)
        Index into `actions`.
    actions : sequence of Action
        Their costs, save chances, and how sure these are.
    uplift : numpy.ndarray of shape (n,), optional
        Reduction of the churn probability by a model, instead of that from the save chance; NaN where there is none. It
        is taken to be as sure as the action's save chance.
    base_rate : tuple of two float, optional
        95 % interval of the share who will churn, where it is known; all probabilities are off together by as much, in
        log-odds.
    draws : int, default 4000
        Of what is not known.
    seed : int, default 0
        Of the draws; the same plan always expects the same.

    Returns
    -------
    tuple of Expectation and list of Expectation
        In all; and by action, in the order of `actions`.

    Notes
    -----
    Who would leave leaves with probability `p` and is saved with the action's save chance ``S``; who would stay
    leaves with probability ``wakes`` and takes an offer with probability ``stayers_accept``; who is saved takes it.
    ``S`` is Beta(``save_chance * weight``, ``(1 - save_chance) * weight``) distributed and the same for all customers
    of an action, so its error does not average out; nor does that of the base rate. Given both, customers are
    independent: up to 4 million customers times draws are drawn one by one, beyond that their sum is normal with the
    exact mean and variance (central limit theorem). Means are those of the formulas, not of the draws.

    Examples
    --------
    >>> call = Action(name="call", kind="call", channel="phone", cost=6, save_chance=0.25)
    >>> total, by_action = expect(np.full(400, 0.5), np.full(400, 100.0), np.zeros(400, dtype=int), [call])
    >>> total.saved.mean, total.profit.mean, total.contacts.mean
    (50.0, 2600.0, 400.0)
    >>> 10 < total.saved.low < 25 and 75 < total.saved.high < 110
    True
    """
    order = np.lexsort((value, churn_probability, action))
    p, v, a = (np.asarray(x)[order] for x in (churn_probability, value, action))
    u = None if uplift is None else np.asarray(uplift, dtype=float)[order]
    rng = np.random.default_rng(seed)
    chance = np.column_stack(
        [rng.beta(x.save_chance * x.save_chance_weight, (1 - x.save_chance) * x.save_chance_weight, draws)
         for x in actions]
    )  # fmt: skip
    spread = 0.0 if base_rate is None else (_logit(base_rate[1]) - _logit(base_rate[0])) / (2 * 1.959964)
    off = np.clip(rng.normal(size=draws), _NODES[0], _NODES[-1]) if spread else np.zeros(draws)
    terms = _Terms(p, v, a, u, tuple(actions))
    plain = terms.means(np.array([x.save_chance for x in actions]))
    fixed = np.bincount(a, minlength=len(actions)) * np.array([x.cost * len(x.steps) for x in actions])
    contacts = np.bincount(a, minlength=len(actions)) * np.array([float(len(x.steps)) for x in actions])
    if len(p) * draws <= _ONE_BY_ONE:
        drawn = terms.one_by_one(chance, off * spread, rng)
    else:
        drawn = terms.by_moments(chance, off, spread, rng)

    def told(which: slice) -> Expectation:
        found = {}
        for name in _FIGURES:
            add = {"cost": 1.0, "profit": -1.0}.get(name, 0.0) * fixed[which].sum()
            low, high = np.quantile(drawn[name][:, which].sum(axis=1), [0.025, 0.975]) + add
            found[name] = Estimate(float(plain[name][which].sum() + add), float(low), float(high))
        n = float(contacts[which].sum())
        return Expectation(contacts=Estimate(n, n, n), **found)

    return told(slice(None)), [told(slice(i, i + 1)) for i in range(len(actions))]


class _Terms:
    """Customers sorted by action, and their outcomes as formulas of the save chance."""

    def __init__(
        self,
        p: np.ndarray,
        v: np.ndarray,
        a: np.ndarray,
        u: np.ndarray | None,
        actions: tuple[Action, ...],
    ) -> None:
        self.p, self.v, self.a, self.u, self.n = p, v, a, u, len(actions)
        self.save = np.array([x.save_chance for x in actions])[a]
        self.wakes = np.array([x.wakes for x in actions])[a]
        self.accept = np.array([x.stayers_accept for x in actions])[a]
        self.offer = np.array([x.offer_cost for x in actions])[a]
        self.start = np.searchsorted(a, np.arange(self.n + 1))

    def chances(self, shift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return P(leaves), P(saved) per unit of save chance, and P(woken), with all log-odds shifted.

        With an uplift from a model the second is its positive part over the assumed save chance, and the third its
        negative part.
        """
        p = self.p
        if shift:
            with np.errstate(divide="ignore"):
                p = 1 / (1 + np.exp(-(np.log(p) - np.log1p(-p) + shift)))
        if self.u is None:
            return p, p, (1 - p) * self.wakes
        has, ratio = ~np.isnan(self.u), p / np.maximum(self.p, 1e-300)  # a model's uplift moves with the risk
        saved = np.where(has, np.maximum(self.u, 0) / self.save * ratio, p)
        return p, saved, np.where(has, np.minimum(np.maximum(-self.u, 0), 1 - p), (1 - p) * self.wakes)

    def sums(self, shift: float) -> np.ndarray:
        """Return sums by figure and action of what gives mean and variance, shape (4, n_actions, 7).

        A figure of one customer has the mean ``a S + b`` and the mean square ``c S + d``; the sums are of a, b, c, d,
        a^2, a b and b^2.
        """
        p, saved, woken = self.chances(shift)
        taken, v, o = (1 - p) * self.accept, self.v, self.offer
        both = np.minimum(saved, p)  # saved, and takes the offer
        each = (
            (o * p, o * taken, o**2 * p, o**2 * taken),
            (saved, -woken, saved, woken),
            (v * saved, -v * woken, v**2 * saved, v**2 * woken),
            (
                v * saved - o * p,
                -v * woken - o * taken,
                v**2 * saved + o**2 * p - 2 * v * o * both,
                v**2 * woken + o**2 * taken + 2 * v * o * woken * self.accept,
            ),
        )
        return np.array(
            [
                np.column_stack([self._by_action(x) for x in (a, b, c, d, a * a, a * b, b * b)])
                for a, b, c, d in each
            ]
        )

    def _by_action(self, x: np.ndarray) -> np.ndarray:
        return np.bincount(self.a, weights=x, minlength=self.n)

    def means(self, chance: np.ndarray) -> dict[str, np.ndarray]:
        """Return the mean of each figure by action at given save chances, contact costs left out."""
        return {name: x[:, 0] * chance + x[:, 1] for name, x in zip(_FIGURES, self.sums(0.0), strict=True)}

    def by_moments(
        self, chance: np.ndarray, off: np.ndarray, spread: float, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Draw sums as normal; return each figure by draw and action."""
        nodes = _NODES if spread else _NODES[2:3]
        at = np.array([self.sums(float(x) * spread) for x in nodes])
        # between the nodes by Lagrange's polynomial, shape (n_draws, n_nodes)
        basis = np.ones((len(off), len(nodes)))
        for i, x in enumerate(nodes):
            for j, y in enumerate(nodes):
                if i != j:
                    basis[:, i] *= (off - y) / (x - y)
        out = {}
        for k, name in enumerate(_FIGURES):
            a, b, c, d, aa, ab, bb = np.moveaxis(np.tensordot(basis, at[:, k], axes=1), 2, 0)
            variance = c * chance + d - aa * chance**2 - 2 * ab * chance - bb
            out[name] = a * chance + b + np.sqrt(np.maximum(variance, 0)) * rng.normal(size=chance.shape)
        return out

    def one_by_one(
        self, chance: np.ndarray, shift: np.ndarray, rng: np.random.Generator
    ) -> dict[str, np.ndarray]:
        """Draw every customer; return each figure by draw and action."""
        out = {name: np.zeros((len(chance), self.n)) for name in _FIGURES}
        filled = np.flatnonzero(np.diff(self.start))
        if not len(filled):
            return out
        for i, one in enumerate(chance):
            if i == 0 or shift[i] != shift[i - 1]:
                p, per_chance, woken = self.chances(float(shift[i]))
            fate, accepts = rng.random((2, len(self.a)))  # fate below p leaves without a contact
            s = one[self.a]
            saved = fate < np.minimum(per_chance * s, p)
            taken = (fate < p * s) | ((fate >= p) & (accepts < self.accept))
            net = saved.astype(float) - (fate > 1 - woken)
            each = (self.offer * taken, net, self.v * net, self.v * net - self.offer * taken)
            for name, x in zip(_FIGURES, each, strict=True):
                out[name][i, filled] = np.add.reduceat(x, self.start[filled])
        return out


def _logit(share: float) -> float:
    share = min(max(share, 1e-9), 1 - 1e-9)
    return math.log(share / (1 - share))
