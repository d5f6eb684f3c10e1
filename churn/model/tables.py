"""The figures of evaluations as frames: what is printed, written as CSV, and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from churn.model.evaluate import Estimate, Evaluation

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"  # the cutoff of figures that are means over the cutoffs


def evaluation_tables(pooled: Evaluation, folds: Sequence[Evaluation]) -> dict[str, pd.DataFrame]:
    """Return the figures of evaluations as frames.

    Parameters
    ----------
    pooled : Evaluation
        All cutoffs together; its cutoff is called ``all``.
    folds : sequence of Evaluation
        By cutoff.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``figures`` (cutoff, predictor, metric, value, low, high), ``differences`` (the same for the model minus
        each other predictor), ``calibration`` and ``gains``.
    """
    import pandas as pd

    views = [(ALL, pooled), *((e.cutoff, e) for e in folds)]
    out = {
        "figures": [r for c, e in views for r in _figures(c, e.metrics)],
        "differences": [r for c, e in views for r in _figures(c, e.differences)],
        "calibration": [{"cutoff": c, **b} for c, e in views for b in e.calibration],
        "gains": [{"cutoff": c, **g} for c, e in views for g in e.gains],
    }
    return {name: pd.DataFrame(rows) for name, rows in out.items()}


def _figures(cutoff: str, block: dict[str, dict[str, Estimate]]) -> list[dict[str, Any]]:
    return [
        {"cutoff": cutoff, "predictor": p, "metric": m, **spread(e)}
        for p, values in block.items()
        for m, e in values.items()
    ]


def spread(estimate: Estimate) -> dict[str, float]:
    """Return an estimate as columns: value, low, high.

    Examples
    --------
    >>> spread(Estimate(0.7, 0.6, 0.8))
    {'value': 0.7, 'low': 0.6, 'high': 0.8}
    """
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
