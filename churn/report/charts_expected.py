"""The picture of what earlier nights expected beside what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churn.display import format_percent
from churn.report.charts_draw import ACCENT, SERIES, Chart, canvas, finish, percent_axis, table

_NIGHTS = 24  # that are drawn; all of them are in the data

Row = Mapping[str, Any]


def expected_and_actual(found: Sequence[Row] | None, key: str = "expected") -> Chart | None:
    """Draw what earlier nights expected beside what came.

    Parameters
    ----------
    found : sequence of mapping or None
        ``expected_and_actual`` of ``retention.json``: `as_of`, `expected`, `low`, `high`, `actual` (None where it is
        not known yet).
    key : str, optional
        Begins the ids of the picture.
    """
    nights = [n for n in found or [] if n.get("expected") is not None]
    if not nights:
        return None
    shown = nights[-_NIGHTS:]
    title = "Expected and actual retention"
    with canvas(430, 250) as (figure, axes):
        bars = [(i, n) for i, n in enumerate(shown) if n.get("low") is not None and n.get("high") is not None]
        axes.vlines(
            [i for i, _ in bars],
            [n["low"] for _, n in bars],
            [n["high"] for _, n in bars],
            color=SERIES[1],
            alpha=0.4,
            linewidth=4,
        )
        x = range(len(shown))
        expected = [n["expected"] for n in shown]
        axes.plot(
            x, expected, marker="D", markersize=5.5, linestyle="none", color=SERIES[1], label="expected"
        )
        came = [(i, n["actual"]) for i, n in enumerate(shown) if n.get("actual") is not None]
        if came:
            axes.plot(
                *zip(*came, strict=True),
                marker="o",
                markersize=6,
                color=ACCENT,
                label="actual",
                linewidth=1.2,
            )
        step = max(1, -(-len(shown) // 5))
        ticks = [i for i in x if (len(shown) - 1 - i) % step == 0]
        axes.set_xticks(ticks, [str(shown[i].get("as_of") or "")[:10] for i in ticks])
        axes.set_xlim(-0.6, len(shown) - 0.4)
        axes.margins(y=0.15)
        axes.grid(axis="y")
        percent_axis(axes.yaxis)
        figure.legend(loc="outside lower center", fontsize=12, ncol=2)
        said = f"{len(came)} of {len(shown)} nights have an actual rate yet."
        svg = finish(figure, key, title, said)
    rows = [
        (
            n.get("as_of"),
            format_percent(n["expected"]),
            "" if n.get("low") is None else f"{format_percent(n['low'])} to {format_percent(n.get('high'))}",
            "not known yet" if n.get("actual") is None else format_percent(n["actual"]),
        )
        for n in nights
    ]
    head = ("night", "expected", "95 %", "actual")
    return Chart(
        title, svg, head, table(rows), "Bars are the intervals that were given with the expectation."
    )
