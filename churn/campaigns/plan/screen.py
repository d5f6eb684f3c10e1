"""A plan as it is read in a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from churn.campaigns.policy import Policy
from churn.display import format_amount, format_count, format_percent, table_text

_SHOWN_NOTES = 6


def picture(policy: Policy, facts: dict[str, Any]) -> str:
    """Return a plan in lines: what it would do, what it expects, limits, who is out, and what to do next.

    Parameters
    ----------
    policy : Policy
        Its policy.
    facts : dict
        `Plan.facts`.
    """
    money = facts["currency"]
    arms, expected = facts["arms"], facts["expected"]
    lines = [f"! {w}" for w in facts["warnings"]]
    until = f" to {facts['last_day']}" if facts["last_day"] else ""
    lines += [
        f"Plan of {policy.campaign}: {_count(arms['treated'], 'customer')} to contact from {facts['start']}{until}, "
        f"{format_count(arms['holdout'])} held out, of {_count(facts['customers'], 'customer')}. Nothing is sent.",
        f"Scores: {facts['source']}{', as of ' + facts['as_of'] if facts['as_of'] else ''}.",
        "",
    ]
    if arms["treated"]:
        lines += [
            f"Expected of the contacted, 95 % interval in brackets: {_number(expected['saved'])} customers saved; "
            f"value {_money(expected['value'], money)}, cost {_money(expected['cost'], money)}, "
            f"profit {_money(expected['profit'], money)}.",
            "",
            _actions(facts, money),
            "",
        ]
        if facts["can_show"].get("is_enough"):
            lines += [facts["can_show"]["said"], ""]
    lines += [_solver(facts, money)]
    lines += [_limit(x, money) for x in facts["limits"]]
    lines += [f"  {p['said']}" for p in facts["prices"]]
    out = {c: n for c, n in facts["why"].items() if c != "chosen"}
    if out:
        width = max(len(format_count(n)) for n in out.values())
        lines += ["", "Not chosen:"]
        lines += [
            f"  {format_count(n).rjust(width)}  {_means(facts, c)}"
            for c, n in sorted(out.items(), key=lambda x: -x[1])
        ]
    lines += ["", "Effects:"]
    lines += [f"  {e['action']}: {e['said']}" for e in facts["effects"]]
    if facts["uplift"]:
        lines += [f"  {facts['uplift']}"]
    lines += [f"  {note}" for note in facts["notes"][:_SHOWN_NOTES]]
    return "\n".join(lines)


def _means(facts: dict[str, Any], code: str) -> str:
    """Return what a code means; of who has no score also why."""
    reasons = facts["no_score"]
    if code != "no-score" or not reasons:
        return str(facts["why_means"][code])
    if len(reasons) == 1:
        return f"no score: {next(iter(reasons))}"
    return "no score: " + "; ".join(f"{format_count(n)} {why}" for why, n in reasons.items())


def _actions(facts: dict[str, Any], money: str) -> str:
    rows = [
        [
            row["action"],
            row["channel"],
            format_count(row["treated"]),
            format_count(row["holdout"]),
            format_count(row["contacts"]),
            format_amount(row["cost"]["mean"], money),
            _number(row["saved"]),
            _money(row["profit"], money),
        ]
        for row in facts["by_action"]
    ]
    header = ["action", "channel", "customers", "held out", "contacts", "cost", "saved", "profit"]
    return table_text(header, rows, right=(2, 3, 4, 5))


def _solver(facts: dict[str, Any], money: str) -> str:
    solver = facts["solver"]
    if solver["gap"] < 1e-6:
        best = "no plan under these limits is expected to earn more"
    else:
        best = (
            f"no plan under these limits can earn more than {format_percent(solver['gap'], 3)} above it "
            f"(bound {format_amount(solver['bound'], money)})"
        )
    return f"Chosen by expected profit: {best}."


def _limit(row: dict[str, Any], money: str) -> str:
    if row["what"] == "budget":
        share = row["used"] / row["limit"] if row["limit"] else 0.0
        used, limit = (format_amount(row[k], money) for k in ("used", "limit"))
        return f"  budget: {used} of {limit} ({format_percent(share, 0)})"
    return (
        f"  {row['what']}: at most {format_count(row['used'])} of {format_count(row['limit'])}, "
        f"{_count(row['full_days'], 'full day')}; {format_count(row['contacts'])} contacts for "
        f"{format_count(row['places'])} places"
    )


def _number(figure: dict[str, float]) -> str:
    digits = 0 if abs(figure["mean"]) >= 100 else 1
    return _with_interval(figure, lambda x: f"{round(x, digits) + 0.0:,.{digits}f}")  # never -0


def _money(figure: dict[str, float], money: str) -> str:
    return _with_interval(figure, lambda x: format_amount(x, money))


def _with_interval(figure: dict[str, float], shown: Callable[[float], str]) -> str:
    mean, low, high = (figure[k] for k in ("mean", "low", "high"))
    if not low <= mean <= high:  # of a customer or two, of whom most likely nobody is saved
        return shown(mean)
    return f"{shown(mean)} [{shown(low)}, {shown(high)}]"


def _count(n: int, what: str) -> str:
    return f"{format_count(n)} {what}{'' if n == 1 else 's'}"
