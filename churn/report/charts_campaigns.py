"""What past campaigns did, in the nightly report: one line each, as a picture and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churn.campaigns.measurement.contrast import format_measure
from churn.display import format_amount, format_count
from churn.report.charts_campaign import spans
from churn.report.charts_draw import MUTED, Chart, canvas, finish, name_rows, percent_axis, short, table

Row = Mapping[str, Any]
_MOST = 12  # campaigns that are drawn; the table has all
_STATUS = {"measured": "measured", "interim": "not over", "not enough data": "no result yet"}


def effects(campaigns: Sequence[Row], key: str = "campaigns") -> Chart | None:
    """Draw the effect of each campaign on the share kept, with its interval.

    Parameters
    ----------
    campaigns : sequence of mapping
        ``campaigns.json``, newest first.
    key : str, optional
        Begins the ids of the picture.
    """
    drawn = [c for c in campaigns if c.get("effect") is not None][:_MOST]
    if not drawn:
        return None
    title = "What contacting did to the share kept, by campaign"
    with canvas(900, 60 + 30 * len(drawn)) as (figure, axes):
        axes.axvline(0, color=MUTED, linewidth=1)
        spans(axes, [(c["effect"], c["low"], c["high"]) for c in drawn])
        name_rows(axes, [short(str(c["campaign"]), 40) for c in drawn])
        axes.set_xlabel("treated less held out; grey: may be chance")
        axes.grid(axis="x")
        percent_axis(axes.xaxis)
        told = (
            f"{short(str(c['campaign']), 40)} {format_measure('retained', c['effect'], '', signed=True)}"
            for c in drawn
        )
        svg = finish(figure, key, title, "; ".join(told), least=560)
    rows = [(str(c["campaign"]), _span(c)) for c in drawn]
    return Chart(
        title, svg, ("campaign", "effect [95 %]"), table(rows), "Bars are 95 % intervals.", wide=True
    )


def results(campaigns: Sequence[Row]) -> Chart | None:
    """Return all campaigns as a table.

    Parameters
    ----------
    campaigns : sequence of mapping
        ``campaigns.json``, newest first.
    """
    if not campaigns:
        return None
    head = (
        "campaign",
        "start",
        "as of",
        "result",
        "treated",
        "held out",
        "effect [95 %]",
        "spent",
        "profit [95 %]",
    )
    rows = [
        (
            str(c["campaign"]),
            str(c.get("start", "")),
            str(c.get("as_of", "")),
            _STATUS.get(str(c["status"]), str(c["status"])),
            format_count(c["treated"]) if "treated" in c else "",
            format_count(c["held_out"]) if "held_out" in c else "",
            _span(c),
            _money(c, "spent"),
            _profit(c),
        )
        for c in campaigns
    ]
    caption = "Each campaign has a page of its own, measurement.html, beside its plan."
    return Chart("Campaigns so far", "", head, table(rows), caption, wide=True)


def _span(row: Row) -> str:
    if row.get("effect") is None:
        return ""
    effect, low, high = (
        format_measure("retained", row[k], "", signed=True) for k in ("effect", "low", "high")
    )
    return f"{effect} [{low}, {high}]"


def _money(row: Row, key: str) -> str:
    value = row.get(key)
    return "" if value is None else format_amount(value, str(row.get("currency") or ""))


def _profit(row: Row) -> str:
    if row.get("profit") is None or row.get("profit_low") is None:
        return _money(row, "profit")
    return f"{_money(row, 'profit')} [{_money(row, 'profit_low')}, {_money(row, 'profit_high')}]"
