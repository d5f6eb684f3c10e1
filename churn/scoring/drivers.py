"""What drives risk in this base tonight: the reasons of all who are listed, added up by story."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_EXAMPLES = 3


def drivers(reasons: pd.DataFrame, at_risk: pd.DataFrame) -> dict[str, Any]:
    """Add up the reasons of the listed customers by story.

    Parameters
    ----------
    reasons : DataFrame
        One row per reason, columns as in `churn.model.explain.REASON_COLUMNS`.
    at_risk : DataFrame
        The listed customers with `customer` and `value_at_stake`, most value at stake first.

    Returns
    -------
    dict
        ``listed`` and ``value_at_stake`` of all, and ``up`` and ``down``: for each story, most customers first,
        ``customers`` who have it among their reasons, their ``share`` of the listed, ``first`` (for how many it is the
        strongest), ``mean_push`` in log-odds, ``odds_factor`` (its exponential), ``value_at_stake`` of these
        customers, and ``examples`` from those with the most value.

    Notes
    -----
    A customer has up to three reasons, so shares and values of stories overlap and add up to more than the whole. A
    reason is what the model goes by, not a cause.

    Examples
    --------
    >>> import pandas as pd
    >>> at_risk = pd.DataFrame({"customer": ["A", "B"], "value_at_stake": [90.0, 10.0]})
    >>> reasons = pd.DataFrame(
    ...     {"customer": ["A", "B"], "direction": "up", "place": 1, "family": "service", "story": "service",
    ...      "push_log_odds": [1.0, 0.6], "text": ["No answer for 9 days", "No answer for 7 days"]}
    ... )
    >>> drivers(reasons, at_risk)["up"][0]["share"]
    1.0
    """
    worth = dict(zip(at_risk["customer"], at_risk["value_at_stake"], strict=True))
    known = reasons[reasons["customer"].isin(worth)]
    return {
        "listed": len(at_risk),
        "value_at_stake": math.fsum(worth.values()),
        **{way: _by_story(known[known["direction"] == way], worth) for way in ("up", "down")},
    }


def _by_story(reasons: pd.DataFrame, worth: dict[Any, float]) -> list[dict[str, Any]]:
    out = []
    for story, rows in reasons.groupby("story", sort=True):
        values = rows["customer"].map(worth)
        push = float(rows["push_log_odds"].mean())
        count = int(rows["customer"].nunique())
        best = rows.assign(value=values).sort_values("value", ascending=False, kind="stable")
        out.append(
            {
                "story": str(story),
                "family": str(rows["family"].mode().iloc[0]),
                "customers": count,
                "share": count / len(worth),
                "first": int((rows["place"] == 1).sum()),
                "mean_push": push,
                "odds_factor": math.exp(push),
                "value_at_stake": math.fsum(values),
                "examples": [
                    {"customer": _plain(r.customer), "text": r.text}
                    for r in best.drop_duplicates("text").head(_EXAMPLES).itertuples()
                ],
            }
        )
    return sorted(out, key=lambda d: (-int(d["customers"]), str(d["story"])))


def _plain(customer: Any) -> Any:
    return customer.item() if hasattr(customer, "item") else customer
