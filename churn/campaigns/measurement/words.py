"""What a measurement says first, in a sentence or two that claim no more than was shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churn.campaigns.measurement.contrast import Contrast
from churn.campaigns.statistics.sequential import look_days
from churn.display import format_amount, format_count

POWER_FACTOR = 2.8016  # 1.96 + 0.84: two-sided 5 %, power 80 %


def of_hundred(share: float) -> str:
    """Write a share as so many of 100 customers.

    Examples
    --------
    >>> of_hundred(0.031), of_hundred(-0.4), of_hundred(0.0004)
    ('3.1', '-40', '0.04')
    """
    value = 100 * share
    digits = 0 if abs(value) >= 10 else 1 if abs(value) >= 0.1 or value == 0 else 2
    return f"{value:.{digits}f}"


def visible(main: Contrast | None, expected: float | None, share: float) -> dict[str, Any]:
    """Tell the smallest effect on the share kept that could be shown, and how many customers another would need.

    Parameters
    ----------
    main : Contrast or None
        The comparison of the share kept.
    expected : float or None
        The effect that the plan expected, as a share.
    share : float
        Of the customers who are held out.

    Returns
    -------
    dict
        ``smallest`` (a share), ``needed`` (customers, None where not asked), ``said``.

    Notes
    -----
    With a standard error s, a two-sided test at 5 % shows an effect of (1.96 + 0.84) s four times in five; s shrinks
    with the square root of the customers (Bloom, 1995, "Minimum detectable effects").

    Examples
    --------
    >>> main = Contrast("retained", "plain", treated=108, holdout=12, effect=0.05, low=-0.23, high=0.33)
    >>> print(visible(main, 0.02, 0.1)["said"])
    A holdout of 12 customers shows only effects above 40 of 100. To show the 2.0 of 100 that the plan expected, ...
    """
    if main is None or main.low is None or main.high is None:
        return {}
    error = (main.high - main.low) / (2 * 1.959964)
    smallest = POWER_FACTOR * error
    said = f"A holdout of {_customers(main.holdout)} shows only effects above {of_hundred(smallest)} of 100."
    needed = None
    if expected is not None and 0 < expected < smallest:
        everybody = main.treated + main.holdout
        needed = round(everybody * (smallest / expected) ** 2, -2 if everybody > 1000 else -1)
        said += (
            f" To show the {of_hundred(expected)} of 100 that the plan expected, some {format_count(needed)} customers "
            f"with {100 * share:.0f} % held out would be needed, in one campaign or in several measured together; "
            f"there are {format_count(everybody)}."
        )
    return {"smallest": smallest, "needed": needed, "said": said}


def too_early(start: str, as_of: str, horizon_days: int, needs_until: str) -> str:
    """Say that nothing may be looked at yet."""
    first = look_days(horizon_days)[0]
    look = f" It may first be looked at after {first} days." if first < horizon_days else ""
    return (
        f"Not enough data yet: the campaign begins on {start}, and what is known ends on {as_of}.{look} "
        f"The result needs data until {needs_until}."
    )


def too_few(arms: Mapping[str, Mapping[str, Any]]) -> str:
    """Say that an arm has too few customers with a known outcome."""
    short = [name for name in ("treated", "holdout") if (arms.get(name, {}).get("known") or 0) < 2]
    who = {"treated": "to be contacted", "holdout": "to be left alone"}
    counts = " and ".join(f"{format_count(arms.get(n, {}).get('known') or 0)} {who[n]}" for n in short)
    return (
        f"Not enough data: of the customers meant {counts} the outcome is known, and a comparison needs at least 2 in "
        "each arm. Hold out more, or measure several campaigns together."
    )


def headline(
    effects: tuple[Contrast, ...],
    *,
    spent: Mapping[str, Any],
    seen: Mapping[str, Any],
    currency: str,
    interim: tuple[int, int, str] | None,
) -> str:
    """Say the result.

    Parameters
    ----------
    effects : tuple of Contrast
        Over all; the main ones are spoken of.
    spent : mapping
        ``spent`` of the measurement.
    seen : mapping
        What `visible` told.
    currency : str
        What stands before amounts.
    interim : tuple of (int, int, str), optional
        Days seen, days of the horizon, and the day until which data are needed, where the horizon is not over.
    """
    main = {e.measure: e for e in effects if e.main}
    kept, value = main.get("retained"), main.get("net_value")
    parts = []
    if interim is not None:
        days, horizon, until = interim
        parts.append(f"Day {days} of {horizon}; the result needs data until {until}.")
    if kept is not None:
        parts.append(_kept(kept, early=interim is not None))
    if value is not None:
        parts.append(_value(value, currency, early=interim is not None))
    if spent.get("spent") is not None:
        parts.append(f"Spent: {format_amount(spent['spent'], currency)}.")
    if seen.get("said") and (kept is None or not _shown(kept, early=interim is not None)):
        parts.append(seen["said"])
    return " ".join(parts)


def _ends(e: Contrast, *, early: bool) -> tuple[float, float] | None:
    if early:
        return (e.always_valid["low"], e.always_valid["high"]) if e.always_valid else None
    return None if e.low is None or e.high is None else (e.low, e.high)


def _shown(e: Contrast, *, early: bool) -> bool:
    ends = _ends(e, early=early)
    return ends is not None and (ends[0] > 0 or ends[1] < 0)


def _kept(e: Contrast, *, early: bool) -> str:
    ends, mark = _ends(e, early=early), "95 %, at any look" if early else "95 %"
    if ends is None or e.effect is None:
        return "No effect can be shown" + (" yet." if early else ".")
    low, high = (of_hundred(v) for v in ends)
    if not _shown(e, early=early):
        return (
            f"No effect can be shown{' yet' if early else ''}: of 100 customers, between {low} and {high} more stayed "
            f"because of the contact ({mark})."
        )
    people = ""
    if not early and e.total is not None and e.total_low is not None and e.total_high is not None:
        count = [format_count(abs(v)) for v in (e.total, e.total_low, e.total_high)]
        ordered = count[1:] if e.effect > 0 else count[:0:-1]
        people = f", {count[0]} customers in all ({ordered[0]} to {ordered[1]})"
    if e.effect > 0:
        return (
            f"Of 100 customers, contacting kept {of_hundred(e.effect)} who would have left ({mark}: {low} to {high})"
            f"{people}."
        )
    back = [of_hundred(-v) for v in (e.effect, ends[1], ends[0])]
    return (
        f"Contacting did harm: of 100 customers, {back[0]} left who would have stayed ({mark}: {back[1]} to {back[2]})"
        f"{people}."
    )


def _value(e: Contrast, currency: str, *, early: bool) -> str:
    ends = _ends(e, early=early)
    if ends is None or e.effect is None:
        return ""
    if early or e.total is None or e.total_low is None or e.total_high is None:
        middle, low, high, each = e.effect, *ends, " per customer"
    else:
        middle, low, high, each = e.total, e.total_low, e.total_high, ""
    span = f"{format_amount(low, currency)} to {format_amount(high, currency)}"
    if low <= 0 <= high:
        return f"In net value nothing can be shown: {span}{each}."
    more = "more" if middle > 0 else "less"
    return f"Net value: {format_amount(abs(middle), currency)} {more}{each} ({span})."


def _customers(n: int) -> str:
    return f"{format_count(n)} customer{'' if n == 1 else 's'}"
