"""The plan as a linear program in HiGHS: some types of customers choose, and the others' choice stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from churn.campaigns.solver.lanes import Lanes
from churn.campaigns.solver.offers import Offers
from churn.campaigns.solver.quiet import quiet


@dataclass(frozen=True)
class Prices:
    """What one more unit of each limit would bring.

    Attributes
    ----------
    budget : float
        Profit per unit of money.
    slots : numpy.ndarray of shape (n_channels, n_days)
        Profit per contact of a channel on a day; 0 where capacity is left or nothing limits.
    """

    budget: float
    slots: np.ndarray

    def reduced(self, offers: Offers, lanes: Lanes) -> np.ndarray:
        """Return the gain of each pair less the price of what it uses, shape (n_pairs,)."""
        out = offers.gain - self.budget * offers.cost if self.budget else offers.gain.copy()
        if self.slots.any():
            out -= np.append(lanes.prices(self.slots), 0.0)[offers.place]
        return out


@dataclass(frozen=True)
class Fixed:
    """What those use whose choice stands: money, and customers per place; shape (n_lanes * window + 1,)."""

    cost: float
    places: np.ndarray


@dataclass(frozen=True)
class Answer:
    """A solved program.

    Attributes
    ----------
    number : numpy.ndarray of shape (n_pairs,)
        Customers of each pair.
    value, bound : float
        Without the fixed; the same but for whole numbers.
    prices : Prices
        Of the limits; 0 for whole numbers, which have none.
    starts : numpy.ndarray of shape (n_lanes, window)
        First contacts by lane and day that hold all, the fixed too.
    """

    number: np.ndarray
    value: float
    bound: float
    prices: Prices
    starts: np.ndarray


class Program:
    """The program over some pairs.

    Parameters
    ----------
    offers : Offers
        All pairs.
    pairs : numpy.ndarray of int
        Those that choose, ascending.
    number : numpy.ndarray of int, shape (n_types,)
        Customers of each type; weights of a sample may be used.
    lanes : Lanes
        The calendar.
    budget : float
        Infinite where nothing limits it.
    fixed : Fixed
        What the others use.
    scale : float, default 1
        Share of all limits, for a sample.

    Notes
    -----
    Columns: ``x`` per pair, ``f`` starts per lane and day, ``y`` customers of a lane that wait from one day to the
    next, and one of going over and one of staying under each limit. Rows: one per type, the budget, one per limited
    slot, and for each lane and day: waiting before + new - starts = waiting after. With single contacts this is
    Hall's condition on nested intervals.
    """

    def __init__(
        self,
        offers: Offers,
        pairs: np.ndarray,
        number: np.ndarray,
        lanes: Lanes,
        budget: float,
        fixed: Fixed,
        scale: float = 1.0,
    ) -> None:
        import scipy.sparse as sp

        self.lanes, self.m = lanes, len(pairs)
        gain, cost = offers.gain[pairs], offers.cost[pairs]
        types, row = np.unique(offers.owner[pairs], return_inverse=True)
        self.money = float(gain.mean()) if len(gain) else 1.0
        self.coin = float(cost.mean()) if len(cost) and cost.any() else 1.0
        window = lanes.window
        limited = np.flatnonzero(lanes.is_limited)
        column = np.full(len(lanes.falls), -1)
        column[limited] = np.arange(len(limited))
        nf = len(limited) * window
        finite = np.isfinite(lanes.capacity)
        slot = np.full(finite.shape, -1)
        slot[finite] = np.arange(finite.sum())
        self.finite, self.nf, n_slots, m = finite, nf, int(finite.sum()), self.m
        self.has_budget = bool(np.isfinite(budget))
        n_limits = int(self.has_budget) + n_slots
        first = self.m + 2 * nf  # of the columns over and under
        width = first + 2 * n_limits

        # rows of upper limits: types, budget, slots
        cells: list[tuple[Any, Any, Any]] = [(row, np.arange(m), np.ones(m))]
        at = len(types)
        if self.has_budget:
            cells.append((np.full(m, at), np.arange(m), cost / self.coin))
        at += int(self.has_budget)
        can_start = np.zeros(nf, dtype=bool)
        for k, one in enumerate(limited):
            days = lanes.falls[one]
            ok = np.flatnonzero(lanes.room[one] > 0)
            can_start[k * window + ok] = True
            rows = slot[lanes.channel[one]][days[ok]]
            cols = np.broadcast_to((m + k * window + ok)[:, None], rows.shape)
            cells.append((at + rows[rows >= 0], cols[rows >= 0], np.ones(int((rows >= 0).sum()))))
        limits = len(types) + np.arange(n_limits)
        cells.append((limits, first + np.arange(n_limits), -np.ones(n_limits)))
        self.upper = _matrix(sp, cells, (len(types) + n_limits, width))
        room = (budget * scale - fixed.cost) / self.coin
        self.most = np.concatenate(
            [number[types].astype(float), [room] if self.has_budget else [], lanes.capacity[finite] * scale]
        )
        # rows of the days of each lane
        lane, day = np.divmod(offers.place[pairs].astype(np.int64), window)
        inside = np.flatnonzero(lane < len(lanes.falls))
        i = np.arange(nf)
        later = i % window > 0
        self.days = _matrix(
            sp,
            [
                (column[lane[inside]] * window + day[inside], inside, np.ones(len(inside))),
                (i, m + i, -np.ones(nf)),
                (i, m + nf + i, -np.ones(nf)),
                (i[later], m + nf + i[later] - 1, np.ones(int(later.sum()))),
            ],
            (nf, width),
        )
        self.waiting = -fixed.places[:-1].reshape(-1, window)[limited].ravel().astype(float)
        self.first, self.n_limits, self.n_types = first, n_limits, len(types)
        self.ceiling = np.concatenate(
            [
                number[offers.owner[pairs]].astype(float),
                np.where(can_start, np.inf, 0.0),
                np.where(i % window == window - 1, 0.0, np.inf),
                np.zeros(2 * n_limits),
            ]
        )
        self.gain = np.zeros(width)
        self.gain[:m] = gain / self.money

    def solve(self, between: tuple[Prices, Prices] | None = None) -> Answer:
        """Solve it with fractions.

        Parameters
        ----------
        between : tuple of two Prices, optional
            Prices are sought between these: going over a limit costs the higher, staying under earns the lower.
        """
        from scipy.optimize import linprog

        gain, ceiling, upper = self.gain.copy(), self.ceiling.copy(), self.upper
        if between is not None:
            low, high = (self._limit_prices(p) for p in between)
            over = slice(self.first, self.first + self.n_limits)
            ceiling[over] = np.inf
            gain[over] = -high
            gain, ceiling, upper = self._with_under(gain, ceiling, low)
        result = linprog(
            -gain,
            A_ub=upper,
            b_ub=self.most,
            A_eq=self.days if self.nf else None,
            b_eq=self.waiting if self.nf else None,
            bounds=np.column_stack([np.zeros(len(gain)), ceiling]),
            method="highs-ds",
        )
        if result.x is None:
            raise RuntimeError(f"HiGHS found no answer: {result.message}")
        marginal = np.maximum(-result.ineqlin.marginals[self.n_types :], 0.0)
        value = -float(result.fun) * self.money
        return Answer(result.x[: self.m], value, value, self._prices(marginal), self._starts(result.x))

    def solve_whole(self, gap: float, nodes: int) -> Answer | None:
        """Solve it in whole numbers, to a relative gap or a number of nodes; None where that found nothing."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        width = self.first
        constraints = [LinearConstraint(self.upper[:, :width], -np.inf, self.most)]
        if self.nf:
            constraints.append(LinearConstraint(self.days[:, :width], self.waiting, self.waiting))
        whole = np.ones(width)
        whole[self.m + self.nf :] = 0  # who waits is whole where the others are
        with quiet():
            result = milp(
                -self.gain[:width],
                integrality=whole,
                bounds=Bounds(0, self.ceiling[:width]),
                constraints=constraints,
                options={"mip_rel_gap": gap, "node_limit": nodes},
            )
        if result.x is None:
            return None
        number = np.rint(result.x[: self.m])
        bound = result.mip_dual_bound if result.mip_dual_bound is not None else -np.inf
        none = Prices(0.0, np.zeros(self.finite.shape))
        value, most = -float(result.fun) * self.money, -float(bound) * self.money
        return Answer(number, value, most, none, np.rint(self._starts(result.x)))

    def _with_under(
        self, gain: np.ndarray, ceiling: np.ndarray, low: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, Any]:
        """Add what staying under a limit earns: a row's unused part, valued at the lowest price."""
        import scipy.sparse as sp

        under = slice(self.first + self.n_limits, self.first + 2 * self.n_limits)
        gain[under], ceiling[under] = low, np.inf
        rows = self.n_types + np.arange(self.n_limits)
        more = sp.csr_matrix(
            (np.ones(self.n_limits), (rows, np.arange(under.start, under.stop))), shape=self.upper.shape
        )
        return gain, ceiling, self.upper + more

    def _starts(self, x: np.ndarray) -> np.ndarray:
        out = np.zeros((len(self.lanes.falls), self.lanes.window))
        out[self.lanes.is_limited] = x[self.m : self.m + self.nf].reshape(-1, self.lanes.window)
        return out

    def _limit_prices(self, prices: Prices) -> np.ndarray:
        """Return prices in the program's own units, one per limit."""
        budget = [prices.budget * self.coin / self.money] if self.has_budget else []
        return np.concatenate([budget, prices.slots[self.finite] / self.money])

    def _prices(self, marginal: np.ndarray) -> Prices:
        slots = np.zeros(self.finite.shape)
        slots[self.finite] = marginal[int(self.has_budget) :] * self.money
        return Prices(float(marginal[0]) * self.money / self.coin if self.has_budget else 0.0, slots)


