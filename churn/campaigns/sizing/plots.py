"""The picture of what a campaign can show; the frame of `Power` is its data twin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

INK, SOFT, ACCENT = "#1f2933", "#9aa5b1", "#0b69a3"


def power_figure(frame: pd.DataFrame, title: str, note: str, share: float, effect: float | None) -> Any:
    """Draw the smallest effect that shows, by share held out, beside the expected effect.

    Parameters
    ----------
    frame : pandas.DataFrame
        ``share`` and ``smallest_effect``, which is empty where none shows.
    title, note : str
        Above and below the picture.
    share : float
        The policy's; its figure is bold.
    effect : float or None
        The expected one.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    drawn = frame[frame["smallest_effect"].notna()]
    x = [100 * float(v) for v in drawn["share"]]
    y = [100 * float(v) for v in drawn["smallest_effect"]]
    axes.plot(x, y, color=ACCENT, marker="o", markersize=4)
    for left, top in zip(x, y, strict=True):
        axes.annotate(
            f"{top:.1f}",
            (left, top),
            (4, 4),
            textcoords="offset points",
            color=INK,
            fontsize="small",
            fontweight="bold" if left == 100 * share else "normal",
        )
    if effect is not None:
        axes.axhline(100 * effect, color=INK, linestyle="--", linewidth=1)
        axes.annotate(
            f"expected: {100 * effect:.1f}",
            (1, 100 * effect),
            (-4, 4),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            color=INK,
            fontsize="small",
        )
    if not y:
        axes.text(0.5, 0.5, "No effect can be shown", transform=axes.transAxes, ha="center", color=INK)
    axes.set_ylim(0, 1.15 * max([*y, 100 * (effect or 0.0), 1.0]))
    axes.set_xlabel("held out, % of those who would be contacted", color=INK)
    axes.set_ylabel("smallest effect that shows, points", color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=SOFT, alpha=0.3)
    figure.suptitle(title, x=0.01, ha="left", color=INK)
    figure.supxlabel(note, color=INK, fontsize="small")
    return figure
