"""Pictures of a backtest: the model beside the best rule by cutoff, parts of the base, and what each family adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churn.display import format_count, format_percent
from churn.report.charts_draw import (
    ACCENT,
    LINE,
    MUTED,
    SERIES,
    Chart,
    canvas,
    finish,
    name_rows,
    percent_axis,
    short,
    table,
)

_SEGMENTS = 14

Row = Mapping[str, Any]


def by_cutoff(model: Mapping[str, Any], key: str = "cutoffs") -> Chart | None:
    """Draw the AUC of the model and of the best simple rule at each cutoff of the backtest.

    Parameters
    ----------
    model : mapping
        ``model.json``.
    key : str, optional
        Begins the ids of the picture.
    """
    figures: list[Row] = list((model.get("backtest") or {}).get("figures") or [])
    pooled = {f["predictor"]: _value(f) for f in figures if f["cutoff"] == "all"}
    rules = [n for n in pooled if n != "model"]
    if "model" not in pooled or not rules:
        return None
    best = max(rules, key=lambda n: pooled[n] or 0.0)
    cutoffs = [c for c in dict.fromkeys(f["cutoff"] for f in figures) if c != "all"]
    words = {b["predictor"]: b["words"] for b in model.get("baselines") or []}
    title = "The model at earlier cutoffs: AUC"
    lines = (("model", "the model", ACCENT, -0.07), (best, words.get(best, best), SERIES[1], 0.07))
    found = {(f["cutoff"], f["predictor"]): f["auc"] for f in figures}
    with canvas(430, 260) as (figure, axes):
        for name, label, colour, shift in lines:
            there = [
                (i + shift, found[c, name]) for i, c in enumerate(cutoffs) if _value_of(found.get((c, name)))
            ]
            bars = [(x, e) for x, e in there if e.get("low") is not None and e.get("high") is not None]
            axes.vlines(
                [x for x, _ in bars],
                [e["low"] for _, e in bars],
                [e["high"] for _, e in bars],
                color=colour,
                alpha=0.4,
                linewidth=4,
            )
            x, y = [x for x, _ in there], [e["value"] for _, e in there]
            axes.plot(x, y, marker="o", markersize=6, linewidth=1.2, color=colour, label=label)
        axes.set_xticks(range(len(cutoffs)), cutoffs)
        axes.set_xlim(-0.5, len(cutoffs) - 0.5)
        axes.margins(y=0.2)
        axes.grid(axis="y")
        figure.legend(loc="outside lower center", ncol=1, fontsize=12)
        said = "; ".join(
            f"{c}: {_three(found.get((c, 'model')))} against {_three(found.get((c, best)))}" for c in cutoffs
        )
        svg = finish(figure, key, title, said)
    names = ["model", *sorted(rules, key=lambda n: -(pooled[n] or 0.0))]
    head = ("cutoff", *("the model" if n == "model" else words.get(n, n) for n in names))
    rows = [
        ("mean" if c == "all" else c, *(_estimate(found.get((c, n))) for n in names))
        for c in [*cutoffs, "all"]
    ]
    caption = "Each time fitted on what was known by then, as if it were today. Bars are 95 % intervals."
    return Chart(title, svg, head, table(rows), caption)


def segments(model: Mapping[str, Any], key: str = "segments") -> Chart | None:
    """Draw how many were predicted to leave and how many left in parts of the base.

    Parameters
    ----------
    model : mapping
        ``model.json``.
    key : str, optional
        Begins the ids of the picture.
    """
    found: list[Row] = list((model.get("backtest") or {}).get("segments") or [])
    if not found:
        return None
    shown = found[:_SEGMENTS]
    title = "Predicted and observed in parts of the base"
    with canvas(430, 70 + 24 * len(shown)) as (figure, axes):
        for i, s in enumerate(shown):
            axes.plot([s["predicted"], s["churn_rate"]], [i, i], color=LINE, linewidth=2, zorder=1)
        y = range(len(shown))
        axes.plot([s["churn_rate"] for s in shown], y, "o", markersize=6.5, color=ACCENT, label="left")
        axes.plot(
            [s["predicted"] for s in shown],
            y,
            "D",
            markersize=5.5,
            color=SERIES[1],
            label="predicted",
            linestyle="none",
        )
        name_rows(axes, [short(f"{s['segment']}: {s['value']}", 30) for s in shown])
        axes.grid(axis="x")
        percent_axis(axes.xaxis)
        figure.legend(loc="outside lower center", ncol=2, fontsize=12)
        said = "; ".join(
            f"{short(s['value'])}: {format_percent(s['predicted'])} predicted, {format_percent(s['churn_rate'])} left"
            for s in shown
        )
        svg = finish(figure, key, title, said)
    rows = [
        (
            f"{s['segment']}: {s['value']}",
            format_count(s["rows"]),
            format_percent(s["churn_rate"]),
            format_percent(s["predicted"]),
            _estimate(s.get("auc")),
            _estimate(s.get("lead"), sign=True),
        )
        for s in found
    ]
    head = ("part of the base", "rows", "left", "predicted", "AUC", "AUC above the best rule")
    left = len(found) - len(shown)
    caption = "Of the backtest's cutoffs together." + (
        f" {left} more {'part is' if left == 1 else 'parts are'} in the data below." if left else ""
    )
    return Chart(title, svg, head, table(rows), caption)


def ablation(model: Mapping[str, Any], key: str = "ablation") -> Chart | None:
    """Draw what each family of signals adds to the AUC: the model less one fitted without it.

    Parameters
    ----------
    model : mapping
        ``model.json``.
    key : str, optional
        Begins the ids of the picture.
    """
    given: list[Row] = (model.get("backtest") or {}).get("ablation") or []
    found = sorted((a for a in given if a.get("value") is not None), key=lambda a: -a["value"])
    if not found:
        return None
    title = "What each family of signals adds to the AUC"
    with canvas(430, 60 + 26 * len(found)) as (figure, axes):
        axes.axvline(0, color=LINE, linewidth=1)
        for i, a in enumerate(found):
            sure = a.get("low") is not None and (a["low"] > 0 or a["high"] < 0)
            if a.get("low") is not None:
                axes.plot(
                    [a["low"], a["high"]], [i, i], color=ACCENT if sure else MUTED, alpha=0.4, linewidth=4
                )
            axes.plot([a["value"]], [i], marker="o", markersize=6.5, color=ACCENT if sure else MUTED)
        name_rows(axes, [short(a["without"]) for a in found])
        axes.set_xlabel("AUC lost without it; grey: may be chance")
        axes.grid(axis="x")
        said = "; ".join(f"{a['without']} {a['value']:+.3f}" for a in found)
        svg = finish(figure, key, title, said)
    rows = [(a["without"], _estimate(a, sign=True, digits=4)) for a in found]
    caption = (
        "Families say partly the same, so what each adds to the others is less than what it knows alone."
    )
    return Chart(title, svg, ("without", "AUC lost"), table(rows), caption)


def _value(f: Row) -> float | None:
    return _value_of(f.get("auc"))


def _value_of(e: Row | None) -> float | None:
    return None if e is None else e.get("value")


def _three(e: Row | None) -> str:
    value = _value_of(e)
    return "not known" if value is None else f"{value:.3f}"


def _estimate(e: Row | None, *, sign: bool = False, digits: int = 3) -> str:
    if e is None or e.get("value") is None:
        return ""
    form = f"{'+' if sign else ''}.{digits}f"
    numbers: Sequence[float | None] = (e.get("low"), e.get("high"))
    if None in numbers:
        return f"{e['value']:{form}}"
    return f"{e['value']:{form}} [{numbers[0]:{form}}, {numbers[1]:{form}}]"
