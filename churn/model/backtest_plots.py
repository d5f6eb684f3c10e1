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
    out = {
        "calibration": calibration_figure(pooled),
        "gains": gain_figure(pooled),
        "auc_by_cutoff": _by_cutoff(tables["figures"]),
    }
    if "profit_by_depth" in tables:
        out["profit_by_depth"] = _profit(tables["profit_by_depth"])
    if "ablation" in tables:
        out["ablation"] = _ablation(tables["ablation"])
    if "learning_curve" in tables:
        model = pooled.metrics["model"]["auc"]
        out["learning_curve"] = _learning(tables["learning_curve"], model.value, model.low, model.high)
    return out


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


def _profit(by_depth: pd.DataFrame) -> Any:
    figure, axes = new_figure("Profit per customer by depth of contact")
    for j, (name, rows) in enumerate(by_depth.groupby("predictor", sort=False)):
        colour = COLOURS[j % len(COLOURS)]
        axes.plot(rows["depth"], rows["value"], color=colour, linewidth=2 if j == 0 else 1, label=name)
        if j == 0:
            axes.fill_between(rows["depth"], rows["low"], rows["high"], color=colour, alpha=0.15, linewidth=0)
            best = rows.iloc[int(rows["value"].to_numpy().argmax())]
            axes.plot([best["depth"]], [best["value"]], color=colour, marker="o")
            axes.annotate(
                f"best: {100 * best['depth']:.0f} %",
                (best["depth"], best["value"]),
                (0, 8),
                textcoords="offset points",
                ha="center",
                color=INK,
            )
    axes.axhline(0, color=SOFT, linestyle="--", linewidth=1)
    axes.set(xlabel="share of customers contacted, riskiest first", ylabel="profit per customer", xlim=(0, 1))
    figure.legend(loc="outside lower center", ncol=4, frameon=False, fontsize=8)
    return figure


def _ablation(table: pd.DataFrame) -> Any:
    figure, axes = new_figure("What each group of signals adds to the AUC")
    rows = table[table["metric"] == "auc"].iloc[::-1]
    sure = [
        ACCENT if low > 0 or high < 0 else SOFT for low, high in zip(rows["low"], rows["high"], strict=True)
    ]
    axes.barh(
        rows["without"],
        rows["value"],
        xerr=[rows["value"] - rows["low"], rows["high"] - rows["value"]],
        color=sure,
        ecolor=INK,
        error_kw={"linewidth": 1},
    )
    axes.axvline(0, color=INK, linewidth=1)
    axes.set(xlabel="AUC of the model less the AUC without them; grey: may be chance")
    axes.tick_params(axis="y", labelsize=8)
    return figure


def _learning(table: pd.DataFrame, value: float, low: float, high: float) -> Any:
    figure, axes = new_figure("AUC with less data")
    rows = table[table["metric"] == "auc"]
    names = [*rows["without"], "everything"]
    values = [*rows["alone"], value]
    lows, highs = [*rows["alone_low"], low], [*rows["alone_high"], high]
    axes.errorbar(
        values,
        range(len(names)),
        xerr=[
            [v - x for v, x in zip(values, lows, strict=True)],
            [x - v for v, x in zip(values, highs, strict=True)],
        ],
        fmt="o",
        color=ACCENT,
    )
    axes.axvline(value, color=SOFT, linestyle="--", linewidth=1)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlabel="AUC, with 95 % intervals")
    return figure
