"""Tells what a campaign did: the treated against those held out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churn.cli.common import AsJson, check_picture, picture, print_result, progress
from churn.errors import ParameterError

if TYPE_CHECKING:
    from churn.campaigns.measurement.result import Measurement
    from churn.campaigns.policy import Policy


def measure(
    policy: Annotated[Path, typer.Argument(metavar="POLICY", help="YAML file of the campaign.")],
    outcomes: Annotated[
        Path | None,
        typer.Option(
            help="CSV or Parquet with customer, retained and, where known, orders and net_value; "
            "the policy's data by default."
        ),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Look only at what was known before this date, YYYY-MM-DD.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All measured campaigns of the ledger together instead.")
    ] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw it into this file: .png, .svg or .pdf.")] = None,
    no_track: Annotated[bool, typer.Option("--no-track", help="Log nothing to MLflow.")] = False,
    json: AsJson = False,
) -> None:
    """Tell what a campaign did: customers kept, orders and net value of the treated against those held out.

    Looking early is safe: before its days are over it says so, and claims only what holds at every look.
    """
    from churn.campaigns.policy import read_policy

    if plot is not None:
        check_picture(plot)  # before the work
    meant = read_policy(policy)
    if every:
        _together(meant, {"--outcomes": outcomes, "--as-of": as_of, "--plot": plot}, json=json)
        return
    from churn.campaigns.measurement.measuring import measure as measured

    day = None if as_of is None else _date(as_of)
    with progress(quiet=json):
        found = measured(meant, file=outcomes, as_of=day)
        written = _write(found, meant, plot, track=not no_track)
    print_result(found, json)
    for line in written:
        typer.echo(line, err=json)


def _write(found: Measurement, policy: Policy, plot: Path | None, *, track: bool) -> list[str]:
    """Write page, picture and run; return what to say of them."""
    from churn.campaigns.measurement.measuring import plan_folder
    from churn.files import replace_bytes
    from churn.report.campaign import write_measurement_page

    said = []
    folder = plan_folder(policy)
    if (folder / "measurement.json").is_file():
        said.append(f"Written to {write_measurement_page(folder)}.")
    if plot is not None:
        replace_bytes(plot, picture(found.figure(), plot.suffix[1:]))
        said.append(f"Written to {plot}.")
    if track:
        from churn.model.tracking import log_measurement

        said.append(f"MLflow run {log_measurement(found, policy)}.")
    return said


def _together(policy: Policy, others: dict[str, object], *, json: bool) -> None:
    from churn.campaigns.ledger import open_ledger
    from churn.campaigns.measurement.pool import pool

    alien = [name for name, value in others.items() if value is not None]
    if alien:
        raise ParameterError(
            "--all takes the campaigns as they were measured last",
            given=", ".join(alien),
            fix="Leave it away, or measure one campaign without --all.",
        )
    with open_ledger(policy) as ledger:
        found = pool(ledger)
    print_result(found, json)


def _date(text: str) -> str:
    from churn.data.calendar import read_instant

    read_instant(text, "UTC", "--as-of")
    return text
