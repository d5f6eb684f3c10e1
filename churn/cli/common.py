"""What the commands share: options, loading, progress, printing."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churn.display import speaks_unicode
from churn.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from churn.config import Config
    from churn.data.base import CustomerBase
    from churn.data.history import History

ConfigFile = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="YAML file that names the data and the definition.")
]
AsOf = Annotated[str | None, typer.Option(help="Cutoff, YYYY-MM-DD; the end of the data by default.")]
ModelFolder = Annotated[Path | None, typer.Option(help="Folder of a saved model; the champion by default.")]
PICTURES = (".png", ".svg", ".pdf")
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


def load_base(config: Path, *, quiet: bool) -> tuple[Config, CustomerBase]:
    """Read a configuration, and open its customers: a saved log bucket by bucket, else the history in one piece."""
    from churn.config import read_config
    from churn.data.load import open_base

    settings = read_config(config)
    with progress(quiet=quiet):
        return settings, open_base(settings)


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


def print_figure(result: Any, *, json: bool, csv: Path | None = None, plot: Path | None = None) -> None:
    """Print a result that has a frame and a picture, and write these where files are named.

    Raises
    ------
    ParameterError
        The picture's file has an ending of no picture.
    """
    from churn.files import replace_bytes, replace_text

    if plot is not None:
        check_picture(plot)
        replace_bytes(plot, picture(result.figure(), plot.suffix[1:]))
    if csv is not None:
        from churn.csvsafe import csv_safe

        replace_text(csv, csv_safe(result.frame).to_csv(index=False))
    print_result(result, json)
    for file in (csv, plot):
        if file is not None:
            typer.echo(f"Written to {file}.", err=json)


def check_picture(file: Path) -> None:
    """Raise a `ParameterError` unless a file's name is that of a picture."""
    if file.suffix.lower() not in PICTURES:
        raise ParameterError(
            "The picture's file has an ending of no picture",
            given=str(file),
            allowed=", ".join(PICTURES),
            fix="Name a file such as retention.svg.",
        )


def picture(figure: Any, form: str) -> bytes:
    """Return a figure as the bytes of a picture: the same bytes for the same figure."""
    import io

    import matplotlib as mpl

    out = io.BytesIO()
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form.lower(), {})
    with mpl.rc_context({"svg.hashsalt": "churn"}):
        figure.savefig(out, format=form.lower(), metadata=metadata)
    return out.getvalue()


def print_json(value: Any) -> None:
    """Print plain values as JSON."""
    import json
    import sys

    plain = not speaks_unicode(sys.stdout)
    typer.echo(json.dumps(value, indent=2, ensure_ascii=plain, default=str, allow_nan=False))
