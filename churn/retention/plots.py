"""The pictures of retention; the frame of what is drawn is the data twin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from churn.retention.rate import Retention

Small = Callable[[Retention], bool]

INK, SOFT, ACCENT = "#1f2933", "#9aa5b1", "#0b69a3"
MOST_PANELS, _COLUMNS = 9, 3
_MOST_TICKS, _FEW_TICKS = 12, 4


def series_figure(
    title: str, periods: Sequence[Retention], groups: Mapping[str, Sequence[Retention]], small: Small
) -> Any:
    """Draw the rate by period with its interval; with groups a panel for each of the largest, beside all in grey.

    Parameters
    ----------
    title : str
        What is drawn.
    periods : sequence of Retention
        Of all customers.
    groups : mapping of str to sequence of Retention
        Of each group, as many; may be empty.
    small : callable
        Tells of a period whether it has few customers at the start: these and running ones are hollow points.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    panels = list(groups.items())[:MOST_PANELS] or [("", periods)]
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(9.6, 4.8 if rows == 1 else 1 + 2.4 * rows), dpi=120, layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    cells = list(grid.flat)
    for axes, (name, group) in zip(cells, panels, strict=False):
        if groups:
            axes.set_title(name, loc="left", color=INK, fontsize="medium")
            rates = [float("nan") if p.rate is None else p.rate for p in periods]
            axes.plot(range(len(rates)), rates, color=SOFT, linewidth=1, label="all")
        _line(axes, group, name, small)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color=SOFT, alpha=0.3)
    for axes in cells[len(panels) :]:
        axes.set_axis_off()
    every = -(-len(periods) // (_FEW_TICKS if columns > 1 else _MOST_TICKS))
    places = range(len(periods) - 1, -1, -every)
    for axes in cells[max(len(panels) - columns, 0) : len(panels)]:
        labels = [periods[i].first or "" for i in places]
        axes.set_xticks(list(places), labels, rotation=30, ha="right")
        axes.tick_params(axis="x", labelbottom=True)
    cells[0].yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
    low, high = cells[0].get_ylim()
    cells[0].set_ylim(max(low, -0.02), min(high, 1.02))
    figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize="large")
    left_out = len(groups) - len(panels)
    said = "Points stand at the start of the period. Bars: 95 % intervals of sampling noise. Hollow: running, or few."
    figure.supxlabel(
        f"{said} {left_out} smaller groups are not drawn." if left_out > 0 else said,
        color=INK,
        fontsize="small",
    )
    return figure


def lookback_figure(rows: Sequence[Mapping[str, Any]], days: int) -> Any:
    """Draw what earlier nights expected, with its interval, and what came.

    Parameters
    ----------
    rows : sequence of mapping
        With the keys of `churn.retention.expected.COLUMNS`.
    days : int
        Days that a rate is about.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.8), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=SOFT, alpha=0.3)
    for i, row in enumerate(rows):
        if row["low"] is not None and row["high"] is not None:
            axes.plot([i, i], [row["low"], row["high"]], color=ACCENT, linewidth=5, alpha=0.25)
    for key, colour, marker, name in (
        ("expected", ACCENT, "_", "expected, with its 95 % interval"),
        ("actual", INK, "o", "came"),
    ):
        some = [(i, row[key]) for i, row in enumerate(rows) if row[key] is not None]
        axes.plot(
            [i for i, _ in some],
            [rate for _, rate in some],
            linestyle="",
            marker=marker,
            markersize=9 if marker == "_" else 4,
            color=colour,
            label=name,
        )
    every = max(-(-len(rows) // _MOST_TICKS), 1)
    places = range(len(rows) - 1, -1, -every)
    axes.set_xticks(list(places), [rows[i]["as_of"] for i in places], rotation=30, ha="right")
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
    axes.set_title(f"Retention in the {days} days after each night", loc="left", color=INK)
    axes.legend(frameon=False)
    return figure


def _line(axes: Any, periods: Sequence[Retention], name: str, small: Small) -> None:
    rates = [float("nan") if p.rate is None else p.rate for p in periods]
    axes.plot(range(len(rates)), rates, color=ACCENT, linewidth=1.2, label=name or "all")
    for hollow in (False, True):
        some = [
            (i, p.rate)
            for i, p in enumerate(periods)
            if p.rate is not None and (p.running or small(p)) == hollow
        ]
        axes.plot(
            [i for i, _ in some],
            [rate for _, rate in some],
            linestyle="",
            marker="o",
            markersize=4,
            color=ACCENT,
            markerfacecolor="white" if hollow else ACCENT,
        )
    for i, p in enumerate(periods):
        if p.interval:
            axes.plot([i, i], p.interval, color=ACCENT, linewidth=3, alpha=0.3, solid_capstyle="butt")
