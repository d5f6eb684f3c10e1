"""What each action would do for each customer of the simulated shop: the truth that no experiment shows of one alone.

Whoever is contacted is seen with the contact, whoever is not without it; nobody both ways. The generator's laws tell
both, in closed form. All times here are days since the start of the shop.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from churn.data import posterior, truth
from churn.data.responses import ACCEPTS, KINDS, answers, hurt_at, people_of, reach
from churn.data.shop import ShopTables
from churn.data.truth import FloatArray, Season
from churn.errors import ParameterError

TYPES = ("persuadable", "sure", "lost", "sleeping dog")
TYPE_EDGE = (
    0.03  # change of the probability of staying from which a customer is persuadable or a sleeping dog
)
_STEPS = 12  # of the window, within which an order's mean amount is taken as constant
_NODES, _WEIGHTS = ((x + y) / 2 for x, y in zip(np.polynomial.legendre.leggauss(8), (1, 0), strict=True))
_CHUNK = 20_000  # customers whose beginnings within the window are computed together


@dataclasses.dataclass(frozen=True, eq=False)
class _Outcome:
    """One measure (no order, or net value) in every course that a customer can take.

    `now` is without a contact; `loyal` as of one who has not begun to leave and whom no waiting complaint can make
    leave, `active` with the waiting complaints; `woken` of one who begins at the contact. `left` sums, over the
    possible beginnings before the contact, their probability times the chance that is left to win him back;
    `left_outcome` times the outcome as well.
    """

    now: FloatArray
    active: FloatArray
    loyal: FloatArray
    woken: FloatArray
    left: FloatArray
    left_outcome: FloatArray
    still: FloatArray

    def after(self, saves: FloatArray, wakes: FloatArray, answered: bool) -> FloatArray:
        """Return the mean outcome with a contact."""
        won = saves * (self.left * self.loyal - self.left_outcome)
        calm = self.loyal if answered else self.active
        return self.now + won + self.still * ((1 - wakes) * calm + wakes * self.woken - self.active)


def truth_of_effects(
    shop: ShopTables,
    as_of: str | pd.Timestamp,
    horizon_days: float,
    actions: Sequence[str] = KINDS,
    *,
    gap_days: float = 0,
    knowing: str = "everything",
    effect: float = 1.0,
) -> pd.DataFrame:
    """Return each customer's probability of staying, and expected net value, without and with each action.

    The contact is at `as_of`. To stay is to order in [as_of + gap, as_of + gap + horizon). The net value is that of
    the orders of this window, less what of them is sent back, whenever that is.

    Parameters
    ----------
    shop : ShopTables
        A generated shop.
    as_of : str or pd.Timestamp
        When the contact is made; without a zone it is UTC.
    horizon_days, gap_days : float
        The window.
    actions : sequence of str
        Kinds of contact, of `churn.data.responses.KINDS`.
    knowing : str
        "everything", or "log": the latent numbers, but of the state only what the log tells. The latter is the best
        that any model can know.
    effect : float
        As in `contacted`.

    Returns
    -------
    DataFrame
        One row per customer with an order before `as_of` and action: customer, action, stays_without, stays_with,
        effect (the difference), value_without, value_with, takes (probability that the offer is taken), and type:
        persuadable or sleeping dog where the effect is beyond `TYPE_EDGE`, else sure (who rather stays) or lost.

    Raises
    ------
    ParameterError
        The cutoff or a window is not possible, or an action is unknown.

    Notes
    -----
    Exact but for these: complaints not opened by then are left out, and so are those beyond the first that waits in
    the net value; the window's value is summed over 12 steps; with `knowing` the log see `churn_probability`, which
    does not know of contacts made earlier. Types: Radcliffe (2007), Using control groups to target on predicted lift.

    Examples
    --------
    >>> from churn import make_shop
    >>> effects = truth_of_effects(make_shop(100, seed=1), "2025-10-01", 60, ["call"])
    >>> bool(effects["type"].isin(TYPES).all())
    True
    """
    if knowing not in ("everything", "log"):
        raise ParameterError(
            "knowing is neither of the two things that can be known.",
            given=f"knowing={knowing!r}",
            allowed="'everything' or 'log'",
            fix="Set knowing='log' for the best that a model can reach.",
        )
    no_order, value = _outcomes(shop, as_of, horizon_days, gap_days, knowing)
    ids = no_order[0]
    rows = pd.Index(shop.truth["customer"]).get_indexer(ids)
    now = (truth.instant("as_of", as_of) - shop.start) / pd.Timedelta(days=1)
    people, hurt = people_of(shop).iloc[rows], hurt_at(shop, np.full(len(shop.truth), now))[rows]
    parts = []
    for action in actions:
        answer = answers(action, people, hurt, effect=effect)
        answered = action == "call" and effect > 0
        stays, before = (1 - no_order[1].after(answer.saves, answer.wakes, answered), 1 - no_order[1].now)
        back = answer.saves * no_order[1].left * (1 - no_order[1].loyal)
        accepts = ACCEPTS.get(action, 0.0)
        part = pd.DataFrame({"customer": ids, "action": action, "stays_without": before, "stays_with": stays})
        part["effect"] = stays - before
        part["value_without"] = value.now
        part["value_with"] = value.after(answer.saves, answer.wakes, answered)
        part["takes"] = back + accepts * (stays - back) if accepts else 0.0
        kind = np.where(before >= 0.5, "sure", "lost").astype(object)
        kind[stays - before > TYPE_EDGE], kind[stays - before < -TYPE_EDGE] = "persuadable", "sleeping dog"
        part["type"] = kind
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _outcomes(
    shop: ShopTables, as_of: str | pd.Timestamp, horizon_days: float, gap_days: float, knowing: str
) -> tuple[tuple[pd.Index, _Outcome], _Outcome]:
    """Return ids and outcomes of no order, and those of the net value."""

    def chance(**change: Any) -> pd.Series:
        return truth.no_order_probability(dataclasses.replace(shop, **change), as_of, horizon_days, gap_days)

    cutoff = truth.instant("as_of", as_of)
    never = shop.truth.assign(
        leaves_at=pd.Series(pd.NaT, index=shop.truth.index, dtype="datetime64[us, UTC]")
    )
    active = chance(truth=never)
    ids = pd.Index(active.index)
    loyal = chance(truth=never, tickets=shop.tickets.iloc[:0])
    woken = chance(truth=shop.truth.assign(leaves_at=cutoff.as_unit("us")))
    now = (cutoff - shop.start) / pd.Timedelta(days=1)
    points = np.array([now, now + gap_days, now + gap_days + horizon_days])
    money = _Money(shop, ids, points)
    worth = money.courses()
    if knowing == "everything":
        gone = chance().to_numpy()
        leaves = truth.to_days(shop.truth["leaves_at"], shop.start)
        leaves = leaves[pd.Index(shop.truth["customer"]).get_indexer(ids)]
        begun = leaves <= now
        left = np.where(begun, reach(now - np.where(begun, leaves, now)), 0.0)
        spent = np.where(begun, money.if_leaves(np.arange(len(ids)), leaves), 0.0)
        still = np.where(begun, 0.0, 1.0)
        sums: tuple[FloatArray, ...] = (
            left,
            np.where(begun, gone, 0.0),
            spent,
            left * gone,
            left * spent,
            still,
        )
    else:
        sums = _mixed(shop, ids, points, money)
    left, gone, spent, left_gone, left_spent, still = sums
    a, b, c = (x.to_numpy(dtype=np.float64) for x in (active, loyal, woken))
    no_order = _Outcome(gone + still * a, a, b, c, left, left_gone, still)
    value = _Outcome(spent + still * worth[0], *worth, left, left_spent, still)
    return (ids, no_order), value


def _mixed(shop: ShopTables, ids: pd.Index, points: FloatArray, money: _Money) -> tuple[FloatArray, ...]:
    """Return the sums over the beginnings that the log leaves possible; see `_Outcome`."""
    unknown = pd.Series(pd.NaT, index=shop.truth.index, dtype=shop.truth["leaves_at"].dtype)
    blind = dataclasses.replace(shop, truth=shop.truth.assign(leaves_at=unknown))
    log = posterior.Log(blind, ids, Season(shop.start, points[2] + 1), points)
    sums = tuple(np.zeros(len(ids)) for _ in range(6))
    for low, high in log.chunks():
        row, leaves, mass, starts, still = log.cells(low, high)
        total = np.add.reduceat(mass, starts) + still
        mass = mass / total[row - low]
        no_order, spent = np.ones(len(row)), np.zeros(len(row))
        told = np.flatnonzero((mass > posterior.NIL) & (leaves + log.fade[row] > log.now))
        of, begin = row[told], leaves[told]
        no_order[told] = truth.no_order_if(log.season, log.latent.iloc[of], points, begin[:, None])[:, 0]
        likely = told[mass[told] > 1e-5]
        spent[likely] = money.if_leaves(row[likely], leaves[likely])
        left = reach(log.now - leaves)
        for target, part in zip(sums, (left, no_order, spent, left * no_order, left * spent), strict=False):
            target[low:high] = np.add.reduceat(mass * part, starts)
        sums[5][low:high] = still / total
    return sums


class _Money:
    """The expected net value of the window, by course.

    Orders are an Erlang renewal process on the slowed clock; their expected number within a step times the mean
    amount at its middle is summed over the steps.
    """

    def __init__(self, shop: ShopTables, ids: pd.Index, points: FloatArray) -> None:
        who = shop.truth.set_index("customer").reindex(ids)
        self.rate, self.fade, self.hazard = (
            who[n].to_numpy(dtype=np.float64) for n in ("rate_per_day", "fade_days", "hazard_per_day")
        )
        self.shape = who["shape"].to_numpy()
        self.now, self.grid = points[0], np.linspace(points[1], points[2], _STEPS + 1)
        self.season = Season(shop.start, points[2] + 1)
        first = shop.orders[shop.orders["time"] < shop.start + pd.Timedelta(days=float(points[0]))]
        last = np.full(len(ids), -np.inf)
        np.maximum.at(
            last, ids.get_indexer(pd.Index(first["customer"])), truth.to_days(first["time"], shop.start)
        )
        self.last = last
        returns = np.full(len(ids), 0.05)
        if shop.course is not None:
            returns = shop.course.who["returns"].to_numpy()[
                pd.Index(shop.customers["customer"]).get_indexer(ids)
            ]
        kept = 1 - returns * (
            0.5 + 0.5 * 0.55
        )  # half of those sent back are all of the order, half of 20 to 90 %
        # The mean of exp(normal) times that of sqrt(0.6 + 0.4 * exponential).
        nodes, weights = np.polynomial.laguerre.laggauss(40)
        basket = float((weights * np.sqrt(0.6 + 0.4 * posterior.MORE_PRODUCTS * nodes)).sum())
        size = np.exp(posterior.AMOUNT_NOISE**2 / 2) * basket
        self.order = who["spend"].to_numpy() * size * kept
        waits = truth._pending(shop.tickets, shop.start, float(self.now), shop.ignored_after_days)
        waits = waits.sort_values("at").drop_duplicates("customer")
        place = ids.get_indexer(pd.Index(waits["customer"]))
        self.waits = place[place >= 0], waits["at"].to_numpy()[place >= 0]
        self.hurts = waits["chance"].to_numpy()[place >= 0] * shop.ignored_effect

    def courses(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the value of the active, of those whom no waiting complaint makes leave, and of the woken."""
        everyone = np.arange(len(self.rate))
        window = float(self.grid[-1] - self.now)
        loyal = np.exp(-self.hazard * window) * self.if_leaves(everyone, np.full(len(everyone), np.inf))
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            after = node * window
            density = weight * window * self.hazard * np.exp(-self.hazard * after)
            loyal += density * self.if_leaves(everyone, np.full(len(everyone), self.now + after))
        active, (row, at) = loyal.copy(), self.waits
        active[row] += (
            self.hurts * (self.if_leaves(row, at) - loyal[row]) * np.exp(-self.hazard[row] * (at - self.now))
        )
        return active, loyal, self.if_leaves(everyone, np.full(len(everyone), self.now))

    def if_leaves(self, row: np.ndarray, leaves: FloatArray) -> FloatArray:
        """Return the value of customers `row` who begin to fade at `leaves`."""
        answer = np.zeros(len(row))
        for low in range(0, len(row), _CHUNK):
            of, begin = row[low : low + _CHUNK], leaves[low : low + _CHUNK]
            for shape in np.unique(self.shape[of]):
                mine = np.flatnonzero(self.shape[of] == shape)
                answer[low + mine] = self._value(of[mine], begin[mine], int(shape))
        return answer * self.order[row]

    def _value(self, row: np.ndarray, leaves: FloatArray, shape: int) -> FloatArray:
        fade, pace = self.fade[row], self.rate[row] * shape
        start = self.season.effort(np.full(len(row), self.now), leaves, fade)
        waited = pace * np.maximum(start - self.season.effort(self.last[row], leaves, fade), 0)
        reached = np.ones((shape, len(row)))
        for j in range(1, shape):
            reached[j] = reached[j - 1] * waited / j
        reached /= reached.sum(axis=0)
        points = np.append(self.now, self.grid) if self.grid[0] > self.now else self.grid
        counts = [
            _renewals(reached, pace * (self.season.effort(np.full(len(row), p), leaves, fade) - start))
            for p in points
        ]
        value = np.zeros(len(row))
        for (a, b), (before, after) in zip(
            itertools.pairwise(points), itertools.pairwise(counts), strict=True
        ):
            if a < self.grid[0]:
                continue
            left = posterior.strength(np.full(len(row), (a + b) / 2), leaves, fade)
            value += (after - before) * (posterior.AMOUNT_KEPT + (1 - posterior.AMOUNT_KEPT) * left)
        return value


def _renewals(reached: FloatArray, phases: FloatArray) -> FloatArray:
    """Return the expected number of orders while so many phases pass on the mean; `reached` weighs the phase now.

    The orders are the whole multiples of the shape in (phase + Poisson number): the mean less that of the remainder.
    """
    shape = len(reached)
    roots = np.exp(2j * np.pi * np.arange(shape) / shape)
    waves = np.exp(phases * (roots[:, None] - 1))
    moved = [np.real((roots[:, None] ** -r * waves).sum(axis=0)) / shape for r in range(shape)]
    rest = np.zeros(len(phases))
    begin = np.zeros(len(phases))
    for phase in range(shape):
        begin += reached[phase] * phase
        for r in range(shape):
            rest += reached[phase] * moved[r] * ((phase + r) % shape)
    return np.asarray((begin + phases - rest) / shape, dtype=np.float64)
