"""The figures of evaluations as frames: what is printed, written as CSV, and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from churn.display import table_text
from churn.model.evaluate import Estimate, Evaluation
from churn.model.segments import SegmentResult

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


def added_table(evaluation: Evaluation) -> pd.DataFrame:
    """Return what each other fit of the model lacks: one row per fit and metric, the model minus it.

    The columns ``alone``, ``alone_low`` and ``alone_high`` are the other fit's own figure.
    """
    import pandas as pd

    rows = []
    for name, values in evaluation.differences.items():
        for metric, e in values.items():
            own = evaluation.metrics[name][metric]
            alone = {"alone": own.value, "alone_low": own.low, "alone_high": own.high}
            rows.append({"without": name, "metric": metric, **spread(e), **alone})
    return pd.DataFrame(rows)


def added_text(evaluation: Evaluation) -> str:
    """Return AUC and log loss of the same for a reader."""
    rows = []
    for name, values in evaluation.differences.items():
        auc, loss = values["auc"], values["log_loss"]
        rows.append([name, *(f"{e.value:+.4f} [{e.low:+.4f}, {e.high:+.4f}]" for e in (auc, loss))])
    return table_text(["", "AUC", "log loss"], rows)


def segments_table(results: Sequence[SegmentResult]) -> pd.DataFrame:
    """Return the figures by segment, one row per segment, predictor and metric."""
    import pandas as pd

    return pd.DataFrame(
        {"segment": r.segment, "value_of": r.value, "rows": r.evaluation.rows}
        | {"churn_rate": r.evaluation.churn_rate, "predictor": p, "metric": m, **spread(e)}
        for r in results
        for block, prefix in ((r.evaluation.metrics, ""), (r.evaluation.differences, "model minus "))
        for p, values in ((f"{prefix}{n}", v) for n, v in block.items())
        for m, e in values.items()
    )
