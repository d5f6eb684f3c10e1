"""``churn ingest``: make the saved log, or extend it by what is new."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def run_ingest(config: Path, progress: AbstractContextManager[None], *, rebuild: bool, json: bool) -> None:
    """Read what is new, write it, and print the report."""
    from churn.config import read_config
    from churn.data.ingest import ingest

    settings = read_config(config)
    with progress:
        result = ingest(settings, rebuild=rebuild)
    typer.echo(json_module.dumps(result.to_dict(), indent=2, ensure_ascii=False) if json else result.render())
