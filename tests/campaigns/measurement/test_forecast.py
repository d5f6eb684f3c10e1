"""The forecast beside what came: whether both may be true, and money after cost."""

import pytest

from churn.campaigns.measurement.contrast import Contrast
from churn.campaigns.measurement.forecast import beside, profit, what_came

VALUE = Contrast(
    "net_value", "plain", effect=10.0, low=2.0, high=18.0, total=1000.0, total_low=200.0, total_high=1800.0
)
KEPT = Contrast(
    "retained", "plain", effect=0.1, low=0.0, high=0.2, total=10.0, total_low=0.0, total_high=20.0
)


def test_what_came_is_margin_on_value_less_cost():
    came = what_came({"contacts": 90, "spent": 300.0}, KEPT, VALUE, 0.5)
    assert came["profit"] == (200.0, -200.0, 600.0)
    assert came["value"] == (500.0, 100.0, 900.0)
    assert came["saved"] == (10.0, 0.0, 20.0)
    assert came["contacts"] == (90, None, None)


@pytest.mark.parametrize(
    ("low", "high", "end"),
    [(15, 30, "both may be true"), (20, 30, "both may be true"), (21, 30, "less than expected"),
     (-9, -1, "more than expected")],
)  # fmt: skip
def test_intervals_that_touch_may_both_be_true(low, high, end):
    (row,) = beside(
        {"saved": {"mean": (low + high) / 2, "low": low, "high": high}}, what_came({}, KEPT, None, 1.0), ""
    )
    assert row["text"].endswith(f"{end}.")
    assert row["fits"] is (end == "both may be true")


def test_what_has_no_interval_is_held_against_the_expected_one():
    rows = beside(
        {"contacts": {"mean": 100, "low": 95, "high": 105}, "cost": 300},
        {"contacts": (90, None, None), "cost": (310, None, None)},
        "£",
    )
    assert [r["text"] for r in rows] == [
        "contacts: 90 came, 100 (95 to 105) were expected; less than expected.",
        "cost: £310 came, £300 were expected.",
    ]
    assert beside({}, {"cost": (1, None, None)}, "") == ()


@pytest.mark.parametrize(
    ("spent", "said"),
    [(100.0, "The campaign paid"), (500.0, "cannot be said"), (2000.0, "lost money")],
)
def test_profit_says_whether_it_is_shown(spent, said):
    found = profit(VALUE, {"spent": spent}, 1.0, "")
    assert said in found["said"]
    assert found["value"] == 1000 - spent
    assert profit(None, {"spent": 1.0}, 1.0, "") == {}


def test_an_interval_without_width_is_not_told_and_zero_has_no_sign():
    same = {"mean": 1478.0, "low": 1478.0, "high": 1478.0}
    rows = beside({"contacts": same, "saved": {"mean": 4.0, "low": -0.4, "high": 9.0}},
                  {"contacts": (1478, None, None), "saved": (20.0, -0.2, 51.0)}, "")  # fmt: skip
    assert rows[0]["text"] == "contacts: 1,478 came, 1,478 were expected; as expected."
    assert rows[1]["text"] == "customers kept: 20 (0 to 51) came, 4 (0 to 9) were expected; both may be true."
