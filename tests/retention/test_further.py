from __future__ import annotations

import json

import numpy as np
import pytest

from churn.config.retention import RetentionSettings
from churn.data.base import CustomerBase, count
from churn.data.store import LogStore
from churn.retention.cohorts import cohorts
from churn.retention.further import further_tallies
from churn.retention.overview import OverviewTally
from churn.retention.purchases import purchases
from churn.retention.survival import survival


@pytest.mark.parametrize("every", ["day", "quarter", "rolling"])
def test_one_pass_of_the_night_counts_what_each_figure_counts_alone(
    history, saved_shop, definition, every
) -> None:
    base, calendar = CustomerBase.of(LogStore.of(saved_shop)), RetentionSettings(every=every)
    t = base.instant("2025-05-17")
    night = OverviewTally(base, definition, t, calendar, further_tallies(base, definition, t, calendar))
    count(base, night, tables=night.tables)
    told = night.result(np.array([0.5]), np.array([100.0])).to_dict()
    period = "quarter" if every == "quarter" else "month"
    assert told["cohorts"] == cohorts(history, definition, period, as_of=t).to_dict()
    assert told["survival"] == survival(history, definition, as_of=t).to_dict()
    assert told["purchases"] == purchases(history, definition, period, as_of=t).to_dict()
    json.dumps(told, allow_nan=False)
