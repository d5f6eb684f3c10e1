"""Pictures of the list: what drives risk in this base, and the stages of its customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn.display import format_amount, format_count, format_percent
from churn.report.charts_draw import (
    ACCENT,
    ACCENT_SOFT,
    BAD,
    GOOD,
    MUTED,
    WARN,
    Chart,
    canvas,
    finish,
    name_rows,
    short,
    table,
)

_STORIES = 10
_STAGE_COLOURS = {"new": GOOD, "won back": GOOD, "active": ACCENT, "slipping": WARN, "lapsed": BAD}


def drivers(found: Mapping[str, Any] | None, currency: str = "", key: str = "drivers") -> Chart | None:
    """Draw the share of the listed customers who have each story among their reasons.

    Parameters
    ----------
    found : mapping or None
        What `churn.scoring.drivers.drivers` gives: ``drivers`` of ``model.json``.
    currency : str, optional
        Before amounts.
    key : str, optional
        Begins the ids of the picture.
    """
    stories = list((found or {}).get("up") or [])
    if found is None or not stories:
        return None
    shown = stories[:_STORIES]
    title = "What pushes risk up among the listed"
    with canvas(430, 66 + 28 * len(shown)) as (figure, axes):
        shares = [d["share"] for d in shown]
        first = [d["first"] / max(int(found.get("listed") or 1), 1) for d in shown]
        axes.barh(range(len(shown)), shares, height=0.62, color=ACCENT_SOFT)
        axes.barh(range(len(shown)), first, height=0.62, color=ACCENT)
        for i, d in enumerate(shown):
            axes.annotate(
                f"{format_percent(d['share'], 0)}, odds x {d['odds_factor']:.1f}",
                (d["share"], i),
                (6, 0),
                textcoords="offset points",
                va="center",
            )
        name_rows(axes, [short(d["story"].replace(":", ": ")) for d in shown], below=0.4)
        axes.set_xlim(0, max(shares) * 1.6)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_xlabel("share of the listed; full colour: strongest reason")
        said = "; ".join(f"{d['story']} {format_percent(d['share'], 0)}" for d in shown)
        svg = finish(figure, key, title, said)
    rows = [
        (
            d["story"],
            format_count(d["customers"]),
            format_percent(d["share"], 0),
            format_count(d["first"]),
            f"{d['odds_factor']:.2f}",
            format_amount(d["value_at_stake"], currency),
            "; ".join(e["text"] for e in d["examples"]),
        )
        for d in stories
    ]
    head = (
        "reason",
        "customers",
        "of the listed",
        "strongest for",
        "odds x",
        "value at stake",
        "for example",
    )
    caption = (
        "A customer has up to three reasons, so the shares overlap. Odds x: by what the reason multiplies the odds of "
        "churn, typically. Reasons are what the model goes by, not causes."
    )
    return Chart(title, svg, head, table(rows), caption)


def stages(
    counts: Mapping[str, Any] | None, rules: Mapping[str, str] | None = None, key: str = "stages"
) -> Chart | None:
    """Draw how many customers are in each lifecycle stage.

    Parameters
    ----------
    counts : mapping of str to int, or None
        ``stages`` of ``summary.json``.
    rules : mapping of str to str, optional
        The rule of each stage in words.
    key : str, optional
        Begins the ids of the picture.
    """
    found = {str(k): int(v) for k, v in (counts or {}).items() if isinstance(v, int | float)}
    total = sum(found.values())
    if not total:
        return None
    title = "Customers by stage"
    names = list(found)
    with canvas(430, 36 + 28 * len(names)) as (figure, axes):
        colours = [_STAGE_COLOURS.get(n, MUTED) for n in names]
        axes.barh(range(len(names)), list(found.values()), height=0.62, color=colours)
        for i, n in enumerate(names):
            axes.annotate(
                f"{format_count(found[n])}  ({format_percent(found[n] / total, 0)})",
                (found[n], i),
                (6, 0),
                textcoords="offset points",
                va="center",
            )
        name_rows(axes, names, below=0.4)
        axes.set_xlim(0, max(found.values()) * 1.3)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        svg = finish(figure, key, title, "; ".join(f"{n} {format_count(found[n])}" for n in names))
    rows = [
        (n, format_count(found[n]), format_percent(found[n] / total), (rules or {}).get(n, "")) for n in names
    ]
    return Chart(
        title,
        svg,
        ("stage", "customers", "share", "rule"),
        table(rows),
        f"{format_count(total)} known customers.",
    )
