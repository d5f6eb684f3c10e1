"""Judgement of a spend forecast: measures that suit heavy tails, with intervals, beside the customer's own mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from churn.display import Rendered, format_amount, format_count, table_text
from churn.model.evaluate import Estimate

# measure: (label, whether it is an amount of money)
MEASURES: dict[str, tuple[str, bool]] = {
    "deviance": ("Tweedie deviance", False),
    "mae": ("mean absolute error", True),
    "rmse": ("RMSE, winsorised", True),
    "gini": ("Gini", False),
    "top_share": ("top tenth's share", False),
    "total": ("total, forecast / actual", False),
}
_WINSORISED_AT = 0.99
_LEAST = 0.01


@dataclass(frozen=True, repr=False)
class SpendEvaluation(Rendered):
    """How well forecasts of spend fit what came after one cutoff.

    Attributes
    ----------
    cutoff : str
        The held-out cutoff's local date.
    rows, stayed : int
        Customers judged, and those of them who stayed.
    actual : float
        What all of them spent within the horizon.
    everyone : dict of str to dict of str to Estimate
        By forecast ("model", "own_mean") and measure (see `MEASURES`): expected spend of all customers.
    stayers : dict of str to dict of str to Estimate
        The same for the spend if staying, on those who stayed.
    differences : dict of str to Estimate
        Model minus own mean over all customers, paired on the same resamples.
    """

    cutoff: str
    rows: int
    stayed: int
    actual: float
    everyone: dict[str, dict[str, Estimate]]
    stayers: dict[str, dict[str, Estimate]]
    differences: dict[str, Estimate]

    def beats_own_mean(self) -> bool:
        """Tell whether the deviance is surely lower than that of the customer's own mean."""
        return self.differences["deviance"].high < 0

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""

        def plain(block: Mapping[str, Mapping[str, Estimate]]) -> dict[str, Any]:
            return {p: {m: dict(vars(e)) for m, e in ms.items()} for p, ms in block.items()}

        return {
            "cutoff": self.cutoff,
            "rows": self.rows,
            "stayed": self.stayed,
            "actual": self.actual,
            "everyone": plain(self.everyone),
            "stayers": plain(self.stayers),
            "differences": {m: dict(vars(e)) for m, e in self.differences.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SpendEvaluation:
        """Read what `to_dict` wrote."""

        def read(block: Mapping[str, Any]) -> dict[str, dict[str, Estimate]]:
            return {p: {m: Estimate(**e) for m, e in ms.items()} for p, ms in block.items()}

        return cls(
            data["cutoff"],
            data["rows"],
            data["stayed"],
            data["actual"],
            read(data["everyone"]),
            read(data["stayers"]),
            {m: Estimate(**e) for m, e in data["differences"].items()},
        )

    def render(self) -> str:
        """Return a table: one line per forecast, each figure with its 95 % interval."""
        rows = [
            [
                f"{label}, {name.replace('_', ' ')}",
                *(_show(values[m], money) for m, (_, money) in MEASURES.items()),
            ]
            for label, block in (("all", self.everyone), ("stayed", self.stayers))
            for name, values in block.items()
        ]
        verdict = "beats" if self.beats_own_mean() else "does not surely beat"
        d = self.differences
        return "\n".join(
            [
                f"Spend on the held-out cutoff {self.cutoff}: {format_count(self.rows)} customers, "
                f"{format_count(self.stayed)} stayed. 95 % intervals in brackets.",
                table_text(["", *(label for label, _ in MEASURES.values())], rows),
                f"The forecast {verdict} the customer's own mean: deviance {_show(d['deviance'], False)}, mean "
                f"absolute error {_show(d['mae'], True)}, Gini {_show(d['gini'], False)}.",
            ]
        )


def judge_spend(
    actual: np.ndarray,
    churned: np.ndarray,
    everyone: Mapping[str, np.ndarray],
    stayers: Mapping[str, np.ndarray],
    *,
    cutoff: str = "",
    clusters: np.ndarray | None = None,
    resamples: int = 300,
    seed: int = 0,
) -> SpendEvaluation:
    """Judge forecasts of spend against what came.

    Parameters
    ----------
    actual : numpy.ndarray of shape (n_rows,)
        Net spend within the horizon, at least 0.
    churned : numpy.ndarray of shape (n_rows,)
        1 left, 0 stayed.
    everyone, stayers : mapping of str to numpy.ndarray of shape (n_rows,)
        Expected spend, and spend if staying, by forecast; the first is the model, the second what it is held against.
    cutoff : str, optional
        The cutoff's date, for display.
    clusters : numpy.ndarray, optional
        The customer of each row; rows of one customer are resampled together.
    resamples : int, default 300
        Bootstrap resamples behind the intervals.
    seed : int, default 0
        Of the resampling.

    Notes
    -----
    Tweedie deviance with power 1.5, ``4 (sqrt(y) - sqrt(m))^2 / sqrt(m)``: lowest for the true mean, and less ruled by
    a few large customers than squared error; forecasts below a hundredth of the mean count as that. Gini is that
    of the forecast's order over that of the actual order. RMSE after both are cut at the 99th percentile of what
    came. The top tenth's share is the part of all spend that came from the tenth with the highest forecast.

    Examples
    --------
    >>> y = np.array([10.0, 0.0, 40.0, 90.0] * 20)
    >>> e = judge_spend(y, np.array([0, 1, 0, 0] * 20), {"model": y, "own_mean": y + 5}, {"model": y, "own_mean": y})
    >>> e.everyone["model"]["gini"].value, round(e.differences["mae"].value, 1)
    (1.0, -5.0)
    """
    ids = np.arange(len(actual)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    rng = np.random.default_rng(seed)
    count = int(ids.max(initial=-1)) + 1
    stays = churned == 0
    first = {name: _Judge(actual, m) for name, m in everyone.items()}
    second = {name: _Judge(actual[stays], m[stays]) for name, m in stayers.items()}
    drawn: dict[tuple[int, str], list[np.ndarray]] = {}
    for _ in range(resamples):
        weights = np.bincount(rng.integers(0, count, count), minlength=count)[ids].astype(np.float64)
        for block, judges, w in ((0, first, weights), (1, second, weights[stays])):
            for name, judge in judges.items():
                drawn.setdefault((block, name), []).append(judge.all(w))

    def estimates(value: np.ndarray, samples: np.ndarray) -> dict[str, Estimate]:
        low, high = np.percentile(samples, [2.5, 97.5], axis=0)
        return {m: Estimate(float(value[i]), float(low[i]), float(high[i])) for i, m in enumerate(MEASURES)}

    def all_of(block: int, judges: Mapping[str, _Judge]) -> dict[str, dict[str, Estimate]]:
        return {
            name: estimates(judge.all(np.ones(len(judge.y))), np.array(drawn[block, name]))
            for name, judge in judges.items()
        }

    mine, other = list(first)[:2]
    ones = np.ones(len(actual))
    return SpendEvaluation(
        cutoff,
        len(actual),
        int(stays.sum()),
        float(actual.sum()),
        all_of(0, first),
        all_of(1, second),
        estimates(
            first[mine].all(ones) - first[other].all(ones),
            np.array(drawn[0, mine]) - np.array(drawn[0, other]),
        ),
    )


def deviance(actual: np.ndarray, forecast: np.ndarray) -> np.ndarray:
    """Return each row's Tweedie deviance with power 1.5, in the root of the money's unit.

    Examples
    --------
    >>> deviance(np.array([9.0, 0.0]), np.array([9.0, 4.0])).tolist()
    [0.0, 8.0]
    """
    m = np.sqrt(np.maximum(forecast, max(_LEAST * float(actual.mean()), 1e-9)))
    return np.asarray(4 * (np.sqrt(actual) - m) ** 2 / m)


class _Judge:
    """Measures of one forecast under row weights; what needs sorting is sorted once."""

    def __init__(self, y: np.ndarray, forecast: np.ndarray) -> None:
        self.y, self.forecast = y, forecast
        self.by_forecast = np.argsort(-forecast, kind="stable")
        self.by_actual = np.argsort(-y, kind="stable")
        self.deviances = deviance(y, forecast)
        cap = np.quantile(y, _WINSORISED_AT)
        self.squares = (np.minimum(y, cap) - np.minimum(forecast, cap)) ** 2

    def all(self, weights: np.ndarray) -> np.ndarray:
        n, spent = max(float(weights.sum()), 1e-12), max(float((weights * self.y).sum()), 1e-12)
        mine, reached = self._captured(self.by_forecast, weights)
        best, _ = self._captured(self.by_actual, weights)
        return np.array(
            [
                (weights * self.deviances).sum() / n,
                (weights * np.abs(self.y - self.forecast)).sum() / n,
                np.sqrt((weights * self.squares).sum() / n),
                mine / best if best else 0.0,
                reached,
                (weights * self.forecast).sum() / spent,
            ]
        )

    def _captured(self, order: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
        w = weights[order]
        spent, rows = w * self.y[order], np.cumsum(w)
        total = max(float(spent.sum()), 1e-12)
        share = np.cumsum(spent) / total
        area = float((w * (share - spent / total / 2)).sum() / max(float(w.sum()), 1e-12)) - 0.5
        taken = np.clip(0.1 * rows[-1] - (rows - w), 0, w) if len(w) else w
        return area, float((np.divide(taken, w, out=np.zeros(len(w)), where=w > 0) * spent).sum() / total)


def _show(e: Estimate, money: bool) -> str:
    if not money:
        return str(e)
    return f"{format_amount(e.value)} [{format_amount(e.low)}, {format_amount(e.high)}]"
