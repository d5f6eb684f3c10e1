"""The picture of what a campaign can show; the frame of `Power` is its data twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from churn.display import format_count, format_percent

if TYPE_CHECKING:
    from churn.campaigns.sizing import Power

INK, SOFT, ACCENT = "#1f2933", "#9aa5b1", "#0b69a3"


def power_figure(answer: Power) -> Any:
    """Draw the smallest effect that shows, by share held out, beside the expected effect.

    Parameters
    ----------
    answer : Power
        What the campaign can show.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    drawn = [s for s in answer.shares if s.smallest is not None]
    x, y = [100 * s.share for s in drawn], [100 * (s.smallest or 0.0) for s in drawn]
    axes.plot(x, y, color=ACCENT, marker="o", markersize=4)
    for s, left, top in zip(drawn, x, y, strict=True):
        weight = "bold" if s.share == answer.share else "normal"
        axes.annotate(
            f"{top:.1f}",
            (left, top),
            (0, 6),
            textcoords="offset points",
            ha="center",
            color=INK,
            fontsize="small",
            fontweight=weight,
        )
    if answer.effect is not None:
        axes.axhline(100 * answer.effect, color=INK, linestyle="--", linewidth=1)
        said = f"expected: {100 * answer.effect:.1f}"
        axes.annotate(
            said,
            (1, 100 * answer.effect),
            (-4, 4),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            color=INK,
            fontsize="small",
        )
    if not drawn:
        axes.text(0.5, 0.5, "No effect can be shown", transform=axes.transAxes, ha="center", color=INK)
    axes.set_ylim(0, 1.15 * max([*y, 100 * (answer.effect or 0.0), 1.0]))
    axes.set_xlabel("held out, % of those who would be contacted", color=INK)
    axes.set_ylabel("smallest effect that shows, points", color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=SOFT, alpha=0.3)
    title = (
        f"{format_count(answer.customers)} customers, {format_percent(answer.base_rate)} leave when left alone"
    )
    figure.suptitle(title, x=0.01, ha="left", color=INK)
    figure.supxlabel(
        f"Shown with a chance of {format_percent(answer.power, 0)}. Bold: the policy's share.",
        color=INK,
        fontsize="small",
    )
    return figure
