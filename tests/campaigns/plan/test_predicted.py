"""An uplift model counts where it was shown to be better, and needs the data's configuration."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import churn.campaigns.uplift
from churn.campaigns.plan.predicted import planned_uplift
from churn.errors import ConfigError
from tests.campaigns.planning import CALL, policy, scored


def with_model(monkeypatch, better):
    """A model's answers alone; that it saves and loads is tested where it is made."""
    model = SimpleNamespace(
        better=better,
        said="it earns 3 more",
        for_customers=lambda base, as_of, ids, p, actions: pd.DataFrame(
            {a: np.asarray(p) / 2 for a in actions}
        ),
    )
    monkeypatch.setattr(churn.campaigns.uplift, "load_uplift", lambda folder: model, raising=False)


def test_a_model_that_is_not_better_is_said_and_not_used(monkeypatch):
    with_model(monkeypatch, better=False)
    found, said = planned_uplift(policy(CALL, uplift="u"), scored(2))
    assert found is None
    assert said == "The uplift model is not used: it earns 3 more"


def test_it_needs_the_data(monkeypatch):
    with_model(monkeypatch, better=True)
    with pytest.raises(ConfigError, match="names no configuration"):
        planned_uplift(policy(CALL, uplift="u"), scored(2))
