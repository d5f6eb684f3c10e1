"""Typed settings, read from one YAML file."""

from churn.config.base import PositiveDays, Settings
from churn.config.outputs import OUTPUT_KINDS, OutputSettings
from churn.config.read import Config, check_timezone, make_config, read_config
from churn.config.retention import RetentionSettings
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
    EconomicsSettings,
    EventSettings,
    FeatureSettings,
    InactivitySettings,
    LabelSettings,
    OwnSignal,
    ScoringSettings,
    SubscriptionSettings,
    TrackingSettings,
    TrainingSettings,
    ValueSettings,
)

__all__ = [
    "MEANINGS",
    "OUTPUT_KINDS",
    "TABLES",
    "Config",
    "CustomersSource",
    "DefinitionSettings",
    "EconomicsSettings",
    "EventSettings",
    "FeatureSettings",
    "InactivitySettings",
    "LabelSettings",
    "Location",
    "LogSettings",
    "OutputSettings",
    "OwnSignal",
    "PositiveDays",
    "RetentionSettings",
    "ScoringSettings",
    "SetAside",
    "Settings",
    "Source",
    "Sources",
    "SubscriptionSettings",
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
