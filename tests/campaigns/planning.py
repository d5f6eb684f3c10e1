"""Small policies and scored tables for the tests of planning."""

from __future__ import annotations

import pandas as pd

from churn.campaigns.plan.make import make_plan
from churn.campaigns.plan.past import Past
from churn.campaigns.plan.scored import Scored
from churn.campaigns.policy import make_policy

CALL = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
MAIL = {
    "name": "mail",
    "kind": "email_series",
    "channel": "email",
    "cost": 0.5,
    "save_chance": 0.1,
    "steps": [0, 3, 7],
}
GIFT = {"name": "gift", "kind": "gift", "channel": "email", "cost": 1, "offer_cost": 5, "save_chance": 0.3}


def policy(*actions, folder=None, **more):
    settings = {
        "campaign": "winter",
        "scores": "s.csv",
        "start": "2026-01-05",
        "days": 5,
        "actions": list(actions) or [CALL, MAIL],
        "consent": {"required": False},
        "holdout": {"share": 0.0},
        **more,
    }
    return make_policy(settings, folder=folder)


def scored(n=6, **columns):
    base = {
        "customer": [f"C{i}" for i in range(n)],
        "churn_probability": [0.9 - 0.1 * i for i in range(n)],
        "spend_if_staying": [100.0] * n,
        "risk_band": ["high"] * n,
    }
    extra = {k: columns.pop(k) for k in ("reasons", "segments") if k in columns}
    return Scored.of(pd.DataFrame({**base, **columns}), **extra)


def plan(policy, table, contacts=None, **past):
    return make_plan(policy, scored=table, contacts=contacts, past=Past(**past))


def contacted(campaign="autumn", channel="email", **when):
    rows = [(c, campaign, channel, t) for c, t in when.items()]
    return pd.DataFrame(rows, columns=["customer", "campaign", "channel", "time"])


def codes(made):
    return dict(zip(made.customers["customer"], made.customers["why_code"], strict=True))
