"""Randomised campaigns on arrays whose true effect is known."""

import numpy as np

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
