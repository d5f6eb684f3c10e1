import numpy as np
import pytest

from churn.model.backtest_plots import backtest_figures
from churn.model.evaluate import Judged, evaluate_parts
from churn.model.segments import SegmentResult
from churn.model.tables import ALL, added_table, added_text, evaluation_tables, segments_table


@pytest.fixture(scope="module")
def judged():
    parts = []
    for cutoff in ("2025-01-01", "2025-02-01"):
        rng = np.random.default_rng(len(parts))
        p = rng.random(200)
        y = (rng.random(200) < p).astype(float)
        parts.append(Judged(cutoff, y, {"model": p, "service": rng.random(200)}, np.arange(200)))
    return evaluate_parts(parts, resamples=20)


def test_every_figure_of_every_cutoff_is_a_row(judged):
    each, pooled = judged
    tables = evaluation_tables(pooled, each)
    figures = tables["figures"].set_index(["cutoff", "predictor", "metric"])
    assert figures.loc[(ALL, "model", "auc"), "value"] == pooled.metrics["model"]["auc"].value
    assert figures.loc[("2025-02-01", "service", "brier"), "low"] == each[1].metrics["service"]["brier"].low
    assert figures.index.is_unique
    assert set(tables["differences"]["predictor"]) == {"service"}
    assert len(tables["gains"]) == 3 * 20


def test_what_a_group_adds_is_the_model_minus_the_other_fit(judged):
    pooled = judged[1]
    row = added_table(pooled).query("metric == 'auc'").iloc[0]
    assert row["without"] == "service"
    assert row["value"] == pytest.approx(pooled.metrics["model"]["auc"].value - row["alone"])
    assert f"{row['value']:+.4f} [" in added_text(pooled)


def test_segments_are_rows(judged):
    frame = segments_table([SegmentResult("country", "FR", judged[0][0])])
    assert set(frame["predictor"]) == {"model", "service", "model minus service"}
    assert (frame["value_of"] == "FR").all()


def test_figures_are_drawn_from_what_there_is(judged):
    each, pooled = judged
    tables = evaluation_tables(pooled, each)
    assert list(backtest_figures(pooled, tables)) == ["calibration", "gains", "auc_by_cutoff"]
    tables["ablation"] = added_table(pooled)
    assert list(backtest_figures(pooled, tables))[-1] == "ablation"
