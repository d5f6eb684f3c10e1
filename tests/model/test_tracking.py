"""Against a real MLflow store; nothing is mocked."""

import dataclasses
import warnings

import numpy as np
import pytest

from churn.config import TrackingSettings, make_config
from churn.errors import ModelError
from churn.model.tracking import log_training


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
def example(model):
    return np.zeros((3, len(model.signal_names)))


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
    names = {f.path for f in client.list_artifacts(logged.run_id)}
    assert {
        "evaluation.json",
        "importance.json",
        "features.json",
        "data.json",
        "config.yaml",
        "bundle",
        "plots",
    } <= names
    plots = {f.path for f in client.list_artifacts(logged.run_id, "plots")}
    assert plots == {"plots/calibration.png", "plots/gain.png", "plots/importance.png"}


@pytest.mark.filterwarnings("ignore")
def test_registered_model_predicts_like_ours(logged, client, mlflow, model, example):
    version = client.get_model_version_by_alias("churn", "champion")
    assert str(version.version) == logged.version
    loaded = mlflow.pyfunc.load_model("models:/churn@champion")
    assert loaded.metadata.signature.inputs.input_names() == list(model.signal_names)
    assert loaded.input_example is not None
    assert loaded.predict(loaded.input_example) == pytest.approx(
        model.predict(loaded.input_example.to_numpy())
    )


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_does_not_beat_the_baselines_leaves_the_champion(
    logged, client, training, history, store, monkeypatch
):
    worse = dataclasses.replace(training, model=dataclasses.replace(training.model, beats_baselines=False))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{store}")
    second = log_training(worse, history, TrackingSettings(experiment="e", registered_model="churn"), None)
    assert int(second.version) == int(logged.version) + 1
    assert str(client.get_model_version_by_alias("churn", "champion").version) == logged.version
    assert client.get_model_version("churn", second.version).tags["beats_baselines"] == "false"


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
