import pytest

from churn.report.charts_backtest import ablation, by_cutoff, segments
from tests.report.chart_data import HOSTILE, parsed, texts


def estimate(value, width=0.02):
    return {"value": value, "low": value - width, "high": value + width}


def figure(cutoff, predictor, auc):
    return {"cutoff": cutoff, "predictor": predictor, "auc": estimate(auc)}


MODEL = {
    "baselines": [{"predictor": "recency", "words": "days since the last order"}],
    "backtest": {
        "figures": [
            figure("all", "model", 0.8),
            figure("all", "recency", 0.7),
            figure("all", "other", 0.6),
            figure("2025-01-01", "model", 0.79),
            figure("2025-01-01", "recency", 0.71),
            figure("2025-03-01", "model", 0.81),
            figure("2025-03-01", "recency", 0.69),
        ],
        "segments": [
            {
                "segment": "country",
                "value": HOSTILE,
                "rows": 1200,
                "churn_rate": 0.3,
                "predicted": 0.25,
                "auc": estimate(0.8),
                "lead": None,
            }
        ],
        "ablation": [{"without": "rhythm", **estimate(0.05)}, {"without": "service", **estimate(0.001)}],
    },
}


def test_the_model_stands_beside_the_best_rule_at_every_cutoff():
    chart = by_cutoff(MODEL)
    assert {"2025-01-01", "2025-03-01", "the model", "days since the last order"} <= set(texts(chart))
    assert "2025-03-01: 0.810 against 0.690" in parsed(chart).find("desc").text
    assert chart.columns == ("cutoff", "the model", "days since the last order", "other")
    assert [r[0] for r in chart.rows] == ["2025-01-01", "2025-03-01", "mean"]
    assert chart.rows[0][1:] == ("0.790 [0.770, 0.810]", "0.710 [0.690, 0.730]", "")


def test_parts_of_the_base_show_predicted_and_left():
    chart = segments(MODEL)
    parsed(chart)
    assert chart.rows[0] == (f"country: {HOSTILE}", "1,200", "30.0 %", "25.0 %", "0.800 [0.780, 0.820]", "")


def test_many_parts_are_all_in_the_data():
    one = MODEL["backtest"]["segments"][0]
    chart = segments({"backtest": {"segments": [one | {"value": f"v{i}"} for i in range(20)]}})
    assert len(chart.rows) == 20
    assert "6 more parts" in chart.caption
    assert sum(t.startswith("country: v") for t in texts(chart)) == 14


def test_families_stand_in_order_and_what_may_be_chance_is_grey():
    chart = ablation(MODEL)
    parsed(chart)
    assert chart.rows == (("rhythm", "+0.0500 [+0.0300, +0.0700]"), ("service", "+0.0010 [-0.0190, +0.0210]"))
    assert "stroke: var(--muted)" in chart.svg
    sure = ablation({"backtest": {"ablation": MODEL["backtest"]["ablation"][:1]}})
    assert sure.rows[0][0] == "rhythm"
    assert "stroke: var(--muted)" not in sure.svg


@pytest.mark.parametrize("draw", [by_cutoff, segments, ablation])
@pytest.mark.parametrize("nothing", [{}, {"backtest": None}, {"backtest": {"verdict": None, "warnings": []}}])
def test_what_is_not_there_is_not_drawn(draw, nothing):
    assert draw(nothing) is None
