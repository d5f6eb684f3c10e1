"""A campaign that was approved and delivered in a real ledger, and orders of which some came after it."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

import churn
from churn.campaigns.ledger import open_ledger
from churn.campaigns.policy import make_policy

START = dt.date(2026, 1, 5)
DEFINITION = churn.Inactivity(active_days=100, horizon_days=30)
ALL_DAYS = "2026-02-04"  # the first on which the whole horizon is known


@dataclass
class Planned:
    """What the ledger needs of a plan."""

    policy: object
    customers: pd.DataFrame

    def summary(self):
        arms = self.customers["arm"].value_counts().to_dict()
        saved = {"mean": 12.0, "low": 4.0, "high": 20.0}
        return {"digest": "d", "arms": arms, "expected": {"saved": saved}}


def policy(folder, **more):
    call = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
    settings = {
        "campaign": "winter",
        "config": "shop.yaml",
        "start": str(START),
        "currency": "£",
        "holdout": {"share": 0.25},
        "actions": [call],
    }
    return make_policy(settings | more, folder=folder)


def planned(settings, treated=150, holdout=50, untouched=0):
    n = treated + holdout + untouched
    rng = np.random.default_rng(2)
    arms = ["treated"] * treated + ["holdout"] * holdout + ["global holdout"] * untouched
    chosen = np.array(arms) != "global holdout"
    frame = pd.DataFrame(
        {
            "customer": [f"C{i}" for i in range(n)],
            "selected": chosen,
            "arm": arms,
            "action": np.where(chosen, "call", ""),
            "channel": np.where(chosen, "phone", ""),
            "day": np.where(chosen, str(START), ""),
            "contacts": chosen.astype(int),
            "cost": np.where(chosen, 6.0, 0.0),
            "uplift": 0.1,
            "value": 50.0,
            "expected_profit": 1.0,
            "why": "",
            "why_code": np.where(chosen, "chosen", "global-holdout"),
            "churn_probability": rng.uniform(0.3, 0.9, n),
            "risk_band": "high",
            "stage": "slipping",
            "stratum": np.where(chosen, "call", ""),
            "draw": rng.uniform(size=n),
            "ignored_complaints": 0.0,
            "segment_country": np.where(np.arange(n) % 2, "de", "fr"),
        }
    )
    return Planned(settings, frame)


def deliver(ledger, name="winter"):
    """Hand over everything that is due on the first day."""
    now = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
    claims = ledger.claim(name, "phone", START, limit=10_000, now=now)
    ledger.sent(claims, "handed over", now=now)


def history(plan, data_end=ALL_DAYS, kept=(0.8, 0.4)):
    """Return orders of everybody before, and after it of those who were kept: so many of the treated and of the others."""
    customers = plan.customers
    share = np.where(customers["arm"] == "treated", *kept)
    stays = np.random.default_rng(3).uniform(size=len(customers)) < share
    before = pd.DataFrame({"customer": customers["customer"], "time": "2025-12-01", "amount": 20.0})
    after = pd.DataFrame({"customer": customers["customer"][stays], "time": "2026-01-08", "amount": 30.0})
    made = churn.make_history(pd.concat([before, after]), timezone="UTC")
    return made.ending(data_end)


def approved(folder, **sizes):
    """Return policy, plan and open ledger of a delivered campaign."""
    settings = policy(folder)
    plan = planned(settings, **sizes)
    ledger = open_ledger(settings)
    ledger.approve(plan, now=dt.datetime(2026, 1, 4, tzinfo=dt.UTC))
    deliver(ledger)
    return settings, plan, ledger
