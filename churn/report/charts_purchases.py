"""Pictures of purchases: revenue and its retention as small multiples, lifetime value, recurring revenue, surveys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from churn.display import format_amount, format_count, format_percent
from churn.report.charts_draw import (
    ACCENT,
    MUTED,
    SURFACE,
    TEXT,
    Chart,
    canvas,
    finish,
    table,
    tick_percent,
)

_PERIODS = 24  # that are drawn; all of them are in the data

Row = Mapping[str, Any]
Write = Callable[[float], str]


def purchases(found: Mapping[str, Any] | None, currency: str = "", key: str = "purchases") -> Chart | None:
    """Draw what customers bought by period: revenue, order value, frequency, repeat rate, revenue retention.

    Parameters
    ----------
    found : mapping or None
        As `Purchases.to_dict` gives it: ``purchases`` of ``retention.json``.
    currency : str, optional
        Before amounts.
    key : str, optional
        Begins the ids of the picture.
    """
    periods: list[Row] = list((found or {}).get("periods") or [])
    if found is None or not periods:
        return None
    every = str(found.get("every", "period"))
    money = partial(format_amount, currency=currency)
    panels: tuple[tuple[str, str, Write], ...] = (
        ("net_revenue", "revenue less returns", money),
        ("mean_order_value", "mean order value", money),
        ("orders_per_buyer", "orders per buyer", lambda v: f"{v:.2f}"),
        ("repeat_rate", "buyers who had bought before", format_percent),
        ("net_revenue_retention", "revenue kept, net", format_percent),
        ("gross_revenue_retention", "revenue kept, gross", format_percent),
    )
    title = f"Purchases by {every}"
    fit = [_drawn(p) for p in periods]
    flat = [panel for panel in panels if _is_flat(fit, panel[0])]
    if all(panel in flat for panel in panels if _known(fit, panel[0])):
        flat = []  # something is to be seen
    drawn = [panel for panel in panels if panel not in flat]
    svg = _multiples(fit, drawn, key, title, every)
    head = (
        every,
        "orders",
        "buyers",
        "had bought before",
        "revenue",
        "returns",
        "net",
        "order value",
        "orders per buyer",
        "kept, gross",
        "kept, net",
        "",
    )
    rows = [
        (
            p.get("period_start"),
            format_count(p.get("orders") or 0),
            format_count(p.get("buyers") or 0),
            _estimate(_drawn(p, whole=False), "repeat_rate", format_percent),
            *(_or(p.get(k), money) for k in ("gross_revenue", "returns", "net_revenue", "mean_order_value")),
            _or(p.get("orders_per_buyer"), lambda v: f"{v:.2f}"),
            *(_or(p.get(k), format_percent) for k in ("gross_revenue_retention", "net_revenue_retention")),
            _marks(p),
        )
        for p in periods
    ]
    said = []
    if any(name.endswith("revenue_retention") for name, *_ in drawn):
        said.append(
            f"Revenue kept: what the customers active at the start ordered in the {every}, as a share of what they "
            "ordered in the one before; net counts what some order more, gross does not."
        )
    if flat:
        same = ", ".join(f"{words} {write(_known(fit, name)[0])}" for name, words, write in flat)
        said.append(f"Always the same, and so not drawn: {same}.")
    if any(p.get("running") for p in periods):
        said.append("Hollow: the period is still running.")
    if any(name == "repeat_rate" for name, *_ in drawn):
        said.append("Bars are 95 % intervals.")
    caption = " ".join(said)
    return Chart(title, svg, head, table(rows), caption, wide=True)


def _known(periods: Sequence[Row], name: str) -> list[float]:
    return [p[name] for p in periods[-_PERIODS:] if p.get(name) is not None]


def _is_flat(periods: Sequence[Row], name: str) -> bool:
    """Tell whether a figure never moves, as the orders per buyer where every contract is a customer."""
    known = _known(periods, name)
    return len(known) > 2 and min(known) == max(known)


def recurring(found: Mapping[str, Any] | None, currency: str = "", key: str = "recurring") -> Chart | None:
    """Draw the monthly recurring revenue of subscriptions and how much of it is kept.

    Parameters
    ----------
    found : mapping or None
        As `Purchases.to_dict` gives it.
    currency : str, optional
        Before amounts.
    key : str, optional
        Begins the ids of the picture.
    """
    periods: list[Row] = list((found or {}).get("recurring") or [])
    if found is None or not periods:
        return None
    money = partial(format_amount, currency=currency)
    panels: tuple[tuple[str, str, Write], ...] = (
        ("mrr_end", "recurring revenue a month", money),
        ("net_retention", "kept, net", format_percent),
        ("gross_retention", "kept, gross", format_percent),
    )
    title = "Recurring revenue of subscriptions"
    every = str(found.get("every", "period"))
    svg = _multiples(periods, panels, key, title, every)
    names = ("start", "lost", "less", "more", "new", "end")
    rows = [
        (
            p.get("period_start"),
            *(_or(p.get(f"mrr_{n}"), money) for n in names),
            _or(p.get("gross_retention"), format_percent),
            _or(p.get("net_retention"), format_percent),
            _marks(p),
        )
        for p in periods
    ]
    head = (every, *names, "kept, gross", "kept, net", "")
    caption = "start - lost - less + more + new = end. Net counts what customers of the start pay more, gross does not."
    return Chart(title, svg, head, table(rows), caption, wide=True)


def surveys(found: Mapping[str, Any] | None, key: str = "surveys") -> Chart | None:
    """Draw NPS and CSAT by period with their intervals; None where no such surveys are given.

    Parameters
    ----------
    found : mapping or None
        As `Purchases.to_dict` gives it.
    key : str, optional
        Begins the ids of the picture.
    """
    answers = (found or {}).get("answers") or {}
    periods: list[Row] = list(answers.get("periods") or [])
    kinds = [k for k in ("nps", "csat") if any(p.get(k) is not None for p in periods)]
    if not kinds:
        return None
    words = {"nps": "NPS, points", "csat": "CSAT, satisfied"}
    writes: dict[str, Write] = {"nps": lambda v: f"{100 * v:+.0f}", "csat": lambda v: format_percent(v, 0)}
    title = " and ".join(k.upper() for k in kinds)
    panels = tuple((k, words[k], writes[k]) for k in kinds)
    every = str((found or {}).get("every", "period"))
    svg = _multiples(periods, panels, key, title, every, columns=len(kinds), width=430)
    rows = [
        (
            p.get("period_start"),
            *(format_count(p.get(k) or 0) for k in ("promoters", "passives", "detractors")),
            _estimate(p, "nps", writes["nps"]),
            *(format_count(p.get(k) or 0) for k in ("satisfied", "not_satisfied")),
            _estimate(p, "csat", writes["csat"]),
            _marks(p),
        )
        for p in periods
    ]
    head = (every, "promoters", "passives", "detractors", "NPS", "satisfied", "not satisfied", "CSAT", "")
    caption = (
        "NPS = share who gave 9 or 10 less share who gave 0 to 6; CSAT = share who gave 4 or 5 of 5. Bars are 95 % "
        "intervals of those who answered, who need not be like those who did not. "
    )
    caption += " ".join(str(n) for n in answers.get("notes") or [])
    return Chart(title, svg, head, table(rows), caption.strip())


def _multiples(
    periods: Sequence[Row],
    panels: Sequence[tuple[str, str, Write]],
    key: str,
    title: str,
    every: str,
    *,
    columns: int = 3,
    width: float = 860,
) -> str:
    """Draw small pictures of one figure each over the same periods."""
    shown = periods[-_PERIODS:]
    lines = -(-len(panels) // columns)
    said = []
    with canvas(width, 150 * lines, nrows=lines, ncols=columns, squeeze=False) as (figure, grid):
        figure.get_layout_engine().set(hspace=0.1, wspace=0.05)
        for axes, (name, words, write) in zip(grid.flat, panels, strict=False):
            said.append(f"{words}: {_panel(axes, shown, name, write)}")
            axes.set_title(words, loc="left", fontsize=12, color=TEXT)
            ticks = sorted({0, len(shown) - 1})
            axes.set_xticks(ticks, [str(shown[i].get("period_start") or "")[: _digits(every)] for i in ticks])
            axes.set_xlim(-0.5, len(shown) - 0.5)
            for label, side in zip(axes.get_xticklabels(), ("left", "right"), strict=False):
                label.set_horizontalalignment(side if len(ticks) > 1 else "center")
        for axes in list(grid.flat)[len(panels) :]:
            axes.set_axis_off()
        return finish(figure, key, title, "; ".join(said), least=560 if width > 430 else None)


def _panel(axes: Any, shown: Sequence[Row], name: str, write: Write) -> str:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    known = [(i, p) for i, p in enumerate(shown) if p.get(name) is not None]
    over = [(i, p) for i, p in known if not p.get("running")]
    bars = [(i, p) for i, p in over if p.get(f"{name}_low") is not None]
    axes.vlines(
        [i for i, _ in bars],
        [p[f"{name}_low"] for _, p in bars],
        [p[f"{name}_high"] for _, p in bars],
        color=ACCENT,
        alpha=0.35,
        linewidth=3,
    )
    axes.plot([i for i, _ in over], [p[name] for _, p in over], color=ACCENT, linewidth=1.5)
    for i, p in known[-1:]:
        face = SURFACE if p.get("running") else ACCENT
        axes.plot([i], [p[name]], marker="o", markersize=5, color=ACCENT, markerfacecolor=face)
    axes.grid(axis="y")
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda v, _: (tick_percent if write is format_percent else write)(v))
    )
    axes.margins(y=0.2)
    if not known:
        axes.text(0.5, 0.5, "not known", transform=axes.transAxes, ha="center", color=MUTED)
        axes.set_yticks([])
        return "not known"
    return f"{write(known[-1][1][name])} last"


def _digits(every: str) -> int:
    return {"month": 7, "quarter": 7, "year": 4}.get(every, 10)


def _drawn(p: Row, *, whole: bool = True) -> Row:
    """Return a period with the interval of its repeat rate, and without what its place in the data makes too low."""
    out = {**p, "repeat_rate_low": p.get("repeat_low"), "repeat_rate_high": p.get("repeat_high")}
    if whole and p.get("beginning"):
        out["repeat_rate"] = None
    if whole and p.get("partial"):
        out["net_revenue"] = None
    return out


def _marks(p: Row) -> str:
    """Say what a reader of a period's figures must know."""
    said = ["who had bought before is not known"] if p.get("beginning") else []
    said += ["a part: the data begin after it does"] if p.get("partial") else []
    if p.get("running"):
        said.append(f"running, up to {p['so_far']}" if p.get("so_far") else "running")
    return ", ".join(said)


