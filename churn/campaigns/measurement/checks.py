"""What may spoil the comparison of a campaign's arms, told in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from churn.campaigns.holdout import HOLDOUT, TREATED
from churn.campaigns.measurement.costs import OUT
from churn.campaigns.measurement.evidence import Evidence
from churn.campaigns.policy import Policy
from churn.campaigns.statistics.attrition import attrition, contamination
from churn.campaigns.statistics.balance import Check, covariates, sample_ratio

if TYPE_CHECKING:
    import pandas as pd

KNOWN_BEFORE = ("churn_probability", "value", "ignored_complaints")
_TELLS_OF_CONTACT = ("delivered", "opened", "clicked", "bounced")


def checks(policy: Policy, frame: pd.DataFrame, evidence: Evidence) -> list[dict[str, Any]]:
    """Hold the arms against what was drawn.

    Parameters
    ----------
    policy : Policy
        With the planned share.
    frame : pandas.DataFrame
        One row per assigned customer: customer, arm, retained and what was known before.
    evidence : Evidence
        Contacts, responses and contacts of other campaigns.

    Returns
    -------
    list of dict
        ``code``, ``text``, ``is_warning``, ``figures``; warnings first.
    """
    treated = (frame["arm"] == TREATED).to_numpy()
    known = frame["retained"].notna().to_numpy()
    reached = _ids(evidence.contacts[evidence.contacts["state"].isin(OUT)])
    if evidence.responses is not None and len(evidence.responses):
        told = evidence.responses["kind"].astype(str).isin(_TELLS_OF_CONTACT)
        reached |= _ids(evidence.responses[told])
    waiting = evidence.contacts["state"].isin(("due", "claimed", "failed")).any()
    elsewhere = set() if evidence.elsewhere is None else _ids(evidence.elsewhere)
    found = [attrition(frame["retained"].to_numpy(dtype=float), treated)]
    if 0 < policy.holdout.share < 1:
        counts = int((known & treated).sum()), int((known & ~treated).sum())
        found.insert(0, sample_ratio(*counts, policy.holdout.share))
    found += contamination(frame, reached, elsewhere, is_delivered=not waiting)
    before = [c for c in KNOWN_BEFORE if c in frame and frame[c].notna().any()]
    if before:
        strata = frame["stratum"].fillna("").to_numpy() if "stratum" in frame else None
        found.append(covariates(frame[before].astype(float), treated, strata))
    found += _odd(frame)
    return [c.to_dict() for c in sorted(found, key=lambda c: not c.is_warning)]


def _odd(frame: pd.DataFrame) -> list[Check]:
    """Say where nobody ordered at all: then the outcomes are not there yet, rather than that bad."""
    if frame["orders"].notna().any() and not frame["orders"].fillna(0).any():
        text = "Nobody of either arm has an order within these days; look whether the orders are in the data at all."
        return [Check("no_orders", text, is_warning=True)]
    arms = set(frame["arm"]) - {TREATED, HOLDOUT}
    return (
        [Check("other_arms", f"Other arms are left out: {', '.join(sorted(arms))}.", False)] if arms else []
    )


def _ids(frame: pd.DataFrame) -> set[str]:
    return set(frame["customer"].astype(str))
