"""The picture of a measurement at its edges."""

from dataclasses import replace

from churn.campaigns.measurement.contrast import Contrast
from churn.campaigns.measurement.plot import draw, ends
from churn.campaigns.measurement.result import Measurement

EMPTY = Measurement("winter", "2026-01-06", "not enough data", "2026-03-06", "Not enough data yet.")


def test_nothing_to_compare_is_an_empty_picture():
    assert draw(EMPTY).axes[0].get_yticklabels() == []


def test_many_groups_are_not_all_drawn_and_counted():
    groups = tuple(
        Contrast("retained", "plain", "segment_x", f"<{i}>" * 50, effect=0.1, low=0.0, high=0.2)
        for i in range(40)
    )
    figure = draw(replace(EMPTY, status="measured", by_segment=groups))
    assert len(figure.axes[0].get_yticklabels()) == 24
    assert "16 more are not drawn" in figure.get_supxlabel()


def test_early_the_interval_is_the_one_that_holds_at_every_look():
    c = Contrast("retained", "plain", effect=0.1, low=0.0, high=0.2, always_valid={"low": -0.1, "high": 0.3})
    assert ends(replace(EMPTY, status="interim"), c) == (-0.1, 0.3)
    assert ends(replace(EMPTY, status="measured"), c) == (0.0, 0.2)
    assert ends(replace(EMPTY, status="interim"), replace(c, always_valid=None)) is None
