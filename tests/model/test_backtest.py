import json

import pytest

import churn
from churn.config import EconomicsSettings, TrainingSettings
from churn.data.history import DAY_US
from churn.errors import ModelError, ParameterError
from churn.model.backtest import backtest

QUICK = {
    "settings": TrainingSettings(max_snapshots=4),
    "ablation": False,
    "learning_curve": False,
    "economics": EconomicsSettings(
        contact_cost=1, offer_cost=5, saved_value=60, save_chance=0.3, capacity=50
    ),
}


@pytest.fixture(scope="module")
def tested(history, definition):
    return backtest(history, definition, cutoffs=2, **QUICK, jobs=1)


@pytest.mark.parametrize("wrong", [0, -1, True])
def test_a_wrong_number_of_cutoffs_is_refused(history, definition, wrong):
    with pytest.raises(ParameterError, match=r"no such number of cutoffs.*whole numbers from 1"):
        backtest(history, definition, cutoffs=wrong)


def test_an_immature_cutoff_is_refused_before_anything_is_fitted(history, definition):
    late = history.date(definition.last_mature_cutoff(history) + DAY_US)
    with pytest.raises(ParameterError, match="is not mature"):
        backtest(history, definition, cutoffs=[late])


def test_pooled_figures_are_means_of_the_cutoffs(tested):
    assert len(tested.folds) == 2
    for metric in ("auc", "log_loss", "recall_at_10"):
        each = [f.evaluation.metrics["model"][metric].value for f in tested.folds]
        assert tested.pooled.metrics["model"][metric].value == pytest.approx(sum(each) / 2)
    assert tested.pooled.rows == sum(f.evaluation.rows for f in tested.folds)
    assert tested.pooled.cutoffs == tuple(f.cutoff for f in tested.folds)
    assert {"recency", "rfm_logistic"} <= set(tested.pooled.differences)
    assert tested.verdict
    assert tested.verdict in str(tested)


def test_two_processes_give_the_same(history, definition, tested):
    assert backtest(history, definition, cutoffs=2, **QUICK, jobs=2).to_dict() == tested.to_dict()


def test_a_cutoff_with_too_short_a_history_is_left_out_and_said(history, definition):
    early = history.date(history.data_start + 150 * DAY_US)
    late = history.date(definition.last_mature_cutoff(history))
    found = backtest(history, definition, cutoffs=[early, late], **QUICK, jobs=1)
    assert [f.cutoff for f in found.folds] == [late]
    assert found.skipped[0].cutoff == early
    assert any(w.startswith(f"Not judged at {early}: The history is too short") for w in found.warnings)
    assert f"! Not judged at {early}" in str(found)
    with pytest.raises(ModelError, match="history is too short"):
        backtest(history, definition, cutoffs=[early], jobs=1)


def test_what_is_written(tested, tmp_path):
    folder = tested.write(tmp_path / "b")
    assert json.loads((folder / "backtest.json").read_text())["verdict"] == tested.verdict
    for name in tested.tables():
        assert (folder / f"{name}.csv").is_file()
    for name in tested.figures():
        assert (folder / f"{name}.png").stat().st_size > 5000


def test_is_public():
    assert churn.backtest is backtest
