"""How small an effect a campaign can show, and how many must be held out for it, before anyone starts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from churn.campaigns.sizing.result import Power, Shown, points
from churn.display import format_count, format_percent
from churn.errors import ParameterError

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
LEAST_HELD = 2
MANY = 1_000_000_000  # customers: more are not searched for


def power(
    customers: int,
    base_rate: float,
    *,
    share: float = 0.1,
    effect: float | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    variance_kept: float = 1.0,
    amounts: Mapping[str, tuple[float, float]] | None = None,
    profit: float | None = None,
    currency: str = "",
    notes: tuple[str, ...] = (),
    is_plan: bool = False,
) -> Power:
    """Tell how small an effect can be shown, and what it takes to show the expected one.

    Parameters
    ----------
    customers : int
        Who would be contacted, were nobody held out.
    base_rate : float
        Share of them who leave when left alone, between 0 and 1.
    share : float, default 0.1
        Held out.
    effect : float, optional
        Expected reduction of that rate; 0.02 for 2 points.
    power : float, default 0.8
        Wanted chance of showing an effect.
    alpha : float, default 0.05
        One less the interval's confidence.
    variance_kept : float, default 1
        Of the plain variance, after adjusting for what was known before: one less the share that the score explains.
    amounts : mapping of str to (float, float), optional
        Mean and standard deviation per customer of orders, net value and so on, over the horizon.
    profit : float, optional
        Expected profit of contacting a customer: what holding out one costs.
    currency : str
        Before amounts.
    notes : tuple of str
        Where the numbers come from.
    is_plan : bool, default False
        Whether the effect is a plan's.

    Returns
    -------
    Power
        What shows with each share, and what it would take.

    Raises
    ------
    ParameterError
        A number is not allowed.

    Notes
    -----
    An effect ``d`` is shown with the chance ``Phi((d - z s_0) / s_1)``, where ``z`` is the normal quantile of ``1 -
    alpha / 2``, ``s_0`` the effect's standard error were there none, and ``s_1`` the one with it [1]_. Both are those
    of shares, times the root of `variance_kept`; those of amounts are the same with and without an effect. The smaller
    arm decides: half and half shows most, and its standard error is 0.6 times that of one tenth held out.

    References
    ----------
    .. [1] J. L. Fleiss, B. Levin, M. C. Paik (2003): Statistical Methods for Rates and Proportions, third edition,
       chapter 4.

    Examples
    --------
    >>> answer = power(632, 0.4, share=0.1, effect=0.021)
    >>> round(answer.now.smallest, 3), round(answer.now.chance, 2), answer.campaigns
    (0.167, 0.05, 75)
    """
    _check(customers, base_rate, share, effect, power, alpha, variance_kept, amounts)
    held = tuple(sorted({*SHARES, share}))
    amounts = dict(amounts or {})

    def chance_of(d: float, n: float, part: float) -> float:
        return _chance(d, n, part, base_rate, variance_kept, alpha)

    shown = tuple(
        Shown(
            share=s,
            holdout=round(s * customers),
            smallest=_smallest(chance_of, customers, s, base_rate, power),
            amounts=_amounts(amounts, customers, s, power, alpha),
            chance=None if effect is None else chance_of(effect, customers, s),
            forgone=None if profit is None else profit * s * customers,
        )
        for s in held
    )
    needed_share = needed_customers = campaigns = None
    if effect is not None:
        needed_share = _least(lambda s: chance_of(effect, customers, s), 1e-4, 0.5, power)
        found = _least(lambda n: chance_of(effect, n, share), LEAST_HELD / min(share, 1 - share), MANY, power)
        needed_customers = None if found is None else math.ceil(found)
        campaigns = None if needed_customers is None else math.ceil(needed_customers / customers)
    now = next(s for s in shown if s.share == share)
    said = _said(customers, share, effect, power, now, needed_share, needed_customers, campaigns)
    said = said if is_plan else said.replace("The plan expects", "Expected are", 1)
    return Power(
        customers=customers,
        base_rate=base_rate,
        share=share,
        effect=effect,
        power=power,
        alpha=alpha,
        variance_kept=variance_kept,
        shares=shown,
        needed_share=needed_share,
        needed_customers=needed_customers,
        campaigns=campaigns,
        said=said,
        notes=notes,
        currency=currency,
        amounts=amounts,
    )


def _chance(d: float, n: float, share: float, base: float, kept: float, alpha: float) -> float:
    """Return the chance of showing a reduction `d` of the rate with `n` customers."""
    from scipy.stats import norm

    n0, n1 = share * n, (1 - share) * n
    if min(n0, n1) < LEAST_HELD:
        return 0.0
    lower = max(base - d, 0.0)
    middle = (n1 * lower + n0 * base) / n
    none = math.sqrt(kept * middle * (1 - middle) * (1 / n1 + 1 / n0))
    some = math.sqrt(kept * (lower * (1 - lower) / n1 + base * (1 - base) / n0))
    return float(norm.cdf((d - norm.isf(alpha / 2) * none) / some))


def _smallest(
    chance_of: Callable[[float, float, float], float], n: int, share: float, base: float, power: float
) -> float | None:
    return _least(lambda d: chance_of(d, n, share), 1e-9, base, power)


def _least(rises: Callable[[float], float], low: float, high: float, wanted: float) -> float | None:
    """Return the smallest argument at which a function that rises reaches a value; None where it does not."""
    from scipy.optimize import brentq

    if low >= high or rises(high) < wanted:
        return None
    if rises(low) >= wanted:
        return low
    return float(brentq(lambda x: rises(x) - wanted, low, high, xtol=1e-9, rtol=1e-9))


def _amounts(
    amounts: Mapping[str, tuple[float, float]], n: int, share: float, power: float, alpha: float
) -> dict[str, float]:
    from scipy.stats import norm

    n0, n1 = share * n, (1 - share) * n
    if min(n0, n1) < LEAST_HELD:
        return {}
    reach = float(norm.isf(alpha / 2) + norm.ppf(power))
    return {name: reach * sd * math.sqrt(1 / n1 + 1 / n0) for name, (_, sd) in amounts.items()}


def _said(
    customers: int,
    share: float,
    effect: float | None,
    power: float,
    now: Shown,
    needed_share: float | None,
    needed_customers: int | None,
    campaigns: int | None,
) -> str:
    whole = f"with {format_percent(share)} held out of {format_count(customers)}"
    if now.smallest is None:
        can = f"{whole} no effect can be shown, not even if everybody were saved"
    else:
        can = f"{whole} the smallest effect that shows is {points(now.smallest)}"
    if effect is None:
        return can[0].upper() + can[1:] + "."
    start = f"The plan expects {points(effect)}; {can}."
    if now.chance is not None and now.chance >= power:
        return f"{start} So it will show with a chance of {format_percent(now.chance, 0)}."
    ways = []
    if needed_share is not None:
        ways.append(f"hold out {format_percent(needed_share, 0)}")
    if campaigns is not None and campaigns > 1:
        ways.append(f"measure {format_count(campaigns)} campaigns like it together")
    if needed_customers is not None:
        ways.append(f"contact {format_count(needed_customers)} customers")
    if needed_share is None:
        start += " No share of these customers shows it."
    return f"{start} To show it: {', or '.join(ways)}." if ways else start


def _check(
    customers: int,
    base_rate: float,
    share: float,
    effect: float | None,
    power: float,
    alpha: float,
    variance_kept: float,
    amounts: Mapping[str, tuple[float, float]] | None,
) -> None:
    if customers < 1:
        raise ParameterError(
            "There is nobody to contact",
            given=f"{customers:,} customers",
            allowed="1 or more",
            fix="Give the number of customers who would be contacted.",
        )
    inside = {"base rate": base_rate, "held-out share": share, "wanted chance": power, "alpha": alpha}
    for name, value in inside.items():
        if not 0 < value < 1:
            raise ParameterError(
                f"The {name} is not allowed",
                given=f"{value:g}",
                allowed="between 0 and 1",
                fix="Give it as a share: 0.1 for 10 %.",
            )
    if power <= alpha:
        raise ParameterError(
            "The wanted chance must be above alpha", given=f"{power:g} and {alpha:g}", fix="Try 0.8 and 0.05."
        )
    if not 0 < variance_kept <= 1:
        raise ParameterError(
            "The kept variance is not allowed",
            given=f"{variance_kept:g}",
            allowed="above 0, 1 at most",
            fix="Give 1 where nothing is adjusted for.",
        )
    if effect is not None and not 0 < effect <= base_rate:
        raise ParameterError(
            "The expected effect is not allowed",
            given=f"{effect:g}",
            allowed=f"above 0, and at most the base rate {base_rate:g}: nobody more can be saved",
            fix="Give it as a share: 0.02 for 2 points.",
        )
    for name, (_, sd) in (amounts or {}).items():
        if not sd >= 0 or math.isinf(sd):
            raise ParameterError(
                f"The standard deviation of {name} is not allowed",
                given=f"{sd:g}",
                fix="Give a number from 0, or leave the amount out.",
            )