def _or(value: float | None, write: Write) -> str:
    return "" if value is None else write(value)


def _estimate(p: Row, name: str, write: Write) -> str:
    if p.get(name) is None:
        return ""
    low, high = p.get(f"{name}_low"), p.get(f"{name}_high")
    interval = "" if low is None or high is None else f" [{write(low)}, {write(high)}]"
    return f"{write(p[name])}{interval}"


def lifetime(found: Mapping[str, Any] | None, currency: str = "", key: str = "lifetime") -> Chart | None:
    """Draw what a customer has brought so far, on average, by periods since the first.

    Parameters
    ----------
    found : mapping or None
        As `Purchases.to_dict` gives it.
    currency : str, optional
        Before amounts.
    key : str, optional
        Begins the ids of the picture.
    """
    pooled: list[Row] = list(((found or {}).get("lifetime") or {}).get("pooled") or [])
    if found is None or len(pooled) < 2:
        return None
    from matplotlib.ticker import FuncFormatter

    every = str(found.get("every", "period"))
    title = "Net revenue per customer since they came"
    ages, values = [p["age"] for p in pooled], [p["value"] for p in pooled]
    with canvas(430, 260) as (figure, axes):
        axes.plot(ages, values, color=ACCENT, linewidth=1.8)
        axes.annotate(
            format_amount(values[-1], currency),
            (ages[-1], values[-1]),
            (0, 6),
            textcoords="offset points",
            ha="right",
            va="bottom",
        )
        axes.set(
            xlabel=f"{every}s since they came",
            xlim=(0, max(ages) * 1.02),
            ylim=(0, max(*values, 1e-9) * 1.15),
        )
        axes.grid(axis="y")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: _whole(v, currency)))
        svg = finish(figure, key, title, f"{format_amount(values[-1], currency)} after {ages[-1]} {every}s.")
    rows = [
        (
            p["age"],
            format_count(p["cohorts"]),
            format_count(p["customers"]),
            format_amount(p["mean"], currency),
            format_amount(p["value"], currency),
        )
        for p in pooled
    ]
    head = (f"{every}s", "cohorts", "customers", f"in that {every}", "so far")
    caption = (
        "Revenue less returns per customer of all cohorts that have reached the age, of those who left too; what came, "
        "not a forecast."
    )
    unseen = found["lifetime"].get("unseen_revenue")
    if unseen:
        whose = "customers who were never active, and in no cohort"
        caption += f" {format_amount(unseen, currency)} are of {whose}."
    return Chart(title, svg, head, table(rows), caption)


def _whole(v: float, currency: str) -> str:
    return f"{currency}{' ' if len(currency) > 1 else ''}{v:,.0f}"
