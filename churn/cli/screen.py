"""The screens: at-risk customers beside the retention rate, and the list of signals."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from churn.display import format_amount, format_count, format_percent, format_risk

if TYPE_CHECKING:
    from churn.scoring import Scores

_SIDE_BY_SIDE = 118
_SHOWN = 8
_COLOURS = {"critical": "bold red", "high": "red", "elevated": "yellow", "low": "green"}


def print_scores(scores: Scores, verdict: str = "") -> None:
    """Print scores: two panels side by side on a wide terminal, below each other on a narrow one."""
    from rich.console import Console
    from rich.text import Text

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # the reader has seen enough; rich would exit with 1

    console = Screen(highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Screen(highlight=False, width=130)
    for warning in scores.warnings:
        console.print(Text(f"! {warning}", style="bold yellow"))
    if verdict:
        console.print(Text(verdict, style="bold" if not verdict.startswith("NOT") else "bold yellow"))
    console.print()
    left, right = _retention_panel(scores), _list_panel(scores)
    if console.width >= _SIDE_BY_SIDE:
        from rich.table import Table

        grid = Table.grid(padding=(0, 1), expand=False)
        grid.add_column(width=46)
        grid.add_column(ratio=1)
        grid.add_row(left, right)
        console.print(grid)
    else:
        console.print(left)
        console.print(right)
    console.print(
        Text(
            f"{scores.definition[0].upper()}{scores.definition[1:]}. · raises the risk, ↓ holds it down.\n"
            f"{scores.listed_because}\n{scores.value_line()}\n{scores.standing_line()}",
            style="dim",
        )
    )


def _retention_panel(scores: Scores) -> Any:
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    outlook = scores.retention
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    now = outlook.current
    if now is None:
        table.add_row("retention", "not known: too little history")
    else:
        table.add_row(Text("retention rate", style="bold"), Text(format_percent(now.rate), style="bold"))
        table.add_row("churn rate", format_percent(now.churn_rate))
        table.add_row(Text(f"{now.first} to {now.last}", style="dim"), "")
        table.add_row("", "")
        before = outlook.previous
        table.add_row("the period before", format_percent(before.rate) if before else "not known")
        expected = outlook.expected_rate
        table.add_row("expected next", format_percent(expected) if expected is not None else "not known")
        if outlook.expected_interval:
            table.add_row("", Text(outlook.expected_range, style="dim"))
        table.add_row("", "")
        table.add_row("S  active at the start", format_count(now.start))
        table.add_row("   lost", f"- {format_count(now.lost)}")
        table.add_row("   new", f"+ {format_count(now.new or 0)}")
        table.add_row("   reactivated", f"+ {format_count(now.reactivated or 0)}")
        table.add_row("E  active at the end", format_count(now.end))
        table.add_row("", "")
        table.add_row(Text("[(E - N) / S] * 100, N = new + reactivated", style="dim"), "")
        table.add_row(Text(f"lost: {outlook.definition.lost_means} at the end", style="dim"), "")
        table.add_row(Text(f"the list's risk: {outlook.definition.churn_means}", style="dim"), "")
    return Panel(table, title=f"Retention as of {scores.as_of}", title_align="left")


def _list_panel(scores: Scores) -> Any:
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column()
    by_money = scores.listing.get("list_by") == "money"
    for r in scores.at_risk.head(_SHOWN).to_dict("records"):
        risk = Text(format_risk(r["churn_probability"]), style=_COLOURS[str(r["risk_band"])])
        head = Text.assemble(
            (f"{r['customer']}", "bold"),
            f"  {format_amount(r['value_at_stake'], scores.currency)} at stake",
            f"  {format_amount(r['expected_profit'], scores.currency)} expected profit" if by_money else "",
            f"  last order {r['last_order']}" if r["last_order"] else "  no order yet",
            f"  {r['days_overdue']:.0f} days overdue" if r["days_overdue"] >= 1 else "",
        )
        table.add_row(risk, head)
        table.add_row("", _reasons(r))
    if not len(scores.at_risk):
        table.add_row("", "nobody")
    listed = float(scores.at_risk["value_at_stake"].sum())
    of = f"{format_count(scores.at_risk_count)} of {format_count(len(scores.active))} active customers"
    title = f"{scores.listed_are.capitalize()}: {of}"
    subtitle = (
        f"{min(_SHOWN, len(scores.at_risk))} of {format_count(len(scores.at_risk))} listed, {scores.order}; "
        f"all listed {format_amount(listed, scores.currency)}"
    )
    return Panel(table, title=title, title_align="left", subtitle=subtitle, subtitle_align="left")


def _reasons(row: dict[Any, Any]) -> Any:
    """Return the reasons of one customer, and the strongest that holds the risk down, with a hanging indent."""
    from rich.table import Table
    from rich.text import Text

    told = Table.grid(padding=(0, 1))
    for name in ("reason_1", "reason_2", "reason_3"):
        if row[name]:
            told.add_row("·", Text(str(row[name])))
    if row["keeps_1"]:
        told.add_row(Text("↓", style="green"), Text(str(row["keeps_1"]), style="green"))
    return told
