"""The figures of a backtest as frames: what is printed, written as CSV, and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from churn.model.evaluate import Estimate

if TYPE_CHECKING:
    import pandas as pd

    from churn.model.backtest import Backtest


def backtest_tables(backtest: Backtest) -> dict[str, pd.DataFrame]:
    """Return the figures of a backtest as frames.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``figures`` (cutoff, predictor, metric), ``differences`` (model minus each other predictor),
        ``calibration`` and ``gains`` (by cutoff), and what else the backtest holds. The cutoff ``all`` is the mean.
    """
    import pandas as pd

    views = [("all", backtest.pooled), *((f.cutoff, f.evaluation) for f in backtest.folds)]
    out = {
        "figures": [r for c, e in views for r in _figures(c, e.metrics)],
        "differences": [r for c, e in views for r in _figures(c, e.differences)],
        "calibration": [{"cutoff": c, **b} for c, e in views for b in e.calibration],
        "gains": [{"cutoff": c, **g} for c, e in views for g in e.gains],
        "folds": [
            {"cutoff": f.cutoff, "rows": f.evaluation.rows, "churn_rate": f.evaluation.churn_rate}
            | {k: v for k, v in f.facts.items() if isinstance(v, (int, float, str))}
            for f in backtest.folds
        ],
    }
    return {name: pd.DataFrame(rows) for name, rows in out.items()}


def _figures(cutoff: str, block: dict[str, dict[str, Estimate]]) -> list[dict[str, Any]]:
    return [
        {"cutoff": cutoff, "predictor": p, "metric": m, **spread(e)}
        for p, values in block.items()
        for m, e in values.items()
    ]


def spread(estimate: Estimate) -> dict[str, float]:
    """Return an estimate as columns: value, low, high."""
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


