"""A campaign's measurement as an MLflow run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from churn.campaigns.measurement.result import Measurement
from churn.campaigns.policy import Policy
from churn.model.tracking.facts import log_params
from churn.model.tracking.store import open_store

EXPERIMENT = "churn-campaigns"
_TO_READ = ("when", "content", "consent", "columns", "delivery")  # in policy.json; their keys are anybody's


def log_measurement(measurement: Measurement, policy: Policy) -> str:
    """Log a measurement as a run of the experiment ``churn-campaigns``; not one customer is in it.

    Parameters
    ----------
    measurement : Measurement
        What was found, also where it is that nothing is known yet.
    policy : Policy
        Of the campaign; logged without addresses of databases and webhooks.

    Returns
    -------
    str
        The run.

    Raises
    ------
    ModelError
        The MLflow store cannot be reached.
    """
    found = measurement.to_dict()
    with (
        open_store(EXPERIMENT) as mlflow,
        mlflow.start_run(run_name=f"{measurement.campaign} {measurement.as_of}") as run,
    ):
        mlflow.set_tags(
            {
                "kind": "campaign",
                "campaign": measurement.campaign,
                "status": measurement.status,
                "needs_until": measurement.needs_until,
                "mlflow.note.content": f"{measurement.said}\n\n```\n{measurement.render()}\n```",
            }
        )
        log_params(
            mlflow,
            {
                "start": measurement.start,
                "horizon_days": measurement.horizon_days,
                "as_of": measurement.as_of,
                **_flat(policy.plain()),
            },
        )
        mlflow.log_metrics(metrics_of(measurement))
        mlflow.log_dict(found, "measurement.json")
        mlflow.log_dict(policy.plain(), "policy.json")
        mlflow.log_text(measurement.frame.to_csv(index=False), "tables/comparisons.csv")
        mlflow.log_figure(measurement.figure(), "plots/effects.png")
    return str(run.info.run_id)


def metrics_of(measurement: Measurement) -> dict[str, float]:
    """Return effects with their intervals, arms, cost and profit; what is not known is left out.

    Examples
    --------
    >>> metrics_of(Measurement("winter", "2026-01-06", "measured", "", "", spent={"spent": 12.0, "contacts": 2}))
    {'spent': 12.0, 'contacts': 2.0}
    """
    out: dict[str, Any] = {}
    for e in measurement.effects:
        if e.main:
            out |= {
                e.measure: e.effect,
                f"{e.measure}.low": e.low,
                f"{e.measure}.high": e.high,
                f"{e.measure}.treated": e.treated_mean,
                f"{e.measure}.holdout": e.holdout_mean,
            }
    out |= {k: measurement.spent.get(k) for k in ("spent", "contacts")}
    out |= {
        f"profit{'' if k == 'value' else '.' + k}": measurement.profit.get(k)
        for k in ("value", "low", "high")
    }
    for name, arm in measurement.arms.items():
        out |= {f"{name}.{k}": arm.get(k) for k in ("assigned", "known", "contacted")}
    return {k: float(v) for k, v in out.items() if v is not None and math.isfinite(float(v))}


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in values.items():
        if key in _TO_READ:
            continue
        if isinstance(value, Mapping):
            out |= _flat(value, f"{prefix}{key}.")
        elif key == "actions":
            for action in value:
                out |= _flat(action, f"action.{action['name']}.")
        elif value not in (None, "", [], ()):
            out[f"{prefix}{key.replace('*', 'any')}"] = value  # MLflow takes no star in a name
    return out
