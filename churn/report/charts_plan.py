"""The pictures of a campaign's plan: its days, who is out and why, what each action is expected to bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from churn.display import format_amount, format_count, format_percent
from churn.report.charts_draw import (
    ACCENT,
    SERIES,
    Chart,
    canvas,
    finish,
    name_rows,
    short,
    table,
)

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
CHOSEN = ("chosen",)
_MOST_CODES = 15
_MOST_DAYS = 92  # bars that can be told apart; longer plans are drawn by week
_OTHERS = "other channels"


def calendar(contacts: pd.DataFrame, key: str = "calendar") -> Chart | None:
    """Draw the contacts by day and channel.

    Parameters
    ----------
    contacts : pandas.DataFrame
        ``contacts.csv``: columns day and channel.
    key : str, optional
        Begins the ids of the picture.
    """
    import pandas as pd

    if not len(contacts):
        return None
    channel = contacts["channel"].astype("str")
    largest = list(channel.value_counts().index)
    if len(largest) > len(SERIES):
        channel = channel.where(channel.isin(largest[: len(SERIES) - 1]), _OTHERS)
        largest = [*largest[: len(SERIES) - 1], _OTHERS]
    days = pd.to_datetime(contacts["day"].astype("str"))
    counts = pd.crosstab(days, channel).reindex(columns=largest)
    whole = pd.date_range(days.min(), days.max(), freq="D")
    counts = counts.reindex(whole, fill_value=0)
    weekly = len(counts) > _MOST_DAYS
    if weekly:
        counts = counts.resample("W-MON", label="left", closed="left").sum()
    title = f"Contacts by {'week' if weekly else 'day'} and channel"
    with canvas(900, 270) as (figure, axes):
        bottom = [0.0] * len(counts)
        for colour, name in zip(SERIES, largest, strict=False):
            values = counts[name].tolist()
            axes.bar(range(len(counts)), values, bottom=bottom, color=colour, width=0.8, label=short(name))
            bottom = [b + v for b, v in zip(bottom, values, strict=True)]
        step = max(1, -(-len(counts) // 8))
        ticks = list(range(0, len(counts), step))
        axes.set_xticks(ticks, [f"{counts.index[i]:%Y-%m-%d}" for i in ticks])
        axes.yaxis.set_major_locator(_whole())
        axes.yaxis.set_major_formatter(lambda v, _: format_count(v))
        axes.grid(axis="y")
        axes.margins(x=0.01)
        figure.legend(loc="outside lower center", ncol=4, fontsize=12)
        busiest = counts.sum(axis=1).idxmax()
        said = f"{format_count(len(contacts))} contacts; most, {format_count(max(bottom))}, on {busiest:%Y-%m-%d}."
        svg = finish(figure, key, title, said, least=560)
    rows = [
        (f"{day:%Y-%m-%d}", *(format_count(v) for v in values))
        for day, *values in counts.itertuples()
        if any(values)
    ]
    head = ("week of" if weekly else "day", *largest)
    return Chart(title, svg, head, table(rows), said, wide=True)


def out_of(plan: Row, key: str = "out") -> Chart | None:
    """Draw how many customers are out, and why.

    Parameters
    ----------
    plan : mapping
        ``plan.json``: ``why`` and ``why_means`` by code.
    key : str, optional
        Begins the ids of the picture.
    """
    counts: Mapping[str, int] = plan.get("why") or {}
    means: Mapping[str, str] = plan.get("why_means") or {}
    rows = sorted(((c, n) for c, n in counts.items() if n and c not in CHOSEN), key=lambda r: -r[1])
    if not rows:
        return None
    shown = rows[:_MOST_CODES]
    title = "Who is not contacted, and why"
    with canvas(430, 50 + 26 * len(shown)) as (figure, axes):
        axes.barh(range(len(shown)), [n for _, n in shown], color=ACCENT, height=0.6)
        for i, (_, n) in enumerate(shown):
            axes.annotate(
                format_count(n), (n, i), (4, 0), textcoords="offset points", va="center", fontsize=12
            )
        name_rows(axes, [short(c.replace("-", " "), 28) for c, _ in shown])
        axes.set_xticks([])
        axes.margins(x=0.18)
        axes.spines["bottom"].set_visible(False)
        svg = finish(figure, key, title, "; ".join(f"{means.get(c, c)}: {format_count(n)}" for c, n in shown))
    cells = [(c, format_count(n), means.get(c, "")) for c, n in rows]
    return Chart(title, svg, ("code", "customers", "meaning"), table(cells))


def actions(plan: Row) -> Chart | None:
    """Return what each action is expected to bring, as a table."""
    rows: Sequence[Row] = plan.get("by_action") or []
    currency = str(plan.get("currency") or "")
    if not rows:
        return None
    cells = [
        (
            r.get("action"),
            r.get("channel"),
            format_count(r.get("treated") or 0),
            format_count(r.get("holdout") or 0),
            format_count(r.get("contacts") or 0),
            spread(r.get("cost"), currency),
            spread(r.get("saved")),
            spread(r.get("profit"), currency),
        )
        for r in rows
    ]
    head = ("action", "channel", "contacted", "held out", "contacts", "cost", "customers saved", "profit")
    return Chart("By action", "", head, table(cells), "In brackets: 95 % intervals.", wide=True)


def limits(plan: Row) -> Chart | None:
    """Return the limits with their use and their prices, as a table."""
    rows: Sequence[Row] = plan.get("limits") or []
    if not rows:
        return None
    said = [str(p.get("said", "")) for p in plan.get("prices") or []]
    cells = [
        (
            r.get("what"),
            _number(r.get("limit")),
            _number(r.get("used")),
            "" if r.get("full_days") is None else format_count(r["full_days"]),
        )
        for r in rows
    ]
    caption = ". ".join(s[:1].upper() + s[1:] for s in said if s)
    return Chart(
        "Limits and their use",
        "",
        ("limit", "at most", "used", "days full"),
        table(cells),
        f"{caption}." if caption else "",
    )


def assumptions(plan: Row) -> Chart | None:
    """Return where the chances to save come from, as a table."""
    rows: Sequence[Row] = plan.get("effects") or []
    if not rows:
        return None
    cells = [
        (
            r.get("action"),
            format_percent(r.get("save_chance")),
            format_percent(r.get("wakes") or 0.0),
            str(r.get("said") or r.get("source") or ""),
        )
        for r in rows
    ]
    head = (
        "action",
        "saves of those who would leave",
        "wakes of those who would stay",
        "where it comes from",
    )
    return Chart(
        "What is assumed of the actions", "", head, table(cells), str(plan.get("uplift") or ""), wide=True
    )


def spread(value: Any, currency: str | None = None) -> str:
    """Write an expected figure with its interval.

    Examples
    --------
    >>> spread({"mean": 30.2, "low": 20, "high": 41}), spread({"mean": 12.5}, "£"), spread(None)
    ('30 (20 to 41)', '£12.50', '')
    >>> spread({"mean": 69, "low": 69, "high": 69})
    '69'
    """
    if not isinstance(value, Mapping):
        return "" if value is None else _text(value, currency)
    mean, low, high = (value.get(k) for k in ("mean", "low", "high"))
    if mean is None:
        return ""
    middle = _text(mean, currency)
    if low is None or high is None or _text(low, currency) == _text(high, currency):
        return middle
    return f"{middle} ({_text(low, currency)} to {_text(high, currency)})"


def _text(value: float, currency: str | None) -> str:
    return format_count(value) if currency is None else format_amount(value, currency)


def _number(value: Any) -> str:
    return "" if value is None else f"{value:,.10g}" if float(value).is_integer() else f"{value:,.2f}"


def _whole() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5, integer=True)
