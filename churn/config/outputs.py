"""Settings of the outputs: where a night's scores go besides the folder of the night."""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args

from pydantic import Field, SecretStr, field_validator, model_validator

from churn.config.base import Settings

OutputKind = Literal["csv", "parquet", "jsonl", "duckdb", "sql"]
OUTPUT_KINDS: tuple[str, ...] = get_args(OutputKind)


class OutputSettings(Settings):
    """One place that a night's scores are written to.

    Parameters
    ----------
    to : {"csv", "parquet", "jsonl", "duckdb", "sql"}
        The format.
    place : str, optional
        Folder of the files, or the DuckDB file, from the configuration file's folder.
    url : str, optional
        SQLAlchemy URL of a PostgreSQL or SQLite database; for ``sql``, and never shown.
    password : str, optional
        Takes the place of the URL's; unlike there, no letter needs to be written otherwise.
    table : str, default "churn_scores"
        Table of the scores, with ``SCHEMA.`` before it where one is meant; the runs go to the table ``TABLE_runs``.
    """

    to: OutputKind
    place: str | None = Field(None, description="folder of the files, or the DuckDB file")
    url: SecretStr | None = Field(None, description="SQLAlchemy URL of a PostgreSQL or SQLite database")
    password: SecretStr | None = Field(None, description="takes the place of the URL's")
    table: Annotated[str, Field(max_length=58)] = "churn_scores"

    @field_validator("table")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not re.fullmatch(r"([A-Za-z_][A-Za-z0-9_]*\.)?[A-Za-z_][A-Za-z0-9_]*", value):
            raise ValueError("must be letters, digits and _, with a schema before a dot where one is meant")
        return value

    @model_validator(mode="after")
    def _fits(self) -> OutputSettings:
        if self.to == "sql" and (self.url is None or self.place is not None):
            raise ValueError("`to: sql` needs `url`, such as postgresql://user@host/database, and no `place`")
        if self.to != "sql" and (self.url is not None or self.password is not None):
            raise ValueError(f"`url` and `password` belong to `to: sql`, not to `to: {self.to}`")
        return self
