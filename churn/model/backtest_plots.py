"""The pictures of a backtest; each is drawn from a table that is written beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from churn.model.evaluate import Evaluation
from churn.model.plots import ACCENT, INK, SOFT, calibration_figure, gain_figure, new_figure
from churn.model.tables import ALL

if TYPE_CHECKING:
    import pandas as pd

COLOURS = (ACCENT, "#d9822b", "#5c940d", "#862e9c", "#c92a2a", "#495057", "#0c8599")


def backtest_figures(pooled: Evaluation, tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Draw the pictures of a backtest.

    Parameters
    ----------
    pooled : Evaluation
        All cutoffs together.
    tables : mapping of str to pandas.DataFrame
        The tables of the backtest.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        ``calibration``, ``gains``, ``auc_by_cutoff``, and one for each further part that there is.
    """
    return {
        "calibration": calibration_figure(pooled),
        "gains": gain_figure(pooled),
        "auc_by_cutoff": _by_cutoff(tables["figures"]),
    }


def _by_cutoff(figures: pd.DataFrame) -> Any:
    figure, axes = new_figure("AUC by cutoff, with 95 % intervals")
    auc = figures[figures["metric"] == "auc"]
    cutoffs = [*(c for c in auc["cutoff"].unique() if c != ALL), ALL]
    predictors = list(auc["predictor"].unique())
    width = 0.7 / len(predictors)
    for j, name in enumerate(predictors):
        rows = auc[auc["predictor"] == name].set_index("cutoff").loc[cutoffs]
        axes.errorbar(
            [i + (j - (len(predictors) - 1) / 2) * width for i in range(len(cutoffs))],
            rows["value"],
            yerr=[rows["value"] - rows["low"], rows["high"] - rows["value"]],
            fmt="o",
            markersize=7 if j == 0 else 4,
            linewidth=1.5,
            color=COLOURS[j % len(COLOURS)],
            label=name,
        )
    axes.axhline(0.5, color=SOFT, linestyle="--", linewidth=1)
    axes.set_xticks(range(len(cutoffs)), ["mean" if c == ALL else c for c in cutoffs])
    axes.set(ylabel="AUC")
    axes.tick_params(colors=INK)
    figure.legend(loc="outside lower center", ncol=4, frameon=False, fontsize=8)
    return figure
