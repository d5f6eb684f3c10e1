import numpy as np
import pytest

from churn.config import FeatureSettings, TrainingSettings
from churn.data.history import DAY_US
from churn.model.replay import Plan, Replayed, Skipped, replay


@pytest.fixture(scope="module")
def plan(history, definition):
    settings = TrainingSettings(max_snapshots=3)
    return Plan(history, definition, settings, FeatureSettings(), ablation=False, learning=False)


def test_a_fold_keeps_predictions_and_no_matrices(plan, history, definition):
    cutoff = definition.last_mature_cutoff(history)
    steps = []
    found = replay((plan, cutoff), lambda: steps.append(1))
    assert isinstance(found, Replayed)
    assert len(steps) == plan.steps == 2
    n = len(found.judged.y)
    kept = [*found.judged.predictions.values(), *found.segments.values(), *found.evidence.columns.values()]
    assert {np.shape(a) for a in kept} == {(n,)}
    assert [w.instant for w in found.watches][:2] == [cutoff, cutoff + 7 * DAY_US]
    assert found.watches[-1].instant < cutoff + definition.window_us
    assert found.facts["snapshots"] == 3


def test_a_users_error_is_a_reason(plan, history):
    cutoff = history.data_start + 100 * DAY_US
    found = replay((plan, cutoff), lambda: None)
    assert isinstance(found, Skipped)
    assert found.cutoff == history.date(cutoff)
    assert "too short" in found.why
