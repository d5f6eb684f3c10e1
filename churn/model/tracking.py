"""Each training is an MLflow run that a colleague can read; the only module that knows MLflow."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.config import Config, TrackingSettings
from churn.data.history import History
from churn.errors import ModelError
from churn.features.compute import feature_matrix
from churn.model.bundle import Training
from churn.model.plots import training_figures

if TYPE_CHECKING:
    import mlflow.entities

DEFAULT_STORE = "sqlite:///mlflow.db"
_REQUIREMENTS = ("lightgbm", "numpy", "scikit-learn")


def log_training(
    training: Training,
    history: History,
    settings: TrackingSettings,
    config: Config | None,
) -> Training:
    """Log a training as an MLflow run and register the model.

    Parameters
    ----------
    training : Training
        What `train` found.
    history : History
        Its data, for what was set aside and for the input example.
    settings : TrackingSettings
        Experiment and registered model.
    config : Config or None
        The configuration, logged as an artifact.

    Returns
    -------
    Training
        The same with run, store and registry version. The alias ``champion`` points to the version when the
        model beats the baselines; otherwise it stays where it was.

    Raises
    ------
    ModelError
        The MLflow store cannot be reached.
    """
    # Before the import: nothing is sent anywhere unless the user has said so.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # seven by default: minutes without a word
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    _check_writable(os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_STORE)
    with _quiet():
        import mlflow
        from mlflow.exceptions import MlflowException

        uri = os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_STORE
        try:
            mlflow.set_tracking_uri(uri)
            _choose_experiment(mlflow, settings.experiment, uri)
            with mlflow.start_run(run_name=f"{history.name} {training.model.training['test_cutoff']}") as run:
                version = _log(mlflow, training, history, settings, config, run)
        except MlflowException as error:
            raise ModelError(
                f"The MLflow store {uri} refused the run: {str(error).splitlines()[0]}",
                fix="Set MLFLOW_TRACKING_URI to a store that can be reached, e.g. sqlite:///mlflow.db, or train with "
                "--no-track.",
                code="mlflow",
            ) from error
    return replace(training, run_id=run.info.run_id, tracking_uri=uri, version=version)


def _check_writable(uri: str) -> None:
    """Say at once what MLflow would find out after minutes of trying."""
    if not uri.startswith("sqlite:///"):
        return
    file = Path(uri.removeprefix("sqlite:///")).absolute()
    if not file.parent.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise ModelError(
            f"The MLflow store {uri} cannot be written",
            fix="Set MLFLOW_TRACKING_URI to one that can, e.g. sqlite:///mlflow.db, or train with --no-track.",
            code="mlflow",
        )


def _choose_experiment(mlflow: Any, name: str, uri: str) -> None:
    if mlflow.get_experiment_by_name(name) is None:
        # Artifacts stay beside a local database instead of in whatever folder the command was started from.
        local = (
            Path(uri.removeprefix("sqlite:///")).absolute().parent / "mlartifacts"
            if uri.startswith("sqlite:///")
            else None
        )
        mlflow.create_experiment(name, artifact_location=local.as_uri() if local else None)
    mlflow.set_experiment(name)


def _log(
    mlflow: Any,
    training: Training,
    history: History,
    settings: TrackingSettings,
    config: Config | None,
    run: mlflow.entities.Run,
) -> str:
    import pandas as pd
    from mlflow.exceptions import MlflowException
    from mlflow.models import infer_signature

    model = training.model
    d, t = model.definition, model.training
    mlflow.set_tags(
        {
            "verdict": training.verdict,
            "beats_baselines": str(model.beats_baselines).lower(),
            "mlflow.note.content": f"{training.verdict}\n\n```\n{model.evaluation.render()}\n```",
            "churn_version": t["churn_version"],
        }
    )
    mlflow.log_params(
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
            "trees": t["trees"],
            **{f"lightgbm.{k}": v for k, v in t["parameters"].items()},
            **{f"training.{k}": v for k, v in t["settings"].items()},
            **{f"data.{name}.{k}": v for name, log in t["fingerprint"].items() for k, v in log.items()},
        }
    )
    metrics = {"test.rows": model.evaluation.rows, "test.churn_rate": model.evaluation.churn_rate}
    for block, prefix in ((model.evaluation.metrics, ""), (model.evaluation.differences, "model_minus_")):
        for predictor, values in block.items():
            for name, e in values.items():
                metrics |= {
                    f"{prefix}{predictor}.{name}": e.value,
                    f"{prefix}{predictor}.{name}.low": e.low,
                    f"{prefix}{predictor}.{name}.high": e.high,
                }
    mlflow.log_metrics({k: float(v) for k, v in metrics.items()})

    importance = model.importance()
    for name, figure in training_figures(model.evaluation, importance).items():
        mlflow.log_figure(figure, f"plots/{name}.png")
    mlflow.log_dict(model.evaluation.to_dict(), "evaluation.json")
    mlflow.log_dict(importance, "importance.json")
    mlflow.log_dict(
        {
            s.name: {
                "family": s.family,
                "topic": s.topic,
                "unit": s.unit,
                "meaning": s.meaning,
                "warns": s.warns,
            }
            for s in model.signals
        },
        "features.json",
    )
    mlflow.log_dict({"fingerprint": t["fingerprint"], "checks": history.checks.to_dict()}, "data.json")
    if config is not None:
        mlflow.log_dict(json.loads(config.model_dump_json()), "config.yaml")
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder, "bundle"))
        mlflow.log_artifacts(str(Path(folder, "bundle")), "bundle")

    view = history.as_of(t["test_cutoff"])
    example = feature_matrix(view, d.population(view)[:5], model.signals)
    frame = pd.DataFrame(example, columns=list(model.signal_names))
    info = mlflow.lightgbm.log_model(
        model.predictor.boosters[0],
        name="model",
        signature=infer_signature(frame, model.predict(example)),
        input_example=frame,
        pip_requirements=_pinned(),
    )
    client = mlflow.MlflowClient()
    with contextlib.suppress(MlflowException):  # it is there already
        client.create_registered_model(
            settings.registered_model, description="Churn probability per customer; see churn train."
        )
    version = str(
        client.create_model_version(
            settings.registered_model, source=info.model_uri, run_id=run.info.run_id, model_id=info.model_id
        ).version
    )
    client.set_model_version_tag(
        settings.registered_model, version, "beats_baselines", str(model.beats_baselines).lower()
    )
    client.update_model_version(settings.registered_model, version, description=training.verdict)
    if model.beats_baselines:
        client.set_registered_model_alias(settings.registered_model, "champion", version)
    mlflow.set_tag("registered_version", version)
    return version


def _pinned() -> list[str]:
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in _REQUIREMENTS]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow's and its store's chatter off the user's terminal; errors still come through."""
    import mlflow  # noqa: F401 - sets up its own logging on import, so it comes before the levels

    names = ("mlflow", "alembic", "sqlalchemy")
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
