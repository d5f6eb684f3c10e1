"""A campaign of few customers by hand, and one of any size, for the tests of what it did."""

import numpy as np
import pandas as pd

from churn.campaigns.measurement.evidence import Evidence
from churn.campaigns.outcomes import Outcomes
from churn.campaigns.policy import make_policy


def a_policy(**more):
    call = {"name": "call", "kind": "call", "channel": "phone", "cost": 6, "save_chance": 0.2}
    gift = {
        "name": "gift",
        "kind": "gift",
        "channel": "email",
        "cost": 1,
        "offer_cost": 10,
        "save_chance": 0.1,
    }
    settings = {
        "campaign": "winter",
        "scores": "scores.csv",
        "start": "2026-01-05",
        "horizon_days": 60,
        "currency": "EUR",
        "actions": [call, gift],
    }
    return make_policy(settings | more)


def assigned(treated, holdout, seed=1):
    """Return so many customers of each arm, with actions, bands, segments and scores."""
    rng = np.random.default_rng(seed)
    n = treated + holdout
    return pd.DataFrame(
        {
            "customer": [f"C{i:05d}" for i in range(n)],
            "arm": ["treated"] * treated + ["holdout"] * holdout,
            "action": np.where(np.arange(n) % 3 == 0, "gift", "call"),
            "risk_band": np.where(np.arange(n) % 2 == 0, "high", "critical"),
            "churn_probability": rng.uniform(0.2, 0.9, n),
            "value": rng.gamma(2.0, 50.0, n),
            "contacts": 1,
            "cost": 6.0,
        }
    )


def came(customers, retained, orders=None, net_value=None, observed=60, missing=0):
    """Return outcomes as `outcomes` would."""
    n = len(customers)
    frame = pd.DataFrame(
        {
            "customer": customers["customer"],
            "retained": np.asarray(retained, dtype=float),
            "orders": np.full(n, np.nan) if orders is None else np.asarray(orders, dtype=float),
            "net_value": np.full(n, np.nan) if net_value is None else np.asarray(net_value, dtype=float),
        }
    )
    days = [10, 20, 30, 40, 50, 60]
    curve = {
        "days": [d for d in days if d <= observed],
        "kept": {
            arm: [
                float(frame["retained"][customers["arm"] == arm].mean()) * d / 60
                for d in days
                if d <= observed
            ]
            for arm in ("holdout", "treated")
        },
    }
    return Outcomes(
        frame, "2026-01-05", "2026-04-01", 60, observed, "2026-03-06", "no order within the horizon", missing,
        curve=curve,
    )  # fmt: skip


def sent(customers, arms=("treated",)):
    """Return the contacts of the treated, all of them sent."""
    rows = customers[customers["arm"].isin(arms)]
    return pd.DataFrame({"customer": rows["customer"], "action": rows["action"], "state": "sent"})


def evidence(treated=400, holdout=100, lift=0.2, seed=1, **more):
    """Return a campaign whose treated are kept more often by `lift`, and buy for 50 each when they are."""
    customers = assigned(treated, holdout, seed)
    rng = np.random.default_rng(seed + 1)
    p = 1 - customers["churn_probability"] + np.where(customers["arm"] == "treated", lift, 0.0)
    kept = (rng.uniform(size=len(customers)) < p).astype(float)
    found = came(customers, kept, kept * 2, kept * rng.gamma(2.0, 25.0, len(customers)))
    return Evidence(**({"assignments": customers, "outcomes": found, "contacts": sent(customers)} | more))
