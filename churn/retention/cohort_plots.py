"""The pictures of cohorts and survival; each is drawn from the plain values that are its data twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from churn.display import format_count
from churn.retention.plots import ACCENT, INK, SOFT

COLOURS = (ACCENT, "#d9822b", "#5c940d", "#862e9c", "#c92a2a", "#495057", "#0c8599")
_MOST_TEXTS = 13  # columns up to which every cell has its figure


def draw_cohorts(told: Mapping[str, Any]) -> Any:
    """Draw what `Cohorts.to_dict` tells of all customers: a heat map, with the pooled curve below it.

    Running cells are hatched and have no colour; empty cohorts have no cells.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    every = told["every"]
    rows = ([told["before"]] if told["before"] else []) + told["cohorts"]
    ages = max((len(r["rate"]) for r in rows), default=1)
    shares = np.full((max(len(rows), 1), ages), np.nan)
    for i, r in enumerate(rows):
        shares[i, : len(r["rate"])] = [np.nan if x is None else x for x in r["rate"]]
    height = 2.2 + 0.24 * max(len(rows), 4)
    figure = Figure(figsize=(9.6, height + 2.4), dpi=120, layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=[height, 2.4], sharex=True)
    image = upper.imshow(shares, aspect="auto", cmap="Blues", vmin=0, vmax=1)
    for i, r in enumerate(rows):
        for age, running in enumerate(r["running"]):
            if running and r["customers"]:
                box = Rectangle(
                    (age - 0.5, i - 0.5), 1, 1, fill=False, hatch="////", edgecolor=SOFT, linewidth=0
                )
                upper.add_patch(box)
            elif ages <= _MOST_TEXTS and not np.isnan(shares[i, age]):
                colour = "white" if shares[i, age] > 0.6 else INK
                upper.text(
                    age, i, f"{100 * shares[i, age]:.0f}", ha="center", va="center", color=colour, size=8
                )
    names = [
        f"{r['cohort'][:7] if every == 'month' else r['cohort']}  {format_count(r['customers'])}"
        for r in rows
    ]
    upper.set_yticks(range(len(rows)), names)
    upper.set_title(_title(told), loc="left", color=INK)
    upper.tick_params(length=0)
    figure.colorbar(image, ax=upper, label="share", shrink=0.6)
    curve = [p for p in told["curve"] if p["rate"] is not None]
    x = [p["age"] for p in curve]
    lower.fill_between(
        x, [p["low"] for p in curve], [p["high"] for p in curve], color=ACCENT, alpha=0.2, linewidth=0
    )
    lower.plot(x, [p["rate"] for p in curve], color=ACCENT, marker="o", markersize=3)
    lower.set(xlabel=f"{every}s since the first", ylabel="all cohorts, pooled", ylim=(0, 1.02))
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _title(told: Mapping[str, Any]) -> str:
    every = told["every"]
    what = "active at the end of" if told["measure"] == "active" else "who ordered in"
    hatched = "; hatched: not over" if told["running_until"] else ""
    return f"Cohorts by {every}: share {what} each {every}{hatched}"


def draw_survival(told: Mapping[str, Any]) -> Any:
    """Draw what `Survival.to_dict` tells: the curves of the groups, or the one of all, as far as enough are watched."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.8), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    curves = {k: c for k, c in told["groups"].items() if c["known_days"]} or {"all": told["total"]}
    for i, (name, curve) in enumerate(curves.items()):
        colour, style = COLOURS[i % len(COLOURS)], "-" if i < len(COLOURS) else "--"
        known = [k for k, day in enumerate(curve["days"]) if day <= curve["known_days"]]
        days, share, low, high = (
            np.array([curve[c][k] for k in known], dtype=np.float64) for c in ("days", "share", "low", "high")
        )
        label = f"{name} ({format_count(curve['customers'])})"
        axes.step(days, share, where="post", color=colour, linestyle=style, label=label)
        axes.fill_between(days, low, high, step="post", color=colour, alpha=0.15, linewidth=0)
    axes.axhline(0.5, color=SOFT, linestyle="--", linewidth=1)
    axes.set(xlabel="days since the first order", ylabel="share not lost", ylim=(0, 1.02), xlim=(0, None))
    axes.set_title(f"How long customers stay; lost = {told['lost']}", loc="left", color=INK)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def draw_purchases(told: Mapping[str, Any]) -> Any:
    """Draw what `Purchases.to_dict` tells: revenue, repeat rate, order value and lifetime value."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 6.4), dpi=120, layout="constrained")
    revenue, repeat, order, lifetime = figure.subplots(2, 2).ravel()
    periods = [p for p in told["periods"] if not p["running"] and not p["partial"]]
    x = np.arange(len(periods))
    revenue.bar(x, [p["gross_revenue"] for p in periods], color=SOFT, label="before returns")
    revenue.bar(x, [p["net_revenue"] for p in periods], color=ACCENT, label="net", width=0.5)
    revenue.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0.3, 1.0))
    known = [i for i, p in enumerate(periods) if p["repeat_rate"] is not None and not p["beginning"]]
    low, share, high = ([periods[i][c] for i in known] for c in ("repeat_low", "repeat_rate", "repeat_high"))
    repeat.fill_between(known, low, high, color=ACCENT, alpha=0.2, linewidth=0)
    repeat.plot(known, share, color=ACCENT, marker="o", markersize=3)
    repeat.set_ylim(0, 1.02)
    order.plot(x, [_or_gap(p["mean_order_value"]) for p in periods], color=ACCENT, marker="o", markersize=3)
    order.set_ylim(bottom=0)
    pooled = told["lifetime"]["pooled"]
    ages = [p["age"] for p in pooled]
    lifetime.plot(ages, [p["value"] for p in pooled], color=ACCENT, marker="o", markersize=3)
    lifetime.set_ylim(bottom=0)
    every = told["every"]
    titles = (
        "Revenue",
        "Buyers who had ordered before",
        "Mean order value",
        "Net revenue per customer so far",
    )
    marks = [periods[i]["period_start"] for i in range(0, len(periods), max(-(-len(periods) // 5), 1))]
    for axes, title in zip((revenue, repeat, order, lifetime), titles, strict=True):
        axes.set_title(title, loc="left", color=INK, size=10)
        axes.spines[["top", "right"]].set_visible(False)
        if axes is not lifetime:
            axes.set_xticks(range(0, len(periods), max(-(-len(periods) // 5), 1)), marks, size=8)
            axes.set_xlim(-0.7, max(len(periods), 1) - 0.3)
    lifetime.set_xlabel(f"{every}s since the first")
    return figure


def _or_gap(value: float | None) -> float:
    return np.nan if value is None else value
