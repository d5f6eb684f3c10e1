"""The judgement: learners beside ranking by risk, by risk times value and at random, on rows they had not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from churn.campaigns.uplift.choose import (
    Fitting,
    Unseen,
    choose,
    earning,
    splits_of,
    unseen,
)
from churn.campaigns.uplift.learners import KINDS
from churn.campaigns.uplift.qini import DEPTHS, Measured, area, at, interval, measure, qini
from churn.campaigns.uplift.rows import Array, Rows
from churn.progress import report

SHARES = (0.1, 0.2, 0.3)
CHOSEN = "uplift (chosen)"
RISK, WORTH, ASSUMED, RANDOM = "risk", "risk x value", "assumed save chance", "random"
FIFTHS = 5


@dataclass(frozen=True, eq=False)
class Judgement:
    """How the procedure did on rows it had not learnt from.

    Attributes
    ----------
    kind : str
        The learner that all rows choose, for the model that is saved. Each part was judged by the one that the rows
        before it chose; see `kinds`.
    by_time : bool
        Whether the rows are of later campaigns.
    campaigns, taught : tuple of str
        Those that judged, and those that the judged learners had learnt from.
    depth : float
        Share of the customers who are contacted in the comparison of profits.
    rows : int
        How many judged.
    table : list of dict
        One entry per ranking: figures as ``[value, low, high]``.
    curves : dict of str to list of float
        Qini curves at 0 to 100 %, customers kept per 1,000 of all.
    fifths : list of dict
        Predicted and measured effect by fifths of the prediction, lowest first.
    difference : tuple of float
        Profit per 1,000 customers above risk times value at the depth, with its interval.
    slope : float
        By which the chosen learner's differences are multiplied, so that they hold; see `slope_of`.
    kinds : tuple of str
        The learners that were chosen for the judged parts, in their order.
    """

    kind: str
    by_time: bool
    campaigns: tuple[str, ...]
    taught: tuple[str, ...]
    depth: float
    rows: int
    table: list[dict[str, Any]]
    curves: dict[str, list[float]]
    fifths: list[dict[str, float]]
    difference: tuple[float, float, float]
    slope: float
    kinds: tuple[str, ...]

    @property
    def better(self) -> bool:
        """Whether it earned more than ranking by risk times value, beyond chance."""
        return self.difference[1] > 0


def judge(rows: Rows, fitting: Fitting, *, depth: float = 0.3, count: int = 400) -> Judgement:
    """Choose on earlier rows, judge on later ones, campaign after campaign; rankings are those within a campaign.

    Parameters
    ----------
    rows : Rows
        Of all campaigns.
    fitting : Fitting
        How learners are fitted.
    depth : float, optional
        Share of the customers that can be contacted, at which profits are compared.
    count : int, optional
        Resamples of the bootstrap, which draws customers with all their rows.
    """
    splits, by_time = splits_of(rows, fitting.seed)
    parts = [*(rows.take(learn) for learn, _ in splits), rows]
    *choices, last = (
        choose(part, fitting, KINDS, what=f"Choosing a learner, part {number + 1} of {len(parts)}")
        for number, part in enumerate(parts)
    )
    found: dict[str, Unseen] = {}
    for done, kind in enumerate(KINDS):
        report("Judging the learners", done, len(KINDS))
        found[kind] = unseen(kind, rows, splits, fitting)
    scores: dict[str, Array] = {kind: np.full(len(rows), np.nan) for kind in (CHOSEN, *KINDS)}
    predicted = np.full(len(rows), np.nan)
    for choice, (_, judged) in zip(choices, splits, strict=True):
        for kind in KINDS:
            scores[kind][judged] = earning(found[kind], choice.slopes[kind], rows)[judged]
        scores[CHOSEN][judged] = scores[choice.kind][judged]
        of = found[choice.kind]
        predicted[judged] = of.mean[judged] + choice.slopes[choice.kind] * of.deviation[judged]
    where = np.sort(np.concatenate([judged for _, judged in splits]))
    held = rows.take(where)
    effects = held.effects()
    rankings = {
        CHOSEN: scores.pop(CHOSEN)[where],
        WORTH: held.risk * held.value,
        ASSUMED: held.assumed * held.value - held.cost,
        RISK: held.risk,
        RANDOM: np.zeros(len(held)),
    } | {name: score[where] for name, score in scores.items()}
    rankings = {name: within(score, held.campaign) for name, score in rankings.items()}
    report("Drawing customers again and again")
    measured = measure(
        rankings, effects, effects * held.value - held.cost, held.customer, count=count, seed=fitting.seed
    )
    difference = 1000 * (measured.profits[CHOSEN] - measured.profits[WORTH])[at([depth])[0]]
    return Judgement(
        kind=last.kind,
        by_time=by_time,
        campaigns=tuple(held.campaigns[c] for c in np.unique(held.campaign)),
        taught=tuple(
            rows.campaigns[c] for c in np.unique(rows.campaign[np.concatenate([x for x, _ in splits])])
        ),
        depth=depth,
        rows=len(held),
        table=[_figures(name, measured, depth) for name in rankings],
        curves={name: [round(1000 * float(v), 6) for v in c[:, 0]] for name, c in measured.curves.items()},
        fifths=_fifths(predicted[where], effects),
        difference=interval(difference),
        slope=last.slopes[last.kind],
        kinds=tuple(c.kind for c in choices),
    )


def within(score: Array, campaign: Array) -> Array:
    """Return the share of a row's campaign that stands below it, 0 to 1; equal scores have the same one.

    A campaign contacts so many of its own customers. Scores of two campaigns are of two models, and a level that one of
    them missed must not count as a choice between their customers.

    Examples
    --------
    >>> within(np.array([1.0, 2.0, 90.0, 50.0]), np.array([0, 0, 1, 1])).tolist()
    [0.25, 0.75, 0.75, 0.25]
    """
    from scipy.stats import rankdata

    out = np.empty(len(score))
    for one in np.unique(campaign):
        where = campaign == one
        out[where] = (rankdata(score[where]) - 0.5) / where.sum()
    return out


def _figures(name: str, measured: Measured, depth: float) -> dict[str, Any]:
    """Return a ranking's figures; per 1,000 customers of all, but for the uplift, which is per customer contacted."""
    of, profit = measured.curves[name], measured.profits[name]
    out: dict[str, Any] = {
        "ranking": name,
        "auuc": interval(1000 * area(of)),
        "qini": interval(1000 * qini(of)),
    }
    for share, place in zip(SHARES, at(SHARES), strict=True):
        out[f"uplift_at_{place}"] = interval(of[place] / share)
    place = at([depth])[0]
    out["profit"] = interval(1000 * profit[place])
    out["profit_above_risk_x_value"] = interval(1000 * (profit - measured.profits[WORTH])[place])
    return {k: list(v) if isinstance(v, tuple) else v for k, v in out.items()}


def _fifths(predicted: Array, effects: Array) -> list[dict[str, float]]:
    order = np.argsort(predicted, kind="stable")
    out = []
    for part in np.array_split(order, FIFTHS):
        if len(part) < 2:
            continue
        mean, spread = float(effects[part].mean()), float(effects[part].std(ddof=1) / np.sqrt(len(part)))
        out.append(
            {
                "predicted": float(predicted[part].mean()),
                "measured": mean,
                "low": mean - 1.96 * spread,
                "high": mean + 1.96 * spread,
                "rows": len(part),
            }
        )
    return out


def curve_depths() -> list[float]:
    """Return the depths of `Judgement.curves`, 0 to 1."""
    return [float(d) for d in DEPTHS]
