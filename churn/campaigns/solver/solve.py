"""Whom to contact with what and when: the most profit under budget and capacity, with a proved bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from churn.campaigns.solver.lanes import Lanes
from churn.campaigns.solver.offers import Offers, make_offers
from churn.campaigns.solver.program import Prices, Program
from churn.campaigns.solver.schedule import place
from churn.campaigns.solver.sift import State, closeness, find_prices, price_floor, split, state_at
from churn.errors import ParameterError
from churn.progress import report

_SIZES = (300, 1200, 5000)  # types of customers that are undecided until the end, in whole numbers
_PROOF = 3000  # pairs that could be in a better plan, up to which it is sought among them all
_NODES = 200
_FAST = 2000  # pairs and days up to which a node costs little
_GOOD = 1e-4  # relative gap that needs no further work
_FAIR = 1e-3  # and that needs no long work
_EXACT_PAIRS = 600  # undecided pairs up to which the program is solved to the end
_ROUNDING = 1e-9  # of the budget, for sums such as 0.1 + 0.1 + 0.1


@dataclass(frozen=True)
class Solution:
    """Who is chosen, for what and when.

    Attributes
    ----------
    choice : numpy.ndarray of int, shape (n,)
        Action of each customer, -1 for none.
    day : numpy.ndarray of int, shape (n,)
        Day of the first contact, -1 for none.
    why : numpy.ndarray of object, shape (n,)
        ``chosen``, ``not allowed``, ``not positive``, ``budget`` or ``capacity``.
    wanted : numpy.ndarray of int, shape (n,)
        The action that comes closest to paying at the prices, the chosen one where there is one; -1 where none pays.
    hurdle : numpy.ndarray of shape (n,)
        Expected profit from which that action would be chosen: what its money and slots bring elsewhere; NaN where
        none pays.
    profit : float
        Sum of the gains.
    bound : float
        No plan under these limits earns more.
    cost : float
        Expected, of all who are chosen.
    used : numpy.ndarray of int, shape (n_channels, n_days)
        Contacts.
    prices : Prices
        What one more unit of each limit would bring, about.
    """

    choice: np.ndarray
    day: np.ndarray
    why: np.ndarray = field(repr=False)
    wanted: np.ndarray = field(repr=False)
    hurdle: np.ndarray = field(repr=False)
    profit: float
    bound: float
    cost: float
    used: np.ndarray = field(repr=False)
    prices: Prices = field(repr=False)

    @property
    def gap(self) -> float:
        """Share of the bound that may be missing, 0 where the plan is proved best."""
        return max(self.bound - self.profit, 0.0) / self.bound if self.bound > 0 else 0.0


def solve(
    gain: np.ndarray,
    allowed: np.ndarray,
    ready_day: np.ndarray,
    cost: np.ndarray,
    *,
    channels: Sequence[int],
    slots: Sequence[np.ndarray],
    capacity: np.ndarray,
    budget: float | None,
    tie: np.ndarray,
    warm: Prices | None = None,
) -> Solution:
    """Choose at most one action per customer so that the gains are highest under the limits.

    Parameters
    ----------
    gain : numpy.ndarray of shape (n, n_actions)
        Expected profit of each action, its cost taken off; money.
    allowed : numpy.ndarray of bool, shape (n, n_actions)
        Which actions may be chosen.
    ready_day : numpy.ndarray of int, shape (n,) or (n, n_actions)
        First day on which the first contact may be made; the window's length or more for never.
    cost : numpy.ndarray of shape (n, n_actions)
        Expected money of each action, 0 or more.
    channels : sequence of int
        Row of `capacity` for each action.
    slots : sequence of numpy.ndarray of int, shape (window, n_steps)
        Days of the contacts of each action, by the day of the first; -1 where it cannot start; see `Days.step_days`.
    capacity : numpy.ndarray of shape (n_channels, n_days)
        Contacts per channel and day; infinite where nothing limits them; fractions are cut off.
    budget : float, optional
        Sum of the costs of all who are chosen, at most.
    tie : numpy.ndarray of shape (n,)
        The customers' draws: among equals the lower goes first, and the plan does not depend on the order of rows.
    warm : Prices, optional
        Of a similar problem, to start from.

    Returns
    -------
    Solution
        A plan that keeps to every limit, its profit and the bound.

    Raises
    ------
    ParameterError
        A figure is not a number where the action is allowed, or a limit is below 0.

    Notes
    -----
    A generalised assignment with a knapsack: whole-number programs in HiGHS [1]_ on customers who are undecided at the
    prices of the limits (Lagrange multipliers [2]_); the choice of all others follows from the prices. The bound is
    the dual value there. Up to 600 pairs are solved to the end, and everything is proved whatever the size.

    References
    ----------
    .. [1] Huangfu, Q. and Hall, J. A. J. (2018). Parallelizing the dual revised simplex method. Mathematical
       Programming Computation 10, 119-142.
    .. [2] Fisher, M. L. (1981). The Lagrangian relaxation method for solving integer programming problems.
       Management Science 27(1), 1-18.

    Examples
    --------
    >>> found = solve(
    ...     np.array([[5.0], [3.0], [4.0]]), np.ones((3, 1), dtype=bool), np.zeros(3, dtype=int), np.ones((3, 1)),
    ...     channels=[0], slots=[np.array([[0], [1]])], capacity=np.array([[1.0, 1.0]]), budget=None,
    ...     tie=np.array([0.1, 0.2, 0.3]),
    ... )
    >>> found.choice.tolist(), found.day.tolist(), found.profit, found.gap
    ([0, -1, 0], [0, -1, 1], 9.0, 0.0)
    """
    gain, cost = np.asarray(gain, dtype=float), np.asarray(cost, dtype=float)
    capacity, ready = np.asarray(capacity, dtype=float), np.asarray(ready_day)
    limit = np.inf if budget is None else float(budget)
    _check(gain, allowed, cost, capacity, limit)
    lanes = Lanes.of(capacity, channels, slots)
    n = len(gain)
    window, spendable = lanes.window, limit * (1 + _ROUNDING)
    day = ready if ready.ndim == 2 else ready[:, None]
    day = np.clip(day, 0, window - 1)
    could = allowed & ((ready if ready.ndim == 2 else ready[:, None]) < window)
    could &= lanes.first_day[lanes.of_action, day] < window
    pays = could & (gain > 0)
    fits = pays & (lanes.first_open[lanes.of_action, day] < window)
    is_open = fits & (cost <= spendable)
    day = day[:, 0] if ready.ndim == 1 else day
    offers = make_offers(gain, is_open, day, cost, np.asarray(tie), lanes)
    state, number, bound, starts = _numbers(offers, lanes, limit, warm)

    choice = np.full(n, -1, dtype=np.int64)
    _hand_out(offers, number, choice)
    rows = np.flatnonzero(choice >= 0)
    rows = rows[np.lexsort((np.asarray(tie)[rows], -gain[rows, choice[rows]]))]
    mine = choice[rows]
    lane = lanes.of_action[mine]
    ready_of = day[rows] if day.ndim == 1 else day[rows, mine]
    report("Giving days")
    found = place(lanes, lane, ready_of, gain[rows, mine], starts)
    choice[rows[found < 0]] = -1
    days = np.full(n, -1, dtype=np.int64)
    days[rows] = found

    rows = np.sort(rows[found >= 0])
    profit = float(gain[rows, choice[rows]].sum())
    spent = float(cost[rows, choice[rows]].sum())
    lane = np.where(choice >= 0, lanes.of_action[choice], -1)
    why, wanted, hurdle = _reasons(
        (gain, could, pays, fits, cost), day, choice, state.prices, lanes, _Limit(limit, spent)
    )
    used = lanes.use(lane, days)
    return Solution(choice, days, why, wanted, hurdle, profit, max(bound, profit), spent, used, state.prices)


@dataclass(frozen=True)
class _Limit:
    budget: float
    spent: float


def _check(
    gain: np.ndarray, allowed: np.ndarray, cost: np.ndarray, capacity: np.ndarray, budget: float
) -> None:
    for name, values in (("gain", gain), ("cost", cost)):
        bad = allowed & ~np.isfinite(values)
        if bad.any():
            row, action = np.argwhere(bad)[0]
            raise ParameterError(
                f"The {name} of an allowed action is not a number.",
                given=f"{values[row, action]} in row {row}, action {action}; {int(bad.sum()):,} in all",
                allowed="finite numbers where the action is allowed",
                fix="Do not allow an action whose figures are not known.",
            )
    for name, low in (("cost", cost[allowed]), ("capacity", capacity), ("budget", np.array(budget))):
        if not (low >= 0).all():
            raise ParameterError(
                f"A {name} is below 0 or not a number.", given=str(np.min(low)), allowed="0 or more"
            )


def _numbers(
    offers: Offers, lanes: Lanes, budget: float, warm: Prices | None
) -> tuple[State, np.ndarray, float, np.ndarray | None]:
    """Return the prices, how many of each type get each pair, the bound, and starts by lane and day that hold them."""
    free = state_at(Prices(0.0, np.zeros(lanes.capacity.shape)), offers, lanes, budget)
    number = _of_choice(free, offers)
    if not len(offers) or _fits(number, offers, lanes, budget):
        return free, number, free.bound, None
    state = find_prices(offers, lanes, budget, warm)
    order = np.argsort(closeness(state, offers, lanes, price_floor(offers, lanes, budget)), kind="stable")
    best, bound, value = np.zeros(len(number), dtype=np.int64), state.bound, 0.0
    starts = None
    for size in _SIZES:
        report("Deciding on the last customers")
        # Choosing a pair lowers the bound by its regret, and nothing in a better plan can lower it below this one.
        regret = state.worth[offers.owner] - state.reduced
        regret[state.chosen[state.chosen >= 0]] = 0.0
        open_ = regret <= bound - value
        other = open_.copy()
        other[state.chosen[state.chosen >= 0]] = False
        undecided = np.logical_or.reduceat(other, offers.start) | (state.worth <= bound - value)
        undecided &= np.logical_or.reduceat(open_, offers.start)
        is_proof = int((open_ & undecided[offers.owner]).sum()) <= (_PROOF if value > 0 else _EXACT_PAIRS)
        core = np.flatnonzero(undecided) if is_proof else np.sort(order[:size])
        pairs, fixed, sure = split(state, offers, core, lanes)
        pairs = pairs[open_[pairs]] if is_proof else pairs
        answer, spent_less = None, 0.0
        for _ in range(3):
            exact = len(pairs) <= _EXACT_PAIRS
            gap = 1e-9 if exact else min(max(0.1 * _GOOD * bound / max(bound - sure, 1e-300), 1e-9), 0.05)
            program = Program(offers, pairs, offers.number, lanes, budget - spent_less, fixed)
            answer = program.solve_whole(gap, _NODES if len(pairs) + program.nf < _FAST else _NODES // 5)
            if answer is None:
                break
            number = _of_choice(state, offers)
            number[offers.pairs_of(core)] = 0
            number[pairs] = np.rint(answer.number).astype(np.int64)
            over = float((number * offers.cost).sum()) - budget
            if over <= _ROUNDING * budget:
                break
            spent_less += 2 * over  # the solver's own tolerance
            answer = None
        if answer is not None:
            earned = float((number * offers.gain).sum())
            if earned > value:
                best, value, starts = number, earned, answer.starts
            if is_proof:
                bound = min(bound, max(answer.bound + sure, value))
        enough = _GOOD if size < _SIZES[1] else _FAIR
        if is_proof or bound - value <= enough * bound:
            break
    return state, best if value > 0 else _affordable(state, offers, budget), bound, starts


def _affordable(state: State, offers: Offers, budget: float) -> np.ndarray:
    """Return a plan without a program: everybody's choice, the most worth first, as far as the budget goes."""
    number = _of_choice(state, offers)
    taken = np.flatnonzero(number)
    taken = taken[np.argsort(-state.worth[offers.owner[taken]], kind="stable")]
    spent = np.cumsum(number[taken] * offers.cost[taken])
    number[taken[spent > budget * (1 + _ROUNDING)]] = 0
    return number


