import pytest
from pydantic import ValidationError

from churn.config.steps import FeatureSettings, ScoringSettings, TrainingSettings, ValueSettings


@pytest.mark.parametrize("windows", [(), (30, 7), (7, 7)])
def test_windows_ascend(windows):
    with pytest.raises(ValidationError, match="ascending order, each once"):
        FeatureSettings(windows=windows)


@pytest.mark.parametrize(
    ("block", "values"),
    [
        (TrainingSettings, {"max_snapshots": 2}),
        (TrainingSettings, {"threads": 0}),
        (TrainingSettings, {"tune_trials": -1}),
        (TrainingSettings, {"tune_minutes": 0}),
        (ScoringSettings, {"threshold": 1.0}),
        (ScoringSettings, {"top": 0}),
        (ValueSettings, {"discount_rate": -0.1}),
    ],
)
def test_values_out_of_range_are_refused(block, values):
    with pytest.raises(ValidationError):
        block(**values)


def test_tuning_is_off_unless_asked_for():
    assert TrainingSettings().tune_trials == 0
    assert TrainingSettings(tune_trials=3, tune_minutes=0.5).tune_minutes == 0.5
