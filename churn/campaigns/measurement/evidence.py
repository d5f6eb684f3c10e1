"""What a measurement is made of, as it was gathered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from churn.campaigns.outcomes import MEASURES, Outcomes

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evidence:
    """What a measurement is made of.

    Attributes
    ----------
    assignments : pandas.DataFrame
        customer, arm and, where they are known, action, stratum, risk_band, churn_probability, value, cost, contacts,
        and ``segment_`` columns.
    outcomes : Outcomes
        Of these customers, in this order.
    contacts : pandas.DataFrame
        customer, action, state of the campaign's contacts.
    responses : pandas.DataFrame or None
        customer, kind.
    elsewhere : pandas.DataFrame or None
        customer, campaign, time: contacts of other campaigns.
    plan : dict
        ``plan.json``, empty where it is not there.
    everybody : pandas.DataFrame or None
        arm and retained of everybody whom the plan looked at, where some were in the global holdout.
    notes : tuple of str
        What else is to be told under the checks.
    """

    assignments: pd.DataFrame
    outcomes: Outcomes
    contacts: pd.DataFrame
    responses: pd.DataFrame | None = None
    elsewhere: pd.DataFrame | None = None
    plan: dict[str, Any] = field(default_factory=dict)
    everybody: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()


def with_outcomes(assignments: pd.DataFrame, found: Outcomes) -> pd.DataFrame:
    """Return the assignments beside what came."""
    came = {name: found.frame[name].to_numpy() for name in MEASURES}
    return assignments.reset_index(drop=True).assign(**came)
