import dataclasses
import math

import pandas as pd
import pytest

import churn
from churn.config import TrackingSettings
from churn.model.tracking.facts import log_inputs, log_params, metrics_of, registered_name
from churn.model.tracking.store import open_store


def test_the_registered_name_is_of_the_configuration_unless_one_is_given():
    assert registered_name(TrackingSettings(), "shop") == "churn-shop"
    assert registered_name(TrackingSettings(), "my: shop/x") == "churn-my-shop-x"
    assert registered_name(TrackingSettings(registered_model="mine"), "shop") == "mine"


def test_every_figure_is_a_metric_with_its_interval_and_unknown_ones_are_left_out(model):
    found = metrics_of(model.evaluation)
    auc = model.evaluation.metrics["model"]["auc"]
    assert (found["model.auc"], found["model.auc.low"], found["model.auc.high"]) == (
        auc.value,
        auc.low,
        auc.high,
    )
    assert found["test.rows"] == model.evaluation.rows
    assert "model_minus_recency.log_loss.high" in found
    metrics = {**model.evaluation.metrics, "model": {**model.evaluation.metrics["model"]}}
    metrics["model"]["auc"] = dataclasses.replace(auc, low=math.nan)
    assert "model.auc.low" not in metrics_of(dataclasses.replace(model.evaluation, metrics=metrics))


@pytest.mark.filterwarnings("ignore")
def test_more_parameters_than_mlflow_takes_at_once_and_long_ones_are_logged():
    with open_store("e") as mlflow:
        with mlflow.start_run() as run:
            log_params(mlflow, {**{f"p{i}": i for i in range(230)}, "long": "x" * 10_000})
        params = mlflow.get_run(run.info.run_id).data.params
    assert len(params) == 231
    assert (params["p229"], len(params["long"])) == ("229", 500)


@pytest.mark.filterwarnings("ignore")
def test_a_table_of_labels_is_logged_beside_the_logs(shop):
    labels = pd.DataFrame(
        {
            "customer": shop.orders["customer"].head(1),
            "time": pd.Timestamp("2025-06-01", tz="UTC"),
            "churned": True,
        }
    )
    history = churn.make_history(shop.orders, labels=labels)
    with open_store("e") as mlflow:
        with mlflow.start_run() as run:
            log_inputs(mlflow, history, history.fingerprint(), "training")
        inputs = mlflow.get_run(run.info.run_id).inputs.dataset_inputs
    assert {i.dataset.name.rpartition(".")[2] for i in inputs} == {"orders", "labels"}
