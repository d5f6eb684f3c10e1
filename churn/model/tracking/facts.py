"""What runs have in common: parameters and metrics in batches, the data they read, nested runs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from churn.config import TrackingSettings
from churn.data.history import EventLog, History
from churn.model.evaluate import Evaluation
from churn.progress import report

_BATCH = 100  # as many parameters as MLflow takes at once
_LONGEST = 500


def registered_name(settings: TrackingSettings, name: str) -> str:
    """Return the model's name in the registry: as configured, or ``churn-NAME``.

    Examples
    --------
    >>> registered_name(TrackingSettings(), "my-shop")
    'churn-my-shop'
    """
    return settings.registered_model or "churn-" + re.sub(r"[/:\s]+", "-", name)


def log_params(mlflow: Any, values: Mapping[str, Any]) -> None:
    """Log parameters; what is too long for one is cut."""
    texts = {k: str(v)[:_LONGEST] for k, v in values.items()}
    keys = list(texts)
    for i in range(0, len(keys), _BATCH):
        mlflow.log_params({k: texts[k] for k in keys[i : i + _BATCH]})


def metrics_of(evaluation: Evaluation) -> dict[str, float]:
    """Return every figure with the ends of its interval; what is not known is left out."""
    found = {"test.rows": float(evaluation.rows), "test.churn_rate": evaluation.churn_rate}
    for block, prefix in ((evaluation.metrics, ""), (evaluation.differences, "model_minus_")):
        for predictor, values in block.items():
            for name, e in values.items():
                key = f"{prefix}{predictor}.{name}"
                found |= {key: e.value, f"{key}.low": e.low, f"{key}.high": e.high}
    return {k: float(v) for k, v in found.items() if math.isfinite(v)}


def log_inputs(
    mlflow: Any, history: History, fingerprint: Mapping[str, Mapping[str, Any]], context: str
) -> None:
    """Log each table as a dataset: its columns, rows, time range and hash; not one of its rows."""
    from mlflow.data.code_dataset_source import CodeDatasetSource
    from mlflow.data.meta_dataset import MetaDataset

    tables = history.logs | ({"labels": history.labels} if history.labels else {})
    for name, facts in fingerprint.items():
        source = CodeDatasetSource(
            {"history": history.name, "table": name, **{k: str(v) for k, v in facts.items()}}
        )
        dataset = MetaDataset(
            source,
            name=f"{history.name}.{name}",
            digest=str(facts["hash"])[:36],
            schema=_schema(mlflow, tables[name]),
        )
        mlflow.log_input(dataset, context=context, tags={k: str(v) for k, v in facts.items()})


def _schema(mlflow: Any, log: EventLog) -> Any:
    kinds = {"customer": "string", "time": "datetime"}
    kinds |= dict.fromkeys(log.numbers, "double") | dict.fromkeys(log.instants, "datetime")
    kinds |= dict.fromkeys(log.categories, "string")
    types = mlflow.types
    return types.Schema([types.ColSpec(kind, name) for name, kind in kinds.items()])


def log_trials(mlflow: Any, run: Any, trials: Sequence[Mapping[str, Any]]) -> None:
    """Log each trial of a tuning as a run below another.

    Parameters
    ----------
    mlflow : module
        With its store set.
    run : mlflow.entities.Run
        The run above.
    trials : sequence of mapping
        ``number``, ``params``, ``value`` (lower is better) and ``seconds`` of each.
    """
    from mlflow.entities import Metric, Param

    client, at = mlflow.MlflowClient(), run.info.start_time
    for i, trial in enumerate(trials):
        report("Logging the trials", i, len(trials))
        tags = {"mlflow.parentRunId": run.info.run_id, "kind": "trial"}
        below = client.create_run(
            run.info.experiment_id, tags=tags, run_name=f"trial {trial.get('number', i)}"
        )
        figures = {k: trial[k] for k in ("value", "seconds") if isinstance(trial.get(k), int | float)}
        client.log_batch(
            below.info.run_id,
            metrics=[Metric(k, float(v), at, 0) for k, v in figures.items() if math.isfinite(v)],
            params=[Param(k, str(v)[:_LONGEST]) for k, v in dict(trial.get("params", {})).items()],
        )
        client.set_terminated(below.info.run_id)
