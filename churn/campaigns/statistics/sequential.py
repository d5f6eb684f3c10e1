"""Looking before the end: intervals that hold at every look, and the days on which one may look."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from churn.campaigns.statistics.effects import Effect, estimate, has_few_events
from churn.errors import NotEnoughDataError, ParameterError

EVERY_DAYS = 7
LEAST_BOTH_SIDES = 20  # customers of each arm before the first look of a growing number of customers


def look_days(horizon_days: int, every_days: int = EVERY_DAYS) -> tuple[int, ...]:
    """Return the days after the start on which a campaign may be looked at; the last is the horizon.

    Examples
    --------
    >>> look_days(30)
    (7, 14, 21, 30)
    """
    if min(horizon_days, every_days) < 1:
        raise ParameterError(
            "Looks need a horizon and a distance of a day or more",
            given=f"{horizon_days} and {every_days} days",
        )
    last = horizon_days - (every_days + 1) // 2  # no look just before the end
    return (*range(every_days, last + 1, every_days), horizon_days)


def last_look(observed_days: int, horizon_days: int, every_days: int = EVERY_DAYS) -> int | None:
    """Return the newest of the `look_days` that is over; None before the first.

    Examples
    --------
    >>> last_look(16, 30), last_look(3, 30)
    (14, None)
    """
    over = [d for d in look_days(horizon_days, every_days) if d <= observed_days]
    return over[-1] if over else None


def always_valid(
    outcome: Any,
    treated: Any,
    covariates: Any = None,
    strata: Any = None,
    alpha: float = 0.05,
    *,
    looks: int | None = None,
    planned: int | None = None,
) -> Effect:
    """Estimate an effect with an interval that may be looked at again and again.

    One of `looks` and `planned` says what changes between the looks.

    Parameters
    ----------
    outcome, treated, covariates, strata, alpha
        As for `churn.campaigns.statistics.effects.estimate`.
    looks : int, optional
        The same customers are looked at on this many days, fixed beforehand (`look_days`), each time with what they did
        up to that day. Over all looks together the chance that any interval misses its day's effect is `alpha` at most.
    planned : int, optional
        Ever more customers are looked at, each with a finished outcome, as from campaigns that end one after another.
        Any number of looks; the interval is narrowest around this many customers.

    Returns
    -------
    Effect
        Its p value is valid at every look too.

    Raises
    ------
    ParameterError
        Neither or both of `looks` and `planned` are given.
    NotEnoughDataError
        As for `estimate`; with `planned` also where the numbers are too small for an interval that rests on large ones.

    Notes
    -----
    With `looks` each interval has the confidence ``1 - alpha / looks`` (Bonferroni). One campaign's customers enter
    together, so from look to look no customer is added: what luck of the draw gave one arm stays there. The theory of
    sequences, in which each look adds independent customers, does not hold for that; Bonferroni's bound holds whatever
    the dependence (docs/decisions/0015).

    With `planned` it is the asymptotic confidence sequence of [1]_, theorem 2.2, on the adjusted estimate: the standard
    error times ``sqrt((x + 1) / x * (log(x + 1) - 2 log(alpha)))`` with ``x = n rho**2``; ``rho`` gives the smallest
    factor at ``n = planned``.

    References
    ----------
    .. [1] I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas (2024): Time-uniform central limit theory and
       asymptotic confidence sequences. Annals of Statistics 52, 2613-2640.

    Examples
    --------
    >>> kept, arms = [1] * 160 + [0] * 40 + [1] * 30 + [0] * 20, [True] * 200 + [False] * 50
    >>> often, ever = always_valid(kept, arms, looks=4), always_valid(kept, arms, planned=250)
    >>> for effect in (estimate(kept, arms), often, ever):
    ...     print(round(effect.low, 2), round(effect.high, 2))
    0.05 0.35
    0.01 0.39
    -0.03 0.43
    """
    if (looks is None) == (planned is None):
        raise ParameterError(
            "Looking early is safe only when it was said before how",
            given="neither or both of looks and planned",
            fix="Give looks, the number of days fixed beforehand, or planned, the number of customers expected.",
        )
    if looks is not None:
        if looks < 1:
            raise ParameterError("There must be a look", given=str(looks), allowed="1 or more")
        effect = estimate(outcome, treated, covariates, strata, alpha / looks)
        said = f"{effect.method}; holds at each of {looks} looks" if looks > 1 else effect.method
        return replace(effect, alpha=alpha, p_value=min(effect.p_value * looks, 1.0), method=said)
    effect = estimate(outcome, treated, covariates, strata, alpha)
    assert planned is not None
    _check_sizes(effect, outcome, treated, planned)
    n = effect.treated + effect.holdout
    half = mixture_factor(n, planned, alpha) * effect.standard_error
    return replace(
        effect,
        low=effect.effect - half,
        high=effect.effect + half,
        p_value=_p_value(abs(effect.effect) / effect.standard_error, n, planned, alpha),
        method=f"{effect.method}; holds at every look",
    )


def mixture_factor(n: int, planned: int, alpha: float) -> float:
    """Return by how many standard errors the interval of a growing number of customers reaches out.

    Examples
    --------
    >>> [round(mixture_factor(n, 1000, 0.05), 2) for n in (100, 1000, 10000)]
    [3.82, 3.04, 3.25]
    """
    x = n * _rho_2(planned, alpha)
    return math.sqrt((x + 1) / x * (math.log1p(x) - 2 * math.log(alpha)))


def _rho_2(planned: int, alpha: float) -> float:
    # S. R. Howard et al. (2021), Annals of Statistics 49, 1055-1080: the factor is smallest at `planned`.
    from scipy.special import lambertw

    return (-float(np.real(lambertw(-(alpha**2) / math.e, -1))) - 1) / planned


def _p_value(size: float, n: int, planned: int, alpha: float) -> float:
    """Return the smallest level whose interval, with the same ``rho``, leaves out 0."""
    x = n * _rho_2(planned, alpha)
    return min(1.0, math.exp(0.5 * (math.log1p(x) - size**2 * x / (x + 1))))


def _check_sizes(effect: Effect, outcome: Any, treated: Any, planned: int) -> None:
    if planned < 1:
        raise ParameterError("The planned number of customers is not allowed", given=str(planned))
    few = min(effect.treated, effect.holdout) < LEAST_BOTH_SIDES
    if few or has_few_events(outcome, treated):
        raise NotEnoughDataError(
            "These are too few to look at early: the interval that holds at every look rests on larger numbers",
            given=f"{effect.treated:,} treated, {effect.holdout:,} held out",
            allowed=f"{LEAST_BOTH_SIDES} or more of each, and 10 or more with, and without, an outcome of yes or no",
            fix="Wait for more customers.",
        )
