"""What happened to the arms after the draw: contacts that should not have been, and outcomes that are missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churn.campaigns.holdout import HOLDOUT, TREATED
from churn.campaigns.statistics.balance import ALPHA, Check
from churn.display import format_count, format_percent
from churn.errors import ParameterError

MUCH_MISSING = 0.05


def contamination(
    assignments: pd.DataFrame, contacted: Any, elsewhere: Any = (), *, is_delivered: bool = True
) -> list[Check]:
    """Tell which customers were not handled as they were assigned.

    Parameters
    ----------
    assignments : pandas.DataFrame
        Columns customer and arm; other arms than treated and holdout are left out.
    contacted : iterable
        Ids of customers with a contact of this campaign that was sent.
    elsewhere : iterable
        Ids of customers with a contact of another campaign within the window.
    is_delivered : bool, default True
        Whether the campaign's contacts were to be sent by now.

    Returns
    -------
    list of Check
        Codes ``holdout_contacted``, ``treated_without_contact`` and ``other_campaigns``. Effects stay those of the
        assignment (intention to treat): each of these makes them smaller than those of the contact, or blurs them.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"customer": ["A", "B", "C"], "arm": ["treated", "treated", "holdout"]})
    >>> [c.code for c in contamination(table, ["A", "C"]) if c.is_warning]
    ['holdout_contacted', 'treated_without_contact']
    """
    missing = {"customer", "arm"} - set(assignments.columns)
    if missing:
        raise ParameterError("The assignments lack a column", given=", ".join(sorted(missing)))
    ids = assignments["customer"].astype(str)
    t, h = ((assignments["arm"] == arm).to_numpy() for arm in (TREATED, HOLDOUT))
    here, there = (_among(ids, {str(c) for c in who}) for who in (contacted, elsewhere))
    return [
        _wrongly_contacted(here, h),
        _not_contacted(here, t, is_delivered=is_delivered),
        _others(there, t, h),
    ]


def attrition(outcome: Any, treated: Any) -> Check:
    """Compare how many outcomes are missing in the arms.

    Parameters
    ----------
    outcome : array of float, shape (n_customers,)
        NaN where not known.
    treated : array of bool, shape (n_customers,)
        The arms.

    Returns
    -------
    Check
        A warning where the arms differ by more than chance (Fisher's exact test, p below 0.001), or where more than
        5 % are missing.

    Examples
    --------
    >>> attrition([1, 0, 1, 1.0], [True, True, False, False]).text
    'The outcome of every customer is known.'
    """
    from scipy.stats import fisher_exact

    y, t = np.asarray(outcome, dtype=float).ravel(), np.asarray(treated, dtype=bool).ravel()
    if len(y) != len(t):
        raise ParameterError(
            "Outcome and arms have different lengths", given=f"{len(y):,} and {len(t):,} customers"
        )
    gone = ~np.isfinite(y)
    n1, n0 = int(t.sum()), int((~t).sum())
    m1, m0 = int((gone & t).sum()), int((gone & ~t).sum())
    figures: dict[str, Any] = {"treated": n1, "holdout": n0, "missing_treated": m1, "missing_holdout": m0}
    if m1 + m0 == 0:
        return Check("attrition", "The outcome of every customer is known.", False, figures)
    p_value = float(fisher_exact([[m1, n1 - m1], [m0, n0 - m0]]).pvalue)
    uneven, many = p_value < ALPHA, (m1 + m0) / len(y) > MUCH_MISSING
    text = f"The outcome is missing for {_of(m1, n1)} treated and {_of(m0, n0)} held-out customers"
    if uneven:
        text += (
            ": more of one arm than chance explains. What is compared are no longer the arms that were drawn."
        )
    elif many:
        text += ": many, though alike in both arms. The effects are those of the others."
    else:
        text += ": few, and alike in both arms."
    return Check("attrition", text, uneven or many, {**figures, "p_value": p_value})


def _among(ids: pd.Series, who: set[str]) -> np.ndarray[Any, Any]:
    # Not `isin`, which turns the set into an array for every call: five times as slow.
    return np.fromiter((c in who for c in ids), dtype=bool, count=len(ids))


def _wrongly_contacted(here: np.ndarray[Any, Any], h: np.ndarray[Any, Any]) -> Check:
    n, whole = int((here & h).sum()), int(h.sum())
    text = (
        f"{_of(n, whole)} held-out customers were contacted by this campaign all the same: the effect looks smaller "
        "than it is, and who contacted them should be found."
        if n
        else "No held-out customer was contacted by this campaign."
    )
    return Check("holdout_contacted", text, n > 0, {"customers": n, "holdout": whole})


def _not_contacted(here: np.ndarray[Any, Any], t: np.ndarray[Any, Any], *, is_delivered: bool) -> Check:
    n, whole = int((~here & t).sum()), int(t.sum())
    figures = {"customers": n, "treated": whole}
    if n == 0:
        return Check("treated_without_contact", "Every treated customer was contacted.", False, figures)
    if not is_delivered:
        text = f"{_of(n, whole)} treated customers have no contact yet."
        return Check("treated_without_contact", text, False, figures)
    text = (
        f"{_of(n, whole)} treated customers were not contacted. They count as treated, as they were assigned: the "
        "effect is that of the campaign as it was carried out."
    )
    return Check("treated_without_contact", text, True, figures)


def _others(there: np.ndarray[Any, Any], t: np.ndarray[Any, Any], h: np.ndarray[Any, Any]) -> Check:
    from scipy.stats import fisher_exact

    n1, n0, m1, m0 = int(t.sum()), int(h.sum()), int((there & t).sum()), int((there & h).sum())
    figures: dict[str, Any] = {"treated": m1, "holdout": m0}
    if m1 + m0 == 0:
        return Check(
            "other_campaigns", "No customer was contacted by another campaign meanwhile.", False, figures
        )
    p_value = float(fisher_exact([[m1, n1 - m1], [m0, n0 - m0]]).pvalue)
    text = f"Another campaign contacted {_of(m1, n1)} treated and {_of(m0, n0)} held-out customers meanwhile"
    uneven = p_value < ALPHA
    text += (
        ": more of one arm than chance explains, so the effect is partly the other campaign's."
        if uneven
        else ": both arms alike, so the effect is what this campaign adds to it."
    )
    return Check("other_campaigns", text, uneven, {**figures, "p_value": p_value})


def _of(part: int, whole: int) -> str:
    share = f" ({format_percent(part / whole)})" if whole else ""
    return f"{format_count(part)} of {format_count(whole)}{share}"
