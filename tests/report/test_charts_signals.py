import pytest

from churn.report.charts_signals import importance
from tests.report.chart_data import HOSTILE, parsed, texts

MODEL = {
    "importance": {
        "stories": [
            {"name": "rhythm of orders", "share": 0.7, "signals": 12},
            {"name": HOSTILE, "share": 0.3, "signals": 1},
            {"name": "unused", "share": 0.0, "signals": 4},
        ],
        "signals": [
            {"name": "recency_days", "share": 0.4, "story": "rhythm of orders", "meaning": "days since"}
        ],
    }
}


def test_stories_are_drawn_and_the_strongest_signals_named_in_words():
    chart = importance(MODEL)
    said = texts(chart)
    assert "70 %  (12 signals)" in said
    assert "30 %  (1 signal)" in said
    assert "unused" not in said
    assert chart.rows == (("rhythm of orders", "recency_days", "40.0 %", "days since"),)
    parsed(chart)


@pytest.mark.parametrize("nothing", [{}, {"importance": None}, {"importance": {"stories": []}}])
def test_what_is_not_there_is_not_drawn(nothing):
    assert importance(nothing) is None
