"""Aliases in a real registry."""

import pytest

from churn.config import TrackingSettings
from churn.model.tracking import log_training, move_aliases
from churn.model.tracking.registry import aliases, give_alias
from churn.model.tracking.store import open_store


@pytest.fixture(scope="module")
def registry(training, history, tmp_path_factory):
    """Three versions of one name: the first is champion, the last challenger."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('registry')}/mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", uri)
        for _ in range(3):
            log_training(training, history, TrackingSettings(registered_model="m"), None)
    return uri


@pytest.fixture
def mlflow(registry, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry)
    with open_store() as module:
        client = module.MlflowClient()
        for alias in aliases(module, "m"):
            client.delete_registered_model_alias("m", alias)
        client.set_registered_model_alias("m", "champion", "1")
        client.set_registered_model_alias("m", "challenger", "3")
        yield module


@pytest.mark.filterwarnings("ignore")
def test_a_new_champion_leaves_previous_to_the_one_before(mlflow):
    give_alias(mlflow, "m", "3", "champion")
    assert aliases(mlflow, "m") == {"champion": "3", "previous": "1"}
    give_alias(mlflow, "m", "1", "champion")  # back
    assert aliases(mlflow, "m") == {"champion": "1", "previous": "3"}
    give_alias(mlflow, "m", "1", "champion")
    assert aliases(mlflow, "m") == {"champion": "1", "previous": "3"}


@pytest.mark.filterwarnings("ignore")
def test_a_challenger_leaves_the_champion_alone(mlflow):
    give_alias(mlflow, "m", "2", "challenger")
    assert aliases(mlflow, "m") == {"champion": "1", "challenger": "2"}


@pytest.mark.filterwarnings("ignore")
def test_the_version_is_found_by_the_hash_of_its_bundle(mlflow, training, tmp_path):
    from churn.sealed.bundlefiles import digest_of

    digest = digest_of(training.model.save(tmp_path / "m"))
    settings = TrackingSettings(registered_model="m")
    assert move_aliases(settings, "shop", "0" * 64) is None
    assert aliases(mlflow, "m") == {"champion": "1", "challenger": "3"}
    assert move_aliases(settings, "shop", digest) == "3"  # the newest of the same bytes
    assert aliases(mlflow, "m") == {"champion": "3", "previous": "1"}


def test_without_a_store_nothing_is_made(tmp_path):
    assert move_aliases(TrackingSettings(), "shop", "0" * 64) is None
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.filterwarnings("ignore")
def test_a_name_that_is_not_registered_has_no_aliases(mlflow):
    assert aliases(mlflow, "nobody") == {}
