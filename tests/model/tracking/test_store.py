"""Against real stores; nothing is mocked."""

import pytest

from churn.errors import ModelError
from churn.model.tracking.store import DEFAULT_STORE, open_store, store_is_there, store_uri


def test_the_store_is_named_by_the_environment_or_lies_in_the_working_folder(monkeypatch, tmp_path):
    assert store_uri() == DEFAULT_STORE
    assert not store_is_there()
    (tmp_path / "mlflow.db").touch()
    assert store_is_there()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert store_uri() == "http://127.0.0.1:5000"
    assert store_is_there()


def test_artifacts_lie_beside_the_database(monkeypatch, tmp_path):
    (tmp_path / "place").mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/place/mlflow.db")
    with open_store("e") as mlflow:
        assert (
            mlflow.get_experiment_by_name("e").artifact_location
            == (tmp_path / "place" / "mlartifacts").as_uri()
        )
    assert not (tmp_path / "mlruns").exists()


def test_a_store_that_cannot_be_used_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/nowhere/mlflow.db")
    with pytest.raises(ModelError, match=r"cannot be written.*--no-track"), open_store():
        pass
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"unknown-scheme://{tmp_path}")
    with pytest.raises(ModelError, match=r"refused the run.*--no-track"), open_store("e"):
        pass