def _of_choice(state: State, offers: Offers) -> np.ndarray:
    """Return the number of each pair when everybody takes his choice."""
    number = np.zeros(len(offers.owner), dtype=np.int64)
    has = state.chosen >= 0
    number[state.chosen[has]] = offers.number[has]
    return number


def _fits(number: np.ndarray, offers: Offers, lanes: Lanes, budget: float) -> bool:
    """Whether so many keep to the limits."""
    if float((number * offers.cost).sum()) > budget * (1 + _ROUNDING):
        return False
    lane, day = np.divmod(offers.place.astype(np.int64), lanes.window)
    taken = np.flatnonzero((number > 0) & (lane < len(lanes.falls)))
    lane, day = (np.repeat(v[taken], number[taken]) for v in (lane, day))
    return bool((place(lanes, lane, day, np.ones(len(lane))) >= 0).all())


def _hand_out(offers: Offers, number: np.ndarray, choice: np.ndarray) -> None:
    """Give the members of each type their actions, those with the lower draw first."""
    if not len(offers):
        return
    before = np.cumsum(number) - number
    before -= before[offers.start][offers.owner]  # within the type
    base = np.cumsum(offers.number) - offers.number
    taken = np.flatnonzero(number)
    count = number[taken]
    at = np.repeat(base[offers.owner[taken]] + before[taken], count)
    at += np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
    choice[offers.members[at]] = np.repeat(offers.action[taken], count)


