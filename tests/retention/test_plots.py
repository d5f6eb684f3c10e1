from __future__ import annotations

from churn.retention.plots import MOST_PANELS
from churn.retention.rate import Retention
from churn.retention.series import RetentionSeries
from tests.retention.test_series import FEB, JAN, SERIES


def test_a_panel_per_group_shows_its_rates_of_the_frame_beside_all():
    frame = SERIES.frame
    for name, axes in zip(("big", "few"), SERIES.figure().axes, strict=True):
        drawn = {line.get_label(): [round(y, 6) for y in line.get_ydata()] for line in axes.lines}
        for group in (name, "all"):
            rates = frame.loc[frame["group"].fillna("all") == group, "retention_rate"]
            assert drawn[group] == [round(r, 6) for r in rates]
        assert axes.get_title(loc="left") == name
        assert [t.get_text() for t in axes.get_xticklabels()] == ["2024-02-01", "2024-01-01"]


def test_running_and_small_periods_are_hollow():
    (axes,) = RetentionSeries((JAN, FEB, Retention(5, 5, 0)), "month", 60, "", "").figure().axes
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [list(line.get_xdata()) for line in hollow] == [[1, 2]]


def test_a_period_without_rate_is_a_gap_and_groups_that_are_not_drawn_are_said():
    empty = Retention(0, 3, 3, 3, 0, "2024-01-01", "2024-02-01")
    groups = {f"g{i}": (empty, FEB) for i in range(MOST_PANELS + 2)}
    figure = RetentionSeries((empty, FEB), "month", 60, "", "", "size", groups).figure()
    assert len(figure.axes) == MOST_PANELS
    assert figure._supxlabel.get_text().endswith("2 smaller groups are not drawn.")
    first, *_ = figure.axes[0].lines
    assert str(first.get_ydata()[0]) == "nan"


def test_panels_that_are_left_over_are_empty():
    figure = RetentionSeries((JAN,), "month", 60, "", "", "size", dict.fromkeys("abcd", (JAN,))).figure()
    assert [axes.axison for axes in figure.axes] == [True] * 4 + [False] * 2
