"""Typed settings, read from one YAML file."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from churn.errors import ConfigError
from churn.files import memory_bytes
from churn.yamlfile import explain_settings, read_settings

TABLES = ("orders", "returns", "tickets", "interactions", "surveys", "subscriptions", "customers")
# Settings that say what values of a column mean, and the tables they are about.
MEANINGS = {"complaint_when": "tickets", "failed_when": "subscriptions"}


def _not_a_flag(value: object) -> object:
    if isinstance(value, bool):  # YAML reads yes and on as true, which would count as 1
        raise ValueError("must be a number of days, not yes or no")
    return value


PositiveDays = Annotated[int, Field(ge=1, le=3650), BeforeValidator(_not_a_flag)]


class Settings(BaseModel):
    """Base of every block: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SetAside(Settings):
    """Rows of an input that must not be used, and why; they are counted and shown."""

    when: str = Field(description="SQL condition over the input's columns")
    why: str = Field(description="the reason, in words a reader of the check understands")


class Location(Settings):
    """Where rows come from: a file or glob, a DuckDB file's table, or a query over the inputs."""

    path: str | None = Field(None, description="CSV or Parquet path or glob")
    database: str | None = Field(None, description="path of a DuckDB file, together with `table`")
    table: str | None = Field(None, description="table or view in `database`")
    query: str | None = Field(None, description="SQL over the named inputs or over files, run in DuckDB")
    delimiter: str | None = Field(None, description="field separator of a CSV; found out when left away")
    newer: str | None = Field(None, description="saved log: column that grows with every delivery")
    set_aside: tuple[SetAside, ...] = ()

    @model_validator(mode="after")
    def _one_place(self) -> Location:
        given = [k for k in ("path", "database", "query") if getattr(self, k)]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of path, database (with table) or query, not {' and '.join(given) or 'none'}"
            )
        if self.newer is not None and self.query is not None:
            raise ValueError("`newer` belongs to the inputs of a query, not to the query")
        if (self.database is None) != (self.table is None):
            raise ValueError("`database` and `table` go together")
        return self


class Source(Location):
    """One contract's rows and how the user's columns map to it."""

    columns: dict[str, str] = Field(default_factory=dict, description="contract field: your column")
    time_format: str | None = Field(None, description="strptime format of text times, e.g. %d/%m/%Y %H:%M")


class TicketsSource(Source):
    """Support tickets; says which categories are complaints."""

    complaint_when: tuple[str, ...] = Field((), description="values of `category` that mean a complaint")


class SubscriptionsSource(Source):
    """Changes of subscriptions; says which events are failed payments."""

    failed_when: tuple[str, ...] = Field((), description="values of `event` that mean a failed payment")


class CustomersSource(Source):
    """Customer master data; names the columns that carry segments, consent and contact."""

    segments: tuple[str, ...] = Field((), description="columns known for the whole time, used as signals")
    contact: tuple[str, ...] = Field((), description="columns kept for campaigns, never used as signals")


class Sources(Settings):
    """The tables; only orders are required."""

    orders: Source
    returns: Source | None = None
    tickets: TicketsSource | None = None
    interactions: Source | None = None
    surveys: Source | None = None
    subscriptions: SubscriptionsSource | None = None
    customers: CustomersSource | None = None


class LogSettings(Settings):
    """The saved log: where it is, and the memory that reading it may take."""

    path: str | None = Field(
        None, description="folder of the saved log, from the configuration file's folder"
    )
    memory_limit: str = Field("4GB", description="memory that reading may take, such as 2GB")

    @field_validator("memory_limit")
    @classmethod
    def _a_size(cls, value: str) -> str:
        if not re.fullmatch(r"\d+(\.\d+)?\s*[MGT]i?B", value.strip()) or memory_bytes(value) < 5 * 10**8:
            raise ValueError("must be 500MB or more, written such as 2GB")
        return value.strip()


