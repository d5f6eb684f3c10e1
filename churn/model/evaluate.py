"""Judgement on a held-out cutoff: metrics with intervals, beside the baselines on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from churn.display import Rendered, format_count, format_percent, table_text
from churn.errors import ParameterError

METRICS: dict[str, tuple[str, bool]] = {
    "auc": ("AUC", True),
    "average_precision": ("average precision", True),
    "log_loss": ("log loss", False),
    "calibration_error": ("calibration error", False),
    "lift_at_10": ("lift at 10 %", True),
}
_TINY = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval (bootstrap clustered by customer)."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, repr=False)
class Evaluation(Rendered):
    """How well predictions fit what happened after one cutoff.

    Attributes
    ----------
    cutoff : str
        The held-out cutoff's local date.
    rows : int
        Customers judged.
    churn_rate : float
        Share of them who churned.
    metrics : dict of str to dict of str to Estimate
        By predictor ("model", the baselines, further references) and metric, see `METRICS`.
    differences : dict of str to dict of str to Estimate
        Model minus each other predictor, paired on the same resamples.
    calibration : list of dict
        Ten bins of equal size: mean predicted, observed share, rows.
    gains : list of dict
        By depth of contact in steps of 5 %: share of all churners reached, lift.
    """

    cutoff: str
    rows: int
    churn_rate: float
    metrics: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Estimate]]
    calibration: list[dict[str, float]] = field(default_factory=list)
    gains: list[dict[str, float]] = field(default_factory=list)

    def beats_baselines(self, baselines: tuple[str, ...]) -> bool:
        """Tell whether the model has the highest AUC and the lowest log loss of all."""
        mine = self.metrics["model"]
        return all(
            mine["auc"].value > self.metrics[b]["auc"].value
            and mine["log_loss"].value < self.metrics[b]["log_loss"].value
            for b in baselines
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON."""

        def plain(block: dict[str, dict[str, Estimate]]) -> dict[str, Any]:
            return {p: {m: e.__dict__ for m, e in ms.items()} for p, ms in block.items()}

        return {
            "cutoff": self.cutoff,
            "rows": self.rows,
            "churn_rate": self.churn_rate,
            "metrics": plain(self.metrics),
            "differences": plain(self.differences),
            "calibration": self.calibration,
            "gains": self.gains,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Evaluation:
        """Read what `to_dict` wrote."""

        def read(block: Mapping[str, Any]) -> dict[str, dict[str, Estimate]]:
            return {p: {m: Estimate(**e) for m, e in ms.items()} for p, ms in block.items()}

        return cls(
            data["cutoff"],
            data["rows"],
            data["churn_rate"],
            read(data["metrics"]),
            read(data["differences"]),
            data["calibration"],
            data["gains"],
        )

    def render(self) -> str:
        """Return a table: one line per predictor, each figure with its 95 % interval."""
        rows = [[name, *(str(values[m]) for m in METRICS)] for name, values in self.metrics.items()]
        table = table_text(["", *(label for label, _ in METRICS.values())], rows)
        lines = [
            f"Held-out cutoff {self.cutoff}: {format_count(self.rows)} customers, "
            f"{format_percent(self.churn_rate)} churned. 95 % intervals in brackets.",
            table,
        ]
        for name, values in self.differences.items():
            lines.append(f"model minus {name}: AUC {values['auc']}, log loss {values['log_loss']}")
        return "\n".join(lines)


def evaluate(
    y: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    *,
    cutoff: str = "",
    clusters: np.ndarray | None = None,
    resamples: int = 500,
    seed: int = 0,
) -> Evaluation:
    """Judge predictions against outcomes.

    Parameters
    ----------
    y : numpy.ndarray of shape (n_rows,)
        1 churned, 0 stayed.
    predictions : mapping of str to numpy.ndarray of shape (n_rows,)
        Churn probabilities by predictor; the first is the model, the others are what it is compared with.
    cutoff : str, optional
        The cutoff's date, for display.
    clusters : numpy.ndarray, optional
        The customer of each row; rows of one customer are resampled together. Each row is its own customer
        when left out.
    resamples : int, default 500
        Bootstrap resamples behind the intervals.
    seed : int, default 0
        Of the resampling.

    Returns
    -------
    Evaluation

    Raises
    ------
    ParameterError
        All outcomes are the same, so nothing can be told apart.

    Notes
    -----
    AUC and average precision as in scikit-learn; calibration error is the mean absolute difference of mean
    predicted and observed share over ten bins of equal size (Naeini et al. 2015, with quantile bins); lift
    at 10 % is the churn rate of the riskiest tenth over that of all, ties shared.

    Examples
    --------
    >>> import numpy as np
    >>> e = evaluate(np.array([0, 0, 1, 1] * 20), {"model": np.array([.1, .4, .35, .8] * 20)})
    >>> e.metrics["model"]["auc"].value
    0.75
    """
    y = np.asarray(y, dtype=np.float64)
    if y.min() == y.max():
        raise ParameterError(
            "All outcomes are the same, so no prediction can be judged",
            given=f"{len(y)} rows with outcome {y.min():g}",
            fix="Choose another cutoff or horizon.",
            code="one-outcome",
        )
    rng = np.random.default_rng(seed)
    ids = np.arange(len(y)) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    n_ids = int(ids.max()) + 1
    judges = {name: _Judge(y, np.asarray(p, dtype=np.float64)) for name, p in predictions.items()}
    ones = np.ones(len(y))
    point = {name: judge.all(ones) for name, judge in judges.items()}
    sampled = {name: np.empty((resamples, len(METRICS))) for name in judges}
    for r in range(resamples):
        weights = np.bincount(rng.integers(0, n_ids, n_ids), minlength=n_ids)[ids].astype(np.float64)
        for name, judge in judges.items():
            sampled[name][r] = judge.all(weights)
    model = next(iter(judges))

    def estimates(value: np.ndarray, samples: np.ndarray) -> dict[str, Estimate]:
        low, high = np.nanpercentile(samples, [2.5, 97.5], axis=0)
        return {m: Estimate(float(value[i]), float(low[i]), float(high[i])) for i, m in enumerate(METRICS)}

    judge = judges[model]
    return Evaluation(
        cutoff,
        len(y),
        float(y.mean()),
        {name: estimates(point[name], sampled[name]) for name in judges},
        {
            name: estimates(point[model] - point[name], sampled[model] - sampled[name])
            for name in judges
            if name != model
        },
        judge.calibration(),
        judge.gains(),
    )


class _Judge:
    """Metrics of one predictor under row weights; sorting and binning are done once."""

    def __init__(self, y: np.ndarray, p: np.ndarray) -> None:
        self.y, self.p = y, p
        order = np.argsort(-p, kind="stable")
        self.order = order
        ranked = p[order]
        self.starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))  # ties in one group
        clipped = np.clip(p, _TINY, 1 - _TINY)
        self.losses = -(y * np.log(clipped) + (1 - y) * np.log(1 - clipped))
        self.bin = np.empty(len(y), dtype=np.int64)
        self.bin[order] = np.arange(len(y)) * 10 // len(y)

    def all(self, weights: np.ndarray) -> np.ndarray:
        positive, total = self._groups(weights)
        negative = total - positive
        P, N = positive.sum(), negative.sum()
        if P == 0 or N == 0:
            return np.full(len(METRICS), np.nan)
        above = np.cumsum(negative) - negative
        auc = 1 - (positive * (above + negative / 2)).sum() / (P * N)
        reached = np.cumsum(total)
        precision = np.divide(np.cumsum(positive), reached, out=np.zeros_like(reached), where=reached > 0)
        average_precision = (positive / P * precision).sum()
        loss = (weights * self.losses).sum() / weights.sum()
        w = np.bincount(self.bin, weights, 10)
        off = np.bincount(self.bin, weights * (self.p - self.y), 10)
        calibration = np.abs(off).sum() / w.sum()
        return np.array(
            [auc, average_precision, loss, calibration, self._reached(positive, total, 0.1) / P / 0.1]
        )

    def calibration(self) -> list[dict[str, float]]:
        out = []
        for b in range(9, -1, -1):
            rows = self.bin == b
            if rows.any():
                out.append(
                    {
                        "predicted": float(self.p[rows].mean()),
                        "observed": float(self.y[rows].mean()),
                        "rows": int(rows.sum()),
                    }
                )
        return out

    def gains(self) -> list[dict[str, float]]:
        positive, total = self._groups(np.ones(len(self.y)))
        depths = np.arange(1, 21) / 20
        hits = [self._reached(positive, total, d) / positive.sum() for d in depths]
        return [
            {"depth": float(d), "reached": float(h), "lift": float(h / d)}
            for d, h in zip(depths, hits, strict=True)
        ]

    def _groups(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        w = weights[self.order]
        return np.add.reduceat(w * self.y[self.order], self.starts), np.add.reduceat(w, self.starts)

    @staticmethod
    def _reached(positive: np.ndarray, total: np.ndarray, depth: float) -> float:
        before = np.cumsum(total) - total
        taken = np.clip(depth * total.sum() - before, 0, total)
        share = np.divide(taken, total, out=np.zeros_like(total), where=total > 0)
        return float((share * positive).sum())
