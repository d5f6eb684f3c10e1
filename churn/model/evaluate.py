"""Judgement on held-out cutoffs: metrics with intervals, beside the baselines on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from churn.display import Rendered, format_count, format_percent, table_text
from churn.errors import ParameterError
from churn.model.measures import METRICS, Judge, resample_weights
from churn.progress import report

SHOWN = ("auc", "average_precision", "log_loss", "brier", "calibration_error", "lift_at_10")
RESAMPLES, FEWEST_RESAMPLES = 500, 100
_DRAWN = 10_000_000  # rows in all resamples together


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
        The held-out cutoff's local date; the first and the last where several are pooled.
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
    top : int or None
        How many customers can be contacted, where that was given.
    cutoffs : tuple of str
        The cutoffs that are pooled; empty for one. A pooled figure is the mean of the cutoffs' figures.
    calibration_noise : float
        The calibration error that perfectly calibrated probabilities would show on so few rows, by chance.
    """

    cutoff: str
    rows: int
    churn_rate: float
    metrics: dict[str, dict[str, Estimate]]
    differences: dict[str, dict[str, Estimate]]
    calibration: list[dict[str, float]] = field(default_factory=list)
    gains: list[dict[str, float]] = field(default_factory=list)
    top: int | None = None
    cutoffs: tuple[str, ...] = ()
    calibration_noise: float = 0.0

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
            "top": self.top,
            "cutoffs": list(self.cutoffs),
            "calibration_noise": self.calibration_noise,
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
            data.get("top"),
            tuple(data.get("cutoffs", ())),
            data.get("calibration_noise", 0.0),
        )

    def render(self) -> str:
        """Return a table: one line per predictor, each figure with its 95 % interval."""
        shown = [m for m in SHOWN if m in next(iter(self.metrics.values()))]
        rows = [[name, *(str(values[m]) for m in shown)] for name, values in self.metrics.items()]
        table = table_text(["", *(METRICS[m][0] for m in shown)], rows)
        where = (
            f"{len(self.cutoffs)} held-out cutoffs, {self.cutoff}: {format_count(self.rows)} rows"
            if self.cutoffs
            else f"Held-out cutoff {self.cutoff}: {format_count(self.rows)} customers"
        )
        lines = [f"{where}, {format_percent(self.churn_rate)} churned. 95 % intervals in brackets.", table]
        if self.top is not None:
            mine = self.metrics["model"]
            lines.append(
                f"Of the {format_count(self.top)} riskiest, {format_percent(mine['precision_at_top'].value)} churned; "
                f"they are {format_percent(mine['recall_at_top'].value)} of all who did."
            )
        for name, values in self.differences.items():
            lines.append(f"model minus {name}: AUC {values['auc']}, log loss {values['log_loss']}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Judged:
    """The rows of one cutoff with what was predicted and what came.

    Attributes
    ----------
    cutoff : str
        The cutoff's local date.
    y : numpy.ndarray of shape (n_rows,)
        1 churned, 0 stayed.
    predictions : dict of str to numpy.ndarray of shape (n_rows,)
        Churn probabilities by predictor, the model first.
    customer : numpy.ndarray of shape (n_rows,)
        The customer of each row.
    """

    cutoff: str
    y: np.ndarray
    predictions: Mapping[str, np.ndarray]
    customer: np.ndarray


def evaluate(
    y: np.ndarray,
    predictions: Mapping[str, np.ndarray],
    *,
    cutoff: str = "",
    clusters: np.ndarray | None = None,
    top: int | None = None,
    resamples: int | None = None,
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
    top : int, optional
        How many customers can be contacted: precision and recall are given at that count too.
    resamples : int, optional
        Bootstrap resamples behind the intervals; 500, fewer from 20,000 rows on, at least 100.
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
    AUC and average precision as in scikit-learn; Brier is the mean squared difference of probability and
    outcome (Brier 1950); calibration error is the mean absolute difference of mean predicted and observed
    share over ten bins of equal size (Naeini et al. 2015, with quantile bins); lift at 10 % is the churn rate
    of the riskiest tenth over that of all; precision and recall are those of the riskiest share or count.
    Ties are shared.

    Examples
    --------
    >>> import numpy as np
    >>> e = evaluate(np.array([0, 0, 1, 1] * 20), {"model": np.array([.1, .4, .35, .8] * 20)})
    >>> e.metrics["model"]["auc"].value
    0.75
    """
    rows = np.arange(len(y)) if clusters is None else clusters
    part = Judged(cutoff, np.asarray(y, dtype=np.float64), predictions, rows)
    return evaluate_parts([part], top=top, resamples=resamples, seed=seed)[1]


def evaluate_parts(
    parts: Sequence[Judged], *, top: int | None = None, resamples: int | None = None, seed: int = 0
) -> tuple[list[Evaluation], Evaluation]:
    """Judge predictions at several cutoffs, each by itself and all together.

    Parameters
    ----------
    parts : sequence of Judged
        One per cutoff, with the same predictors in the same order.
    top : int, optional
        How many customers can be contacted at each cutoff.
    resamples : int, optional
        Bootstrap resamples behind the intervals; 500, fewer from 20,000 rows on, at least 100.
    seed : int, default 0
        Of the resampling.

    Returns
    -------
    tuple of list of Evaluation and Evaluation
        By cutoff, and pooled.

    Raises
    ------
    ParameterError
        All outcomes of a cutoff are the same.

    Notes
    -----
    A pooled figure is the mean of the cutoffs' figures: customers are ranked among those of the same cutoff,
    as they would be in use, and a difference of base rates between cutoffs counts neither for nor against.
    A resample draws customers, and with each all its rows at all cutoffs.
    """
    for part in parts:
        if part.y.min() == part.y.max():
            raise ParameterError(
                "All outcomes are the same, so no prediction can be judged",
                given=f"{len(part.y)} rows with outcome {part.y.min():g}",
                fix="Choose another cutoff or horizon.",
                code="one-outcome",
            )
    resamples = resamples or how_many(sum(len(p.y) for p in parts))
    judges = [
        {n: Judge(p.y, np.asarray(v, dtype=np.float64), top) for n, v in p.predictions.items()} for p in parts
    ]
    names = next(iter(judges[0].values())).names
    predictors = list(judges[0])
    sampled = np.empty((len(parts), len(predictors), resamples, len(names)))
    for which, weights in resample_weights([p.customer for p in parts], resamples, seed):
        if which.stop < resamples:
            report("Resampling customers for the intervals", which.stop, resamples)
        for i, w in enumerate(weights):
            for j, judge in enumerate(judges[i].values()):
                sampled[i, j, which] = judge.all(w)
    point = np.array([[judge.all(np.ones(len(judge.y))) for judge in row.values()] for row in judges])

    def block(value: np.ndarray, samples: np.ndarray, *, plain: bool = True) -> dict[str, Estimate]:
        found = dict(zip(names, estimates(value, samples), strict=True))
        if plain:
            found["calibration_error"] = _reflected(found["calibration_error"])
        return found

    def evaluation(value: np.ndarray, samples: np.ndarray, part: Judged, judge: Judge) -> Evaluation:
        return Evaluation(
            part.cutoff,
            len(part.y),
            float(part.y.mean()),
            {n: block(value[j], samples[j]) for j, n in enumerate(predictors)},
            {
                n: block(value[0] - value[j], samples[0] - samples[j], plain=False)
                for j, n in enumerate(predictors)
                if j > 0
            },
            judge.calibration(),
            judge.gains(),
            top,
            calibration_noise=judge.noise(),
        )

    each = [evaluation(point[i], sampled[i], part, judges[i][predictors[0]]) for i, part in enumerate(parts)]
    if len(parts) == 1:
        return each, each[0]
    together = Judged(
        f"{parts[0].cutoff} to {parts[-1].cutoff}",
        np.concatenate([p.y for p in parts]),
        {},
        np.concatenate([p.customer for p in parts]),
    )
    joined = Judge(together.y, np.concatenate([np.asarray(p.predictions[predictors[0]]) for p in parts]))
    pooled = evaluation(point.mean(axis=0), sampled.mean(axis=0), together, joined)
    gains = [
        {k: float(np.mean([e.gains[d][k] for e in each])) for k in g} for d, g in enumerate(pooled.gains)
    ]
    rate = float(np.mean([e.churn_rate for e in each]))
    noise = float(np.mean([e.calibration_noise for e in each]))
    cutoffs = tuple(p.cutoff for p in parts)
    return each, replace(pooled, gains=gains, churn_rate=rate, cutoffs=cutoffs, calibration_noise=noise)


def _reflected(e: Estimate) -> Estimate:
    """Turn the interval about the figure: resamples repeat rows, so their bins are noisier and the error larger."""
    return Estimate(e.value, max(0.0, min(e.value, 2 * e.value - e.high)), max(e.value, 2 * e.value - e.low))


def how_many(rows: int) -> int:
    """Return the number of resamples for so many rows.

    Examples
    --------
    >>> how_many(3_000), how_many(40_000), how_many(1_000_000)
    (500, 250, 100)
    """
    return max(FEWEST_RESAMPLES, min(RESAMPLES, _DRAWN // max(rows, 1)))


def estimates(value: np.ndarray, samples: np.ndarray) -> list[Estimate]:
    """Return figures of shape (k,) with the 95 % interval of their resamples of shape (n_resamples, k).

    A resample in which a figure is not defined is left out; a figure that is not defined has no interval.

    Examples
    --------
    >>> print(estimates(np.array([0.5]), np.linspace(0, 1, 101)[:, None])[0])
    0.500 [0.025, 0.975]
    """
    out = []
    for v, s in zip(value, samples.T, strict=True):
        known = s[~np.isnan(s)]
        low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
        out.append(Estimate(float(v), float(low), float(high)))
    return out
