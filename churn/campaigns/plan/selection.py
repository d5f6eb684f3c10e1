"""Who of the candidates is chosen, treated or held out, and on which day: selected blind to the arms, then split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from churn.campaigns.days import Days
from churn.campaigns.draw import draw
from churn.campaigns.holdout import TREATED, split
from churn.campaigns.plan.candidates import Candidates
from churn.campaigns.plan.people import channels_of
from churn.campaigns.policy import Policy
from churn.campaigns.solver.lanes import Lanes
from churn.campaigns.solver.schedule import place
from churn.campaigns.solver.solve import Solution, solve
from churn.errors import ConfigError
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

_TRIES = 12
_STEP = 0.999  # of the widened limits, where too much would be spent
_SAFE = 2.5  # standard deviations of what the treated cost, over all drawings, that are left of the budget


@dataclass(frozen=True)
class Selection:
    """Who is chosen and in which arm.

    Attributes
    ----------
    choice, day : numpy.ndarray of int, shape (n,)
        Action and day of the first contact; -1 for who is not chosen.
    arm, stratum : numpy.ndarray of object, shape (n,)
        ``treated`` or ``holdout``, and the stratum of the split; empty for who is not chosen.
    draw : numpy.ndarray of shape (n,)
        The number by which the arm was drawn; NaN for who is not chosen.
    used : numpy.ndarray of int, shape (n_channels, n_days)
        Contacts of the treated.
    capacity : numpy.ndarray of shape (n_channels, n_days)
        What there is; infinite where nothing limits.
    solution : Solution
        Of all who are chosen, both arms, under the widened limits.
    widened : float
        By which factor the limits were widened, so that the treated among the chosen use the true ones.
    """

    choice: np.ndarray
    day: np.ndarray
    arm: np.ndarray
    stratum: np.ndarray
    draw: np.ndarray
    used: np.ndarray
    capacity: np.ndarray
    solution: Solution
    widened: float

    @property
    def treated(self) -> np.ndarray:
        """Who is treated, bool of shape (n,)."""
        return np.asarray(self.arm == TREATED)


def capacity_of(policy: Policy, days: Days) -> np.ndarray:
    """Return the contacts that each channel can make on each day, shape (n_channels, n_days); 0 on closed days."""
    limits = policy.limits.capacity
    rows = [limits.get(c, limits.get("*", np.inf)) for c in channels_of(policy)]
    return np.where(days.is_open[None, :], np.array(rows, dtype=float)[:, None], 0.0)


def select(policy: Policy, found: Candidates, days: Days, strata: pd.DataFrame) -> Selection:
    """Choose the candidates who earn most under the limits, and split them into treated and held out.

    Parameters
    ----------
    policy : Policy
        Limits and holdout.
    found : Candidates
        Who may be contacted with what.
    days : Days
        Of the campaign.
    strata : pandas.DataFrame of shape (n, n_columns)
        Columns by which the split may be stratified, besides the action.

    Returns
    -------
    Selection

    Notes
    -----
    All candidates are chosen from together, and only then split, so that treated and held out are exchangeable. The
    limits are widened by ``1 / (1 - share)`` before, so that the treated use the true ones. The budget is widened less,
    by 2.5 standard deviations of what the treated cost over all drawings: to draw again whenever a drawing is too dear
    would leave the cheap among the treated, and who costs less has another risk. Where more of the chosen are treated
    all the same than the limits allow, these are widened a little less and everything is solved again. A cost or a
    contact of somebody who is held out does not count.
    """
    import pandas as pd

    report("Choosing")
    missing = [name for name in policy.holdout.stratify if name != "action" and name not in strata]
    if missing:
        raise ConfigError(
            f"`holdout.stratify` names {', '.join(missing)}, which the scored table and the segments do not have",
            given=", ".join(map(str, strata.columns))[:300],
            allowed="action, and columns of the scored table or of the segments",
            fix="Correct it, or leave it out.",
            code="no-stratum",
        )
    names = channels_of(policy)
    channels = [names.index(a.channel) for a in policy.actions]
    slots = [days.step_days(a.steps) for a in policy.actions]
    capacity, budget = capacity_of(policy, days), policy.limits.budget
    lanes = Lanes.of(capacity, channels, slots)
    some = np.flatnonzero(found.allowed.any(axis=1))
    key = policy.holdout.key
    tie = draw(key, f"tie {policy.campaign}", found.customers[some])
    gain, allowed, ready, cost = (x[some] for x in (found.gain, found.allowed, found.ready, found.cost))
    ids = found.customers[some]
    labels = strata.iloc[some].reset_index(drop=True)
    actions = np.array([a.name for a in policy.actions], dtype=object)
    share = policy.holdout.share
    widened, warm = 1.0 / (1.0 - share), None
    for attempt in range(_TRIES + 1):
        last = attempt == _TRIES or widened <= 1.0
        widened = 1.0 if last else widened
        solution = solve(
            gain,
            allowed,
            ready,
            cost,
            channels=channels,
            slots=slots,
            capacity=_widened(capacity, widened),
            budget=None if budget is None else budget * widened,
            tie=tie,
            warm=warm,
        )
        warm = solution.prices
        chosen = np.flatnonzero(solution.choice >= 0)
        choice = solution.choice[chosen]
        columns = {
            name: actions[choice] if name == "action" else labels[name].to_numpy(dtype=object)[chosen]
            for name in policy.holdout.stratify
        }
        parted = split(ids[chosen], pd.DataFrame(columns) if columns else None, share, key, policy.campaign)
        own = cost[chosen, choice]
        safe = (1 - share) * float(own.sum()) + _SAFE * _spread(own, parted.strata, share)
        if budget is not None and not last and safe > budget * (1 + 1e-9):
            widened *= _STEP * budget / safe
            continue
        treated = chosen[~parted.held]
        mine = solution.choice[treated]
        spent = float(cost[treated, mine].sum())
        day = place(
            lanes, lanes.of_action[mine], ready[treated, mine], gain[treated, mine] - 1e-9 * tie[treated]
        )
        if (budget is None or spent <= budget * (1 + 1e-9)) and (day >= 0).all():
            break
        if last:  # the limits hold for all who are chosen, so they hold for a part of them
            day = solution.day[treated]
            break
        over = spent / budget if budget else 1.0
        lacking = len(day) / max(int((day >= 0).sum()), 1)
        widened *= _STEP / max(over, lacking, 1.0)
    n = len(found.customers)
    out = Selection(
        np.full(n, -1, dtype=np.int64),
        np.full(n, -1, dtype=np.int64),
        np.full(n, "", dtype=object),
        np.full(n, "", dtype=object),
        np.full(n, np.nan),
        lanes.use(lanes.of_action[mine], day),
        capacity,
        solution,
        widened,
    )
    rows = some[chosen]
    out.choice[rows], out.day[rows] = choice, solution.day[chosen]
    out.day[some[treated]] = day
    out.arm[rows], out.stratum[rows], out.draw[rows] = parted.arms, parted.strata, parted.draws
    return out


def _spread(cost: np.ndarray, strata: np.ndarray, share: float) -> float:
    """Return the standard deviation of what the treated cost, over all drawings of a split.

    Examples
    --------
    >>> _spread(np.ones(100), np.repeat("all", 100), 0.1)
    0.0
    """
    names, code = np.unique(strata.astype(str), return_inverse=True)
    n = np.bincount(code, minlength=len(names))
    mean = np.bincount(code, cost, minlength=len(names)) / np.maximum(n, 1)
    squares = np.bincount(code, (cost - mean[code]) ** 2, minlength=len(names))
    part = (share * n) % 1  # as many are held out as this rounded down or up
    part = np.where(np.minimum(part, 1 - part) < 1e-9, 0.0, part)
    within = share * (1 - share) * squares * n / np.maximum(n - 1, 1)
    return float(np.sqrt((within + part * (1 - part) * mean**2).sum()))


def _widened(capacity: np.ndarray, factor: float) -> np.ndarray:
    """Return capacities times a factor in whole numbers: what a day's fraction loses, a later day gains.

    Examples
    --------
    >>> _widened(np.array([[1.0, 0, 1, 1, np.inf]]), 1.5).tolist()
    [[1.0, 0.0, 2.0, 1.0, inf]]
    """
    finite = np.where(np.isfinite(capacity), capacity, 0.0)
    whole = np.diff(np.floor(np.cumsum(finite, axis=1) * factor + 1e-9), axis=1, prepend=0.0)
    return np.where(np.isfinite(capacity), np.where(finite > 0, whole, 0.0), np.inf)
