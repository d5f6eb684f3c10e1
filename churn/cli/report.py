"""The report of a night as one HTML file."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churn.cli.common import AsJson, ConfigFile, print_json, progress
from churn.cli.models import short
from churn.errors import MissingFileError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

    from churn.config import Config


class Style(enum.StrEnum):
    """How a digest is formatted."""

    markdown = "markdown"
    text = "text"
    slack = "slack"


def report(
    config: ConfigFile,
    as_of: Annotated[
        str | None, typer.Option(help="The night's date, YYYY-MM-DD; the newest night by default.")
    ] = None,
    night: Annotated[
        Path | None, typer.Option(help="Folder of a night; OUTPUT/NAME/DATE by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The HTML file; report.html in the night's folder by default.")
    ] = None,
    personal: Annotated[
        bool, typer.Option("--personal", help="Show the contact columns of the configuration too.")
    ] = False,
    digest: Annotated[
        Style | None, typer.Option(help="Print the digest for mail or chat in this style, and write nothing.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Write the report of a night: one HTML file that needs no network, to be opened in any browser."""
    from churn.config import read_config
    from churn.report import write_report

    settings = read_config(config)
    folder = _night(settings, as_of, night)
    if digest is not None:
        from churn.report.digest import digest as digest_of

        given = [name for name, used in (("--out", out), ("--personal", personal), ("--json", json)) if used]
        if given:
            raise ParameterError(f"{given[0]} is for the report", fix="Leave it or --digest away.")
        typer.echo(digest_of(folder, digest.value))
        return
    with progress(quiet=json):
        contact = _contact(settings, folder) if personal else None
        file = write_report(folder, out, contact=contact)
    if json:
        print_json({"report": str(file), "night": str(folder), "bytes": file.stat().st_size})
        return
    typer.echo(f"Written to {short(file)}: open it in a browser, it needs no network")


def _night(settings: Config, as_of: str | None, night: Path | None) -> Path:
    from churn.report.folder import newest_night
    from churn.scoring.runid import file_name

    if night is not None:
        if as_of is not None:
            raise ParameterError("--as-of and --night name a night each", fix="Give one of them.")
        return night
    root = settings.place(settings.output) / settings.name
    if as_of is None:
        return newest_night(root)
    folder = root / file_name(as_of)
    if not folder.is_dir():
        raise MissingFileError(
            f"There is no night of {as_of} in {short(root)}",
            given=f"nights: {', '.join(p.name for p in sorted(root.glob('[0-9]*')) if p.is_dir()) or 'none'}",
            fix=f"Write it first with churn score CONFIG --as-of {as_of}.",
            code="no-night",
        )
    return folder


def _contact(settings: Config, folder: Path) -> pd.DataFrame:
    """Return the contact data of the listed customers; they are not in the night's folder."""
    import pandas as pd

    from churn.data.load import open_base
    from churn.data.people import contact_of
    from churn.report.folder import read_night

    listed = read_night(folder).at_risk
    source = settings.sources.customers
    if source is None or not source.contact:
        raise ParameterError(
            "The configuration names no contact columns to show",
            given="--personal",
            fix="Name them under sources.customers.contact, or leave --personal away.",
            code="no-contact",
        )
    return contact_of(open_base(settings), listed["customer"] if listed is not None else pd.Index([]))