class DefinitionSettings(Settings):
    """What churn means here; see `churn.Inactivity`."""

    kind: Literal["inactivity"] = "inactivity"
    active_days: PositiveDays
    horizon_days: PositiveDays
    gap_days: Annotated[int, Field(ge=0, le=3650)] = 0


class OwnSignal(Settings):
    """A signal of the user's own, as an expression."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_:.-]*$")]
    measure: str = Field(description="expression such as Count('orders', days=90)")
    meaning: str = Field(description="what it says, in words")
    unit: str = "count"
    warns: str = "either"
    topic: str | None = None


class FeatureSettings(Settings):
    """Settings of the signals.

    Parameters
    ----------
    ignored_after_days : float, default 7
        A complaint without an answer for so many days counts as ignored.
    silent_after_days : float, default 14
        A survey without an answer for so many days counts as silence.
    windows : tuple of int
        Days of the windows of counts, rates and amounts.
    signals : tuple of OwnSignal
        Signals of your own, as expressions.
    python : tuple of str
        Files that make signals with `churn.signal`.
    tables : dict of str to Source
        Tables of ready features.
    """

    ignored_after_days: Annotated[float, Field(gt=0, le=365)] = 7.0
    silent_after_days: Annotated[float, Field(gt=0, le=365)] = 14.0
    windows: tuple[PositiveDays, ...] = (7, 14, 30, 60, 90, 180, 365)
    signals: tuple[OwnSignal, ...] = ()
    python: tuple[str, ...] = ()
    tables: dict[str, Source] = Field(default_factory=dict, description="ready features: name: a source")

    @field_validator("windows")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or list(value) != sorted(set(value)):
            raise ValueError("must be days in ascending order, each once")
        return value

    @field_validator("tables")
    @classmethod
    def _free_names(cls, value: dict[str, Source]) -> dict[str, Source]:
        for name in value:
            check_table_name(name)
        return value


class TrainingSettings(Settings):
    """How the model is trained and judged.

    Parameters
    ----------
    test_cutoff : date, optional
        The held-out cutoff; the last mature one when left out.
    step_days : int, default 30
        Days between training snapshots.
    max_snapshots : int, default 36
        How many at most, newest first.
    seed : int, default 0
        Of the trees and the resampling.
    threads : int, default 2
        Threads of LightGBM; the same number gives the same trees.
    """

    test_cutoff: dt.date | None = Field(None, description="held-out cutoff; else the last mature one")
    step_days: PositiveDays = 30
    max_snapshots: Annotated[int, Field(ge=3, le=500)] = 36
    seed: int = 0
    threads: Annotated[int, Field(ge=1)] = 2


class ScoringSettings(Settings):
    """How the at-risk list is made.

    Parameters
    ----------
    top : int, optional
        List at most so many customers.
    threshold : float, optional
        List from this churn probability; from twice the average odds when left out.
    currency : str, default ""
        Sign or code before amounts.
    """

    top: Annotated[int, Field(ge=1)] | None = Field(None, description="list at most so many customers")
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="listed from this churn probability; from twice the average odds when left away"
    )
    currency: str = Field("", description="sign or code before amounts, e.g. £ or EUR")


class TrackingSettings(Settings):
    """Names in MLflow."""

    experiment: str = "churn"
    registered_model: str = "churn"


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
    tracking: TrackingSettings = TrackingSettings()
    models: str = Field("models", description="folder of the bundles, from the configuration file's folder")
    output: str = Field(
        "churn-output", description="folder of the lists, from the configuration file's folder"
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


def check_table_name(name: str) -> None:
    """Raise a ConfigError unless a table of ready features may have this name.

    Examples
    --------
    >>> check_table_name("credit")
    """
    if name in TABLES or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ConfigError(
            f"A table of features cannot be called {name!r}",
            allowed=f"letters, digits and _, and not {', '.join(TABLES)}",
            fix="Choose another name.",
            code="config-table-name",
        )


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
