"""A measurement in a real MLflow store: its figures, its picture, and not one customer."""

import mlflow

from churn.campaigns.measurement.assess import assess
from churn.campaigns.measurement.result import Measurement
from churn.model.tracking.campaigns import EXPERIMENT, log_measurement, metrics_of
from churn.model.tracking.store import open_store
from tests.campaigns.campaign_data import a_policy, evidence


def test_a_run_says_what_the_campaign_did():
    policy = a_policy(limits={"capacity": {"*": 20}})
    found = assess(policy, evidence())
    run_id = log_measurement(found, policy)
    with open_store() as store:
        run = store.get_run(run_id)
        names = {a.path for a in store.MlflowClient().list_artifacts(run_id)}
        text = store.artifacts.load_text(f"{run.info.artifact_uri}/measurement.json")
        assert store.get_experiment_by_name(EXPERIMENT).experiment_id == run.info.experiment_id
    assert run.data.metrics["retained"] == found.effect("retained").effect
    assert run.data.metrics["spent"] == found.spent["spent"]
    assert run.data.params["action.call.cost"] == "6.0"
    assert run.data.params["limits.capacity.any"] == "20"
    assert run.data.params["holdout.share"] == "0.1"
    assert run.data.tags["status"] == "measured"
    assert names == {"measurement.json", "plots", "policy.json", "tables"}
    assert "C00001" not in text
    assert "ledger" not in run.data.params


def test_nothing_known_yet_is_logged_too():
    empty = Measurement("winter", "2026-01-06", "not enough data", "2026-03-06", "Not enough data yet.")
    assert metrics_of(empty) == {}
    run_id = log_measurement(empty, a_policy())
    with open_store() as store:
        assert store.get_run(run_id).data.tags["needs_until"] == "2026-03-06"
    assert mlflow.active_run() is None
