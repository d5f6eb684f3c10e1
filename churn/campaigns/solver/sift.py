"""Prices of the limits at which everybody choosing for himself fits them: the dual, and its proof of a bound.

Few customers are undecided at good prices. So a linear program of these alone is solved, where the choice of all
others stands; its prices are tried on everybody; and so on from there, until nobody outside would choose otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churn.campaigns.solver.lanes import Lanes
from churn.campaigns.solver.offers import Offers
from churn.campaigns.solver.program import Fixed, Prices, Program, choose, dual_value
from churn.progress import report

_CORE = 12_000  # types in one linear program: about half a second
_TURNS = 30
_EXACT = 1e-7  # of the profit


@dataclass(frozen=True)
class State:
    """What everybody chooses at some prices.

    Attributes
    ----------
    prices : Prices
        Of the limits.
    reduced : numpy.ndarray of shape (n_pairs,)
        Gain less prices.
    chosen : numpy.ndarray of int, shape (n_types,)
        Pair of each type, -1 for none.
    worth : numpy.ndarray of shape (n_types,)
        Its reduced gain.
    bound : float
        No plan earns more.
    """

    prices: Prices
    reduced: np.ndarray
    chosen: np.ndarray
    worth: np.ndarray
    bound: float


def state_at(prices: Prices, offers: Offers, lanes: Lanes, budget: float) -> State:
    """Let everybody choose at some prices."""
    reduced = prices.reduced(offers, lanes)
    chosen, worth = choose(offers, reduced)
    return State(prices, reduced, chosen, worth, dual_value(offers, worth, prices, lanes, budget))


def find_prices(offers: Offers, lanes: Lanes, budget: float, warm: Prices | None = None) -> State:
    """Find prices at which the bound is lowest, within a ten-millionth of the profit or nearly so.

    Parameters
    ----------
    offers : Offers
        All pairs that pay.
    lanes : Lanes
        The calendar.
    budget : float
        Infinite where nothing limits it.
    warm : Prices, optional
        Of a similar plan, to start from.

    Notes
    -----
    The model in each step, exact for the undecided and linear for the others, is nowhere above the dual. A trust
    region around the best prices keeps it where it is good; a step is taken only where the bound falls, so the
    best bound is proved whatever happens.
    """
    free = Prices(0.0, np.zeros(lanes.capacity.shape))
    if len(offers) <= _CORE:
        pairs = np.arange(len(offers.owner))
        answer = Program(offers, pairs, offers.number, lanes, budget, nothing(lanes)).solve()
        return state_at(answer.prices, offers, lanes, budget)
    floor = price_floor(offers, lanes, budget)
    best = state_at(warm or _sample_prices(offers, lanes, budget), offers, lanes, budget)
    if warm is None:
        none = state_at(free, offers, lanes, budget)
        best = best if best.bound <= none.bound else none
    reach = 0.2
    for turn in range(_TURNS):
        report("Weighing the limits", turn)
        core = np.sort(np.argpartition(closeness(best, offers, lanes, floor), _CORE)[:_CORE])
        pairs, fixed, sure = split(best, offers, core, lanes)
        low = _moved(best.prices, 1 - reach, Prices(0.0, np.zeros_like(free.slots)))
        high = _moved(best.prices, 1 + reach, _moved(floor, reach, free))
        answer = Program(offers, pairs, offers.number, lanes, budget, fixed).solve((low, high))
        after = state_at(answer.prices, offers, lanes, budget)
        promised = best.bound - (sure + answer.value)  # by the model, which is nowhere above the dual
        if after.bound < best.bound:
            good = best.bound - after.bound > 0.5 * promised
            best, reach = after, min(reach * 2, 1.0) if good else reach
        else:
            reach /= 4
        if promised <= _EXACT * abs(best.bound) or reach < 1e-9:
            break
    return best


def nothing(lanes: Lanes) -> Fixed:
    """Return what nobody uses."""
    return Fixed(0.0, np.zeros(len(lanes.falls) * lanes.window + 1, dtype=np.int64))


def split(state: State, offers: Offers, core: np.ndarray, lanes: Lanes) -> tuple[np.ndarray, Fixed, float]:
    """Return the pairs of the core, what the others use with their choice, and what that earns."""
    is_core = np.zeros(len(offers), dtype=bool)
    is_core[core] = True
    sure = np.flatnonzero(~is_core & (state.chosen >= 0))
    pair = state.chosen[sure]
    weight = offers.number[sure]
    size = len(lanes.falls) * lanes.window + 1
    places = np.rint(np.bincount(offers.place[pair], weights=weight, minlength=size)).astype(np.int64)
    fixed = Fixed(float((offers.cost[pair] * weight).sum()), places)
    return np.flatnonzero(is_core[offers.owner]), fixed, float((offers.gain[pair] * weight).sum())


def closeness(state: State, offers: Offers, lanes: Lanes, floor: Prices) -> np.ndarray:
    """Return by what share prices must move for a type to choose otherwise, about; shape (n_types,)."""
    paid = _moved(state.prices, 1.0, floor)
    cost = offers.cost * paid.budget
    cost += np.append(np.where(np.isfinite(p := lanes.prices(paid.slots)), p, 0.0), 0.0)[offers.place]
    has = state.chosen >= 0
    own = np.where(has, cost[np.maximum(state.chosen, 0)], 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (state.worth[offers.owner] - state.reduced) / (cost + own[offers.owner])
        share[state.chosen[has]] = np.inf
        out = np.minimum.reduceat(share, offers.start)
        return np.fmin(out, np.where(has, state.worth / own, np.inf))


def _sample_prices(offers: Offers, lanes: Lanes, budget: float) -> Prices:
    """Return the prices of a sample: those with most at stake, and some of the others, who stand for all."""
    n, half = len(offers), _CORE // 2
    top = np.zeros(n, dtype=bool)
    lane = offers.place // lanes.window
    each = max(half // (len(lanes.falls) + 1), 1)
    for one in range(len(lanes.falls) + 1):
        pairs = np.flatnonzero(lane == one)
        if len(pairs) > each:
            pairs = pairs[np.argpartition(-offers.gain[pairs], each)[:each]]
        top[offers.owner[pairs]] = True
    rest = np.flatnonzero(~top)
    some = np.sort(np.random.default_rng(0).permutation(rest)[:half])
    number = offers.number.astype(float)
    number[some] *= offers.number[rest].sum() / max(offers.number[some].sum(), 1)
    pairs = offers.pairs_of(np.concatenate([np.flatnonzero(top), some]))
    return Program(offers, pairs, number, lanes, budget, nothing(lanes)).solve().prices


def price_floor(offers: Offers, lanes: Lanes, budget: float) -> Prices:
    """Return small prices, so that one that is 0 can move."""
    money = 0.02 * float(offers.gain.mean())
    coin = float(offers.cost.mean())
    slots = np.where(np.isfinite(lanes.capacity), money, 0.0)
    return Prices(money / coin if coin and np.isfinite(budget) else 0.0, slots)


def _moved(prices: Prices, factor: float, add: Prices) -> Prices:
    return Prices(prices.budget * factor + add.budget, prices.slots * factor + add.slots)
