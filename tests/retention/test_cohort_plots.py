from __future__ import annotations

import numpy as np

from churn.data.base import CustomerBase, count
from churn.retention.cohorts import CohortTally, cohorts
from churn.retention.purchases import PurchaseTally, purchases
from churn.retention.survival import SurvivalTally, survival


def test_the_heat_map_shows_the_shares_of_its_data_and_hatches_what_is_not_over(history, definition) -> None:
    found = cohorts(history, definition, "quarter", as_of="2025-05-17")
    upper, lower = found.figure().axes[:2]
    shares = upper.images[0].get_array()
    told = found.to_dict()
    assert shares[1, 0] == told["cohorts"][0]["rate"][0]
    assert np.ma.getmaskarray(np.ma.masked_invalid(shares))[-1].all()  # the last cohort is running
    assert len(upper.patches) == sum(any(c["running"]) for c in (told["before"], *told["cohorts"]))
    np.testing.assert_allclose(lower.lines[0].get_ydata(), found.curve["rate"])


def test_every_group_has_its_curve_with_an_interval(history, definition) -> None:
    found = survival(history, definition)
    axes = found.figure().axes[0]
    curve = found.groups["2024"]
    line = next(x for x in axes.lines if str(x.get_label()).startswith("2024"))
    np.testing.assert_allclose(
        line.get_ydata(), curve.estimate.survival[line.get_xdata().astype(int)], atol=1e-6
    )
    assert curve.known_days - 4 <= line.get_xdata()[-1] <= curve.known_days
    assert len(axes.collections) == len(found.groups)


def test_only_whole_periods_are_drawn(history, definition) -> None:
    found = purchases(history, definition, as_of="2025-05-17")
    revenue = found.figure().axes[0]
    assert len(revenue.containers[0]) == len(found.periods) - 2  # the first is a part, the last is running
    assert revenue.containers[1][0].get_height() == found.periods[1].net


def test_nothing_to_draw_is_drawn_without_a_warning(history, definition) -> None:
    base = CustomerBase.of(history)
    for tally_of in (CohortTally, SurvivalTally, PurchaseTally):
        tally = tally_of(base, definition, known_before=history.data_start)
        count(base, tally)
        tally.result().figure().canvas.draw()
