"""Whether the arms were alike before the campaign, and are as large as they were meant to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from churn.display import format_count, format_percent
from churn.errors import ParameterError

ALPHA = 0.001  # of checks that run on every campaign: one false alarm in a thousand
FAR = 0.25  # of a standard deviation, from which a difference is named


@dataclass(frozen=True, slots=True)
class Check:
    """What was found, in words.

    Parameters
    ----------
    code : str
        Stable, such as ``"sample_ratio"``.
    text : str
        A sentence or two.
    is_warning : bool
        Whether the effects are to be read with care, or not at all.
    figures : dict
        The numbers behind the words, as plain values.
    """

    code: str
    text: str
    is_warning: bool
    figures: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        return {
            "code": self.code,
            "text": self.text,
            "is_warning": self.is_warning,
            "figures": self.figures,
        }


def sample_ratio(treated: int, holdout: int, share: float) -> Check:
    """Compare the sizes of the arms with the planned share.

    Parameters
    ----------
    treated, holdout : int
        Customers of the arms who are measured.
    share : float
        Planned share of the holdout.

    Returns
    -------
    Check
        A warning where the exact binomial test has a p value below 0.001: somebody was lost or added on one side.

    Notes
    -----
    The draw itself keeps the share to within a customer, so a difference comes from what happened afterwards. See A.
    Fabijan et al. (2019): Diagnosing sample ratio mismatch in online controlled experiments. KDD, 2156-2164.

    Examples
    --------
    >>> sample_ratio(900, 100, 0.1).text
    '100 of 1,000 customers are held out (10.0 %), as planned (10.0 %).'
    >>> sample_ratio(900, 50, 0.1).is_warning
    True
    """
    from scipy.stats import binomtest

    _check_share(share)
    n = treated + holdout
    figures = {"treated": treated, "holdout": holdout, "planned_share": share}
    if n == 0:
        return Check("sample_ratio", "Nobody is measured.", True, figures)
    p_value = float(binomtest(holdout, n, share).pvalue)
    wrong = p_value < ALPHA
    text = (
        f"{format_count(holdout)} of {format_count(n)} customers are held out ({format_percent(holdout / n)})"
    )
    planned = format_percent(share)
    text += (
        f", where {planned} were planned: chance does that less than once in 1,000. Customers were lost or added on "
        "one side; do not trust the effects before it is known why."
        if wrong
        else f", as planned ({planned})."
    )
    return Check("sample_ratio", text, wrong, {**figures, "share": holdout / n, "p_value": p_value})


def covariates(before: pd.DataFrame, treated: Any, strata: Any = None) -> Check:
    """Compare what was known of the arms before the campaign.

    Parameters
    ----------
    before : pandas.DataFrame, shape (n_customers, n_columns)
        Numbers; an unknown one is its column's mean.
    treated : array of bool, shape (n_customers,)
        The arms.
    strata : array, shape (n_customers,), optional
        Within which they were drawn; they are compared within them.

    Returns
    -------
    Check
        A warning where the joint test has a p value below 0.001. The figures name each column's difference in standard
        deviations.

    Raises
    ------
    ParameterError
        The rows do not match.

    Notes
    -----
    B. B. Hansen, J. Bowers (2008): Covariate balance in simple, stratified and clustered comparative studies.
    Statistical Science 23, 219-236: the differences within strata, squared, in terms of their covariance over all
    drawings that could have been; chi-squared with as many degrees of freedom as columns tell different things.

    Examples
    --------
    >>> import pandas as pd
    >>> covariates(pd.DataFrame({"score": [0.1, 0.2, 0.3, 0.4] * 50}), [True, True, False, True] * 50).is_warning
    True
    """
    from scipy.stats import chi2

    t = np.asarray(treated, dtype=bool).ravel()
    if len(before) != len(t):
        raise ParameterError("The rows do not match", given=f"{len(before):,} and {len(t):,} customers")
    if not t.any() or t.all() or before.shape[1] == 0:
        return Check(
            "covariates",
            "Nothing can be compared: an arm is empty, or nothing was known before.",
            False,
            {"differences": {}},
        )
    x = before.to_numpy(dtype=float)
    x = np.where(np.isfinite(x), x, np.nan)
    means = np.array([np.nanmean(c) if np.isfinite(c).any() else 0.0 for c in x.T])
    x = np.where(np.isnan(x), means, x)
    spread = x.std(axis=0)
    used = spread > 1e-12 * np.abs(means)
    z = (x[:, used] - means[used]) / spread[used]
    sizes = dict(
        zip(before.columns[used].astype(str), (z[t].mean(axis=0) - z[~t].mean(axis=0)).tolist(), strict=True)
    )
    statistic, degrees = _joint(z, t, strata)
    p_value = float(chi2.sf(statistic, degrees)) if degrees else 1.0
    wrong = p_value < ALPHA
    far = sorted((name for name in sizes if abs(sizes[name]) >= FAR), key=lambda k: -abs(sizes[k]))
    named = ", ".join(f"{name} ({sizes[name]:+.2f} standard deviations)" for name in far[:5])
    if wrong:
        text = (
            "Before the campaign the arms differ by more than chance explains "
            f"(once in 1,000){': ' + named if named else ''}. Look whether the arms were kept as they were drawn."
        )
    else:
        text = "Before the campaign the arms were alike, as far as chance goes."
        text += f" By chance they differ in {named}; the adjusted effects take that out." if named else ""
    return Check("covariates", text, wrong, {"differences": sizes, "p_value": p_value})


def _joint(z: np.ndarray[Any, Any], t: np.ndarray[Any, Any], strata: Any) -> tuple[float, int]:
    """Return Hansen's and Bowers' statistic and its degrees of freedom."""
    codes = (
        np.zeros(len(t), dtype=int)
        if strata is None
        else pd.factorize(pd.Series(np.asarray(strata, dtype=object).ravel()), use_na_sentinel=False)[0]
    )
    if len(codes) != len(t):
        raise ParameterError("The rows do not match", given=f"{len(codes):,} strata, {len(t):,} customers")
    k = z.shape[1]
    summed, covariance = np.zeros(k), np.zeros((k, k))
    for code in range(int(codes.max()) + 1):
        rows = codes == code
        n, n1 = int(rows.sum()), int((rows & t).sum())
        if n1 in (0, n):
            continue
        centred = z[rows] - z[rows].mean(axis=0)
        summed += centred[t[rows]].sum(axis=0)
        covariance += n1 * (n - n1) / (n * (n - 1)) * (centred.T @ centred)
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-9 * max(float(values.max(initial=0.0)), 1e-300)
    return float(((vectors[:, kept].T @ summed) ** 2 / values[kept]).sum()), int(kept.sum())


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise ParameterError("The planned share is not allowed", given=str(share), allowed="0 < share < 1")
