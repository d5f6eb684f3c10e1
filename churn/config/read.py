"""The configuration file: all settings of one data set, read from YAML and checked."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PrivateAttr, ValidationError, field_validator

from churn.config.base import Settings
from churn.config.outputs import OutputSettings
from churn.config.retention import RetentionSettings
from churn.config.sources import Location, LogSettings, Sources
from churn.config.steps import (
    DefinitionSettings,
    EconomicsSettings,
    FeatureSettings,
    ScoringSettings,
    TrackingSettings,
    TrainingSettings,
    ValueSettings,
)
from churn.errors import ConfigError
from churn.yamlfile import explain_settings, read_settings


class Config(Settings):
    """Everything one run needs to know."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    timezone: str | None = Field(None, description="IANA zone in which times without an offset are read")
    data_end: dt.datetime | None = Field(None, description="when the extract was taken; else the last order")
    inputs: dict[str, Location] = Field(default_factory=dict)
    sources: Sources
    log: LogSettings = LogSettings()
    definition: DefinitionSettings
    features: FeatureSettings = FeatureSettings()
    training: TrainingSettings = TrainingSettings()
    scoring: ScoringSettings = ScoringSettings()
    value: ValueSettings = ValueSettings()
    retention: RetentionSettings = RetentionSettings()
    economics: EconomicsSettings = EconomicsSettings()
    tracking: TrackingSettings = TrackingSettings()
    outputs: tuple[OutputSettings, ...] = Field((), description="where else the scores go")
    models: str = Field("models", description="folder of the bundles, from the configuration file's folder")
    output: str = Field(
        "churn-output", description="folder of the lists, from the configuration file's folder"
    )
    campaigns: str = Field(
        "plans",
        description="folder of campaigns' plans, whose results the report shows, from the same folder",
    )
    _folder: Path = PrivateAttr(Path())

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            check_timezone(value)
        return value

    @field_validator("inputs")
    @classmethod
    def _plain_names(cls, value: dict[str, Location]) -> dict[str, Location]:
        for name in value:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise ValueError(f"the input name {name!r} must be letters, digits and _")
        return value

    def place(self, text: str) -> Path:
        """Return where results go: a relative path starts at the configuration file's folder."""
        return Path(os.path.normpath(self._folder / Path(text).expanduser()))

    def search_path(self, text: str) -> list[Path]:
        """Places where a relative path is looked up: the config file's folder, then the working one."""
        path = Path(text).expanduser()
        return [path] if path.is_absolute() else [self._folder / path, Path.cwd() / path]


def check_timezone(name: str) -> None:
    """Raise a ConfigError unless the name is an IANA time zone.

    Examples
    --------
    >>> check_timezone("Europe/London")
    """
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"{name!r} is not an IANA time zone such as UTC or Europe/London",
            fix="Name the zone in which the times were written down.",
            code="config-timezone",
        ) from error


def read_config(path: str | os.PathLike[str]) -> Config:
    """Read and check a YAML configuration.

    ``${NAME}`` and ``${NAME:-default}`` are replaced from the environment. Relative paths are looked
    up from the file's folder first, then from the working folder.

    Parameters
    ----------
    path : str or path-like
        The YAML file.

    Returns
    -------
    Config
        The settings, complete with defaults.

    Raises
    ------
    MissingFileError
        There is no such file.
    ConfigError
        It is not YAML, a key is unknown or missing, or a value is not allowed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "shop.yaml")
    >>> _ = file.write_text('''
    ... name: shop
    ... timezone: UTC
    ... sources:
    ...   orders: {path: orders.csv, columns: {customer: id, time: at, amount: total}}
    ... definition: {active_days: 180, horizon_days: 60}
    ... ''')
    >>> read_config(file).definition.horizon_days
    60
    """
    file = Path(path)
    return make_config(read_settings(file), folder=file.resolve().parent, where=str(file))


def make_config(settings: dict[str, Any], *, folder: Path | None = None, where: str = "config") -> Config:
    """Check settings given as a dictionary.

    Parameters
    ----------
    settings : dict
        The content of a configuration file.
    folder : Path, optional
        Where relative paths start; the working folder when left out.
    where : str, optional
        What to call the settings in error messages.

    Returns
    -------
    Config
        The settings, complete with defaults.

    Raises
    ------
    ConfigError
        A key is unknown or missing, or a value is not allowed.

    Examples
    --------
    >>> make_config({"name": "shop", "horizon": 3})
    Traceback (most recent call last):
    ...
    churn.errors.ConfigError: 3 things in config cannot be used: `horizon`: unknown key...
    """
    try:
        config = Config.model_validate(settings)
    except ValidationError as error:
        raise explain_settings(error, where, Config) from None
    config._folder = folder or Path.cwd()
    return config
