"""churn: which customers are about to leave, why, and the retention rate beside them.

Names are imported when they are first used, so that ``import churn`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from churn.version import __version__

if TYPE_CHECKING:
    from churn.config import (
        EconomicsSettings,
        FeatureSettings,
        ScoringSettings,
        TrainingSettings,
        read_config,
    )
    from churn.data.history import History
    from churn.data.ingest import ingest
    from churn.data.load import check_data, load_history, make_history
    from churn.data.simulate import make_shop
    from churn.definition import Inactivity, LabelTable, LeavingEvent, Subscription
    from churn.definition.suggest import suggest
    from churn.errors import ChurnError
    from churn.features.catalogue import catalogue
    from churn.features.compute import compute_features
    from churn.features.own import signal
    from churn.model.backtest import backtest
    from churn.model.bundle import load_model
    from churn.model.explain_customer import explain_customer
    from churn.model.train import train
    from churn.progress import show_progress
    from churn.report import write_report
    from churn.retention.cohorts import cohorts
    from churn.retention.periods import retention_between, retention_series
    from churn.retention.purchases import purchases
    from churn.retention.rate import retention_rate
    from churn.scoring import score
    from churn.scoring.erase import erase
    from churn.scoring.past import score_history
    from churn.scoring.scorer import open_scorer

_HOMES = {
    "ChurnError": "churn.errors",
    "EconomicsSettings": "churn.config",
    "FeatureSettings": "churn.config",
    "History": "churn.data.history",
    "Inactivity": "churn.definition",
    "LabelTable": "churn.definition",
    "LeavingEvent": "churn.definition",
    "ScoringSettings": "churn.config",
    "Subscription": "churn.definition",
    "TrainingSettings": "churn.config",
    "backtest": "churn.model.backtest",
    "catalogue": "churn.features.catalogue",
    "check_data": "churn.data.load",
    "cohorts": "churn.retention.cohorts",
    "compute_features": "churn.features.compute",
    "erase": "churn.scoring.erase",
    "explain_customer": "churn.model.explain_customer",
    "ingest": "churn.data.ingest",
    "load_history": "churn.data.load",
    "load_model": "churn.model.bundle",
    "make_history": "churn.data.load",
    "make_shop": "churn.data.simulate",
    "open_scorer": "churn.scoring.scorer",
    "purchases": "churn.retention.purchases",
    "read_config": "churn.config",
    "retention_between": "churn.retention.periods",
    "retention_rate": "churn.retention.rate",
    "retention_series": "churn.retention.periods",
    "score": "churn.scoring.score",
    "score_history": "churn.scoring.past",
    "signal": "churn.features.own",
    "show_progress": "churn.progress",
    "suggest": "churn.definition.suggest",
    "train": "churn.model.train",
    "write_report": "churn.report",
}

__all__ = [
    "ChurnError",
    "EconomicsSettings",
    "FeatureSettings",
    "History",
    "Inactivity",
    "LabelTable",
    "LeavingEvent",
    "ScoringSettings",
    "Subscription",
    "TrainingSettings",
    "__version__",
    "backtest",
    "catalogue",
    "check_data",
    "cohorts",
    "compute_features",
    "erase",
    "explain_customer",
    "ingest",
    "load_history",
    "load_model",
    "make_history",
    "make_shop",
    "open_scorer",
    "purchases",
    "read_config",
    "retention_between",
    "retention_rate",
    "retention_series",
    "score",
    "score_history",
    "show_progress",
    "signal",
    "suggest",
    "train",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'churn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
