"""The pictures of a backtest; each is drawn from a table that is written beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from churn.model.plots import ACCENT, INK, SOFT, calibration_figure, gain_figure, new_figure

if TYPE_CHECKING:
    from churn.model.backtest import Backtest

_COLOURS = (ACCENT, "#d9822b", "#5c940d", "#862e9c", "#c92a2a", "#495057", "#0c8599")


def backtest_figures(backtest: Backtest) -> dict[str, Any]:
    """Draw the pictures of a backtest.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        ``calibration``, ``gains``, ``auc_by_cutoff``, and one for each further part that the backtest holds.
    """
    return {
        "calibration": calibration_figure(backtest.pooled),
        "gains": gain_figure(backtest.pooled),
        "auc_by_cutoff": _by_cutoff(backtest),
    }


def _by_cutoff(backtest: Backtest) -> Any:
    figure, axes = new_figure("AUC by cutoff, with 95 % intervals")
    predictors = list(backtest.pooled.metrics)
    width = 0.7 / max(len(predictors), 1)
    views = [*((f.cutoff, f.evaluation) for f in backtest.folds), ("all", backtest.pooled)]
    for j, name in enumerate(predictors):
        found = [e.metrics[name]["auc"] for _, e in views]
        at = [i + (j - (len(predictors) - 1) / 2) * width for i in range(len(views))]
        axes.errorbar(
            at,
            [e.value for e in found],
            yerr=[[e.value - e.low for e in found], [e.high - e.value for e in found]],
            fmt="o",
            markersize=6 if name == "model" else 4,
            linewidth=1.5,
            color=_COLOURS[j % len(_COLOURS)],
            label=name,
        )
    axes.axhline(0.5, color=SOFT, linestyle="--", linewidth=1)
    axes.set_xticks(range(len(views)), [c for c, _ in views])
    axes.set(ylabel="AUC")
    axes.tick_params(colors=INK)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.1), ncol=3, frameon=False, fontsize=8)
    return figure
