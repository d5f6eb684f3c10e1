"""A backtest as an MLflow run, with a run below it for each cutoff."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from churn.config import Config, TrackingSettings
from churn.data.history import History
from churn.definition import Definition
from churn.model.backtest import Backtest, FoldResult
from churn.model.plots import training_figures
from churn.model.tracking.facts import log_inputs, log_params, metrics_of
from churn.model.tracking.store import open_store
from churn.progress import report


def log_backtest(
    backtest: Backtest,
    history: History,
    definition: Definition,
    settings: TrackingSettings,
    config: Config | None = None,
) -> str:
    """Log a backtest as an MLflow run with a nested run per cutoff.

    Parameters
    ----------
    backtest : Backtest
        What `churn.model.backtest.backtest` found.
    history : History
        Its data; no row of them is logged.
    definition : Definition
        What churn means.
    settings : TrackingSettings
        The experiment.
    config : Config, optional
        The configuration, logged as an artifact.

    Returns
    -------
    str
        The run.

    Raises
    ------
    ModelError
        The MLflow store cannot be reached.
    """
    with (
        open_store(settings.experiment) as mlflow,
        mlflow.start_run(run_name=f"{history.name} backtest {backtest.pooled.cutoff}") as run,
    ):
        mlflow.set_tags(
            {
                "kind": "backtest",
                "verdict": backtest.verdict,
                "warnings": "\n".join(backtest.warnings) or "none",
                "mlflow.note.content": f"```\n{backtest.render()}\n```",
            }
        )
        cutoffs = [f.cutoff for f in backtest.folds]
        log_params(
            mlflow,
            {"definition": definition.describe(), **definition.to_dict(), "cutoffs": ", ".join(cutoffs)},
        )
        mlflow.log_metrics(metrics_of(backtest.pooled))
        log_inputs(mlflow, history, history.fingerprint(), "backtest")
        for name, table in backtest.tables().items():
            mlflow.log_text(table.to_csv(index=False), f"tables/{name}.csv")
        for name, figure in backtest.figures().items():
            mlflow.log_figure(figure, f"plots/{name}.png")
        mlflow.log_dict(backtest.to_dict(), "backtest.json")
        if config is not None:
            mlflow.log_dict(json.loads(config.model_dump_json()), "config.yaml")
        for i, fold in enumerate(backtest.folds):
            report("Logging the cutoffs", i, len(backtest.folds))
            _log_fold(mlflow, fold)
    return str(run.info.run_id)


def _log_fold(mlflow: Any, fold: FoldResult) -> None:
    with mlflow.start_run(run_name=f"cutoff {fold.cutoff}", nested=True):
        mlflow.set_tags({"kind": "fold", "cutoff": fold.cutoff})
        log_params(mlflow, _flat(fold.facts))
        mlflow.log_metrics(metrics_of(fold.evaluation))
        pictures = training_figures(fold.evaluation, {})
        for name in ("calibration", "gain"):
            mlflow.log_figure(pictures[name], f"plots/{name}.png")
        mlflow.log_dict(fold.evaluation.to_dict(), "evaluation.json")


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in facts.items():
        if isinstance(value, Mapping):
            out |= _flat(value, f"{prefix}{key}.")
        else:
            out[f"{prefix}{key}"] = value
    return out
