"""An uplift model as an MLflow run: the verdict, the figures of every ranking, the curves and their picture."""

from __future__ import annotations

from churn.campaigns.uplift.learned import Learned
from churn.config import Config
from churn.model.tracking.facts import log_params
from churn.model.tracking.store import open_store

EXPERIMENT = "churn-campaigns"


def log_uplift(learned: Learned, config: Config | None = None) -> str:
    """Log what learning gave; no row of a customer is logged.

    Parameters
    ----------
    learned : Learned
        What `churn.campaigns.learn` returned.
    config : Config, optional
        Names the run.

    Returns
    -------
    str
        The run.

    Raises
    ------
    ModelError
        The MLflow store cannot be reached.
    """
    facts, judgement = learned.uplift.facts, learned.judgement
    name = "uplift" if config is None else f"{config.name} uplift"
    with open_store(EXPERIMENT) as mlflow, mlflow.start_run(run_name=name) as run:
        mlflow.set_tags(
            {
                "kind": "uplift",
                "verdict": learned.uplift.said,
                "better": str(learned.uplift.better).lower(),
                "warnings": "\n".join(learned.notes) or "none",
                "mlflow.note.content": f"```\n{learned.render()}\n```",
            }
        )
        log_params(
            mlflow,
            {
                "campaigns": ", ".join(facts["campaigns"]),
                "rows": facts["rows"],
                "customers": facts["customers"],
                "learner": learned.uplift.kind,
                "depth": judgement.depth,
                "judged_on": ", ".join(judgement.campaigns),
            },
        )
        value, low, high = judgement.difference
        metrics = {
            "above_risk_x_value": value,
            "above_risk_x_value_low": low,
            "above_risk_x_value_high": high,
        }
        for row in judgement.table[:1]:
            metrics |= {key: figures[0] for key, figures in row.items() if key != "ranking"}
        mlflow.log_metrics({k: float(v) for k, v in metrics.items()})
        mlflow.log_dict(learned.to_dict(), "uplift.json")
        mlflow.log_text(learned.frame.to_csv(index=False), "tables/qini.csv")
        mlflow.log_figure(learned.figure(), "plots/qini.png")
    return str(run.info.run_id)
