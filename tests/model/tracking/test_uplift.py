"""An uplift model in a real store."""

import pytest

from churn.model.tracking import log_uplift


@pytest.mark.filterwarnings("ignore")
def test_an_uplift_model_is_a_run_with_its_verdict_figures_and_curves(history, tmp_path):
    import mlflow

    from churn.campaigns.uplift.actions import fit_actions
    from churn.campaigns.uplift.choose import Fitting
    from churn.campaigns.uplift.judge import judge
    from churn.campaigns.uplift.learned import Learned
    from churn.campaigns.uplift.model import Uplift
    from churn.config import FeatureSettings
    from churn.features.catalogue import Schema
    from tests.campaigns.uplift.trials import make_trial

    rows, _ = make_trial(800)
    judgement = judge(rows, Fitting(), count=10)
    uplift = Uplift(
        kind=judgement.kind,
        actions={"call": fit_actions("constant", rows)[0]},
        schema=Schema.of_data(history),
        signal_names=(),
        formulas=(),
        features=FeatureSettings(),
        better=judgement.better,
        said="Better.",
        facts={"campaigns": ["c0", "c1"], "rows": 800, "customers": 800},
    )
    run_id = log_uplift(Learned(uplift, judgement, {}, ("A note.",)))
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    run = client.get_run(run_id)
    assert run.data.tags["verdict"] == "Better."
    assert run.data.tags["warnings"] == "A note."
    assert run.data.params["campaigns"] == "c0, c1"
    assert run.data.metrics["above_risk_x_value"] == pytest.approx(judgement.difference[0])
    assert run.data.metrics["qini"] == pytest.approx(judgement.table[0]["qini"][0])
    assert {f.path for f in client.list_artifacts(run_id)} == {"plots", "tables", "uplift.json"}
