"""The fitted forecast of spend, as data: a simple one, trees that correct it, and how customers are lost later on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from churn.data.history import DAY_US
from churn.display import Rendered
from churn.model.boost_spend import read_spend_trees
from churn.model.value.judge import SpendEvaluation
from churn.model.value.lifetime import lifetime_value, periods
from churn.model.value.season import Ratio, season_factor
from churn.model.value.simple import Columns, Shrunken, own_mean

METHODS = {
    "own_mean": "the customer's own pace of the last year",
    "shrunken": "the own pace and order value, drawn towards the base",
    "trees": "LightGBM on top of the own pace and order value, drawn towards the base",
    "blend": "the mean of LightGBM and of the own pace and order value, drawn towards the base",
    "price": "the price of the plan as known at the cutoff",
}
MONTH_DAYS = 365.25 / 12
_SEASON_DAYS = 330  # of later periods; with fewer, most of a year has not been seen


@dataclass(frozen=True, repr=False)
class SpendModel(Rendered):
    """Expected net spend within the horizon if the customer stays, and what follows from it.

    Attributes
    ----------
    method : str
        A key of `METHODS`.
    horizon_days, lookback_days : int
        Of the definition; the own pace is taken over at least `lookback_days`.
    scale : float
        Factor that makes the total right on the training snapshots.
    shrunken : Shrunken or None
        The simple forecast, which the trees correct.
    trees : tuple of str
        LightGBM's text format; none or one.
    usual_price : float
        Of the base per month, for customers without a known price.
    paid_when_leaving : float
        Share of the spend that those who left still brought in the horizon; 0 where churn is silence.
    concentration, leaving : float
        How customers are lost after the first horizon, see `churn.model.value.lifetime.survival`.
    season : tuple of (int, float)
        Cutoffs of the training snapshots, with the logarithm of what came over what was forecast; empty where earlier
        years did not help to foretell later ones.
    evaluation : SpendEvaluation or None
        Its figures on the held-out cutoff.
    facts : dict
        What was chosen and why, as plain values.
    """

    method: str
    horizon_days: int
    lookback_days: int
    scale: float = 1.0
    shrunken: Shrunken | None = None
    trees: tuple[str, ...] = ()
    usual_price: float = 0.0
    paid_when_leaving: float = 0.0
    concentration: float = 1.0
    leaving: float = 0.0
    season: tuple[Ratio, ...] = ()
    evaluation: SpendEvaluation | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def boosters(self) -> tuple[Any, ...]:
        """The LightGBM boosters."""
        return tuple(read_spend_trees(text) for text in self.trees)

    def if_staying(
        self, X: np.ndarray, names: Sequence[str], *, cutoff: int | None = None, threads: int = 2
    ) -> np.ndarray:
        """Return the expected net spend within the horizon of a customer who stays.

        Parameters
        ----------
        X : numpy.ndarray of shape (n_rows, n_signals)
            The signals of the churn model.
        names : sequence of str
            What the columns are.
        cutoff : int, optional
            The instant the signals are of, for the season; the spend of a usual time of the year when left out.
        threads : int, default 2
            Threads of LightGBM.

        Returns
        -------
        numpy.ndarray of shape (n_rows,)
            In the unit of the amounts; at least 0.
        """
        season = 1.0 if cutoff is None else season_factor(self.season, cutoff)
        return season * self._usual(X, names, threads)

    def _usual(self, X: np.ndarray, names: Sequence[str], threads: int) -> np.ndarray:
        column = {name: X[:, i] for i, name in enumerate(names)}
        if self.method == "price":
            price = np.nan_to_num(column["plan_price"], nan=self.usual_price)
            return np.asarray(np.maximum(price, 0.0) * self.horizon_days / MONTH_DAYS)
        if self.shrunken is None:
            return self.scale * own_mean(column, self.horizon_days, self.lookback_days)
        simple = self.simple(column)
        if not self.boosters or not len(X):
            return self.scale * simple
        factor = np.exp(self.boosters[0].predict(X, raw_score=True, num_threads=threads))
        return np.asarray(self.scale * simple * (factor if self.method == "trees" else (1 + factor) / 2))

    def simple(self, column: Columns) -> np.ndarray:
        """Return the shrunken forecast before trees and scale."""
        assert self.shrunken is not None
        return self.shrunken.if_staying(column, self.horizon_days, self.lookback_days)

    def expected(self, churn_probability: np.ndarray, if_staying: np.ndarray) -> np.ndarray:
        """Return the expected net spend within the horizon, whether the customer stays or not."""
        paid = 1 - churn_probability * (1 - self.paid_when_leaving)
        return np.asarray(paid * if_staying)

    def lifetime(
        self,
        churn_probability: np.ndarray,
        if_staying: np.ndarray,
        *,
        lifetime_days: int,
        discount_rate: float,
        cutoff: int | None = None,
        if_saved: bool = False,
    ) -> np.ndarray:
        """Return the expected net spend over a lifetime, discounted; see `churn.model.value.lifetime`.

        `if_staying` is of the horizon after `cutoff`, with its season; later periods have the season of theirs. With
        `if_saved` it is that of a customer who stays through the horizon for sure.
        """
        starts, _ = periods(self.horizon_days, lifetime_days)
        season = np.ones(len(starts))
        if cutoff is not None:
            season = np.array([season_factor(self.season, cutoff + int(s) * DAY_US) for s in starts])
        return lifetime_value(
            churn_probability,
            if_staying / season[0],
            horizon_days=self.horizon_days,
            concentration=self.concentration,
            leaving=self.leaving,
            lifetime_days=lifetime_days,
            discount_rate=discount_rate,
            paid_when_leaving=self.paid_when_leaving,
            season=season,
            if_staying=if_saved,
        )

    def assumptions(self, lifetime_days: int, discount_rate: float) -> str:
        """Say in words what the amounts rest on."""
        periods = self.facts.get("later_periods", 0)
        source = (
            f"fitted on {periods - 1} later period{'' if periods == 2 else 's'} of earlier customers"
            if periods
            else "assumed: the history is too short to see later periods"
        )
        if 0 < (periods - 1) * self.horizon_days < _SEASON_DAYS:
            source += ", too few days to tell a loss from a season, so the lifetime value may be far off"
        season = "the spend follows the season of earlier years" if self.season else "it knows no season"
        return (
            f"Expected spend is revenue less returns in the {self.horizon_days} days of the horizon, from "
            f"{METHODS[self.method]}. Value at stake is the churn probability times the spend if the customer stays. "
            f"Lifetime value counts {lifetime_days} days from the start of the horizon, discounted by "
            f"{100 * discount_rate:g} % a year. Who buys spends as much in each period as in the first. Those at risk "
            "are lost first, so the share that is lost falls (shifted beta-geometric, concentration "
            f"{self.concentration:.2g}), and {100 * self.leaving:.1f} % of all are lost per period besides; this is "
            f"{source}. It is revenue, not profit, and {season}."
        )

    def render(self) -> str:
        """Return how it forecasts, and its figures."""
        head = f"Expected spend if a customer stays: {METHODS[self.method]}."
        return head if self.evaluation is None else f"{head}\n{self.evaluation.render()}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the trees as plain values."""
        return {
            "method": self.method,
            "horizon_days": self.horizon_days,
            "lookback_days": self.lookback_days,
            "scale": self.scale,
            "shrunken": None if self.shrunken is None else vars(self.shrunken).copy(),
            "trees": len(self.trees),
            "usual_price": self.usual_price,
            "paid_when_leaving": self.paid_when_leaving,
            "concentration": self.concentration,
            "leaving": self.leaving,
            "season": [[t, ratio] for t, ratio in self.season],
            "evaluation": None if self.evaluation is None else self.evaluation.to_dict(),
            "facts": self.facts,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], trees: tuple[str, ...]) -> SpendModel:
        """Read what `to_dict` wrote, with the texts of the trees."""
        values = dict(data)
        shrunken, evaluation = values.pop("shrunken"), values.pop("evaluation")
        return cls(
            **values
            | {
                "trees": trees,
                "season": tuple((int(t), float(ratio)) for t, ratio in values["season"]),
                "shrunken": None if shrunken is None else Shrunken(**shrunken),
                "evaluation": None if evaluation is None else SpendEvaluation.from_dict(evaluation),
            }
        )
