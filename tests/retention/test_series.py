from __future__ import annotations

import json

from churn.retention.rate import Retention
from churn.retention.series import RetentionSeries

JAN = Retention(100, 95, 15, 10, 5, "2024-01-01", "2024-02-01")
FEB = Retention(95, 90, 5, 5, 0, "2024-02-01", "2024-03-01", so_far="2024-02-20")
BIG = (
    Retention(80, 80, 10, 10, 0, "2024-01-01", "2024-02-01"),
    Retention(80, 75, 5, 5, 0, "2024-02-01", "2024-03-01", so_far="2024-02-20"),
)
FEW = (
    Retention(20, 15, 5, 0, 5, "2024-01-01", "2024-02-01"),
    Retention(15, 15, 0, 0, 0, "2024-02-01", "2024-03-01", so_far="2024-02-20"),
)
SERIES = RetentionSeries(
    (JAN, FEB), "month", 60, "an order in the last 60 days", "", "size", {"big": BIG, "few": FEW}
)


def test_the_running_period_is_marked_and_not_among_the_whole_ones():
    assert SERIES.whole == (JAN,)
    lines = str(SERIES).splitlines()
    assert next(x for x in lines if x.startswith("2024-02-01")).split()[6:8] == ["~", "89.5"]
    assert "~ running: the period from 2024-02-01 to 2024-03-01 is counted so far, up to 2024-02-20" in lines


def test_small_groups_keep_their_figure_and_are_marked():
    assert [SERIES.is_small(r) for r in (JAN, BIG[0], FEW[0])] == [False, False, True]
    assert "* 50.0 %" in str(SERIES)
    assert "* fewer than 30 customers at the start: not a rate to be trusted" in str(SERIES)
    assert "* fewer" not in str(RetentionSeries((JAN,), "month", 60, "", ""))
    assert RetentionSeries((Retention(30, 0, 0),), "month", 60, "", "").is_small(Retention(29, 0, 0))
    assert not SERIES.is_small(Retention(30, 0, 0))


def test_the_flows_of_the_last_whole_period_stand_by_group():
    text = str(SERIES)
    assert "By size, 2024-01-01 to 2024-02-01" in text
    assert text.splitlines()[text.splitlines().index("By size, 2024-01-01 to 2024-02-01") + 4].split()[
        :6
    ] == [
        "all",
        "100",
        "20",
        "10",
        "5",
        "95",
    ]


def test_the_frame_has_a_row_per_period_and_group():
    frame = SERIES.frame
    assert frame.shape[0] == 6
    assert frame["group"].fillna("all").tolist() == ["all", "all", "big", "big", "few", "few"]
    assert frame["small"].tolist() == [False, False, False, False, True, True]
    assert frame["running"].tolist() == [False, True] * 3
    plain = RetentionSeries((JAN,), "month", 60, "", "").frame
    assert "group" not in plain
    assert plain.loc[0, "rate_low"] < plain.loc[0, "retention_rate"] < plain.loc[0, "rate_high"]


def test_plain_values_are_json():
    data = json.loads(json.dumps(SERIES.to_dict(), allow_nan=False))
    assert data["groups"]["few"][0]["small"]
    assert data["periods"][1]["so_far"] == "2024-02-20"
    assert "groups" not in RetentionSeries((JAN,), "month", 60, "", "").to_dict()


def test_rolling_periods_are_called_periods():
    lines = str(RetentionSeries((JAN,), "rolling", 60, "an order", "")).splitlines()
    assert lines[0].startswith("Retention by rolling period; active = an order")
    assert lines[1].split()[0] == "period"
    assert lines[2].startswith("2024-01-01 to 2024-02-01")
