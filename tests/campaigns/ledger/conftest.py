"""A ledger on either database, and a small plan as the ledger needs it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from typing import Any

import pandas as pd
import pytest

from churn.campaigns.ledger import open_ledger
from churn.campaigns.policy import Policy, make_policy

DAY = dt.date(2026, 1, 5)
NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
CALL = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
MAILS = {
    "name": "mails",
    "kind": "email_series",
    "channel": "email",
    "cost": 0.1,
    "save_chance": 0.1,
    "steps": [0, 3, 7],
}


def at(**later):
    return NOON + dt.timedelta(**later)


@dataclasses.dataclass
class SmallPlan:
    """What the ledger needs of a plan."""

    policy: Policy
    customers: pd.DataFrame

    def summary(self) -> dict[str, Any]:
        text = self.customers.to_csv() + str(self.policy.plain())
        return {"digest": hashlib.blake2b(text.encode("utf-8", "replace")).hexdigest(), "as_of": "2025-12-31"}


def small_plan(customers=8, campaign="winter", held=2, action="mails", start="2026-01-05", **changed):
    """Treated customers, then `held` that are held out, then one who is not selected; ids count up."""
    channel = {"call": "phone", "mails": "email"}[action]
    ids = [f"C{n}" for n in range(customers)] if isinstance(customers, int) else list(customers)
    n = len(ids)
    arm = ["treated"] * (n - held - 1) + ["holdout"] * held + [""]
    frame = pd.DataFrame(
        {
            "customer": ids,
            "selected": [a != "" for a in arm],
            "arm": arm,
            "action": [action if a else "" for a in arm],
            "channel": [channel if a else "" for a in arm],
            "day": [start if a else "" for a in arm],
            "contacts": [3 if a else 0 for a in arm],
            "cost": 0.3,
            "uplift": 0.05,
            "value": [100.0 + k for k in range(n)],
            "expected_profit": 4.7,
            "churn_probability": [0.5] * (n - 1) + [float("nan")],
            "risk_band": "high",
            "stage": "active",
            "stratum": "mails / high",
            "draw": 0.25,
            "why_code": "selected",
            "ignored_complaints": 0,
            "segment_country": ["DE", None] * (n // 2) + ["FR"] * (n % 2),
        }
    )
    policy = make_policy(
        {"campaign": campaign, "scores": "s.csv", "start": start, "actions": [CALL, MAILS], **changed}
    )
    return SmallPlan(policy, frame)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/campaigns.db"
    return request.getfixturevalue("postgres")


@pytest.fixture
def ledger(url):
    with open_ledger(url) as opened:
        yield opened


@pytest.fixture
def approved(ledger):
    """A ledger with the campaign winter: C0 to C4 get three mails each, C5 and C6 are held out."""
    ledger.approve(small_plan(), by="Ann", now=NOON)
    return ledger
