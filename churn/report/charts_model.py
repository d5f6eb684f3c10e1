"""Pictures of how far the model can be believed: calibration, gain, profit by depth, and the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churn.display import format_amount, format_count, format_percent
from churn.report.charts_draw import (
    ACCENT,
    ACCENT_SOFT,
    LINE,
    MUTED,
    SERIES,
    SURFACE,
    Chart,
    canvas,
    finish,
    name_rows,
    percent_axis,
    short,
    table,
)

_DASHED = (0, (4, 3))


def calibration(model: Mapping[str, Any], key: str = "calibration") -> Chart | None:
    """Draw predicted against observed churn in groups of equal size, with how many customers there were.

    Parameters
    ----------
    model : mapping
        ``model.json``, or what it has under ``backtest``.
    key : str, optional
        Begins the ids of the picture.
    """
    bins = [b for b in model.get("calibration") or [] if b.get("observed") is not None]
    if not bins:
        return None
    title = "Predicted and observed churn"
    top = max(*(b["high"] for b in bins), *(b["predicted"] for b in bins)) * 1.06
    with canvas(430, 300) as (figure, axes):
        axes.plot([0, top], [0, top], color=MUTED, linestyle=_DASHED, linewidth=1)
        x, y = [b["predicted"] for b in bins], [b["observed"] for b in bins]
        low, high = [b["low"] for b in bins], [b["high"] for b in bins]
        axes.vlines(x, low, high, color=ACCENT, alpha=0.35, linewidth=4)
        axes.plot(x, y, color=ACCENT, marker="o", markersize=5.5, linewidth=1.4)
        axes.set(xlabel="predicted churn probability", ylabel="share who left", xlim=(0, top), ylim=(0, top))
        axes.grid()
        percent_axis(axes.xaxis)
        percent_axis(axes.yaxis)
        svg = finish(
            figure,
            key,
            title,
            "; ".join(
                f"{format_percent(b['predicted'])} predicted, {format_percent(b['observed'])} left"
                for b in bins
            ),
        )
    rows = [
        (
            format_percent(b["predicted"]),
            format_percent(b["observed"]),
            f"{format_percent(b['low'])} to {format_percent(b['high'])}",
            format_count(b["rows"]),
        )
        for b in bins
    ]
    sizes = sorted({b["rows"] for b in bins})
    each = " to ".join(format_count(n) for n in dict.fromkeys((sizes[0], sizes[-1])))
    caption = (
        f"{len(bins)} groups of {each} customers by predicted probability, with 95 % intervals. On the dashed line the "
        "probabilities are right; above it more left than predicted."
    )
    return Chart(title, svg, ("predicted", "observed", "95 %", "customers"), table(rows), caption)


def gain(model: Mapping[str, Any], key: str = "gain") -> Chart | None:
    """Draw the share of those who left that is reached by depth of contact.

    Parameters
    ----------
    model : mapping
        ``model.json``, or what it has under ``backtest``.
    key : str, optional
        Begins the ids of the picture.
    """
    gains = model.get("gains") or []
    if not gains:
        return None
    rate = model.get("churn_rate") or (model.get("judged") or {}).get("churn_rate")
    title = "Who left, reached by depth of contact"
    depth, reached = [0.0, *(g["depth"] for g in gains)], [0.0, *(g["reached"] for g in gains)]
    with canvas(430, 300) as (figure, axes):
        if rate:
            axes.plot([0, rate, 1], [0, 1, 1], color=MUTED, linewidth=1)
            axes.text(rate + 0.02, 0.965, "perfect", color=MUTED, va="top")
        axes.plot([0, 1], [0, 1], color=MUTED, linestyle=_DASHED, linewidth=1)
        axes.text(0.73, 0.69, "at random", color=MUTED, va="top")
        axes.plot(depth, reached, color=ACCENT, linewidth=2)
        at = min(gains, key=lambda g: abs(g["depth"] - 0.2))
        axes.plot([at["depth"]], [at["reached"]], marker="o", color=ACCENT)
        said = f"the riskiest {format_percent(at['depth'], 0)} hold {format_percent(at['reached'], 0)} of all who left"
        words, line = said.replace(" hold ", "\nhold "), {"arrowstyle": "-", "color": MUTED, "linewidth": 0.8}
        axes.annotate(words, (at["depth"], at["reached"]), (0.5, 0.14), va="bottom", arrowprops=line)
        axes.set(xlabel="share of customers contacted, riskiest first", ylabel="share of those who left")
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.grid()
        percent_axis(axes.xaxis)
        percent_axis(axes.yaxis)
        svg = finish(figure, key, title, said)
    rows = [(format_percent(g["depth"], 0), format_percent(g["reached"]), f"{g['lift']:.2f}") for g in gains]
    caption = (
        "Whoever contacts so many reaches this share of all who left. Lift, in the data: how many times as often those "
        "contacted left as all did."
    )
    return Chart(title, svg, ("contacted", "of all who left", "lift"), table(rows), caption)


def baselines(model: Mapping[str, Any], metric: str = "auc", key: str = "baselines") -> Chart | None:
    """Draw a figure of the model beside that of the simple baselines, on the same customers.

    Parameters
    ----------
    model : mapping
        ``model.json``.
    metric : str, default "auc"
        One of its figures.
    key : str, optional
        Begins the ids of the picture.
    """
    found = [
        b for b in model.get("baselines") or [] if (b["figures"].get(metric) or {}).get("value") is not None
    ]
    if not found:
        return None
    name = {"auc": "AUC", "log_loss": "log loss"}.get(metric, metric.replace("_", " "))
    title = f"The model beside simple rules: {name}"
    order = [found[0], *sorted(found[1:], key=lambda b: -b["figures"][metric]["value"])]
    with canvas(430, 62 + 34 * len(order)) as (figure, axes):
        for i, b in enumerate(order):
            e = b["figures"][metric]
            colour = ACCENT if b["predictor"] == "model" else MUTED
            if e.get("low") is not None and e.get("high") is not None:
                axes.plot([e["low"], e["high"]], [i, i], color=colour, alpha=0.4, linewidth=4)
            axes.plot([e["value"]], [i], marker="o", markersize=6.5, color=colour)
            axes.annotate(
                f"{e['value']:.3f}", (e["value"], i), (0, 7), textcoords="offset points", ha="center"
            )
        name_rows(axes, [_wrapped(b["words"]) for b in order], above=0.8)
        axes.set_xlabel("AUC: 0.5 is chance, 1 is perfect" if metric == "auc" else name)
        axes.margins(x=0.14)
        axes.grid(axis="x")
        said = "; ".join(f"{b['words']} {b['figures'][metric]['value']:.3f}" for b in order)
        svg = finish(figure, key, title, said)
    metrics = [
        m for m in ("auc", "log_loss", "brier", "lift_at_10", "calibration_error") if m in order[0]["figures"]
    ]
    rows = [(b["words"], *(_estimate(b["figures"].get(m)) for m in metrics)) for b in order]
    head = ("predictor", *(m.replace("_", " ").replace("auc", "AUC") for m in metrics))
    where = model.get("judged") or {}
    caption = (
        f"Judged on {format_count(where.get('rows') or 0)} customers at {where.get('cutoff')}, which the model had not "
        "seen. Bars are 95 % intervals."
    )
    return Chart(title, svg, head, table(rows), caption)


def _wrapped(text: str) -> str:
    """Break a long label once, near its middle."""
    if len(text) <= 28:
        return text
    cut = min(
        (i for i, c in enumerate(text) if c == " "), key=lambda i: abs(i - len(text) / 2), default=len(text)
    )
    return f"{text[:cut]}\n{short(text[cut + 1 :], 32)}"


def _estimate(e: Mapping[str, Any] | None) -> str:
    if e is None or e.get("value") is None:
        return ""
    if e.get("low") is None or e.get("high") is None:
        return f"{e['value']:.3f}"
    return f"{e['value']:.3f} [{e['low']:.3f}, {e['high']:.3f}]"


def profit(model: Mapping[str, Any], currency: str = "", key: str = "profit") -> Chart | None:
    """Draw what contacting customers would have earned, by depth of contact; None without a backtest with economics.

    Parameters
    ----------
    model : mapping
        ``model.json``.
    currency : str, optional
        Before amounts.
    key : str, optional
        Begins the ids of the picture.
    """
    earned = (model.get("backtest") or {}).get("profit") or {}
    by_depth = earned.get("by_depth") or {}
    depth = by_depth.get("depth") or []
    predictors = [n for n in by_depth if n != "depth"]
    if not depth or "model" not in by_depth:
        return None
    others = sorted((n for n in predictors if n != "model"), key=lambda n: -max(by_depth[n]["value"]))[:1]
    title = "Profit by depth of contact"
    people = float(earned.get("customers") or 1.0)

    def money(values: Sequence[float]) -> list[float]:
        return [v * people for v in values]

    mine = money(by_depth["model"]["value"])
    best = max(range(len(depth)), key=mine.__getitem__)
    with canvas(430, 300) as (figure, axes):
        axes.axhline(0, color=LINE, linewidth=1)
        low, high = money(by_depth["model"]["low"]), money(by_depth["model"]["high"])
        axes.fill_between(depth, low, high, color=ACCENT_SOFT, linewidth=0)
        for name in others:
            axes.plot(depth, money(by_depth[name]["value"]), color=SERIES[1], linewidth=1.4)
        axes.plot(depth, mine, color=ACCENT, linewidth=2)
        axes.plot([depth[best]], [mine[best]], marker="o", color=ACCENT, markeredgecolor=SURFACE)
        axes.annotate(
            f"best: {format_percent(depth[best], 0)} contacted, {format_amount(mine[best], currency)}",
            (depth[best], mine[best]),
            (0, 10),
            textcoords="offset points",
            ha="left" if depth[best] < 0.5 else "right",
        )
        axes.set(
            xlabel="share of customers contacted, riskiest first", ylabel=_unit("profit of a round", currency)
        )
        axes.set_xlim(0, 1)
        axes.margins(y=0.12)
        axes.grid(axis="y")
        percent_axis(axes.xaxis)
        _thousands(axes.yaxis)
        handles = [*axes.lines[1 : 1 + len(others)], axes.lines[1 + len(others)]]
        names = [*(_named(model, n) for n in others), "the model"]
        axes.legend(handles[::-1], names[::-1], loc="lower left", fontsize=11)
        most = format_amount(mine[best], currency)
        said = f"Contacting {format_percent(depth[best], 0)} would have earned most: {most}."
        svg = finish(figure, key, title, said)
    head = ("contacted", *("the model" if n == "model" else _named(model, n) for n in predictors))
    rows = [
        (
            format_percent(d, 0),
            *(format_amount(by_depth[n]["value"][i] * people, currency) for n in predictors),
        )
        for i, d in enumerate(depth)
        if i % 5 == 0 or i == best
    ]
    caption = (
        f"Means over the backtest's cutoffs, for {format_count(people)} customers by your own costs and gains; the "
        "band is the model's 95 % interval. The best depth is known in hindsight only."
    )
    return Chart(title, svg, head, table(rows), caption)


def _named(model: Mapping[str, Any], predictor: str) -> str:
    found = (b["words"] for b in model.get("baselines") or [] if b["predictor"] == predictor)
    return next(found, predictor)


def _unit(what: str, currency: str) -> str:
    return f"{what}, {currency}" if currency else what


def _thousands(axis: Any) -> None:
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
