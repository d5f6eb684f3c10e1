"""What contacting did: treated against held out, as they were assigned, with an interval that covers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from churn.campaigns.statistics.adjust import Sides, adjustment, regress
from churn.display import Rendered, format_count, table_text
from churn.errors import NotEnoughDataError, ParameterError

LEAST_PER_ARM = 2
FEW = (
    10  # customers with, and without, an outcome of yes or no in each arm, below which no regression is asked
)
PER_COLUMN = 10  # customers of the smaller arm for each column that is adjusted for
BIG_SHARE = 0.1  # of an arm's money with one customer, from which it is told


@dataclass(frozen=True, slots=True, repr=False)
class Effect(Rendered):
    """The mean effect of being contacted on one outcome, per customer.

    Parameters
    ----------
    effect, low, high : float
        Treated less held out, in the outcome's unit, with its interval.
    standard_error : float
        Of the effect.
    treated_mean, holdout_mean : float
        Plain means of the arms; an adjusted effect is not exactly their difference.
    treated, holdout : int
        Customers with a known outcome.
    method : str
        How the interval was made, in words.
    variance_kept : float
        Variance of the adjusted effect as a share of the plain one's; 1 where nothing was adjusted.
    p_value : float
        The smallest `alpha` whose interval leaves out 0.
    alpha : float
        One less the interval's confidence.
    unknown_treated, unknown_holdout : int
        Customers of the arms without a known outcome.
    warnings : tuple of str
        What makes the interval less sure than it looks.
    """

    effect: float
    low: float
    high: float
    standard_error: float
    treated_mean: float
    holdout_mean: float
    treated: int
    holdout: int
    method: str
    variance_kept: float = 1.0
    p_value: float = 1.0
    alpha: float = 0.05
    unknown_treated: int = 0
    unknown_holdout: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    def total(self) -> tuple[float, float, float]:
        """Return the effect on all treated together, with its interval: the effect times their number."""
        return self.effect * self.treated, self.low * self.treated, self.high * self.treated

    def to_dict(self) -> dict[str, Any]:
        """Return the effect and its total as plain values."""
        total, low, high = self.total()
        plain = asdict(self) | {"warnings": list(self.warnings), "is_shown": self.is_shown}
        return plain | {"total": total, "total_low": low, "total_high": high}

    def render(self) -> str:
        """Return the effect in a table, with what must be known of it."""
        row = [_short(x) for x in (self.treated_mean, self.holdout_mean, self.effect, self.low, self.high)]
        sure = f"{100 * (1 - self.alpha):.4g} %"
        table = table_text(
            ["", "treated", "held out", "effect", f"low ({sure})", "high"],
            [
                ["mean", *row],
                ["customers", format_count(self.treated), format_count(self.holdout), "", "", ""],
            ],
            right=range(1, 6),
        )
        return "\n".join([table, f"Method: {self.method}.", *self.warnings])


def estimate(
    outcome: Any, treated: Any, covariates: Any = None, strata: Any = None, alpha: float = 0.05
) -> Effect:
    """Estimate what being assigned to the contact did (intention to treat).

    Parameters
    ----------
    outcome : array of float, shape (n_customers,)
        NaN where it is not known; those customers are counted and left out.
    treated : array of bool, shape (n_customers,)
        As assigned, whoever was then contacted.
    covariates : DataFrame or array, shape (n_customers,) or (n_customers, n_columns), optional
        Numbers known before the campaign, such as the score; the most telling first. An unknown one is its column's
        mean.
    strata : array, shape (n_customers,), optional
        Within which the arms were drawn.
    alpha : float, default 0.05
        One less the confidence.

    Returns
    -------
    Effect
        For these customers: no claim is made of others.

    Raises
    ------
    NotEnoughDataError
        An arm has fewer than 2 customers with a known outcome, or all have the same amount.
    ParameterError
        The arrays have different lengths, or `alpha` is not between 0 and 1.

    Notes
    -----
    The effect is the difference of the arms' intercepts in regressions of their own on the centred covariates and
    strata [1]_; without any it is the difference of the means. There is one column per 10 customers of the smaller arm
    at most. Its standard error is the larger of two: the arms' own (HC2; Welch's where nothing is adjusted) and that of
    residuals pooled over the arms. A small holdout that happened to have no big spender underrates its own spread: with
    the arms' own alone, intervals of money cover too seldom (``benchmarks/coverage.py --choose``). The degrees of
    freedom are Welch's and Satterthwaite's.

    Where fewer than 10 customers of an arm have, or do not have, an outcome of yes or no, nothing is adjusted and the
    interval is Newcombe's [2]_.

    References
    ----------
    .. [1] W. Lin (2013): Agnostic notes on regression adjustments to experimental data. Annals of Applied Statistics 7,
       295-318. With one covariate it is the CUPED of A. Deng et al. (2013), WSDM, 123-132.
    .. [2] R. G. Newcombe (1998): Interval estimation for the difference between independent proportions. Statistics in
       Medicine 17, 873-890, method 10.

    Examples
    --------
    >>> kept = [1] * 160 + [0] * 40 + [1] * 14 + [0] * 6
    >>> effect = estimate(kept, [True] * 200 + [False] * 20)
    >>> round(effect.effect, 2), round(effect.low, 2), round(effect.high, 2)
    (0.1, -0.07, 0.32)
    """
    if not 0 < alpha < 1:
        raise ParameterError(
            "The interval's `alpha` is not allowed", given=str(alpha), allowed="0 < alpha < 1"
        )
    y, t = np.asarray(outcome, dtype=float).ravel(), np.asarray(treated, dtype=bool).ravel()
    if len(y) != len(t):
        raise ParameterError(
            "Outcome and arms have different lengths", given=f"{len(y):,} and {len(t):,} customers"
        )
    known = np.isfinite(y)
    unknown = (int((~known & t).sum()), int((~known & ~t).sum()))
    n1, n0 = int((known & t).sum()), int((known & ~t).sum())
    if min(n1, n0) < LEAST_PER_ARM:
        raise NotEnoughDataError(
            "An effect needs customers of both arms whose outcome is known",
            given=f"{n1:,} treated, {n0:,} held out",
            allowed=f"{LEAST_PER_ARM} or more of each",
            fix="Wait for the outcomes, or hold out more: `churn campaign power` says how many.",
        )
    columns = adjustment(covariates, strata, known, t, per_column=PER_COLUMN)
    y, t = y[known], t[known]
    plain = regress(y, t, columns.none())
    common: dict[str, Any] = {
        "treated_mean": float(y[t].mean()),
        "holdout_mean": float(y[~t].mean()),
        "treated": n1,
        "holdout": n0,
        "alpha": alpha,
        "unknown_treated": unknown[0],
        "unknown_holdout": unknown[1],
    }
    if np.isin(y, (0.0, 1.0)).all():
        if has_few_events(y, t):
            events = (int(y[t].sum()), int(y[~t].sum()))
            low, high = newcombe(events[0], n1, events[1], n0, alpha)
            return Effect(
                effect=common["treated_mean"] - common["holdout_mean"],
                low=low,
                high=high,
                standard_error=plain.standard_error,
                method=f"difference of shares, Newcombe's interval: fewer than {FEW} of an arm on one side",
                p_value=_newcombe_p(events[0], n1, events[1], n0),
                **common,
            )
        warnings: tuple[str, ...] = ()
    else:
        if plain.standard_error == 0:
            raise NotEnoughDataError(
                "Everybody of an arm has the same outcome, so nothing can be told of chance",
                given=f"{common['treated_mean']:g} for each treated, {common['holdout_mean']:g} for each held out",
                fix="Measure another outcome.",
            )
        warnings = _big_spenders(y, t)
    sides = regress(y, t, columns.matrix) if columns.names else plain
    low, high = sides.interval(alpha)
    return Effect(
        effect=sides.effect,
        low=low,
        high=high,
        standard_error=sides.standard_error,
        method=_method(columns.names, sides),
        variance_kept=(sides.standard_error / plain.standard_error) ** 2 if plain.standard_error else 1.0,
        p_value=sides.p_value(),
        warnings=warnings,
        **common,
    )


def newcombe(yes_1: int, n_1: int, yes_0: int, n_0: int, alpha: float = 0.05) -> tuple[float, float]:
    """Return Newcombe's interval of a difference of shares, from Wilson's intervals of the two.

    Examples
    --------
    >>> [round(x, 4) for x in newcombe(56, 70, 48, 80)]  # the first example of his table II
    [0.0524, 0.3339]
    """
    from scipy.stats import norm

    z = float(norm.isf(alpha / 2))
    (low_1, high_1), (low_0, high_0) = _wilson(yes_1, n_1, z), _wilson(yes_0, n_0, z)
    p_1, p_0 = yes_1 / n_1, yes_0 / n_0
    return (
        p_1 - p_0 - math.hypot(p_1 - low_1, high_0 - p_0),
        p_1 - p_0 + math.hypot(high_1 - p_1, p_0 - low_0),
    )


def has_few_events(outcome: Any, treated: Any) -> bool:
    """Tell whether the outcome is yes or no, and fewer than 10 of an arm have the one or the other.

    Examples
    --------
    >>> has_few_events([1] * 12 + [0] * 12 + [1] * 15 + [0] * 9, [True] * 24 + [False] * 24)
    True
    """
    y, t = np.asarray(outcome, dtype=float).ravel(), np.asarray(treated, dtype=bool).ravel()
    known = np.isfinite(y)
    if not np.isin(y[known], (0.0, 1.0)).all():
        return False
    return min(int((y[known & arm] == value).sum()) for arm in (t, ~t) for value in (0, 1)) < FEW


@dataclass(frozen=True, slots=True)
class Several:
    """Effects of several groups or actions, judged together.

    Parameters
    ----------
    p_values : tuple of float
        Holm's, in the order of the effects.
    shown : tuple of bool
        Which leave out 0 when all are judged together.
    text : str
        How many would stand out by chance alone, in words.
    """

    p_values: tuple[float, ...]
    shown: tuple[bool, ...]
    text: str


def together(effects: Sequence[Effect], what: str = "groups") -> Several:
    """Judge several effects together: of many, some stand out by chance.

    Parameters
    ----------
    effects : sequence of Effect
        Of groups that were named before the outcomes were known.
    what : str
        What they are, in the plural.

    Notes
    -----
    S. Holm (1979): A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6,
    65-70.

    Examples
    --------
    >>> arms = [True] * 400 + [False] * 100
    >>> kept = [[1] * a + [0] * (400 - a) + [1] * 50 + [0] * 50 for a in (200, 204, 250)]
    >>> together([estimate(k, arms) for k in kept]).text
    'By themselves 1 of 3 groups stand out; by chance alone 0.2 would. Judged together (Holm): none.'
    """
    if not effects:
        return Several((), (), "")
    alpha, m = effects[0].alpha, len(effects)
    p = np.array([e.p_value for e in effects])
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(m, 0, -1)), 1)
    alone, held = int((p <= alpha).sum()), int((adjusted <= alpha).sum())
    text = (
        f"By themselves {alone or 'none'} of {m} {what} stand out; by chance alone {alpha * m:.1f} would. "
        f"Judged together (Holm): {held or 'none'}."
    )
    return Several(tuple(adjusted.tolist()), tuple((adjusted <= alpha).tolist()), text)


def _wilson(yes: int, n: int, z: float) -> tuple[float, float]:
    from scipy.special import ndtr
    from scipy.stats import binomtest

    interval = binomtest(yes, n).proportion_ci(confidence_level=1 - 2 * float(ndtr(-z)), method="wilson")
    return float(interval.low), float(interval.high)


def _newcombe_p(yes_1: int, n_1: int, yes_0: int, n_0: int) -> float:
    from scipy.optimize import brentq

    sign = 1 if yes_1 / n_1 >= yes_0 / n_0 else -1

    def edge(alpha: float) -> float:
        low, high = newcombe(yes_1, n_1, yes_0, n_0, alpha)
        return low if sign > 0 else -high

    smallest = 1e-12
    if edge(smallest) > 0:
        return smallest
    return 1.0 if edge(1 - 1e-9) <= 0 else float(brentq(edge, smallest, 1 - 1e-9))


def _method(names: tuple[str, ...], sides: Sides) -> str:
    error = "pooled standard error" if sides.is_pooled else "HC2 standard error"
    if not names:
        return f"difference of means, {error}"
    return f"difference of means adjusted for {', '.join(names)} (Lin 2013), {error}"


def _big_spenders(y: np.ndarray[Any, Any], t: np.ndarray[Any, Any]) -> tuple[str, ...]:
    """Say so where one customer has much of an arm's money."""
    said = []
    rest = []
    for arm, name in ((y[t], "treated"), (y[~t], "held out")):
        size = np.abs(arm)
        top, whole = int(size.argmax()), float(size.sum())
        rest.append(np.delete(arm, top).mean())
        if whole > 0 and size[top] / whole > max(BIG_SHARE, 5 / len(arm)):
            said.append(f"One customer has {100 * size[top] / whole:.0f} % of the outcome of the {name}")
    if not said:
        return ()
    without = float(rest[0] - rest[1])
    return (
        f"{' and one '.join(s if i == 0 else s[13:] for i, s in enumerate(said))}: the effect hangs on a few. "
        f"Without the largest of each arm it would be {_short(without)} per customer.",
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
