"""``churn erase``: customers who want to be forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churn.cli.common import AsJson, ConfigFile, print_result, progress


def erase(
    config: ConfigFile,
    customer: Annotated[
        list[str], typer.Argument(metavar="CUSTOMER...", help="Ids, as they are in the data.")
    ],
    policy: Annotated[
        Path | None, typer.Option(help="Policy of a campaign: its plans, delivery files and ledger too.")
    ] = None,
    ledger: Annotated[
        str | None, typer.Option(help="Database of a ledger, where no policy is given.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who does it; kept in the ledger.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it only counted.")] = False,
    json: AsJson = False,
) -> None:
    """Forget customers: nights, record, outputs, plans, delivery files, ledger. The aggregates stay.

    Without --yes it only says what it would touch. Killed half-way, the same command again finishes.
    """
    from churn.scoring.erase import erase as forget
    from churn.yamlfile import expand

    url = None if ledger is None else expand(ledger, "--ledger")
    with progress(quiet=json):
        found = forget(config, customer, policy=policy, ledger=url, by=by, yes=yes)
    print_result(found, json)
