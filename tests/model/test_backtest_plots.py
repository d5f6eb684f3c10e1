import numpy as np

from churn.config import EconomicsSettings
from churn.model.backtest_plots import backtest_figures
from churn.model.economics import profit
from churn.model.evaluate import Judged, evaluate_parts
from churn.model.tables import added_table, evaluation_tables


def test_pictures_show_the_numbers_of_their_tables():
    rng = np.random.default_rng(0)
    p = rng.random(300)
    part = Judged(
        "2025-01-01", (rng.random(300) < p).astype(float), {"model": p, "recency": p**2}, np.arange(300)
    )
    each, pooled = evaluate_parts([part], resamples=20)
    tables = evaluation_tables(pooled, each)
    tables["ablation"] = tables["learning_curve"] = added_table(pooled)
    settings = EconomicsSettings(contact_cost=1, offer_cost=5, saved_value=60, save_chance=0.3)
    tables |= profit([part], settings, resamples=20).tables()
    found = backtest_figures(pooled, tables)
    assert list(found)[2:] == ["auc_by_cutoff", "profit_by_depth", "ablation", "learning_curve"]
    line = found["profit_by_depth"].axes[0].lines[0]
    mine = tables["profit_by_depth"].query("predictor == 'model'")
    assert np.allclose(line.get_ydata(), mine["value"])
    assert found["ablation"].axes[0].patches[0].get_width() == pooled.differences["recency"]["auc"].value
    assert [t.get_text() for t in found["auc_by_cutoff"].axes[0].get_xticklabels()] == ["2025-01-01", "mean"]
