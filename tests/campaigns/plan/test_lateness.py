"""A plan whose days are past, by a moved clock."""

from __future__ import annotations

import datetime as dt

import pytest

from churn.campaigns.plan.lateness import late_warning
from tests.campaigns.ledger.conftest import small_plan


@pytest.mark.parametrize(
    ("today", "says"),
    [
        ((2025, 12, 1), ""),
        ((2026, 1, 8), ""),  # the third day after: still sent
        ((2026, 1, 9), "5 of 5 first contacts are too late on 2026-01-09: their days (2026-01-05) are past"),
    ],
)
def test_it_warns_from_the_day_on_which_they_would_be_cancelled(today, says):
    warning = late_warning(small_plan(), today=dt.date(*today))
    assert warning.startswith(says)
    assert bool(warning) is bool(says)


def test_those_of_later_days_and_the_held_out_do_not_count():
    plan = small_plan()
    plan.customers.loc[0, "day"] = "2026-01-06"
    plan.customers.loc[1, "day"] = "2026-01-16"
    plan.customers.loc[plan.customers["arm"] == "holdout", "day"] = "2025-01-01"
    assert late_warning(plan, today=dt.date(2026, 1, 10)).startswith(
        "4 of 5 first contacts are too late on 2026-01-10: their days (2026-01-05 to 2026-01-06)"
    )
    nobody = small_plan()
    nobody.customers["arm"] = ""
    assert late_warning(nobody, today=dt.date(2030, 1, 1)) == ""
