"""Trainings, backtests and campaigns as MLflow runs that a colleague can read, and the aliases of the registry."""

from churn.model.tracking.backtest import log_backtest
from churn.model.tracking.campaigns import log_measurement
from churn.model.tracking.registry import move_aliases
from churn.model.tracking.training import log_training
from churn.model.tracking.uplift import log_uplift

__all__ = ["log_backtest", "log_measurement", "log_training", "log_uplift", "move_aliases"]
