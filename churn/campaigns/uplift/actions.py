"""By action a learner, shrunk towards the action's mean effect; it tells nobody apart beyond the risks it has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from churn.campaigns.uplift.learners import Learner, fit
from churn.campaigns.uplift.rows import Array, Rows

LEAST_ROWS, LEAST_HOLDOUT = 400, 60  # of an action; with fewer its effect is one number for all
EDGE = 0.005  # of the risks seen, on each side, beyond which nothing is told apart


@dataclass(frozen=True, eq=False)
class ActionUplift:
    """What was learnt of one action.

    Attributes
    ----------
    learner : Learner
        Tells customers apart.
    mean, low, high : float
        Measured effect on retention over all of the action's rows, with its 95 % interval.
    shrunk : float
        That effect drawn towards the effect of all actions, as far as chance explains the difference.
    centre : float
        Mean of what the learner says of the rows it learnt from.
    slope : float
        By which its differences are multiplied, so that they hold on rows it had not seen; see `slope_of`.
    risks : tuple of float
        Lowest, mean and highest risk of the rows.
    treated, holdout : int
        Rows in each arm.
    """

    learner: Learner
    mean: float
    low: float
    high: float
    shrunk: float
    centre: float
    slope: float
    risks: tuple[float, float, float]
    treated: int
    holdout: int

    def deviation(self, X: Array, risk: Array, threads: int = 1) -> Array:
        """Return how far the learner says each customer is from the mean, before shrinking."""
        return self.learner.predict(X, risk, threads=threads) - self.centre

    def predict(self, X: Array, risk: Array, threads: int = 1) -> Array:
        """Return the effect on the chance to stay, shape (n_rows,).

        For a risk beyond those seen it is the mean effect, and for a lower one no more than the same share of the risk.
        """
        effect = self.shrunk + self.slope * self.deviation(X, risk, threads)
        lowest, mean, highest = self.risks
        effect = np.where(risk > highest, self.shrunk, effect)
        below = min(self.shrunk, 0.0) + max(self.shrunk, 0.0) * risk / max(mean, 1e-9)
        return np.asarray(np.clip(np.where(risk < lowest, below, effect), -1.0, 1.0))


def fit_actions(
    kind: str,
    rows: Rows,
    slope: float = 1.0,
    *,
    categories: Sequence[int] = (),
    seed: int = 0,
    threads: int = 1,
) -> dict[int, ActionUplift]:
    """Fit a learner for each action of the rows, by the action's code."""
    residual = rows.residual()
    effects = residual * rows.signed
    measured, where_of = {}, {}
    for code in np.unique(rows.action):
        where = np.flatnonzero(rows.action == code)
        spread = effects[where].std(ddof=1) / np.sqrt(len(where)) if len(where) > 1 else np.inf
        measured[int(code)] = float(effects[where].mean()), float(spread)
        where_of[int(code)] = where
    shrunk = towards_all(list(measured.values()))
    out = {}
    for (code, (mean, spread)), drawn in zip(measured.items(), shrunk, strict=True):
        where = where_of[code]
        part = rows.take(where)
        held = int((~part.treated).sum())
        enough = len(part) >= LEAST_ROWS and min(held, len(part) - held) >= LEAST_HOLDOUT
        learner = fit(
            kind if enough else "constant",
            part,
            categories=categories,
            seed=seed,
            threads=threads,
            residual=residual[where],
        )
        lowest, highest = np.quantile(part.risk, [EDGE, 1 - EDGE])
        out[code] = ActionUplift(
            learner=learner,
            mean=mean,
            low=mean - 1.96 * spread,
            high=mean + 1.96 * spread,
            shrunk=drawn,
            centre=float(learner.predict(part.X, part.risk, threads=threads).mean()),
            slope=slope,
            risks=(float(lowest), float(part.risk.mean()), float(highest)),
            treated=len(part) - held,
            holdout=held,
        )
    return out


def towards_all(measured: Sequence[tuple[float, float]]) -> list[float]:
    """Draw effects (mean, standard error) towards the effect of all, as far as chance explains their differences.

    References
    ----------
    DerSimonian and Laird (1986), Meta-analysis in clinical trials: the variance between; Morris (1983): the shrinkage.

    Examples
    --------
    >>> [round(e, 3) for e in towards_all([(0.05, 0.01), (0.06, 0.01), (0.02, 0.05)])]
    [0.054, 0.054, 0.054]
    """
    means = np.array([m for m, _ in measured])
    variances = np.maximum(np.array([s for _, s in measured]) ** 2, 1e-12)
    weights = 1 / variances
    if len(means) < 2 or not np.isfinite(variances).all():
        return [float(m) for m in means]
    all_ = float((weights * means).sum() / weights.sum())
    q = float((weights * (means - all_) ** 2).sum())
    between = max(0.0, (q - len(means) + 1) / float(weights.sum() - (weights**2).sum() / weights.sum()))
    whole = 1 / (variances + between)
    all_ = float((whole * means).sum() / whole.sum())
    return [float(all_ + between / (between + v) * (m - all_)) for m, v in zip(means, variances, strict=True)]
