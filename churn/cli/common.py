"""What the commands share: options, loading, progress, printing."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from churn.config import Config
    from churn.data.history import History

ConfigFile = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="YAML file that names the data and the definition.")
]
AsOf = Annotated[str | None, typer.Option(help="Cutoff, YYYY-MM-DD; the end of the data by default.")]
ModelFolder = Annotated[Path | None, typer.Option(help="Folder of a saved model; the champion by default.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a script instead of text.")]


def own_signals(settings: Config) -> Any:
    """Return the signals made in Python that a configuration names."""
    from churn.cli.signals import own_signals as of_config

    return of_config(settings)


def load(config: Path, *, quiet: bool) -> tuple[Config, History]:
    """Read a configuration and its history."""
    from churn.config import read_config
    from churn.data.load import load_history

    settings = read_config(config)
    with progress(quiet=quiet):
        history = load_history(settings)
    return settings, history


@contextlib.contextmanager
def progress(*, quiet: bool) -> Iterator[None]:
    """Show the progress of the work inside the block, unless a script reads the output."""
    if quiet:
        yield
        return
    from churn.progress import show_progress

    with show_progress():
        yield


def show_scores(scores: Any, verdict: str = "") -> None:
    """Print the screen of at-risk customers beside the retention rate."""
    from churn.cli.screen import print_scores

    print_scores(scores, verdict)


def print_result(result: Any, as_json: bool) -> None:
    """Print a result for a reader or, as JSON, for a script."""
    if as_json:
        print_json(result.to_dict())
    else:
        typer.echo(result.render())


def print_json(value: Any) -> None:
    """Print plain values as JSON."""
    import json

    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str, allow_nan=False))
