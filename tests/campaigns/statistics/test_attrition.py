"""Contacts that should not have been, and outcomes that are missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churn.campaigns.statistics.attrition import attrition, contamination
from churn.errors import ParameterError

IDS = ["=1+1", "7", *[f"C{n}" for n in range(98)]]
TABLE = pd.DataFrame({"customer": IDS, "arm": ["holdout"] * 20 + ["treated"] * 75 + ["global holdout"] * 5})


def found(*args, **kwargs):
    return {c.code: c for c in contamination(TABLE, *args, **kwargs)}


def test_arms_kept_as_drawn_have_no_warning():
    checks = found(IDS[20:95])
    assert [c.is_warning for c in checks.values()] == [False] * 3
    assert checks["treated_without_contact"].text == "Every treated customer was contacted."


def test_contacted_holdouts_and_forgotten_treated_are_counted():
    checks = found([7, "=1+1", *IDS[20:90], "nobody"])
    assert checks["holdout_contacted"].is_warning
    assert checks["holdout_contacted"].text.startswith("2 of 20 (10.0 %) held-out customers were contacted")
    assert checks["treated_without_contact"].figures == {"customers": 5, "treated": 75}
    assert checks["treated_without_contact"].is_warning
    early = found([], is_delivered=False)["treated_without_contact"]
    assert not early.is_warning
    assert early.text == "75 of 75 (100.0 %) treated customers have no contact yet."


def test_another_campaign_matters_where_it_took_one_arm():
    alike, uneven = found([], IDS[15:40])["other_campaigns"], found([], IDS[:20])["other_campaigns"]
    assert not alike.is_warning
    assert alike.figures["treated"] == 20
    assert uneven.is_warning
    assert "0 of 75 (0.0 %) treated and 20 of 20 (100.0 %) held-out" in uneven.text


def test_customers_outside_the_arms_and_empty_arms_do_not_count():
    assert found(IDS[95:])["holdout_contacted"].figures["customers"] == 0
    empty = contamination(TABLE.iloc[:0], IDS)
    assert not any(c.is_warning for c in empty)
    with pytest.raises(ParameterError, match="Given: arm"):
        contamination(TABLE[["customer"]], [])


def test_missing_outcomes_warn_where_uneven_or_many():
    treated = np.repeat([True, False], [900, 100])
    y = np.ones(1000)
    y[[1, 2, 950]] = np.nan
    few = attrition(y, treated)
    assert not few.is_warning
    assert (
        few.text
        == "The outcome is missing for 2 of 900 (0.2 %) treated and 1 of 100 (1.0 %) held-out customers: few, and alike in both arms."
    )
    y[905:920] = np.nan
    assert "more of one arm than chance explains" in attrition(y, treated).text
    y = np.where(np.arange(1000) % 10 == 0, np.nan, 1)
    assert "many, though alike" in attrition(y, treated).text
    assert attrition(y, treated).is_warning
    with pytest.raises(ParameterError, match="1,000 and 3 customers"):
        attrition(y, [True] * 3)
