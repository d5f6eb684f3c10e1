"""The pictures of a campaign's measurement: effects, what came day by day, the forecast beside what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churn.campaigns.measurement.contrast import NAMES, format_measure
from churn.display import format_amount, format_count, format_percent
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

Row = Mapping[str, Any]
ARMS = {"treated": "contacted as planned", "holdout": "held out"}
_MOST = 24  # comparisons that are drawn; all of them are in the data
_MONEY = ("cost", "value", "profit")


def effects(found: Row, key: str = "effects") -> Chart | None:
    """Draw the effects on the share kept, over all and in groups, with their intervals.

    Parameters
    ----------
    found : mapping
        ``measurement.json``.
    key : str, optional
        Begins the ids of the picture.
    """
    interim = found.get("status") == "interim"
    rows = [*_named(found, "retained")]
    drawn = [(n, r, e) for n, r in rows if (e := _ends(r, interim=interim)) is not None][:_MOST]
    if not drawn:
        return None
    title = "What contacting did to the share kept"
    with canvas(900, 60 + 26 * len(drawn)) as (figure, axes):
        axes.axvline(0, color=MUTED, linewidth=1)
        spans(axes, [(row["effect"], low, high) for _, row, (low, high) in drawn])
        name_rows(axes, [short(n, 40) for n, _, _ in drawn])
        axes.set_xlabel("treated less held out; grey: may be chance")
        axes.grid(axis="x")
        percent_axis(axes.xaxis)
        said = "; ".join(
            f"{short(n, 40)} {format_measure('retained', r['effect'], '', signed=True)}"
            for n, r, _ in drawn[:8]
        )
        svg = finish(figure, key, title, said, least=560)
    head = ("comparison", "treated", "held out", "effect", "95 %", "of", "p, adjusted")
    cells = [_cells(n, r, "retained", "", interim=interim) for n, r in rows]
    caption = "Bars are 95 % intervals" + (" that hold at every look." if interim else ".")
    left = len(rows) - len(drawn)
    if left:
        caption += f" {left} more {'is' if left == 1 else 'are'} in the data below."
    return Chart(
        title, svg, head, table(cells), f"{caption} {found.get('multiplicity') or ''}".strip(), wide=True
    )


def spans(axes: Any, rows: Sequence[tuple[float, float, float]]) -> None:
    """Draw effects with their intervals, one below the other; grey where the interval holds 0."""
    for i, (effect, low, high) in enumerate(rows):
        colour = ACCENT if low > 0 or high < 0 else MUTED
        axes.plot([low, high], [i, i], color=colour, alpha=0.4, linewidth=5, solid_capstyle="butt")
        axes.plot([effect], [i], marker="o", markersize=6.5, color=colour)


def measures(found: Row) -> Chart | None:
    """Return all measures over all customers, as a table."""
    rows = list(found.get("effects") or [])
    if not rows:
        return None
    interim, currency = found.get("status") == "interim", str(found.get("currency") or "")
    cells = []
    for r in rows:
        name = f"{NAMES.get(r['measure'], r['measure'])}, {r['method']}{' (main)' if r.get('main') else ''}"
        cells.append((*_cells(name, r, r["measure"], currency, interim=interim)[:6], _total(r, currency)))
    head = ("measure", "treated", "held out", "effect", "95 %", "of", "in all")
    return Chart("Every measure", "", head, table(cells))


def days(found: Row, key: str = "days") -> Chart | None:
    """Draw the share kept day by day, for both arms.

    Parameters
    ----------
    found : mapping
        ``measurement.json``.
    key : str, optional
        Begins the ids of the picture.
    """
    curve = found.get("curve") or {}
    x: Sequence[int] = curve.get("days") or []
    kept: Mapping[str, Sequence[float | None]] = curve.get("kept") or {}
    arms = [a for a in ARMS if any(v is not None for v in kept.get(a) or [])]
    if len(x) < 2 or not arms:
        return None
    title = "The share kept, by days since the start"
    with canvas(430, 270) as (figure, axes):
        for colour, style, arm in zip((ACCENT, SERIES[1]), ("-", "--"), ARMS, strict=True):
            if arm in arms:
                y = [float("nan") if v is None else v for v in kept[arm]]
                axes.plot(x, y, style, color=colour, linewidth=2, label=ARMS[arm])
        axes.set_xlabel("days since the first day")
        axes.grid(axis="y")
        percent_axis(axes.yaxis)
        axes.margins(x=0.02, y=0.12)
        figure.legend(loc="outside lower center", ncol=2, fontsize=12)
        last = ", ".join(f"{ARMS[a]} {format_percent(kept[a][-1])}" for a in arms)
        svg = finish(figure, key, title, f"On day {x[-1]}: {last}.")
    rows = [(str(d), *(format_percent(kept[a][i]) for a in arms)) for i, d in enumerate(x)]
    caption = (
        "Within as many days as stand below, by the same rule for both; the last day is what is compared."
    )
    return Chart(title, svg, ("day", *(ARMS[a] for a in arms)), table(rows), caption)


def forecast(found: Row, key: str = "forecast") -> Chart | None:
    """Draw the plan's forecast beside what came, each quantity on a scale of its own.

    Parameters
    ----------
    found : mapping
        ``measurement.json``.
    key : str, optional
        Begins the ids of the picture.
    """
    rows: list[Row] = list(found.get("forecast") or [])
    if not rows:
        return None
    currency = str(found.get("currency") or "")
    title = "The plan's forecast and what came"
    with canvas(430, 40 + 62 * len(rows), nrows=len(rows), squeeze=False) as (figure, grid):
        for axes, row in zip(grid.flat, rows, strict=True):
            for place, colour, marker, names in (
                (0, SERIES[1], "D", ("expected", "low", "high")),
                (1, ACCENT, "o", ("came", "came_low", "came_high")),
            ):
                middle, low, high = (row.get(n) for n in names)
                if low is not None and high is not None:
                    axes.plot([low, high], [place, place], color=colour, alpha=0.4, linewidth=4)
                axes.plot([middle], [place], marker=marker, markersize=6, color=colour)
            axes.axvline(0, color=LINE, linewidth=1)
            name_rows(axes, ["expected", "came"], below=0.3, above=0.7)
            axes.set_title(str(row.get("name") or row["what"]), loc="left", fontsize=12)
            axes.xaxis.set_major_locator(_few_ticks())
            axes.xaxis.set_major_formatter(lambda v, _: f"{v:,.4g}" if abs(v) < 1000 else f"{v:,.0f}")
            axes.grid(axis="x")
        svg = finish(figure, key, title, "; ".join(str(r.get("text", "")) for r in rows))
    cells = [
        (
            row.get("name") or row["what"],
            _amount(row["what"], row.get("expected"), currency),
            _between(row["what"], row.get("low"), row.get("high"), currency),
            _amount(row["what"], row.get("came"), currency),
            _between(row["what"], row.get("came_low"), row.get("came_high"), currency),
            {True: "yes", False: "no"}.get(row.get("fits"), ""),  # type: ignore[arg-type]
        )
        for row in rows
    ]
    head = ("", "expected", "95 %", "came", "95 %", "may both be true")
    return Chart(title, svg, head, table(cells), "Bars are 95 % intervals; each row has a scale of its own.")


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def _named(found: Row, measure: str) -> list[tuple[str, Row]]:
    rows = [(f"all, {r['method']}", r) for r in found.get("effects") or [] if r["measure"] == measure]
    groups = [*(found.get("by_action") or []), *(found.get("by_segment") or [])]
    return rows + [(f"{str(r['group']).removeprefix('segment_')}: {r['value']}", r) for r in groups]


def _ends(row: Row, *, interim: bool) -> tuple[float, float] | None:
    given = row.get("always_valid") if interim else row
    if not given or given.get("low") is None or given.get("high") is None or row.get("effect") is None:
        return None
    return given["low"], given["high"]


def _cells(name: str, row: Row, measure: str, currency: str, *, interim: bool) -> tuple[str, ...]:
    ends = _ends(row, interim=interim)
    span = (
        "" if ends is None else " to ".join(format_measure(measure, v, currency, signed=True) for v in ends)
    )
    p = row.get("p_adjusted")
    return (
        name,
        format_measure(measure, row.get("treated_mean"), currency),
        format_measure(measure, row.get("holdout_mean"), currency),
        format_measure(measure, row.get("effect"), currency, signed=True),
        span or str(row.get("note") or ""),
        f"{format_count(row.get('treated') or 0)} and {format_count(row.get('holdout') or 0)}",
        "" if p is None else f"{p:.3f}",
    )


def _total(row: Row, currency: str) -> str:
    values = [row.get(k) for k in ("total", "total_low", "total_high")]
    if any(v is None for v in values):
        return ""
    money = row["measure"] == "net_value"
    texts = [format_amount(v, currency) if money else format_count(v) for v in values if v is not None]
    return f"{texts[0]} ({texts[1]} to {texts[2]})"


def _amount(what: str, value: float | None, currency: str) -> str:
    if value is None:
        return ""
    return format_amount(value, currency) if what in _MONEY else format_count(value)


def _between(what: str, low: float | None, high: float | None, currency: str) -> str:
    if low is None or high is None:
        return ""
    return f"{_amount(what, low, currency)} to {_amount(what, high, currency)}"
