import numpy as np
import pandas as pd
import pytest

import churn
from churn.data.history import DAY_US
from churn.model.bands import is_listed
from churn.model.leadtime import Watch, departures, lead_time

START = pd.Timestamp("2024-01-01", tz="UTC")


def shop(*days):
    """Make a history: for each customer the days of the orders."""
    rows = [(c, START + pd.Timedelta(days=d)) for c, each in enumerate(days) for d in each]
    frame = pd.DataFrame(rows, columns=["customer", "time"]).assign(amount=1.0)
    return churn.make_history(frame, data_end=START + pd.Timedelta(days=200))


def lists(history, flagged):
    """A list every 7 days from day 0 to day 140 of who was on it, by customer: the days."""
    t0 = history.instant("2024-01-01")
    everyone = np.arange(len(history.customers))
    return [
        Watch(
            t0 + d * DAY_US, everyone, np.array([c for c, days in enumerate(flagged) if d in days], dtype=int)
        )
        for d in range(0, 141, 7)
    ]


DEFINITION = churn.Inactivity(active_days=60, horizon_days=30)


def test_leaving_is_established_when_silence_has_lasted_the_horizon():
    history = shop([1, 20, 40], [1, 31, 61, 91, 121], [1, 30, 59.5])  # exactly 30 days apart is not gone
    t0 = history.instant("2024-01-01")
    who, last, known, means = departures(history, DEFINITION, t0, t0 + 70 * DAY_US)
    assert who.tolist() == [0]
    assert ((last - t0) / DAY_US).tolist() == [40]
    assert ((known - t0) / DAY_US).tolist() == [70]
    assert means == "no order for 30 days"
    who, *_ = departures(history, DEFINITION, t0, t0 + 89 * DAY_US)
    assert who.tolist() == [0]
    who, *_ = departures(history, DEFINITION, t0, t0 + 90 * DAY_US)
    assert who.tolist() == [0, 2]  # established at 89.5
    assert departures(history, DEFINITION, t0 + 41 * DAY_US, t0 + 89 * DAY_US)[0].tolist() == []


def test_before_the_last_order_in_time_and_late():
    """All order until day 40 and leave, which is established on day 70."""
    history = shop(*[[1, 25, 40]] * 5, [1, 25, 50, 75, 100, 125, 150, 175, 199])
    flagged = [
        range(14, 71, 7),  # on the list from day 14 on, 26 days before the last order
        range(49, 71, 7),  # nine days after the last order, 21 before it was established
        range(70, 141, 7),  # only when everybody knew
        [],
        [7, *range(56, 71, 7)],  # a short alarm long before does not count
        [],
    ]
    found = lead_time(history, DEFINITION, lists(history, flagged), resamples=50)
    assert found.left == 5
    assert [found.shares[k].value for k in ("before_last", "in_time", "late")] == [0.2, 0.4, 0.4]
    assert found.days["to_established"].value == 21  # of 56, 21 and 14
    assert found.days["to_last"].value == -9  # of 26, -9 and -16
    assert [r["first_flag"] for r in found.rows] == [
        "2024-01-15",
        "2024-02-19",
        None,
        None,
        "2024-02-26",
    ]
    text = found.render()
    assert "flagged before their last order: 20 %" in text
    assert "21 days" in text
    assert "9 days after the last order" in text


def test_nobody_left_or_nothing_watched():
    history = shop(range(0, 200, 7))
    assert lead_time(history, DEFINITION, lists(history, [[]])) is None
    assert lead_time(history, DEFINITION, []) is None


def test_lists_agree_with_score(history, model, definition):
    """The list of a cutoff is the at-risk list of the same model."""
    cutoff = history.instant(model.training["test_cutoff"])
    scores = churn.score(model, history, cutoff)
    p = scores.active["churn_probability"].to_numpy()
    listed = set(scores.active["customer"][is_listed(p)])
    assert listed == set(scores.at_risk["customer"])


@pytest.mark.parametrize("days", [1, 30])
def test_other_kinds_leave_when_they_are_no_longer_active(days, definition):
    history = shop([1, 20], range(0, 200, 5))

    class Ended(churn.Inactivity):
        kind = "ended"

    t0 = history.instant("2024-01-01")
    who, last, known, _ = departures(history, Ended(40, days), t0, t0 + 140 * DAY_US)
    assert who.tolist() == [0]
    assert (last == known).all()
    assert ((known - t0) / DAY_US).tolist() == [63]  # day 60, seen on the next list


def test_an_end_is_no_last_order(definition):
    history = shop([1, 20], range(0, 200, 5))

    class Ended(churn.Inactivity):
        kind = "ended"

    found = lead_time(history, Ended(40, 30), lists(history, [range(40, 63), []]))
    assert found is not None
    text = found.render()
    assert "flagged before they left: 100 %" in text
    assert "before they left (median)" in text
    assert "last order" not in text
    assert found.to_dict()["by_silence"] is False