def _reasons(
    figures: tuple[np.ndarray, ...],
    day: np.ndarray,
    choice: np.ndarray,
    prices: Prices,
    lanes: Lanes,
    limit: _Limit,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return why each customer is in or out, the action closest to paying, and the profit it would need."""
    gain, could, pays, fits, cost = figures
    n, n_actions = gain.shape
    price = lanes.prices(prices.slots).reshape(-1, lanes.window)
    price[~lanes.is_limited] = 0.0
    wanted, hurdle = np.full(n, -1, dtype=np.int64), np.full(n, np.nan)
    margin = np.full(n, -np.inf)
    is_money = np.zeros(n, dtype=bool)
    for a in range(n_actions):
        rows = np.flatnonzero(pays[:, a] & ((choice < 0) | (choice == a)))
        lane = lanes.of_action[a]
        slot = np.where(fits[rows, a], price[lane][day[rows] if day.ndim == 1 else day[rows, a]], np.inf)
        money = np.where(
            cost[rows, a] > limit.budget * (1 + _ROUNDING), np.inf, prices.budget * cost[rows, a]
        )
        left = gain[rows, a] - money - slot
        better = (left > margin[rows]) | (wanted[rows] < 0)
        at = rows[better]
        margin[at], wanted[at] = left[better], a
        hurdle[at] = money[better] + slot[better]
        short = limit.spent + cost[rows, a] > limit.budget  # where neither has a price: what is short
        is_money[at] = np.where(money == slot, short, money > slot)[better]
    why = np.full(n, "not allowed", dtype=object)
    why[could.any(axis=1)] = "not positive"
    why[wanted >= 0] = np.where(is_money, "budget", "capacity")[wanted >= 0]
    why[choice >= 0] = "chosen"
    return why, wanted, hurdle
