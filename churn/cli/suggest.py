"""``churn suggest``: propose active and horizon days from the data, before there is a definition."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churn.cli.common import AsJson, ConfigFile, print_json, progress
from churn.cli.models import short

if TYPE_CHECKING:
    from churn.config import Config


def suggest(
    config: ConfigFile,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; OUTPUT/NAME/suggest by default.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Propose active_days and horizon_days from the gaps between orders; needs no definition yet."""
    from churn.data.load import load_history
    from churn.definition.suggest import suggest as propose

    settings, given = read_without_definition(config)
    current = None
    if given and settings.definition.kind == "inactivity":
        current = settings.definition.active_days, settings.definition.horizon_days
    with progress(quiet=json):
        result = propose(load_history(settings), step_days=settings.training.step_days, current=current)
        folder = result.write(out or settings.place(settings.output) / settings.name / "suggest")
    if json:
        print_json({**result.to_dict(), "folder": str(folder)})
        return
    typer.echo(result.render())
    typer.echo(f"\nWritten to {short(folder)}: suggest.png, curve.csv, choices.csv, suggest.json")


def read_without_definition(file: Path) -> tuple[Config, bool]:
    """Read a configuration that may lack the definition, and tell whether it has one."""
    from churn.config import make_config
    from churn.yamlfile import read_settings

    settings = read_settings(file)
    given = "definition" in settings
    settings.setdefault("definition", {"active_days": 1, "horizon_days": 1})  # any: nothing here looks at it
    return make_config(settings, folder=file.resolve().parent, where=str(file)), given
