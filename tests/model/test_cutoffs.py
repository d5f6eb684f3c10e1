import itertools

import pandas as pd
import pytest

import churn
from churn.config import TrainingSettings
from churn.data.history import DAY_US
from churn.errors import ParameterError
from churn.model.cutoffs import choose_cutoffs


def test_default_cutoffs_leave_the_final_outcome_unseen(history, definition):
    final = definition.last_mature_cutoff(history)
    chosen = choose_cutoffs(history, definition, 3, settings=TrainingSettings())
    assert chosen[-1] + definition.window_us <= final
    assert [b - a for a, b in itertools.pairwise(chosen)] == [definition.window_us] * 2
    assert choose_cutoffs(history, definition, 3, settings=TrainingSettings(), last=True)[-1] == final
    named = choose_cutoffs(
        history, definition, [history.date(chosen[1]), history.date(chosen[0])], settings=TrainingSettings()
    )
    assert named == chosen[:2]


def test_the_final_cutoff_is_the_settings_where_they_name_one(history, definition):
    day = history.timestamp(history.days_before(definition.last_mature_cutoff(history), 90)).date()
    settings = TrainingSettings(test_cutoff=day)
    final = history.instant(day)
    assert choose_cutoffs(history, definition, 1, settings=settings) == [
        history.midnight(final - definition.window_us)
    ]
    assert choose_cutoffs(history, definition, 1, settings=settings, last=True) == [final]


def test_none_is_told(history, definition):
    day = history.timestamp(history.data_start + 10 * DAY_US).date()
    with pytest.raises(ParameterError, match=r"no cutoff to judge the model at.*orders since.*Name cutoffs"):
        choose_cutoffs(history, definition, 2, settings=TrainingSettings(test_cutoff=day))
    with pytest.raises(ParameterError, match=r"no cutoff to judge.*Given: none"):
        choose_cutoffs(history, definition, [], settings=TrainingSettings())


@pytest.mark.parametrize("zone", ["Europe/London", "America/Santiago", "Pacific/Auckland"])
def test_no_instant_is_judged_twice_where_clocks_change(zone):
    day = pd.date_range("2021-01-01", "2024-06-30", freq="D")
    orders = pd.DataFrame({"customer": "a", "time": day, "amount": 1.0})
    history = churn.make_history(orders, timezone=zone)
    rule = churn.Inactivity(active_days=60, horizon_days=45)
    chosen = choose_cutoffs(history, rule, 12, settings=TrainingSettings())
    assert len(chosen) == 12
    assert all(b - a >= rule.window_us for a, b in itertools.pairwise(chosen))
    assert all(history.midnight(c) == c for c in chosen)
