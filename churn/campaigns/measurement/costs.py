"""What a campaign has cost so far: contacts that went out, and offers that were taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.policy import Policy
from churn.display import format_amount, format_count

if TYPE_CHECKING:
    import pandas as pd

TAKEN = ("bought", "redeemed")
OUT = ("sent",)


def spent(
    policy: Policy,
    contacts: pd.DataFrame,
    responses: pd.DataFrame | None = None,
    expected_offers: float | None = None,
) -> dict[str, Any]:
    """Add up what was spent.

    Parameters
    ----------
    policy : Policy
        With the cost of each action.
    contacts : pandas.DataFrame
        customer, action, state; one row per contact of the campaign.
    responses : pandas.DataFrame, optional
        customer, kind; an offer counts as taken once per customer who `bought` or `redeemed`.
    expected_offers : float, optional
        What the plan expected the offers to cost; used, and said, where no response tells who took one.

    Returns
    -------
    dict
        ``contacts``, ``contact_cost``, ``offers`` (None where not known), ``offer_cost``, ``spent``, ``said``.

    Examples
    --------
    >>> import pandas as pd
    >>> from churn.campaigns.policy import make_policy
    >>> call = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
    >>> policy = make_policy({"campaign": "c", "scores": "s.csv", "start": "2026-01-05", "actions": [call]})
    >>> sent = pd.DataFrame({"customer": ["a", "b"], "action": "call", "state": ["sent", "due"]})
    >>> spent(policy, sent)["said"]
    'Spent: 6.00 for 1 contact.'
    """
    costs = {a.name: a.cost for a in policy.actions}
    offered = {a.name: a.offer_cost for a in policy.actions if a.offer_cost}
    out = contacts[contacts["state"].isin(OUT)]
    for_contacts = float(np.sum([costs.get(a, 0.0) for a in out["action"]]))
    said = [f"{_many(len(out), 'contact')}"]
    offers: int | None = 0
    for_offers = 0.0
    with_offer = out[out["action"].isin(list(offered))].drop_duplicates("customer")
    if len(with_offer):
        taken = _taken(responses)
        if taken is not None:
            took = with_offer[with_offer["customer"].astype(str).isin(taken)]
            offers = len(took)
            for_offers = float(np.sum([offered[a] for a in took["action"]]))
            said.append(f"{_many(offers, 'offer')} that {'was' if offers == 1 else 'were'} taken")
        else:
            offers, for_offers = None, float(expected_offers or 0.0)
            said.append(
                "offers as the plan expected them, because no response says who took one"
                if expected_offers is not None
                else "no offers, because no response says who took one"
            )
    whole = for_contacts + for_offers
    return {
        "contacts": len(out),
        "contact_cost": for_contacts,
        "offers": offers,
        "offer_cost": for_offers,
        "spent": whole,
        "said": f"Spent: {format_amount(whole, policy.currency)} for {' and '.join(said)}.",
    }


def _taken(responses: pd.DataFrame | None) -> set[str] | None:
    """Return who took an offer; None where no response speaks of that."""
    if responses is None or not len(responses):
        return None
    kinds = responses["kind"].astype(str).str.lower()
    said = kinds.isin(TAKEN)
    return set(responses.loc[said, "customer"].astype(str)) if said.any() else None


def _many(n: int, what: str) -> str:
    return f"{format_count(n)} {what}{'' if n == 1 else 's'}"
