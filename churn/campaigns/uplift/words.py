"""The judgement in words and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from churn.display import format_count, table_text

if TYPE_CHECKING:
    from churn.campaigns.uplift.actions import ActionUplift
    from churn.campaigns.uplift.judge import Judgement

LEARNERS = {
    "constant": "the same effect for all",
    "linear": "a line in the risk",
    "ridge": "a ridge of signals x risk",
    "S": "an S-learner",
    "T": "a T-learner",
    "X": "an X-learner",
    "DR": "a DR-learner",
}


def verdict(judgement: Judgement, money: bool) -> str:
    """Return the verdict in words, first what a plan does with it."""
    value, low, high = judgement.difference
    unit = "profit" if money else "customers kept"
    where = (
        f"on {_campaigns(judgement.campaigns)}, each after what it had learnt from"
        if judgement.by_time
        else "across customers, as no campaign began when what came of an earlier one was known"
    )
    figures = (
        f"contacting {100 * judgement.depth:.0f} % by it brought {_number(value)} {unit} per 1,000 customers beside "
        f"risk x value (95 %: {_number(low)} to {_number(high)}), {where}"
    )
    if judgement.better:
        return f"The uplift model is better and plans use it: {figures}."
    found = "is worse" if high < 0 else "is not shown to be better"
    return f"The uplift model {found} and plans go on using the save chances of the policy: {figures}."


def judgement_table(judgement: Judgement) -> str:
    """Return the rankings with their figures and intervals."""
    header = [
        "ranking",
        "Qini",
        "uplift at 10 %",
        "at 20 %",
        "at 30 %",
        f"profit at {100 * judgement.depth:.0f} %",
    ]
    rows = [
        [
            LEARNERS.get(row["ranking"], row["ranking"]),
            _interval(row["qini"], 1),
            *(_interval([100 * v for v in row[f"uplift_at_{k}"]], 1) for k in (10, 20, 30)),
            _interval(row["profit"], 0),
        ]
        for row in judgement.table
    ]
    return table_text(header, rows, right=range(1, 6))


def action_table(actions: Mapping[str, ActionUplift]) -> str:
    """Return what was measured of each action, in points."""
    rows = [
        [
            name,
            format_count(a.treated),
            format_count(a.holdout),
            _interval([100 * a.mean, 100 * a.low, 100 * a.high], 1),
            f"{100 * a.shrunk:+.1f}",
            "one effect for all"
            if a.learner.kind == "constant" or a.slope == 0
            else LEARNERS[a.learner.kind],
        ]
        for name, a in actions.items()
    ]
    header = ["action", "treated", "held out", "kept of 100 contacted", "used", "told apart by"]
    return table_text(header, rows, right=(1, 2, 3, 4))


def fifths_table(fifths: list[dict[str, Any]]) -> str:
    """Return predicted beside measured effects, in points, lowest prediction first."""
    rows = [
        [
            f"{i + 1}",
            f"{100 * f['predicted']:+.1f}",
            _interval([100 * f["measured"], 100 * f["low"], 100 * f["high"]], 1),
        ]
        for i, f in enumerate(fifths)
    ]
    return table_text(["fifth", "predicted", "measured"], rows, right=(1, 2))


def _number(value: float) -> str:
    return f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+,.1f}"


def _interval(values: Any, digits: int) -> str:
    value, low, high = values
    return f"{value:+,.{digits}f} [{low:+,.{digits}f}, {high:+,.{digits}f}]"


def _campaigns(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:3])
    return f"{'campaign' if len(names) == 1 else 'campaigns'} {shown}" + (
        f" and {len(names) - 3} more" if len(names) > 3 else ""
    )
