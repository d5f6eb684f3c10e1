"""The rules of thumb a model must beat; each is fitted on what the model was fitted on.

docs/baselines.md has their formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from churn.data.history import History
from churn.definition import Definition
from churn.errors import ModelError
from churn.features.signal import Signal
from churn.model.bgnbd import fit_bgnbd, rhythm_of
from churn.model.snapshots import Snapshots

BASELINES: dict[str, str] = {
    "prevalence": "the churn rate of the training rows, for everybody",
    "recency": "days since the last order alone",
    "overdue": "days since the last order over the usual gap",
    "rfm_logistic": "logistic regression on recency, frequency and money",
    "bgnbd": "BG/NBD's probability of no order in the label window",
}

# Signals of the logistic ones; the first must be there, of the others those that are.
SIGNALS: dict[str, tuple[str, ...]] = {
    "recency": ("recency_days",),
    "overdue": ("overdue_ratio",),
    "rfm_logistic": (
        "recency_days",
        "orders_count_365d",
        "orders_count",
        "amount_365d",
        "amount_mean",
        "tenure_days",
    ),
}

Predict = Callable[[Snapshots], np.ndarray]


@dataclass(frozen=True)
class Baselines:
    """The fitted baselines.

    Attributes
    ----------
    fitted : dict of str to callable
        By name, in the order of `BASELINES`: from snapshots to churn probabilities of shape (n_rows,).
    left_out : dict of str to str
        Those that do not apply, and why, in words.
    """

    fitted: dict[str, Predict]
    left_out: dict[str, str] = field(default_factory=dict)

    def predict(self, rows: Snapshots) -> dict[str, np.ndarray]:
        """Return each baseline's churn probabilities for rows of any cutoff."""
        return {name: predict(rows) for name, predict in self.fitted.items()}


def fit_baselines(
    history: History, definition: Definition, cutoff: int, learn: Snapshots, signals: Sequence[Signal]
) -> Baselines:
    """Fit every baseline that applies, from what was known by a cutoff.

    Parameters
    ----------
    history : History
        The log; only what was known before `cutoff` is seen.
    definition : Definition
        What churn means.
    cutoff : int
        The instant as of which they are fitted.
    learn : Snapshots
        The model's training rows.
    signals : sequence of Signal
        What the columns of the rows are.

    Returns
    -------
    Baselines
        BG/NBD is there only where churn is silence; a logistic one only with its first signal. What is left out says
        why.
    """
    rate = float(learn.y.mean())
    fitted: dict[str, Predict] = {"prevalence": lambda rows: np.full(len(rows), rate)}
    left_out: dict[str, str] = {}
    names = [s.name for s in signals]
    for name, wanted in SIGNALS.items():
        if wanted[0] in names:
            fitted[name] = _fit_logistic(learn, [names.index(w) for w in wanted if w in names])
        else:
            left_out[name] = f"the signal {wanted[0]} is not in the catalogue used"
    if definition.kind != "inactivity":
        left_out["bgnbd"] = "it foretells silence, and churn is something else here"
    else:
        try:
            fitted["bgnbd"] = _fit_bgnbd(history, definition, cutoff)
        except ModelError as error:
            left_out["bgnbd"] = f"{error.what[0].lower()}{error.what[1:]} ({error.given})"
    return Baselines(fitted, left_out)


def _fit_bgnbd(history: History, definition: Definition, cutoff: int) -> Predict:
    """Fit BG/NBD on every customer known before the cutoff."""
    known = rhythm_of(history.as_of(cutoff))
    model = fit_bgnbd(known.x, known.t_x, known.T)

    def predict(rows: Snapshots) -> np.ndarray:
        out = np.empty(len(rows))
        for t in rows.cutoffs:
            here = rows.cutoff == t
            rhythm = known if t == cutoff else rhythm_of(history.as_of(int(t)))
            of = rhythm.of(rows.customer[here])
            out[here] = model.no_order(of.x, of.t_x, of.T, definition.horizon_days, definition.gap_days)
        return out

    return predict


def _fit_logistic(learn: Snapshots, columns: list[int]) -> Predict:
    """Fit a logistic regression on some columns, after a signed logarithm; unknown is the mean, and a mark."""
    from sklearn.linear_model import LogisticRegression

    raw = _signed_log(learn.X[:, columns])
    marked = np.flatnonzero(np.isnan(raw).any(axis=0))
    known = ~np.isnan(raw)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.nansum(raw, axis=0) / count
    scale = np.sqrt(np.nansum((raw - centre) ** 2, axis=0) / count)
    scale[scale == 0] = 1.0

    def design(X: np.ndarray) -> np.ndarray:
        values = _signed_log(X[:, columns])
        filled = np.nan_to_num((values - centre) / scale, nan=0.0)
        return np.hstack([filled, np.isnan(values[:, marked])])

    model = LogisticRegression(max_iter=1000).fit(design(learn.X), learn.y)
    return lambda rows: np.asarray(model.predict_proba(design(rows.X))[:, 1])


def _signed_log(values: np.ndarray) -> np.ndarray:
    """Return the logarithm of one more, keeping the sign: counts and days are skewed, amounts may be negative."""
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))