def _matrix(sp: Any, cells: list[tuple[Any, Any, Any]], shape: tuple[int, int]) -> Any:
    rows, cols, values = (np.concatenate([np.ravel(c[i]) for c in cells]) for i in range(3))
    return sp.csr_matrix((values, (rows, cols)), shape=shape)


def choose(offers: Offers, reduced: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best pair of each type at some prices (-1 where none is above 0) and what it is worth."""
    if not len(offers):
        return np.empty(0, dtype=np.int64), np.empty(0)
    best = np.maximum.reduceat(reduced, offers.start)
    at = np.flatnonzero(reduced == best[offers.owner])
    owner = offers.owner[at]
    first = np.ones(len(at), dtype=bool)
    first[1:] = owner[1:] != owner[:-1]
    return np.where(best > 0, at[first], -1), np.maximum(best, 0.0)


def dual_value(offers: Offers, worth: np.ndarray, prices: Prices, lanes: Lanes, budget: float) -> float:
    """Return the bound that prices prove: what the limits cost at them, and what all then choose is worth."""
    slots = prices.slots * np.where(np.isfinite(lanes.capacity), lanes.capacity, 0.0)
    money = prices.budget * budget if prices.budget else 0.0
    return float(money + slots.sum() + (offers.number * worth).sum())
