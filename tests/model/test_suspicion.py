import numpy as np
import pandas as pd
import pytest

import churn
from churn.config import FeatureSettings, TrainingSettings
from churn.data.history import DAY_US
from churn.model.fold import fit_at
from churn.model.suspicion import Evidence, gather, single_auc, suspect

SETTINGS = TrainingSettings(max_snapshots=3)


def leaky(shop, days):
    """A table of ready features made weekly whose column counts orders that lie up to some days ahead."""
    tables = shop.tables()
    orders = tables["orders"].assign(day=lambda f: f["time"].dt.tz_convert("UTC").dt.normalize())
    weeks = pd.date_range(orders["day"].min(), orders["day"].max(), freq="7D")
    rows = []
    for week in weeks:
        ahead = orders[(orders["time"] >= week) & (orders["time"] < week + pd.Timedelta(days=days))]
        count = ahead.groupby("customer").size().reindex(tables["customers"]["customer"], fill_value=0)
        rows.append(
            pd.DataFrame({"customer": count.index, "time": week, "visits": count.to_numpy(dtype=float)})
        )
    tables["features"] = {"crm": pd.concat(rows, ignore_index=True)}
    return churn.make_history(**tables, segments=("country", "segment"))


def found(history, definition):
    cutoff = history.midnight(definition.last_mature_cutoff(history) - definition.window_us)
    fold = fit_at(history, definition, cutoff, settings=SETTINGS, features=FeatureSettings())
    evidence = gather(history, definition, fold)
    assert evidence.windows.keys() == {"start", "next"}
    args = [fold.predictions], [fold.test.y], [fold.test.customer], [evidence]
    return suspect(*args, "bgnbd", resamples=100)


def test_nothing_is_suspected_of_an_honest_shop(history, definition):
    assert found(history, definition) == []


def test_a_column_that_knows_the_outcome_is_found(shop, definition):
    suspicions = found(leaky(shop, days=52), definition)
    rules = {(s.what, s.rule) for s in suspicions}
    named = {s.what for s in suspicions if s.rule == "single-signal"}
    assert any("visits" in n for n in named)
    assert ("model", "too-far-ahead") in rules or ("model", "too-high") in rules
    assert ("model", "own-window") in rules
    text = next(s.text for s in suspicions if s.rule == "single-signal")
    assert "alone ranks better than bgnbd (AUC 0.9" in text
    assert "is it known before the cutoff" in text


def test_a_column_that_is_a_few_days_ahead_jumps_at_the_start_of_the_window(shop, definition):
    suspicions = found(leaky(shop, days=10), definition)
    named = {s.what for s in suspicions if s.rule == "start-of-window"}
    assert any("visits" in n for n in named)
    assert any("may see into the label window" in s.text for s in suspicions)


def test_an_uncertain_lead_is_no_suspicion():
    """Sixty rows: a signal looks better by more than the limit, and the interval is wide."""
    rng = np.random.default_rng(3)
    y = (rng.random(60) < 0.5).astype(float)
    base, better, ahead = y, y, 1.0
    while not 0.06 < ahead < 0.1:
        base, better = y + rng.normal(0, 1.2, 60), y + rng.normal(0, 1.2, 60)
        ahead = single_auc(better[:, None], y)[0] - single_auc(base[:, None], y)[0]
    p = {name: 1 / (1 + np.exp(-base)) for name in ("model", "base")}
    args = [p], [y], [np.arange(60)], [Evidence({"s": better})]
    assert suspect(*args, "base", resamples=200) == []


def test_single_auc_is_scikit_learn_s_with_unknown_values_lowest():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    X = np.round(rng.normal(size=(300, 3)), 1)
    X[rng.random((300, 3)) < 0.2] = np.nan
    y = (rng.random(300) < 0.4).astype(float)
    want = [roc_auc_score(y, np.where(np.isnan(c), -99, c)) for c in X.T]
    assert single_auc(X, y) == pytest.approx(want)


def test_the_window_after_is_left_out_where_it_is_not_over(history, definition):
    last = definition.last_mature_cutoff(history)
    assert last + 2 * definition.horizon_days * DAY_US > history.data_end
    fold = fit_at(history, definition, last, settings=SETTINGS, features=FeatureSettings())
    assert gather(history, definition, fold).windows.keys() == {"start"}
