import pytest

from churn.report.charts_model import baselines, calibration, gain, profit
from tests.report.chart_data import HOSTILE, parsed, texts


def estimate(value):
    return {"value": value, "low": value - 0.02, "high": value + 0.02}


def predictor(name, auc, words=None):
    return {
        "predictor": name,
        "words": words or name,
        "figures": {"auc": estimate(auc), "log_loss": estimate(0.4)},
    }


MODEL = {
    "judged": {"cutoff": "2025-01-01", "rows": 200, "churn_rate": 0.25},
    "calibration": [
        {"predicted": 0.1, "observed": 0.12, "low": 0.05, "high": 0.2, "rows": 100},
        {"predicted": 0.4, "observed": 0.38, "low": 0.3, "high": 0.5, "rows": 101},
    ],
    "gains": [{"depth": d / 20, "reached": (d / 20) ** 0.5, "lift": 1.5} for d in range(1, 21)],
    "baselines": [
        predictor("model", 0.8, "the model"),
        predictor("recency", 0.7, "days since the last order alone"),
        predictor("other", 0.75, HOSTILE),
    ],
    "backtest": {
        "profit": {
            "customers": 100.0,
            "by_depth": {
                "depth": [0.0, 0.5, 1.0],
                "model": {"value": [0.0, 3.0, -1.0], "low": [0.0, 2.0, -2.0], "high": [0.0, 4.0, 0.0]},
                "recency": {"value": [0.0, 1.0, -1.0], "low": [0, 0, 0], "high": [0, 2, 0]},
            },
        }
    },
}


def test_calibration_tells_every_group_with_its_count():
    chart = calibration(MODEL)
    parsed(chart)
    assert chart.rows == (
        ("10.0 %", "12.0 %", "5.0 % to 20.0 %", "100"),
        ("40.0 %", "38.0 %", "30.0 % to 50.0 %", "101"),
    )
    assert chart.caption.startswith("2 groups of 100 to 101 customers")


def test_gain_tells_what_the_riskiest_fifth_holds():
    chart = gain(MODEL)
    assert "the riskiest 20 % hold 45 % of all who left" in parsed(chart).find("desc").text
    assert len(chart.rows) == 20


def test_the_model_stands_first_and_the_rules_by_their_figure():
    chart = baselines(MODEL)
    assert [r[0] for r in chart.rows] == ["the model", HOSTILE, "days since the last order alone"]
    assert {"0.800", "0.750", "0.700"} <= set(texts(chart))
    assert chart.rows[0][1] == "0.800 [0.780, 0.820]"
    assert "200 customers at 2025-01-01" in chart.caption


def test_profit_is_of_the_whole_round_and_names_the_best_depth():
    chart = profit(MODEL, "£")
    assert "best: 50 % contacted, £300" in texts(chart)
    assert chart.columns == ("contacted", "the model", "days since the last order alone")
    assert ("50 %", "£300", "£100") in chart.rows
    assert ("0 %", "£0.00", "£0.00") in chart.rows


@pytest.mark.parametrize("draw", [calibration, gain, baselines, profit])
@pytest.mark.parametrize("nothing", [{}, {"backtest": None}, {"backtest": {"verdict": None}}])
def test_what_is_not_there_is_not_drawn(draw, nothing):
    assert draw(nothing) is None


def test_a_figure_without_an_interval_is_drawn_without_one():
    bare = {
        "predictor": "model",
        "words": "the model",
        "figures": {"auc": {"value": 0.8, "low": None, "high": None}},
    }
    chart = baselines({"baselines": [bare]})
    parsed(chart)
    assert chart.rows[0][1] == "0.800"


def test_what_a_trained_model_says_is_drawn(model):
    from churn.scoring.belief import believe

    found = believe(model)
    for draw in (calibration, gain, baselines):
        parsed(draw(found))
    assert profit(found) is None
