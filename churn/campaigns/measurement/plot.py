"""A measurement as a picture for a file: the effects with their intervals; the frame is its data twin."""

from __future__ import annotations

from typing import Any

from churn.campaigns.measurement.contrast import NAMES, Contrast, format_measure

INK, SOFT, ACCENT = "#1f2933", "#9aa5b1", "#0b69a3"
_MOST = 24


def draw(measurement: Any) -> Any:
    """Draw the effects on the share kept: over all, by action and by segment; grey where it may be chance.

    Parameters
    ----------
    measurement : Measurement
        What was found; nothing but its sentence is drawn where nothing could be compared.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    drawn = [(name, c) for name, c in named_rows(measurement) if ends(measurement, c) is not None]
    left, drawn = len(drawn) - _MOST, drawn[:_MOST]
    figure = Figure(figsize=(9.6, 2.2 + 0.32 * len(drawn)), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.axvline(0, color=SOFT, linewidth=1)
    for i, (_, c) in enumerate(drawn):
        span = ends(measurement, c)
        assert span is not None
        colour = ACCENT if span[0] > 0 or span[1] < 0 else SOFT
        axes.plot(span, [i, i], color=colour, linewidth=4, alpha=0.5, solid_capstyle="butt")
        axes.plot([c.effect or 0.0], [i], "o", color=colour, markersize=7)
    axes.set_yticks(range(len(drawn)), [name for name, _ in drawn])
    axes.set_ylim(len(drawn) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(lambda v, _: format_measure("retained", v, signed=True))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", color=SOFT, alpha=0.3)
    figure.suptitle(
        f"Campaign {measurement.campaign}: {measurement.status}",
        x=0.01,
        ha="left",
        color=INK,
        fontsize="large",
    )
    said = "Share kept, treated less held out, with 95 % intervals. Grey: may be chance."
    figure.supxlabel(f"{said} {left} more are not drawn." if left > 0 else said, color=INK, fontsize="small")
    return figure


def named_rows(measurement: Any) -> list[tuple[str, Contrast]]:
    """Return the comparisons of the share kept with their names, over all first."""
    rows = [(f"{NAMES[c.measure]}, {c.method}", c) for c in measurement.effects if c.measure == "retained"]
    groups = [*measurement.by_action, *measurement.by_segment]
    return rows + [(f"{c.group.removeprefix('segment_')}: {c.value}"[:60], c) for c in groups]


def ends(measurement: Any, c: Contrast) -> tuple[float, float] | None:
    """Return the ends of the interval that holds: at every look while the horizon is not over."""
    if measurement.status == "interim":
        return (c.always_valid["low"], c.always_valid["high"]) if c.always_valid else None
    return None if c.low is None or c.high is None else (c.low, c.high)
