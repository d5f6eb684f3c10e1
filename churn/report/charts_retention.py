"""Pictures of retention: the flow from S to E, the trend with what is expected next, and groups of customers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from churn.display import format_count, format_percent
from churn.report.charts_draw import (
    ACCENT,
    ACCENT_SOFT,
    BAD,
    BAD_SOFT,
    GOOD,
    GOOD_SOFT,
    MUTED,
    SERIES,
    SURFACE,
    TEXT,
    Chart,
    canvas,
    finish,
    name_rows,
    percent_axis,
    short,
    table,
)

_PERIODS = 24  # of a trend; all of them are in its data
_GROUPS = 12

Period = Mapping[str, Any]


def flow(period: Period, key: str = "flow") -> Chart:
    """Draw where the customers of the start went and where those of the end came from.

    Parameters
    ----------
    period : mapping
        As `Retention.to_dict` gives it: S, E, lost, new, reactivated, retained, period_start, period_end.
    key : str, optional
        Begins the ids of the picture.
    """
    s, e, retained, lost, new, back = (
        int(period.get(k) or 0) for k in ("S", "E", "retained", "lost", "new", "reactivated")
    )
    most = max(s, e, 1)
    title = "From S to E"
    said = (
        f"{format_count(s)} customers were active at the start (S). {format_count(lost)} of them were lost, "
        f"{format_count(retained)} stayed. {format_count(new)} came new, {format_count(back)} came back: "
        f"{format_count(e)} were active at the end (E)."
    )
    gap, bar = 0.035 * most, 0.16
    with canvas(430, 230) as (figure, axes):
        axes.set_axis_off()
        right = [("new", new, GOOD_SOFT, GOOD), ("reactivated", back, GOOD_SOFT, GOOD)]
        _block(axes, 0, 0, retained, bar, ACCENT)
        _block(axes, 1 - bar, 0, retained, bar, ACCENT)
        axes.fill([bar, 1 - bar, 1 - bar, bar], [0, 0, retained, retained], color=ACCENT_SOFT, linewidth=0)
        top = retained + gap
        _block(axes, 0, top, lost, bar, BAD_SOFT, BAD)
        share = f" = {format_percent(retained / s)} of S" if s else ""
        axes.text(
            0.5,
            retained / 2,
            f"{format_count(retained)} retained{share}",
            ha="center",
            va="center",
            color=TEXT,
        )
        if lost:
            axes.text(bar + 0.02, top + lost / 2, f"{format_count(lost)} lost", va="center", color=BAD)
        heights = [(top + new / 2), (top + new + gap * bool(new) + back / 2)]
        low = top
        for (name, count, fill, edge), at in zip(right, _apart(heights, 0.085 * most), strict=True):
            if count:
                _block(axes, 1 - bar, low, count, bar, fill, edge)
                low += count + gap
                axes.text(
                    1 - bar - 0.02, at, f"{format_count(count)} {name}", ha="right", va="center", color=GOOD
                )
        axes.text(bar / 2, -0.03 * most, f"S {format_count(s)}", ha="center", va="top", weight="bold")
        axes.text(1 - bar / 2, -0.03 * most, f"E {format_count(e)}", ha="center", va="top", weight="bold")
        for x, name in ((bar / 2, "period_start"), (1 - bar / 2, "period_end")):
            axes.text(x, -0.125 * most, str(period.get(name) or ""), ha="center", va="top", color=MUTED)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.22 * most, max(s, e) + 3.2 * gap))
        svg = finish(figure, key, title, said)
    rows = [
        ("S, active at the start", s),
        ("lost", lost),
        ("retained", retained),
        ("new", new),
        ("reactivated", back),
        ("E, active at the end", e),
        ("retention rate", format_percent(period.get("retention_rate"))),
    ]
    return Chart(
        title, svg, ("what", "customers"), table(rows), "S - lost + new + reactivated = E. " + _sure(period)
    )


def _sure(period: Period) -> str:
    low, high = period.get("rate_low"), period.get("rate_high")
    if low is None or high is None:
        return ""
    return (
        f"The rate's 95 % interval is {format_percent(low)} to {format_percent(high)}: sampling noise alone."
    )


def _block(
    axes: Any, x: float, y: float, height: float, width: float, fill: str, edge: str | None = None
) -> None:
    if height > 0:
        axes.bar(x, height, width, bottom=y, align="edge", color=fill, edgecolor=edge or fill, linewidth=1)


def _apart(heights: Sequence[float], least: float) -> list[float]:
    """Move labels up until none lies on the one below."""
    out: list[float] = []
    for h in heights:
        out.append(h if not out else max(h, out[-1] + least))
    return out


def trend(
    series: Mapping[str, Any] | None, outlook: Mapping[str, Any] | None = None, key: str = "trend"
) -> Chart | None:
    """Draw the retention rate by period, and the expected one of the next horizon.

    Parameters
    ----------
    series : mapping or None
        As `RetentionSeries.to_dict` gives it: ``trend`` or ``series`` of ``retention.json``.
    outlook : mapping, optional
        As `Outlook.to_dict` gives it. Its expected rate is of one horizon, so it belongs beside ``trend``, whose
        periods are as long; more is lost in a longer period.
    key : str, optional
        Begins the ids of the picture.
    """
    series = series or {}
    periods: list[Period] = list(series.get("periods") or [])
    rows = [_told(p) for p in periods]
    expected = (outlook or {}).get("expected_retention_rate")
    low, high = expected_interval(outlook or {})
    shown = periods[-_PERIODS:]
    if not shown:
        return None
    n, every = len(shown), series.get("every", "period")
    length = _days(shown[-1]) if every == "rolling" else None
    title = f"Retention by {every}" if length is None else f"Retention, {length} days at a time"
    if expected is not None:
        rows.append(
            ("expected next", "", "", "", "", "", "", format_percent(expected), _range(low, high), "forecast")
        )
    with canvas(430, 260) as (figure, axes):
        known = [(i, p) for i, p in enumerate(shown) if p.get("retention_rate") is not None]
        over = [(i, p) for i, p in known if not p.get("running")]
        axes.vlines(
            [i for i, p in over if p.get("rate_low") is not None],
            [p["rate_low"] for _, p in over if p.get("rate_low") is not None],
            [p["rate_high"] for _, p in over if p.get("rate_low") is not None],
            color=ACCENT,
            alpha=0.35,
            linewidth=4,
        )
        axes.plot([i for i, _ in over], [p["retention_rate"] for _, p in over], color=ACCENT, linewidth=1.6)
        for i, p in known:
            hollow = bool(p.get("running") or p.get("small"))
            axes.plot(
                [i],
                [p["retention_rate"]],
                marker="o",
                markersize=5.5,
                color=ACCENT,
                markerfacecolor=SURFACE if hollow else ACCENT,
                zorder=3,
            )
        _last_label(axes, over)
        ahead = n + (n / 24 if length is not None else 0.3 + n / 24)  # apart, as it is no period that was
        if expected is not None:
            if low is not None and high is not None:
                axes.vlines([ahead], [low], [high], color=SERIES[1], alpha=0.4, linewidth=4)
            axes.plot(
                [ahead], [expected], marker="D", markersize=6, color=SERIES[1], linestyle="none", zorder=3
            )
            beside = (ahead, expected), (9, 0)
            words = format_percent(expected)
            axes.annotate(words, *beside, textcoords="offset points", va="center", color=SERIES[1])
        step = max(1, -(-n // (5 if length is None else 4)))
        last = n - 1 - (step > 1) * (step // 2 if expected is not None else 0)
        ticks: list[float] = [i for i in range(n) if (last - i) % step == 0 and i <= last]
        labels = [_period_label(shown[int(i)], str(every)) for i in ticks]
        if expected is not None:
            ticks, labels = [*ticks, ahead], [*labels, "next"]
        axes.set_xticks(ticks, labels)
        axes.grid(axis="y")
        percent_axis(axes.yaxis)
        axes.set_xlim(-0.6, ahead + n / 7 if expected is not None else n - 0.4)
        _roomy(axes)
        svg = finish(figure, key, title, _trend_words(over, expected))
    caption = "Bars are 95 % intervals of sampling noise."
    if any(p.get("running") or p.get("small") for _, p in known):
        caption += " Hollow: a period that is still running, or too few customers."
    if expected is not None:
        coming = "horizon, which is not such a period" if length is None else f"{length} days"
        caption += f" Diamond: what the model expects of the coming {coming}."
    if series.get("left_out"):
        caption += f" {series['left_out']}"
    head = (
        "from" if length is not None else str(every),
        "until",
        "S",
        "lost",
        "new",
        "reactivated",
        "E",
        "retention",
        "95 %",
        "",
    )
    return Chart(title, svg, head, table(rows), caption, wide=False)


def _last_label(axes: Any, over: Sequence[tuple[int, Period]]) -> None:
    """Write the figure of the last period that is over below the intervals around it."""
    if not over:
        return
    i, p = over[-1]
    lows = [q.get("rate_low") or q["retention_rate"] for _, q in over[-3:]]
    at = (i, min(lows))
    words = format_percent(p["retention_rate"])
    axes.annotate(words, at, (0, -15), textcoords="offset points", ha="center", color=TEXT)


def _roomy(axes: Any) -> None:
    """Leave room above and below, and never pretend that a rate can leave 0 to 100 %."""
    low, high = axes.get_ylim()
    room = max(0.01, 0.06 * (high - low))
    axes.set_ylim(max(0.0, low - room), min(1.02, high + room))


def _trend_words(over: Sequence[tuple[int, Period]], expected: float | None) -> str:
    said = "The retention rate by period."
    if over:
        first, last = over[0][1], over[-1][1]
        said = (
            f"From {format_percent(first['retention_rate'])} in the period from {first.get('period_start')} to "
            f"{format_percent(last['retention_rate'])} in that from {last.get('period_start')}."
        )
    return said + (f" Expected next: {format_percent(expected)}." if expected is not None else "")


def _told(p: Period) -> tuple[Any, ...]:
    counts = [format_count(p.get(k) or 0) for k in ("S", "lost", "new", "reactivated", "E")]
    notes = [
        f"running, up to {p.get('so_far')}" if p.get("running") else "",
        "too few customers" if p.get("small") else "",
    ]
    return (
        p.get("period_start"),
        p.get("period_end"),
        *counts,
        format_percent(p.get("retention_rate")),
        _range(p.get("rate_low"), p.get("rate_high")),
        ", ".join(n for n in notes if n),
    )


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{format_percent(low)} to {format_percent(high)}"


def expected_interval(outlook: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the interval of the expected rate; two Nones where there is none.

    Examples
    --------
    >>> expected_interval({"expected_retention_rate_low": 0.1, "expected_retention_rate_high": 0.3})
    (0.1, 0.3)
    """
    low, high = (outlook.get(f"expected_retention_rate_{side}") for side in ("low", "high"))
    return (None, None) if low is None or high is None else (float(low), float(high))


