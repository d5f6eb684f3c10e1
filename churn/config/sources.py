"""Settings of the data: where each table is, and what its columns and values mean."""

from __future__ import annotations

import re

from pydantic import Field, field_validator, model_validator

from churn.config.base import Settings
from churn.errors import ConfigError
from churn.files import memory_bytes

TABLES = ("orders", "returns", "tickets", "interactions", "surveys", "subscriptions", "customers", "labels")
# Settings that say what values of a column mean, and the tables they are about.
MEANINGS = {"complaint_when": "tickets", "failed_when": "subscriptions"}


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
    labels: Source | None = None


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
