"""The randomised campaigns of a ledger whose outcome is known, as the tables that `learn` reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from churn.campaigns.outcomes import outcomes as outcomes_of
from churn.data.base import CustomerBase
from churn.definition import Definition
from churn.display import format_count, format_percent
from churn.errors import DataError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

OVERLAP = 0.05  # of a campaign's customers treated by another within its horizon, from which it is told


class Past(Protocol):
    """What is asked of a ledger."""

    def campaigns(self) -> pd.DataFrame:
        """Return the campaigns, with campaign, start and counts by arm."""

    def campaign(self, name: str) -> dict[str, Any]:
        """Return a campaign with its policy."""

    def assignments(self, name: str) -> pd.DataFrame:
        """Return who is in which arm, with what was known before."""

    def outcomes(self, name: str) -> pd.DataFrame:
        """Return the newest outcome of each customer."""


@dataclass(frozen=True, eq=False)
class PastCampaigns:
    """What past campaigns say.

    Attributes
    ----------
    assignments, outcomes : pandas.DataFrame
        As `churn.campaigns.learn` reads them.
    notes : list of str
        Which campaigns are left out and why; which customers several campaigns treated.
    """

    assignments: pd.DataFrame
    outcomes: pd.DataFrame
    notes: list[str]


def past_campaigns(
    ledger: Past,
    base: CustomerBase,
    definition: Definition,
    *,
    names: Collection[str] | None = None,
) -> PastCampaigns:
    """Read the campaigns with a holdout whose horizon is over.

    An outcome that was recorded in the ledger counts; where there is none it is read off the data.

    Parameters
    ----------
    ledger : Ledger
        The ledger.
    base : CustomerBase
        The customers.
    definition : Definition
        What lost means, and the horizon where a campaign's policy names none.
    names : collection of str, optional
        Only these campaigns.

    Raises
    ------
    ParameterError
        The ledger does not know a campaign that is named.
    DataError
        No campaign can teach anything; with the reason for each.
    """
    import pandas as pd

    known = ledger.campaigns()
    unknown = sorted(set(names or ()) - set(known["campaign"]))
    if unknown:
        raise ParameterError(
            f"The ledger does not know the campaign {unknown[0]!r}",
            allowed=", ".join(known["campaign"]) or "none is recorded",
            fix="Name one of these, or leave the names out for all.",
            code="unknown-campaign",
        )
    assigned, came, notes, ends = [], [], [], {}
    for name, start in zip(known["campaign"], known["start"], strict=True):
        if names and name not in names:
            continue
        day = pd.Timestamp(start).strftime("%Y-%m-%d")
        policy = ledger.campaign(name)["policy"]
        frame = ledger.assignments(name)
        held = float(policy["holdout"]["share"])
        if not 0 < held < 1 or not (frame["arm"] == "holdout").any():
            notes.append(f"Campaign {name} held nobody out, so it teaches nothing")
            continue
        recorded = ledger.outcomes(name)
        recorded = recorded[recorded["mature"].astype(bool)]
        horizon = policy.get("horizon_days") or definition.horizon_days
        if recorded.empty:
            found = outcomes_of(base, definition, frame, day, policy.get("horizon_days"))
            if not found.mature:
                notes.append(f"Campaign {name} is not over: its horizon ends on {found.needs_until}")
                continue
            recorded = found.frame
        ends[name] = pd.Timestamp(day) + pd.Timedelta(days=int(horizon))
        until = ends[name].strftime("%Y-%m-%d")
        assigned.append(frame.assign(campaign=name, start=day, until=until, share=1 - held))
        came.append(recorded[["customer", "retained"]].assign(campaign=name))
    if not assigned:
        raise DataError(
            "No past campaign can be learnt from",
            given="; ".join(notes) or "the ledger has no campaign",
            allowed="campaigns with a holdout whose horizon is over",
            fix="Run one with a holdout, and learn when its horizon is over.",
            code="nothing-to-learn",
        )
    both = pd.concat(assigned, ignore_index=True)
    return PastCampaigns(both, pd.concat(came, ignore_index=True), notes + _overlaps(both, ends))


def _overlaps(frame: pd.DataFrame, ends: dict[str, Any]) -> list[str]:
    """Return a note for each campaign of whose arms another treated many within its horizon."""
    import pandas as pd

    notes = []
    start = pd.to_datetime(frame["start"])
    treated = frame["arm"] == "treated"
    for name, end in ends.items():
        own = frame["campaign"] == name
        begin = start[own].iloc[0]
        others = set(frame.loc[~own & treated & (start >= begin) & (start < end), "customer"])
        arms = {
            arm: float(np.mean([c in others for c in frame.loc[own & (frame["arm"] == arm), "customer"]]))
            for arm in ("treated", "holdout")
        }
        if max(arms.values()) > OVERLAP:
            count = sum(c in others for c in frame.loc[own, "customer"])
            notes.append(
                f"Of campaign {name} other campaigns treated {format_count(count)} customers within its horizon "
                f"({format_percent(arms['treated'])} of the treated, {format_percent(arms['holdout'])} of the held "
                "out): its effect is what it added to those"
            )
    return notes
