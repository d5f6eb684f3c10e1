"""Outcomes and measurements: versions are added, the newest counts."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from churn.errors import DataError

ON = dt.date(2026, 3, 1)


def came(**changed):
    frame = pd.DataFrame(
        {
            "customer": ["C0", "C1", "C5", "who"],
            "retained": [1.0, 0.0, float("nan"), 1.0],
            "orders": [2.0, 0.0, 0.0, 1.0],
            "net_value": [-3.5, 0.0, 7.25, 1.0],
            "mature": [True, True, False, True],
        }
    )
    return frame.assign(**changed)


def test_only_what_is_new_or_other_is_added_and_the_newest_counts(approved):
    assert approved.record_outcomes("winter", ON, came()) == {
        "new": 3,
        "changed": 0,
        "unchanged": 0,
        "unknown": 1,
    }
    changed = approved.record_outcomes("winter", ON, came(orders=[3.0, 0.0, 0.0, 1.0]))
    assert changed == {"new": 0, "changed": 1, "unchanged": 2, "unknown": 1}
    later = approved.record_outcomes("winter", dt.date(2026, 4, 1), came(retained=1.0)[:1])
    assert later["new"] == 1
    frame = approved.outcomes("winter").set_index("customer")
    assert frame["orders"].to_dict() == {"C0": 2.0, "C1": 0.0, "C5": 0.0}
    first = approved.outcomes("winter", ON).set_index("customer")
    assert first["orders"]["C0"] == 3.0
    assert first["net_value"].to_dict() == {"C0": -3.5, "C1": 0.0, "C5": 7.25}
    assert pd.isna(first["retained"]["C5"])
    assert not first["mature"]["C5"]
    assert first["arm"]["C5"] == "holdout"
    with pytest.raises(DataError, match="name a customer twice"):
        approved.record_outcomes("winter", ON, came(customer="C0"))


def test_measurements_are_kept_in_order_and_a_repetition_is_none(approved):
    assert approved.record_measurement("winter", ON, {"said": "ä", "effect": 0.1})
    assert not approved.record_measurement("winter", ON, {"effect": 0.1, "said": "ä"})
    assert approved.record_measurement("winter", ON, {"said": "other"})
    assert [m["content"]["said"] for m in approved.measurements("winter")] == ["ä", "other"]
    assert approved.measurements("winter")[0]["as_of"] == ON
