"""A training as an MLflow run, and its model in the registry."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from churn.config import Config, TrackingSettings
from churn.data.history import History
from churn.model.bundle import Training
from churn.model.mlmodel import LOADER, requirements
from churn.model.plots import training_figures
from churn.model.tracking.facts import log_inputs, log_params, log_trials, metrics_of, registered_name
from churn.model.tracking.registry import BUNDLE, CHALLENGER, CHAMPION, aliases, give_alias, register
from churn.model.tracking.store import open_store, store_uri
from churn.sealed.bundlefiles import digest_of


def log_training(
    training: Training,
    history: History,
    settings: TrackingSettings,
    config: Config | None,
    role: str | None = None,
) -> Training:
    """Log a training as an MLflow run and register the model.

    Parameters
    ----------
    training : Training
        What `train` found.
    history : History
        Its data, for what was set aside and for the columns of its tables; no row of it is logged.
    settings : TrackingSettings
        Experiment and registered model.
    config : Config or None
        The configuration, logged as an artifact.
    role : {"champion", "challenger"}, optional
        The alias that the version gets. When left out, a model that beats the baselines becomes champion where
        the registry has none; otherwise it becomes challenger.

    Returns
    -------
    Training
        The same with run, store and registry version.

    Raises
    ------
    ModelError
        The MLflow store cannot be reached.
    """
    name, uri = registered_name(settings, history.name), store_uri()
    with (
        open_store(settings.experiment) as mlflow,
        mlflow.start_run(run_name=f"{history.name} {training.model.training['test_cutoff']}") as run,
    ):
        _log_facts(mlflow, training, history, config)
        if trials := training.model.training.get("trials"):
            log_trials(mlflow, run, trials)
        version = _log_model(mlflow, training, name, run.info.run_id)
        if role is None:
            free = training.model.beats_baselines and CHAMPION not in aliases(mlflow, name)
            role = CHAMPION if free else CHALLENGER
        give_alias(mlflow, name, version, role)
        mlflow.set_tags({"registered_version": version, "role": role})
    return replace(training, run_id=run.info.run_id, tracking_uri=uri, version=version)


def _log_facts(mlflow: Any, training: Training, history: History, config: Config | None) -> None:
    model = training.model
    d, t = model.definition, model.training
    mlflow.set_tags(
        {
            "kind": "training",
            "verdict": training.verdict,
            "beats_baselines": str(model.beats_baselines).lower(),
            "mlflow.note.content": f"{training.verdict}\n\n```\n{model.evaluation.render()}\n```",
            "churn_version": t["churn_version"],
        }
    )
    log_params(
        mlflow,
        {
            "definition": d.describe(),
            **d.to_dict(),
            "ignored_after_days": model.features.ignored_after_days,
            "test_cutoff": t["test_cutoff"],
            "first_cutoff": t["first_cutoff"],
            "last_cutoff": t["last_cutoff"],
            "snapshots": t["snapshots"],
            "rows": t["rows"],
            "signals": len(model.signal_names),
            **{k: t[k] for k in ("kind", "trees", "weight", "slope", "strength", "chosen") if k in t},
            **{f"lightgbm.{k}": v for k, v in t.get("parameters", {}).items()},
            **{f"training.{k}": v for k, v in t["settings"].items()},
            **{f"data.{name}.{k}": v for name, log in t["fingerprint"].items() for k, v in log.items()},
        },
    )
    mlflow.log_metrics(metrics_of(model.evaluation))
    log_inputs(mlflow, history, t["fingerprint"], "training")

    importance = model.importance()
    for name, figure in training_figures(model.evaluation, importance).items():
        mlflow.log_figure(figure, f"plots/{name}.png")
    _log_table(mlflow, "calibration", model.evaluation.calibration)
    _log_table(mlflow, "gain", model.evaluation.gains)
    _log_table(mlflow, "importance", [{"signal": s, "share": v} for s, v in importance.items()])
    mlflow.log_dict(model.evaluation.to_dict(), "evaluation.json")
    mlflow.log_dict({"signals": list(model.signal_facts)}, "signals.json")
    mlflow.log_dict({"definition": d.to_dict(), "in_words": d.describe()}, "definition.json")
    mlflow.log_dict({"fingerprint": t["fingerprint"], "checks": history.checks.to_dict()}, "data.json")
    if config is not None:
        mlflow.log_dict(json.loads(config.model_dump_json()), "config.yaml")


def _log_table(mlflow: Any, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    import pandas as pd

    mlflow.log_text(pd.DataFrame(rows).to_csv(index=False), f"tables/{name}.csv")


def _log_model(mlflow: Any, training: Training, name: str, run_id: str) -> str:
    """Log the bundle as a pyfunc, as it is: the very files that are saved under models."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = training.model.save(Path(folder, "bundle"))
        digest = digest_of(bundle)
        logged = mlflow.pyfunc.log_model(
            name="model",
            loader_module=LOADER,
            data_path=str(bundle),
            signature=mlflow.models.Model.load(str(bundle / "MLmodel")).signature,
            pip_requirements=requirements(),
        )
    mlflow.set_tag(BUNDLE, digest)
    tags = {"beats_baselines": str(training.model.beats_baselines).lower(), BUNDLE: digest}
    return register(mlflow, name, model=logged, run_id=run_id, description=training.verdict, tags=tags)
