"""A trial on arrays, and two campaigns in the shop with a planted effect."""

import numpy as np
import pytest

from tests.campaigns.uplift.trials import FEW, FEW_TREES, make_trial


@pytest.fixture(scope="session")
def trial():
    return make_trial()


STARTS = ("2025-03-01", "2025-06-01")


@pytest.fixture(scope="session")
def planted(history):
    """Assignments and outcomes of two campaigns in the shop; a contact keeps those who ordered of late, and no others."""
    import pandas as pd

    import churn

    rng = np.random.default_rng(7)
    assigned, came = [], []
    for number, start in enumerate(STARTS):
        recency = churn.compute_features(history, start)["recency_days"].iloc[:900]
        n = len(recency)
        risk = rng.uniform(0.2, 0.8, n)
        held = rng.permutation(n) < 0.4 * n
        kept = 0.6 * (recency < recency.median()).to_numpy()
        stayed = rng.random(n) < np.clip(1 - risk + ~held * kept - 0.2, 0, 1)
        name = f"campaign{number + 1}"
        assigned.append(
            pd.DataFrame(
                {
                    "campaign": name,
                    "customer": recency.index.astype(str),
                    "arm": np.where(held, "holdout", "treated"),
                    "action": "call",
                    "start": start,
                    "churn_probability": risk,
                    "value": 100.0,
                    "cost": 2.0,
                    "uplift": 0.2 * risk,
                    "share": 0.6,
                }
            )
        )
        came.append(
            pd.DataFrame({"campaign": name, "customer": recency.index.astype(str), "retained": stayed * 1.0})
        )
    return pd.concat(assigned, ignore_index=True), pd.concat(came, ignore_index=True)


@pytest.fixture(scope="session")
def learned(history, planted):
    from churn.campaigns import learn
    from churn.campaigns.uplift import learners

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learners, "TREES", FEW_TREES)
        return learn(*planted, history, features=FEW, resamples=100)
