"""The verdict of a night in three sentences, by plain rules from what the night wrote."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from churn.display import format_amount, format_count, format_percent
from churn.report.charts_retention import expected_interval

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_GOOD_AUC = 0.75  # from here the order of the list is called clear; below it rough


def three_sentences(summary: dict[str, Any], model: dict[str, Any] | None = None) -> tuple[str, str, str]:
    """Say what happened, who is at risk, and how far to believe it and what to do next.

    Parameters
    ----------
    summary : dict
        ``summary.json`` of a night.
    model : dict, optional
        Its ``model.json``.

    Returns
    -------
    tuple of str
        Retention and its change; the list and what is at stake; the model and the next step.

    Examples
    --------
    >>> for said in three_sentences({"population": 900, "at_risk": 40, "listed": 40, "currency": "£",
    ...     "value_at_stake_listed": 5000.0, "value_at_stake_all": 20000.0, "bands_listed": {"critical": 12},
    ...     "model": {"beats_baselines": True, "auc": 0.81}}):
    ...     print(said)
    The retention rate is not known: the data do not reach back far enough.
    40 of 900 active customers are at risk, with £5,000 at stake, 25 % of what is at stake in all.
    The model beats the simple baselines on later data (AUC 0.81): work the list from the top, the 12 critical first.
    """
    return _retention(summary.get("retention") or {}), _at_risk(summary), _belief(summary, model or {})


def _retention(outlook: dict[str, Any]) -> str:
    now, before = outlook.get("current"), outlook.get("previous")
    if not now:
        return "The retention rate is not known: the data do not reach back far enough."
    rate = now.get("retention_rate")
    if rate is None:
        return (
            f"There is no retention rate for {_period(now)}: nobody was active at its start; {format_count(now['E'])} "
            "were at its end."
        )
    said = f"Retention was {format_percent(rate)} in {_period(now)}"
    old = before.get("retention_rate") if before else None
    if old is not None:
        said += _change(now, before or {}, rate, old)
    expected = outlook.get("expected_retention_rate")
    if expected is not None:
        said += f"; {format_percent(expected)} is expected next{_interval(outlook)}"
    return f"{said}."


def _change(now: dict[str, Any], before: dict[str, Any], rate: float, old: float) -> str:
    points = round(100 * rate, 1) - round(100 * old, 1)  # what the two figures shown differ by
    if abs(points) < 0.05:
        return ", as in the period before"
    word = "more" if points > 0 else "less"
    noise = ", which is within the noise of so many customers" if _is_noise(now, before, rate, old) else ""
    return f", {abs(points):.1f} points {word} than the {format_percent(old)} before{noise}"


def _is_noise(now: dict[str, Any], before: dict[str, Any], rate: float, old: float) -> bool:
    """Return whether the 95 % interval of a change holds zero (Newcombe 1998, method 10: from both rates' intervals).

    Examples
    --------
    >>> three = {"rate_low": 0.21, "rate_high": 0.94}, {"rate_low": 0.44, "rate_high": 1.0}
    >>> _is_noise(*three, 2 / 3, 1.0)
    True
    """
    ends = [p.get(k) for p in (now, before) for k in ("rate_low", "rate_high")]
    if None in ends:
        return False
    low, high, old_low, old_high = (float(e) for e in ends)  # type: ignore[arg-type]
    reach = math.hypot(rate - low, old_high - old) if rate > old else math.hypot(high - rate, old - old_low)
    return abs(rate - old) <= reach


def _interval(outlook: dict[str, Any]) -> str:
    low, high = expected_interval(outlook)
    return "" if low is None else f" ({format_percent(low)} to {format_percent(high)})"


def _period(p: dict[str, Any]) -> str:
    """Say when a period was: its days and the day on which it ended.

    Examples
    --------
    >>> _period({"period_start": "2025-11-01", "period_end": "2025-12-31"})
    'the 60 days to 31 December 2025'
    """
    try:
        start, end = (dt.date.fromisoformat(str(p[k])[:10]) for k in ("period_start", "period_end"))
    except (KeyError, ValueError):
        return f"the period {p.get('period_start')} to {p.get('period_end')}"
    return f"the {(end - start).days} days to {end.day} {_MONTHS[end.month - 1]} {end.year}"


def _at_risk(summary: dict[str, Any]) -> str:
    population, count, listed = (int(summary.get(k) or 0) for k in ("population", "at_risk", "listed"))
    currency = str(summary.get("currency", ""))
    stake, whole = (float(summary.get(f"value_at_stake_{k}") or 0.0) for k in ("listed", "all"))
    what = "worth a contact" if (summary.get("listing") or {}).get("list_by") == "money" else "at risk"
    active = f"{format_count(population)} active customer{'' if population == 1 else 's'}"
    if count == 0:
        return f"Nobody of {active} is {what} by the rule that makes the list."
    verb = "is" if count == 1 else "are"
    said = f"{format_count(count)} of {active} {verb} {what}"
    share = f", {100 * stake / whole:.0f} % of what is at stake in all" if whole > 0 else ""
    if listed < count:
        return f"{said}; the {format_count(listed)} listed have {format_amount(stake, currency)} at stake{share}."
    return f"{said}, with {format_amount(stake, currency)} at stake{share}."


def _belief(summary: dict[str, Any], model: dict[str, Any]) -> str:
    facts = summary.get("model") or {}
    beats = facts.get("beats_baselines", model.get("beats_baselines"))
    auc = facts.get("auc")
    figure = "" if auc is None else f" (AUC {auc:.2f}{_sure(model)})"
    if beats is None:
        return "How far the model can be believed is not known: its figures are missing."
    if not beats:
        return (
            f"The model does not beat the simple baselines on later data{figure}: take the list as a hint, and train "
            "again with more history before money is spent on it."
        )
    warned = _backtest(model.get("backtest") or {})
    if warned:
        return (
            f"{warned}: take the list as a hint until that is settled; the section on the model tells more."
        )
    rough = auc is not None and auc < _GOOD_AUC
    head = f"The model beats the simple baselines on later data{figure}"
    if rough:
        head += ", though the order is rough"
    if not summary.get("listed"):
        return f"{head}: there is nothing to do tonight."
    critical = int((summary.get("bands_listed") or {}).get("critical", 0))
    by_money = (summary.get("listing") or {}).get("list_by") == "money"  # the critical are not at its top
    first = f", the {format_count(critical)} critical first" if critical > 1 and not by_money else ""
    return f"{head}: work the list from the top{first}{_percentages(model)}."


def _sure(model: dict[str, Any]) -> str:
    """Return the 95 % interval of the AUC, where ``model.json`` tells it."""
    found: Any = model
    for key in ("evaluation", "metrics", "model", "auc"):
        found = (found or {}).get(key)
    low, high = ((found or {}).get(side) for side in ("low", "high"))
    return "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"


def _backtest(backtest: dict[str, Any]) -> str:
    """Say what a backtest found that stands against the figures of the one held-out cutoff."""
    if any(str(w).startswith("SUSPECTED LEAK") for w in backtest.get("warnings") or []):
        return "The model's figures may be too good to be true, as the backtest suspects a signal of knowing the future"
    if str(backtest.get("verdict", "")).startswith("USE THE BASELINE"):
        return "The model beats the simple baselines on the newest data, yet not in the backtest at several cutoffs"
    return ""


def _percentages(model: dict[str, Any]) -> str:
    """Say where the order is good and the probabilities are not."""
    for said in model.get("verdict") or []:
        for wrong in ("high", "low"):
            if str(said).startswith(f"Its probabilities are too {wrong}"):
                return f", and go by the order, as the percentages are too {wrong}"
    return ""
