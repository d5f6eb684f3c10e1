"""The plan's forecast beside what came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn.campaigns.measurement.contrast import Contrast
from churn.display import format_amount, format_count

_WHAT = {
    "contacts": "contacts",
    "cost": "cost",
    "saved": "customers kept",
    "value": "value kept",
    "profit": "profit",
}
_MONEY = ("cost", "value", "profit")
# Not `value`: the plan counts the spend of those who are saved, and what came counts everybody's net value.
WHY = (
    "The save chances of a plan are assumptions until a holdout measured them; and the plan counts the worth of those "
    "who are saved, while what came is the net value of everybody within the horizon."
)


def beside(
    expected: Mapping[str, Any],
    came: Mapping[str, tuple[float | None, float | None, float | None]],
    currency: str,
) -> tuple[dict[str, Any], ...]:
    """Set what a plan expected beside what came.

    Parameters
    ----------
    expected : mapping
        ``expected`` of ``plan.json``: by quantity, ``mean``, ``low`` and ``high``.
    came : mapping of str to tuple of float
        By quantity what came, and the ends of its interval where it has one.
    currency : str
        What stands before amounts.

    Returns
    -------
    tuple of dict
        ``what``, ``expected``, ``low``, ``high``, ``came``, ``came_low``, ``came_high``, ``fits`` (whether the
        intervals overlap; None where there is none), ``text``.

    Examples
    --------
    >>> row, = beside({"saved": {"mean": 30, "low": 20, "high": 41}}, {"saved": (21, 3, 40)}, "")
    >>> row["text"]
    'customers kept: 21 (3 to 40) came, 30 (20 to 41) were expected; both may be true.'
    """
    rows = []
    for what, name in _WHAT.items():
        if what not in expected or what not in came or came[what][0] is None:
            continue
        mean, low, high = _three(expected[what])
        got, got_low, got_high = came[what]
        if mean is None or got is None:
            continue
        fits = None
        if low is not None and high is not None:
            bottom, top = (got, got) if got_low is None or got_high is None else (got_low, got_high)
            fits = bottom <= high and top >= low
        end = ""
        if fits is not None:
            same = "; as expected" if got_low is None else "; both may be true"
            end = same if fits else "; more than expected" if got > mean else "; less than expected"
        rows.append(
            {
                "what": what,
                "name": name,
                "expected": mean,
                "low": low,
                "high": high,
                "came": got,
                "came_low": got_low,
                "came_high": got_high,
                "fits": fits,
                "text": f"{name}: {_span(what, came[what], currency)} came, "
                f"{_span(what, (mean, low, high), currency)} were expected{end}.",
            }
        )
    return tuple(rows)


def what_came(
    spent: Mapping[str, Any], kept: Contrast | None, value: Contrast | None, margin: float
) -> dict[str, tuple[float | None, float | None, float | None]]:
    """Return what came, in the quantities of a plan's forecast."""
    out: dict[str, tuple[float | None, float | None, float | None]] = {}
    if spent:
        out |= {"contacts": (spent["contacts"], None, None), "cost": (spent["spent"], None, None)}
    if kept is not None:
        out["saved"] = (kept.total, kept.total_low, kept.total_high)
    if value is not None and value.total is not None:
        ends = (value.total, value.total_low, value.total_high)
        out["value"] = tuple(None if v is None else margin * v for v in ends)  # type: ignore[assignment]
        cost = spent.get("spent", 0.0) if spent else 0.0
        out["profit"] = tuple(None if v is None else margin * v - cost for v in ends)  # type: ignore[assignment]
    return out


def profit(value: Contrast | None, spent: Mapping[str, Any], margin: float, currency: str) -> dict[str, Any]:
    """Return the profit: margin on the difference in net value, less what was spent; empty where it is not known."""
    if value is None or value.total is None or value.total_low is None or value.total_high is None:
        return {}
    cost = spent.get("spent") or 0.0
    middle, low, high = (margin * v - cost for v in (value.total, value.total_low, value.total_high))
    span = f"{format_amount(low, currency)} to {format_amount(high, currency)}"
    if low > 0:
        said = f"The campaign paid: {format_amount(middle, currency)} (95 %: {span})"
    elif high < 0:
        said = f"The campaign lost money: {format_amount(middle, currency)} (95 %: {span})"
    else:
        said = f"Whether the campaign paid cannot be said: {span} (95 %)"
    of = "" if margin == 1 else f" of which {100 * margin:.0f} % is earned,"
    return {
        "value": middle,
        "low": low,
        "high": high,
        "margin": margin,
        "said": f"{said}; the difference in net value within the horizon,{of} less what was spent.",
    }


def _three(given: Any) -> tuple[float | None, float | None, float | None]:
    if isinstance(given, Mapping):
        return given.get("mean"), given.get("low"), given.get("high")
    return given, None, None


def _span(what: str, values: tuple[Any, Any, Any], currency: str) -> str:
    def text(v: float) -> str:
        return format_amount(v, currency) if what in _MONEY else format_count(v)

    middle, low, high = values
    if low is None or high is None or text(low) == text(middle) == text(high):
        return text(middle)
    return f"{text(middle)} ({text(low)} to {text(high)})"
