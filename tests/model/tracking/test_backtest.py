"""A backtest in a real store."""

import dataclasses

import pytest

from churn.config import TrackingSettings
from churn.model.backtest import Backtest, FoldResult
from churn.model.tracking import log_backtest


@pytest.mark.filterwarnings("ignore")
def test_a_backtest_is_a_run_with_a_run_per_cutoff(history, definition, model, tmp_path):
    import mlflow

    facts = {"rows": 100, "parameters": {"num_leaves": 7}}
    evaluations = [dataclasses.replace(model.evaluation, cutoff=c) for c in ("2025-07-01", "2025-08-01")]
    folds = [FoldResult(e.cutoff, e, facts) for e in evaluations]
    result = Backtest(definition.describe(), folds, model.evaluation, "Worth using.", ("A warning.",))
    run_id = log_backtest(result, history, definition, TrackingSettings(experiment="b"))
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    run = client.get_run(run_id)
    assert run.data.tags["verdict"] == result.verdict
    assert run.data.params["cutoffs"] == ", ".join(f.cutoff for f in result.folds)
    assert run.data.metrics["model.auc"] == result.pooled.metrics["model"]["auc"].value
    assert {i.dataset.name for i in run.inputs.dataset_inputs} == {
        f"{history.name}.{t}" for t in history.logs
    }
    tables = {f.path for f in client.list_artifacts(run_id, "tables")}
    assert tables == {f"tables/{name}.csv" for name in result.tables()}
    assert {f.path for f in client.list_artifacts(run_id, "plots")} == {
        f"plots/{n}.png" for n in result.figures()
    }
    below = client.search_runs([run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'")
    assert {r.data.tags["cutoff"] for r in below} == {f.cutoff for f in result.folds}
    for fold in result.folds:
        child = next(r for r in below if r.data.tags["cutoff"] == fold.cutoff)
        auc = fold.evaluation.metrics["model"]["auc"]
        assert (child.data.metrics["model.auc"], child.data.metrics["model.auc.low"]) == (auc.value, auc.low)
        assert child.data.params == {"rows": "100", "parameters.num_leaves": "7"}
        plots = {f.path for f in client.list_artifacts(child.info.run_id, "plots")}
        assert plots == {"plots/calibration.png", "plots/gain.png"}
