import sys

import numpy as np
import pandas as pd
import pytest

from churn.config import ScoringSettings
from churn.data.store import LogStore
from churn.errors import ParameterError
from churn.model import baserate
from churn.model.explain_customer import explain_customer
from churn.scoring import score
from churn.scoring.passes import active_at


@pytest.fixture(scope="module")
def store(saved_shop):
    return LogStore.of(saved_shop)


@pytest.mark.parametrize("as_of", [None, "2025-06-01"])
def test_a_saved_log_in_parts_scores_like_the_history_in_memory(model, history, store, as_of):
    assert store.buckets > 1
    whole, parts = (score(model, data, as_of, threads=1) for data in (history, store))
    pd.testing.assert_frame_equal(parts.everyone, whole.everyone, check_exact=True)
    pd.testing.assert_frame_equal(parts.at_risk, whole.at_risk, check_exact=True)
    pd.testing.assert_frame_equal(parts.reasons, whole.reasons, check_exact=True)
    assert parts.summary() == whole.summary()
    assert len(whole.at_risk) > 20


def test_also_where_only_a_sample_tells_the_base_rate(model, history, store, monkeypatch):
    full = score(model, history, threads=1).model["base_rate"]["shift"]
    for module in (baserate, sys.modules["churn.scoring.score"]):
        monkeypatch.setattr(module, "MOST_CUSTOMERS", 600)
    whole, parts = (score(model, data, threads=1) for data in (history, store))
    pd.testing.assert_frame_equal(parts.everyone, whole.everyone, check_exact=True)
    assert parts.summary() == whole.summary()
    assert 0 < abs(whole.model["base_rate"]["shift"] - full) < 0.3


def test_nobody_listed_and_everybody_listed(model, history, store):
    for threshold in (0.999999, 0.000001):
        settings = ScoringSettings(threshold=threshold)
        whole, parts = (score(model, data, settings=settings, threads=1) for data in (history, store))
        pd.testing.assert_frame_equal(parts.at_risk, whole.at_risk, check_exact=True)
    assert len(parts.at_risk) == len(parts.active)


def test_active_are_the_population_of_the_definition(history, definition):
    for day in ("2024-03-01", "2025-06-01"):
        t = history.instant(day)
        assert np.array_equal(active_at(history, definition, t), definition.population(history.as_of(t)))


def test_a_customer_of_a_saved_log_is_explained_from_the_part_alone(model, history, store):
    listed = score(model, store, threads=1).at_risk["customer"]
    for customer in (listed[0], listed.iloc[-1]):
        one, other = (explain_customer(model, data, customer, threads=1) for data in (history, store))
        assert one.to_dict() == other.to_dict()
    with pytest.raises(ParameterError, match=r"There is no customer 'C00000x'.*such as C0"):
        explain_customer(model, store, "C00000x")
    gone = sorted(set(history.customers) - set(score(model, history, threads=1).active["customer"]))
    with pytest.raises(ParameterError, match="is not active on"):
        explain_customer(model, store, gone[0])
