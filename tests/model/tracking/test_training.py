"""Against a real MLflow store; nothing is mocked."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest

from churn.config import TrackingSettings, make_config
from churn.errors import ModelError
from churn.model.bundle import load_model
from churn.model.tracking import log_training
from churn.sealed.bundlefiles import digest_of


@pytest.fixture(scope="module")
def mlflow():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow

        yield mlflow


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store") / "mlflow.db"


@pytest.fixture(scope="module")
def logged(training, history, store, mlflow):
    config = make_config(
        {
            "name": "shop",
            "sources": {"orders": {"path": "x.csv"}},
            "definition": {"active_days": 120, "horizon_days": 45},
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
        return log_training(
            training, history, TrackingSettings(experiment="e", registered_model="churn"), config
        )


@pytest.fixture
def client(mlflow, store):
    mlflow.set_tracking_uri(f"sqlite:///{store}")
    return mlflow.MlflowClient()


@pytest.mark.filterwarnings("ignore")
def test_run_can_be_read_by_a_colleague(logged, client, model):
    run = client.get_run(logged.run_id)
    params, metrics, tags = run.data.params, run.data.metrics, run.data.tags
    assert params["active_days"] == "120"
    assert params["definition"].startswith("active = an order in the last 120 days")
    assert params["data.orders.rows"] == str(model.training["fingerprint"]["orders"]["rows"])
    assert len(params["data.orders.hash"]) == 32
    auc = model.evaluation.metrics["model"]["auc"]
    assert metrics["model.auc"] == auc.value
    assert (metrics["model.auc.low"], metrics["model.auc.high"]) == (auc.low, auc.high)
    assert "recency.auc" in metrics
    assert "model_minus_rfm_logistic.log_loss" in metrics
    assert tags["verdict"] == logged.verdict
    assert logged.verdict in tags["mlflow.note.content"]


@pytest.mark.filterwarnings("ignore")
def test_artifacts_are_there(logged, client):
    def below(folder=None):
        return {f.path for f in client.list_artifacts(logged.run_id, folder)}

    wanted = {
        "evaluation.json",
        "signals.json",
        "definition.json",
        "data.json",
        "config.yaml",
        "plots",
        "tables",
    }
    assert below() == wanted
    assert below("plots") == {"plots/calibration.png", "plots/gain.png", "plots/importance.png"}
    assert below("tables") == {"tables/calibration.csv", "tables/gain.csv", "tables/importance.csv"}


@pytest.mark.filterwarnings("ignore")
def test_the_data_are_logged_as_inputs_without_a_row_of_them(logged, client, history, model):
    inputs = {i.dataset.name: i for i in client.get_run(logged.run_id).inputs.dataset_inputs}
    assert set(inputs) == {f"{history.name}.{table}" for table in history.logs}
    orders = inputs[f"{history.name}.orders"]
    facts = model.training["fingerprint"]["orders"]
    assert orders.dataset.digest == facts["hash"]
    tags = {t.key: t.value for t in orders.tags}
    assert (tags["mlflow.data.context"], tags["rows"]) == ("training", str(facts["rows"]))
    assert '"amount"' in orders.dataset.schema
    everything = " ".join(
        i.dataset.source + i.dataset.schema + (i.dataset.profile or "") for i in inputs.values()
    )
    assert not any(str(customer) in everything for customer in history.customers[:50])


@pytest.mark.filterwarnings("ignore")
def test_trials_are_runs_below(training, history, store, client, monkeypatch):
    trials = [
        {"number": i, "params": {"num_leaves": 7 + i, "l2": 0.5}, "value": 0.5 - i / 100, "seconds": 1.5}
        for i in range(3)
    ]
    tuned = dataclasses.replace(
        training,
        model=dataclasses.replace(training.model, training={**training.model.training, "trials": trials}),
    )
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    run = client.get_run(log_training(tuned, history, TrackingSettings(experiment="tuned"), None).run_id)
    below = client.search_runs([run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'")
    found = {r.info.run_name: (r.data.params, r.data.metrics, r.info.status) for r in below}
    assert found == {
        f"trial {i}": (
            {"num_leaves": str(7 + i), "l2": "0.5"},
            {"value": 0.5 - i / 100, "seconds": 1.5},
            "FINISHED",
        )
        for i in range(3)
    }


@pytest.mark.filterwarnings("ignore")
def test_registered_model_is_the_bundle_and_predicts_like_ours(
    logged, client, mlflow, model, history, tmp_path
):
    version = client.get_model_version_by_alias("churn", "champion")
    assert str(version.version) == logged.version
    loaded = mlflow.pyfunc.load_model("models:/churn@champion")
    assert loaded.metadata.signature.inputs.input_names() == list(model.signal_names)
    rows = pd.DataFrame(
        np.arange(len(model.signal_names) * 3.0).reshape(3, -1) % 2, columns=list(model.signal_names)
    )
    assert np.array_equal(loaded.predict(rows)["churn_probability"], model.predict(rows.to_numpy()))
    folder = mlflow.artifacts.download_artifacts("models:/churn@champion", dst_path=str(tmp_path / "m"))
    again = load_model(folder, sha256=version.tags["bundle_sha256"])
    assert np.array_equal(again.predict(rows.to_numpy()), model.predict(rows.to_numpy()))
    saved = model.save(tmp_path / "saved")
    assert digest_of(saved) == version.tags["bundle_sha256"]


@pytest.mark.filterwarnings("ignore")
def test_the_next_model_is_the_challenger_and_leaves_the_champion(
    logged, client, training, history, store, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    settings = TrackingSettings(experiment="e", registered_model="churn")
    worse = dataclasses.replace(training, model=dataclasses.replace(training.model, beats_baselines=False))
    second = log_training(worse, history, settings, None)
    assert int(second.version) == int(logged.version) + 1
    assert str(client.get_model_version_by_alias("churn", "champion").version) == logged.version
    assert str(client.get_model_version_by_alias("churn", "challenger").version) == second.version
    assert client.get_model_version("churn", second.version).tags["beats_baselines"] == "false"


@pytest.mark.filterwarnings("ignore")
def test_a_first_model_that_does_not_beat_the_baselines_is_no_champion(
    client, training, history, store, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    worse = dataclasses.replace(training, model=dataclasses.replace(training.model, beats_baselines=False))
    log_training(worse, history, TrackingSettings(experiment="e", registered_model="other"), None)
    assert set(client.get_registered_model("other").aliases) == {"challenger"}


def test_default_store_is_in_the_working_folder(training, history, tmp_path):
    logged = log_training(training, history, TrackingSettings(), None)
    assert logged.tracking_uri == "sqlite:///mlflow.db"
    assert (tmp_path / "mlflow.db").is_file()
    assert (tmp_path / "mlartifacts").is_dir()
    assert not (tmp_path / "mlruns").exists()
    assert f"MLflow run {logged.run_id}" in str(logged)


def test_store_that_cannot_be_reached_is_told(training, history, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"unknown-scheme://{tmp_path}")
    with pytest.raises(ModelError, match=r"The MLflow store unknown-scheme.*refused the run.*--no-track"):
        log_training(training, history, TrackingSettings(), None)


def test_store_that_cannot_be_written_is_told_at_once(training, history, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/nowhere/mlflow.db")
    with pytest.raises(ModelError, match=r"cannot be written.*sqlite:///mlflow\.db"):
        log_training(training, history, TrackingSettings(), None)
