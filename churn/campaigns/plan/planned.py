"""A plan: everybody who was looked at, with action, day, arm and reason; read and written as a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.days import Days
from churn.campaigns.plan.digest import digest_of, seal_of
from churn.campaigns.plan.screen import picture
from churn.campaigns.policy import Policy
from churn.csvsafe import csv_safe
from churn.display import Rendered
from churn.files import replacing_folder, write_json
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

PLAN_FILES = ("plan.json", "customers.parquet", "contacts.csv")
_LATER = ("plan.html", "measurement.json", "measurement.csv", "measurement.html")

# The columns of a plan's customers; columns of segments follow, with the prefix `segment_`.
PLAN_COLUMNS: Mapping[str, str] = {
    "customer": "the customer's id, as it came",
    "selected": "whether the plan would contact the customer, were nobody held out",
    "arm": "treated, holdout, global holdout; empty for who is not selected",
    "action": "the action; empty for who is not selected",
    "channel": "over which it goes",
    "day": "date of the first contact, YYYY-MM-DD; of the held out the day it would have been",
    "contacts": "number of contacts of the action",
    "cost": "expected cost of contacts and offer",
    "uplift": "expected reduction of the churn probability; empty for who is not selected",
    "value": "what the customer is worth if saved, margin applied; empty where it is not known",
    "expected_profit": "uplift times value, less the cost; empty for who is not selected",
    "why": "why the customer is in or out, in a sentence",
    "why_code": "the same, short and stable",
    "churn_probability": "of the scored table; empty where there is none",
    "risk_band": "of the scored table",
    "stage": "of the scored table",
    "stratum": "within which the holdout was drawn; empty for who is not selected",
    "draw": "the number by which the arm was drawn",
    "ignored_complaints": "of the scored table; empty where it is not known",
}


@dataclass(frozen=True, repr=False)
class Plan(Rendered):
    """What a campaign would do; made by `make_plan`, read back by `read_plan`.

    Attributes
    ----------
    policy : Policy
        What it may do.
    customers : pandas.DataFrame
        One row per customer of the scored table, in its order; columns as in `PLAN_COLUMNS`.
    facts : dict
        Counts, limits and their use, what is expected, effects, warnings: `summary` without policy and digest.
    stored : dict
        Of a plan that was read from its folder alone: the policy as it was stored, without addresses.

    Examples
    --------
    >>> import pandas as pd
    >>> from churn.campaigns import Scored, make_plan
    >>> from churn.campaigns.policy import make_policy
    >>> call = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
    >>> settings = {"campaign": "winter", "scores": "s.csv", "start": "2026-01-05", "actions": [call]}
    >>> policy = make_policy(settings | {"consent": {"required": False}})
    >>> frame = pd.DataFrame({"customer": ["A", "B"], "churn_probability": [0.5, 0.1], "spend_if_staying": [90, 90]})
    >>> make_plan(policy, scored=Scored.of(frame)).contacts()[["day", "customer", "action"]].to_dict("records")
    [{'day': '2026-01-05', 'customer': 'A', 'action': 'call'}]
    """

    policy: Policy
    customers: pd.DataFrame
    facts: dict[str, Any] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """A hash over customers and policy; the order of the rows does not matter."""
        return digest_of(self.customers, self.stored or self.policy.plain())

    def summary(self) -> dict[str, Any]:
        """Return what is written as ``plan.json``."""
        head = {"campaign": self.policy.campaign, "digest": self.digest}
        return {**head, **self.facts, "policy": self.stored or self.policy.plain()}

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain values for JSON."""
        return self.summary()

    def contacts(self) -> pd.DataFrame:
        """Return the contacts of the treated: customer, step, day, action, channel, expected_profit, why."""
        import pandas as pd

        treated = self.customers[self.customers["arm"] == "treated"]
        days = Days.of_policy(self.policy)
        parts = []
        for action in self.policy.actions:
            mine = treated[treated["action"] == action.name]
            first = mine["day"].to_numpy().astype("datetime64[D]") - np.datetime64(days.start, "D")
            falls = days.step_days(action.steps)[first.astype(np.int64)]
            for step in range(len(action.steps)):
                part = mine[["customer", "action", "channel", "expected_profit", "why"]].copy()
                part.insert(1, "step", step)
                part.insert(2, "day", days.dates(falls[:, step]).astype(object))
                parts.append(part)
        every = pd.concat(parts, ignore_index=True)
        order = np.lexsort((every["step"], every["customer"].astype(str), every["day"].astype(str)))
        return every.iloc[order].reset_index(drop=True)

    def write(self, folder: str | Path | None = None) -> Path:
        """Write plan.json, customers.parquet and contacts.csv, all or nothing; an earlier plan is replaced.

        Parameters
        ----------
        folder : str or Path, optional
            Where; by default `plan_folder`.

        Returns
        -------
        Path
            The folder.
        """
        target = plan_folder(self.policy) if folder is None else Path(folder)
        report("Writing the plan")
        with replacing_folder(target, replaces=_LATER) as fresh:
            self.customers.to_parquet(fresh / "customers.parquet", index=False)
            readable = self.contacts().round({"expected_profit": 2})
            csv_safe(readable).to_csv(fresh / "contacts.csv", index=False)
            summary = self.summary()
            write_json(fresh / "plan.json", {**summary, "seal": seal_of(summary, fresh / "contacts.csv")})
        return target

    def render(self) -> str:
        """Return what the plan would do, what it expects, and who is out and why."""
        return picture(self.policy, self.facts)


def plan_folder(policy: Policy) -> Path:
    """Return the folder of a campaign's plan.

    Examples
    --------
    >>> from churn.campaigns.policy import make_policy
    >>> call = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
    >>> settings = {"campaign": "winter", "scores": "s.csv", "start": "2026-01-05", "actions": [call]}
    >>> plan_folder(make_policy(settings, folder=Path("/campaigns"))).as_posix()
    '/campaigns/plans/winter'
    """
    return policy.place(policy.plans) / policy.campaign
