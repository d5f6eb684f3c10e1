"""Typed settings, read from one YAML file."""

from churn.config.base import PositiveDays, Settings
from churn.config.read import Config, check_timezone, make_config, read_config
from churn.config.sources import (
    MEANINGS,
    TABLES,
    CustomersSource,
    Location,
    LogSettings,
    SetAside,
    Source,
    Sources,
    SubscriptionsSource,
    TicketsSource,
    check_table_name,
)
from churn.config.steps import (
    DefinitionSettings,
    FeatureSettings,
    OwnSignal,
    ScoringSettings,
    TrackingSettings,
    TrainingSettings,
    ValueSettings,
)

__all__ = [
    "MEANINGS",
    "TABLES",
    "Config",
    "CustomersSource",
    "DefinitionSettings",
    "FeatureSettings",
    "Location",
    "LogSettings",
    "OwnSignal",
    "PositiveDays",
    "ScoringSettings",
    "SetAside",
    "Settings",
    "Source",
    "Sources",
    "SubscriptionsSource",
    "TicketsSource",
    "TrackingSettings",
    "TrainingSettings",
    "ValueSettings",
    "check_table_name",
    "check_timezone",
    "make_config",
    "read_config",
]
