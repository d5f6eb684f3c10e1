from __future__ import annotations

import json

from churn.data.base import CustomerBase
from churn.retention.lookback import Lookback
from tests.features.oracle import DAY
from tests.retention.test_expected import RULE, T, night, orders, runs

BASE = CustomerBase.of(
    night(*orders(T - 10 * DAY, T + 5 * DAY, customer="a"), *orders(T - 50 * DAY, customer="b"))
)
FOUND = Lookback.of(runs("2024-02-20", "2024-03-01", "2024-04-01"), BASE, RULE)


def test_both_rates_stand_beside_each_other_and_what_is_not_over_is_marked():
    lines = str(FOUND).splitlines()
    assert lines[2].split() == [
        "2024-03-01",
        "2024-03-21",
        "2",
        "50.0",
        "%",
        "40.0",
        "to",
        "60.0",
        "50.0",
        "%",
        "+0.0",
        "yes",
    ]
    assert "not over" in lines[3]
    assert lines[4].startswith(
        "Of 2 nights the rate that came lies 25.0 percentage points from the expected one on average; 1 of 2"
    )


def test_before_the_first_horizon_is_over_it_says_when_that_will_be():
    early = Lookback.of(runs("2024-03-01"), BASE, RULE, "2024-03-05")
    assert early.said == "No night with an expected rate is 20 days old yet. The first is over on 2024-03-21."
    assert early.judged == ()
    assert str(Lookback.of(runs(), BASE, RULE)).startswith("No earlier night is on record")


def test_a_record_of_another_definition_alone_is_not_called_empty():
    other = Lookback.of(runs("2024-03-01", definition="something else"), BASE, RULE)
    assert str(other) == "Earlier nights left out: 1 of another definition of churn."
    assert other.to_dict()["said"] == str(other)
    some = Lookback.of(runs("2024-02-20", "2020-01-01"), BASE, RULE)
    assert str(some).endswith("Earlier nights left out: 1 outside the data.")


def test_the_frame_and_the_picture_show_the_same():
    frame = FOUND.frame
    (axes,) = FOUND.figure().axes
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert drawn["came"] == [r for r in frame["actual"] if r is not None]
    assert drawn["expected, with its 95 % interval"] == frame["expected"].tolist()
    assert json.loads(json.dumps(FOUND.to_dict(), allow_nan=False))["nights"][0]["as_of"] == "2024-02-20"
    assert (
        Lookback((), 20).figure().axes[0].get_title(loc="left") == "Retention in the 20 days after each night"
    )
