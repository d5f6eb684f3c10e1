"""The picture of what the model goes by: stories of signals, and the strongest signals in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn.display import format_percent
from churn.report.charts_draw import ACCENT, Chart, canvas, finish, name_rows, short, table

_STORIES = 10


def importance(model: Mapping[str, Any], key: str = "importance") -> Chart | None:
    """Draw the share of what the model goes by, by story; the data name the strongest signals and what they mean.

    Parameters
    ----------
    model : mapping
        ``model.json``.
    key : str, optional
        Begins the ids of the picture.
    """
    found = model.get("importance") or {}
    stories = [s for s in found.get("stories") or [] if s["share"] > 0]
    if not stories:
        return None
    shown = stories[:_STORIES]
    title = "What the model goes by"
    with canvas(430, 40 + 28 * len(shown)) as (figure, axes):
        axes.barh(range(len(shown)), [s["share"] for s in shown], height=0.62, color=ACCENT)
        for i, s in enumerate(shown):
            words = (
                f"{format_percent(s['share'], 0)}  ({s['signals']} signal{'' if s['signals'] == 1 else 's'})"
            )
            axes.annotate(words, (s["share"], i), (6, 0), textcoords="offset points", va="center")
        name_rows(axes, [short(s["name"].replace(":", ": ")) for s in shown], below=0.4)
        axes.set_xlim(0, shown[0]["share"] * 1.4)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        said = "; ".join(f"{s['name']} {format_percent(s['share'], 0)}" for s in shown)
        svg = finish(figure, key, title, said)
    rows = [
        (s["story"], s["name"], format_percent(s["share"]), s["meaning"]) for s in found.get("signals") or []
    ]
    head = ("story", "signal", "share", "what it is")
    caption = (
        "Shares of what the model's predictions hang on, over all customers it learnt from; below, its strongest "
        "signals. They say what goes with churn, not what causes it."
    )
    return Chart(title, svg, head, table(rows), caption)