def _days(p: Period) -> int | None:
    try:
        first, last = (dt.date.fromisoformat(str(p.get(k))[:10]) for k in ("period_start", "period_end"))
    except ValueError:
        return None
    return (last - first).days


def _period_label(p: Period, every: str) -> str:
    start = str(p.get("period_start") or "")
    return {"month": start[:7], "year": start[:4], "quarter": start[:7]}.get(every, start[:10])


def by_group(series: Mapping[str, Any] | None, key: str = "groups") -> Chart | None:
    """Draw the last whole period's rate of each group of customers with its interval, beside that of all.

    Parameters
    ----------
    series : mapping or None
        As `RetentionSeries.to_dict` gives it, with groups: one of ``by`` of ``retention.json``.
    key : str, optional
        Begins the ids of the picture.
    """
    series = series or {}
    groups: Mapping[str, Sequence[Period]] = series.get("groups") or {}
    whole = [i for i, p in enumerate(series.get("periods") or []) if not p.get("running")]
    if not groups or not whole:
        return None
    last = whole[-1]
    everyone: Period = series["periods"][last]
    found = [(name, periods[last]) for name, periods in groups.items() if last < len(periods)]
    shown = [f for f in found if f[1].get("retention_rate") is not None][:_GROUPS]
    if not shown:
        return None
    by = str(series.get("by") or "group").replace("_", " ")
    title = f"Retention by {by}"
    with canvas(430, 58 + 24 * len(shown)) as (figure, axes):
        if everyone.get("retention_rate") is not None:
            axes.axvline(everyone["retention_rate"], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
            axes.text(
                everyone["retention_rate"],
                -0.75,
                f"all {format_percent(everyone['retention_rate'])}",
                ha="center",
                va="bottom",
                color=MUTED,
            )
        for i, (_, p) in enumerate(shown):
            if p.get("rate_low") is not None:
                axes.plot([p["rate_low"], p["rate_high"]], [i, i], color=ACCENT, alpha=0.4, linewidth=4)
            axes.plot(
                [p["retention_rate"]],
                [i],
                marker="o",
                markersize=6.5,
                color=ACCENT,
                markerfacecolor=SURFACE if p.get("small") else ACCENT,
            )
        name_rows(axes, [f"{short(n)} ({format_count(p['S'])})" for n, p in shown], above=1.25)
        axes.grid(axis="x")
        percent_axis(axes.xaxis)
        said = "; ".join(f"{short(n)} {format_percent(p['retention_rate'])}" for n, p in shown)
        svg = finish(figure, key, title, said)
    head = (by, "until", "S", "lost", "new", "reactivated", "E", "retention", "95 %", "")
    rows = [(name, *_told(p)[1:]) for name, p in [*found, ("all", everyone)]]
    left = len(groups) - len(shown)
    caption = (
        f"{everyone.get('period_start')} to {everyone.get('period_end')}; in brackets the customers at the start (S). "
        "Bars are 95 % intervals."
    )
    if any(p.get("small") for _, p in shown):
        caption += " Hollow: too few customers to trust."
    if left:
        caption += f" {left} more {'group is' if left == 1 else 'groups are'} in the data below."
    return Chart(title, svg, head, table(rows), caption)
