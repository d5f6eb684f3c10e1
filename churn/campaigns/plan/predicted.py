"""The effects that an uplift model predicts, where it was shown to be better than risk times value."""

from __future__ import annotations

import numpy as np

from churn.campaigns.plan.scored import Scored
from churn.campaigns.policy import Policy
from churn.errors import ConfigError
from churn.progress import report


def planned_uplift(policy: Policy, scored: Scored) -> tuple[np.ndarray | None, str]:
    """Return what the policy's uplift model predicts for each customer and action, and where it comes from, in words.

    Parameters
    ----------
    policy : Policy
        Names the model's folder and the configuration of the data.
    scored : Scored
        The customers.

    Returns
    -------
    numpy.ndarray of shape (n_customers, n_actions) or None
        NaN where the model says nothing; None where it was not shown to be better, so that the save chances count.
    str
        In words.

    Raises
    ------
    ConfigError
        The policy names no `config`: the model reads signals of the data.
    """
    from churn.campaigns.uplift import load_uplift
    from churn.config import read_config
    from churn.data.load import open_base

    assert policy.uplift is not None
    model = load_uplift(policy.place(policy.uplift))
    if not model.better:
        return None, f"The uplift model is not used: {model.said}"
    if policy.config is None:
        raise ConfigError(
            "The uplift model reads signals of the data, and the policy names no configuration",
            given=f"uplift: {policy.uplift}",
            fix="Name the configuration as `config`, or leave `uplift` away.",
            code="no-config",
        )
    report("Predicting effects")
    table = scored.customers
    found = model.for_customers(
        open_base(read_config(policy.place(policy.config))),
        scored.as_of or str(policy.start),
        table["customer"],
        table["churn_probability"],
        [a.name for a in policy.actions],
    )
    return found.to_numpy(), f"Effects by the uplift model: {model.said}"
