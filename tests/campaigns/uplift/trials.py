"""Randomised campaigns on arrays whose true effect is known."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churn.campaigns.ledger import open_ledger
from churn.campaigns.policy import Policy, make_policy
from churn.campaigns.uplift.rows import Rows
from churn.config import FeatureSettings

FEW = FeatureSettings(windows=(90,))  # fewer signals, in less time
FEW_TREES = 25


def make_trial(
    n=6000, *, seed=0, share=0.7, effect=0.25, campaigns=2, actions=1, signals=5
) -> tuple[Rows, np.ndarray]:
    """Return rows and the true effect: a help where the first signal is above 0, harm where the second is above 1."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, signals))
    risk = rng.uniform(0.1, 0.9, n)
    truth = effect * (X[:, 0] > 0) - effect * (X[:, 1] > 1)
    X[:, -1] = np.where(rng.random(n) < 0.2, np.nan, X[:, -1])
    action = np.arange(n) % actions
    truth = truth * (action == 0)
    treated = rng.random(n) < share
    stayed = rng.random(n) < np.clip(1 - risk + treated * truth, 0, 1)
    campaign = np.arange(n) * campaigns // n
    rows = Rows(
        X=X,
        customer=np.arange(n),
        campaign=campaign,
        action=action,
        treated=treated,
        share=np.full(n, share),
        stayed=stayed.astype(float),
        risk=risk,
        value=np.full(n, 100.0),
        cost=np.full(n, 1.0),
        assumed=0.2 * risk,
        campaigns=tuple(f"c{i}" for i in range(campaigns)),
        actions=tuple("abcdef"[:actions]),
    )
    return rows, truth


@dataclass
class Planned:
    """What a ledger needs of a plan."""

    policy: Policy
    customers: pd.DataFrame

    def summary(self):
        return {"digest": self.policy.campaign, "as_of": str(self.policy.start)}


def policy_of(name, start, **more):
    call = {"name": "call", "kind": "call", "channel": "phone", "cost": 2, "save_chance": 0.2}
    settings = {
        "campaign": name,
        "scores": "s.csv",
        "start": start,
        "actions": [call],
        "holdout": {"share": 0.4},
    }
    return make_policy(settings | more)


def recorded(planted, folder, *, outcomes=True) -> str:
    """Record the planted campaigns in a ledger and return its address."""
    url = f"sqlite:///{folder / 'campaigns.db'}"
    assignments, came = planted
    with open_ledger(url) as ledger:
        for name, part in assignments.groupby("campaign"):
            start = part["start"].iloc[0]
            treated = part["arm"] == "treated"
            frame = part.assign(
                selected=True, channel="phone", day=start, contacts=1, why_code="chosen", stratum="call"
            )
            frame["draw"], frame["expected_profit"] = 0.5, 1.0
            frame["contacts"] = treated.astype(int)
            ledger.approve(
                Planned(policy_of(name, start), frame.drop(columns=["campaign", "start", "share"]))
            )
            if outcomes:
                result = came[came["campaign"] == name].drop(columns="campaign")
                ledger.record_outcomes(name, dt.date(2025, 12, 1), result.assign(orders=0.0, net_value=0.0))
    return url
