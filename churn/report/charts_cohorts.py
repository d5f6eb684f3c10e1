"""Pictures of cohorts: the triangle as a heat map, the pooled curve, and survival curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churn.display import format_count, format_percent
from churn.report.charts_draw import (
    ACCENT,
    ACCENT_SOFT,
    MUTED,
    SERIES,
    TEXT,
    Chart,
    canvas,
    finish,
    heat,
    percent_axis,
    short,
    table,
)
from churn.retention.triangle import shown_ages

_ROWS = 24
_CURVES = 4

Entry = Mapping[str, Any]


def triangle(cohorts: Mapping[str, Any] | None, key: str = "triangle") -> Chart | None:
    """Draw the cohort triangle as a heat map with the shares in its cells.

    Parameters
    ----------
    cohorts : mapping or None
        As `Cohorts.to_dict` gives it: ``cohorts`` of ``retention.json``.
    key : str, optional
        Begins the ids of the picture.
    """
    entries: list[Entry] = list((cohorts or {}).get("cohorts") or [])
    if cohorts is None or not entries:
        return None
    every = str(cohorts.get("every", "period"))
    shown = entries[-_ROWS:]
    ages = shown_ages(max(len(e["rate"]) for e in shown))
    title = (
        f"Cohorts by {every}: share still {'active' if cohorts.get('measure') != 'ordered' else 'ordering'}"
    )
    with canvas(860, 64 + 21 * (len(shown) + 1)) as (figure, axes):
        for i, e in enumerate(shown):
            for j, age in enumerate(ages):
                share, running = _cell(e, age, str(cohorts.get("measure", "active")))
                if share is None:
                    continue
                axes.add_patch(_square(j, i, "none" if running else heat(share)))
                text = f"({100 * share:.0f})" if running else f"{100 * share:.0f}"
                axes.text(j, i, text, ha="center", va="center", color=MUTED if running else TEXT, fontsize=11)
        curve = {c["age"]: c for c in cohorts.get("curve") or []}
        for j, age in enumerate(ages):
            share = curve.get(age, {}).get("rate")
            if share is not None:
                axes.add_patch(_square(j, len(shown) + 0.2, heat(share)))
                axes.text(
                    j,
                    len(shown) + 0.2,
                    f"{100 * share:.0f}",
                    ha="center",
                    va="center",
                    weight="bold",
                    fontsize=11,
                )
        labels = [_row_label(e, every) for e in shown]
        axes.set_yticks([*range(len(shown)), len(shown) + 0.2], [*labels, "all, pooled"])
        axes.set_xticks(range(len(ages)), [str(a) for a in ages])
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        axes.set_xlabel(f"{every}s since they came; share in %")
        axes.tick_params(axis="y", labelcolor=TEXT)
        axes.spines["bottom"].set_visible(False)
        axes.set(xlim=(-0.5, len(ages) - 0.5), ylim=(len(shown) + 0.8, -0.55))
        for cell in (*axes.texts, *axes.patches):
            cell.set_in_layout(False)  # all lie within the axes, and measuring them takes most of the time
        svg = finish(figure, key, title, _words(shown, ages), least=640)
    most = max(len(e["rate"]) for e in entries)
    before = cohorts.get("before")
    rows = [
        (
            e["cohort"],
            format_count(e["customers"]) + (" (few)" if e.get("small") else ""),
            *(_cell_text(e, age, str(cohorts.get("measure", "active"))) for age in range(most)),
        )
        for e in [*([before] if before else []), *entries]
    ]
    head = ("cohort", "customers", *(str(a) for a in range(most)))
    notes = [str(n) for n in cohorts.get("notes") or []]
    if len(entries) > len(shown):
        notes.append(f"The {len(shown)} newest cohorts are drawn; all of them are in the data below.")
    return Chart(title, svg, head, table(rows), " ".join(notes), wide=True)


def _cell(e: Entry, age: int, measure: str) -> tuple[float | None, bool]:
    """Return the share of a cell, and whether its period is still running; None where there is none."""
    if age >= len(e["rate"]):
        return None, False
    running = bool((e.get("running") or [])[age : age + 1] == [True])
    counts = e.get(measure) or []
    if running and e["customers"] and age < len(counts):
        return counts[age] / e["customers"], True
    return e["rate"][age], running


def _cell_text(e: Entry, age: int, measure: str) -> str:
    share, running = _cell(e, age, measure)
    if share is None:
        return "no rate" if age < len(e["rate"]) else ""
    return f"({format_percent(share)} so far)" if running else format_percent(share)


def _row_label(e: Entry, every: str) -> str:
    start = str(e["cohort"])
    named = start[:7] if every == "month" else start[:10]
    return f"{'~ ' if e.get('small') else ''}{named}  ({format_count(e['customers'])})"


def _square(x: float, y: float, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, facecolor=colour, linewidth=0)


def _words(shown: Sequence[Entry], ages: Sequence[int]) -> str:
    first, last = shown[0], shown[-1]
    return (
        f"{len(shown)} cohorts from {first['cohort']} to {last['cohort']}, up to {ages[-1]} periods after the first; "
        "all figures are in the table."
    )


def curve(cohorts: Mapping[str, Any] | None, key: str = "curve") -> Chart | None:
    """Draw the share of all cohorts together that is still active, by periods since the first.

    Parameters
    ----------
    cohorts : mapping or None
        As `Cohorts.to_dict` gives it.
    key : str, optional
        Begins the ids of the picture.
    """
    found = [c for c in (cohorts or {}).get("curve") or [] if c.get("rate") is not None]
    if cohorts is None or len(found) < 2:
        return None
    every = str(cohorts.get("every", "period"))
    title = f"All cohorts together, by {every}s since they came"
    with canvas(430, 260) as (figure, axes):
        ages = [c["age"] for c in found]
        axes.fill_between(
            ages, [c["low"] for c in found], [c["high"] for c in found], color=ACCENT_SOFT, linewidth=0
        )
        axes.plot(ages, [c["rate"] for c in found], color=ACCENT, linewidth=1.8)
        _end(axes, ages[-1], found[-1]["rate"], [c["high"] for c in found])
        axes.set(xlabel=f"{every}s since they came", ylim=(0, 1.05), xlim=(0, max(ages) * 1.02))
        axes.grid(axis="y")
        percent_axis(axes.yaxis)
        said = f"{format_percent(found[-1]['rate'])} after {ages[-1]} {every}s."
        svg = finish(figure, key, title, said)
    rows = [
        (
            c["age"],
            format_count(c["cohorts"]),
            format_count(c["customers"]),
            format_count(c["retained"]),
            format_percent(c["rate"]),
            f"{format_percent(c['low'])} to {format_percent(c['high'])}",
        )
        for c in found
    ]
    head = (f"{every}s", "cohorts", "customers", "retained", "share", "95 %")
    caption = (
        "Customers are added up over cohorts, then divided: never a mean of percentages. The band is the 95 % "
        "interval."
    )
    return Chart(title, svg, head, table(rows), caption)


def _end(axes: Any, x: float, y: float, band: Sequence[float]) -> None:
    """Write the last figure of a curve above the band beneath the words."""
    at = (x, max(band[-max(len(band) // 7, 1) - 1 :]))
    axes.annotate(format_percent(y, 0), at, (-1, 4), textcoords="offset points", ha="right", color=TEXT)


def survival(found: Mapping[str, Any] | None, key: str = "survival") -> Chart | None:
    """Draw Kaplan-Meier curves of the time from the first order to becoming lost.

    A curve ends where fewer customers are followed than a rate wants (`known_days`): its tail is in the data alone.

    Parameters
    ----------
    found : mapping or None
        ``survival`` of ``retention.json``.
    key : str, optional
        Begins the ids of the picture.
    """
    curves = survival_curves(found)
    if found is None or not curves:
        return None
    title = "Not lost yet, by days since they came"
    drawn = [(name, kept) for name, c in curves if (kept := [r for r in c if r["told"]])] or curves
    with canvas(430, 280) as (figure, axes):
        for i, (name, c) in enumerate(drawn[:_CURVES]):
            colour = ACCENT if len(drawn) == 1 else SERIES[i % len(SERIES)]
            days, share = [r["day"] for r in c], [r["rate"] for r in c]
            axes.step(
                days, share, where="post", color=colour, linewidth=1.8, label=short(name) if name else None
            )
            if len(drawn) == 1:
                band = [r for r in c if r["low"] is not None and r["high"] is not None]
                x, low, high = ([r[k] for r in band] for k in ("day", "low", "high"))
                axes.fill_between(x, low, high, step="post", color=ACCENT_SOFT, linewidth=0)
                _end(axes, days[-1], share[-1], [r["high"] or r["rate"] for r in c])
        axes.set(xlabel="days since they came", ylim=(0, 1.05))
        axes.set_xlim(left=0)
        axes.grid(axis="y")
        percent_axis(axes.yaxis)
        if len(curves) > 1:
            axes.legend(loc="lower left", fontsize=11)
        said = "; ".join(
            f"{name or 'all'}: {format_percent(c[-1]['rate'])} after {c[-1]['day']:g} days"
            for name, c in drawn[:_CURVES]
        )
        svg = finish(figure, key, title, said)
    rows = [
        (
            name or "all",
            f"{r['day']:g}",
            format_percent(r["rate"]),
            _interval(r),
            format_count(r.get("at_risk") or 0),
        )
        for name, c in curves
        for r in _thinned(c)
    ]
    notes = " ".join(str(n) for n in found.get("notes") or [])
    return Chart(title, svg, ("group", "day", "not lost", "95 %", "followed"), table(rows), notes)


def _interval(r: Entry) -> str:
    low, high = r.get("low"), r.get("high")
    return "" if low is None or high is None else f"{format_percent(low)} to {format_percent(high)}"


def _thinned(rows: Sequence[Entry], most: int = 40) -> list[Entry]:
    step = max(1, -(-len(rows) // most))
    return [r for i, r in enumerate(rows) if i % step == 0 or i == len(rows) - 1]


def survival_curves(found: Mapping[str, Any] | None) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return named curves, each a list of ``day, rate, low, high, at_risk, told``: of the groups, or else of all."""
    if not found:
        return []
    groups = {str(n): c for n, c in (found.get("groups") or {}).items() if c.get("customers")}
    named = groups or {"": found.get("total") or {}}
    return [(name, _points(c)) for name, c in named.items() if c.get("days")]


def _points(c: Mapping[str, Any]) -> list[dict[str, Any]]:
    keys = {"days": "day", "share": "rate", "low": "low", "high": "high", "at_risk": "at_risk"}
    rows = zip(*(c.get(k) or [None] * len(c["days"]) for k in keys), strict=True)
    points: list[dict[str, Any]] = [dict(zip(keys.values(), row, strict=True)) for row in rows]
    known = c.get("known_days")
    return [{**p, "told": known is None or p["day"] <= known > 0} for p in points]
