"""The pictures of a training: calibration, gain, importance. Each is drawn from numbers that are saved beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn.model.evaluate import Evaluation

INK, SOFT, ACCENT = "#1f2933", "#9aa5b1", "#0b69a3"


def training_figures(evaluation: Evaluation, importance: Mapping[str, float]) -> dict[str, Any]:
    """Draw the pictures of a training.

    Parameters
    ----------
    evaluation : Evaluation
        Calibration and gains of the held-out cutoff.
    importance : mapping of str to float
        Share of the gain by signal, largest first.

    Returns
    -------
    dict of str to matplotlib.figure.Figure
        ``calibration``, ``gain`` and ``importance``.
    """
    return {
        "calibration": calibration_figure(evaluation),
        "gain": gain_figure(evaluation),
        "importance": _importance(importance),
    }


def new_figure(title: str) -> tuple[Any, Any]:
    """Return an empty figure of the house's form and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.8), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def calibration_figure(evaluation: Evaluation) -> Any:
    """Draw predicted against observed churn in ten groups of equal size."""
    figure, axes = new_figure(f"Calibration, {evaluation.cutoff}")
    predicted = [b["predicted"] for b in evaluation.calibration]
    observed = [b["observed"] for b in evaluation.calibration]
    axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1, label="perfect")
    axes.plot(predicted, observed, color=ACCENT, marker="o", label="model, ten groups of equal size")
    error = evaluation.metrics["model"]["calibration_error"]
    axes.set(xlabel="mean predicted probability", ylabel="observed churn rate", xlim=(0, 1), ylim=(0, 1))
    said = f"calibration error {error}\nby chance alone about {evaluation.calibration_noise:.3f}"
    axes.text(0.02, 0.85, said, transform=axes.transAxes, color=INK)
    axes.legend(loc="lower right", frameon=False)
    return figure


def gain_figure(evaluation: Evaluation) -> Any:
    """Draw the share of churners reached by depth of contact."""
    figure, axes = new_figure(f"Churners reached by depth of contact, {evaluation.cutoff}")
    depth = [0.0, *(g["depth"] for g in evaluation.gains)]
    reached = [0.0, *(g["reached"] for g in evaluation.gains)]
    rate = evaluation.churn_rate
    axes.plot([0, 1], [0, 1], color=SOFT, linestyle="--", linewidth=1, label="at random")
    axes.plot([0, rate, 1], [0, 1, 1], color=SOFT, linewidth=1, label="perfect")
    axes.plot(depth, reached, color=ACCENT, marker=".", label="model")
    axes.set(
        xlabel="share of customers contacted, riskiest first",
        ylabel="share of churners reached",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    axes.legend(loc="lower right", frameon=False)
    return figure


def _importance(importance: Mapping[str, float]) -> Any:
    figure, axes = new_figure("Importance: share of the trees' gain by signal")
    top = list(importance.items())[:20][::-1]
    axes.barh([n for n, _ in top], [v for _, v in top], color=ACCENT)
    axes.set(xlabel="share of gain")
    axes.tick_params(axis="y", labelsize=7)
    return figure
