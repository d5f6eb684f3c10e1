"""One customer's scores over time."""

from __future__ import annotations

from typing import Annotated

import typer

from churn.cli.common import AsJson, ConfigFile, print_result, progress


def history(
    config: ConfigFile,
    customer: Annotated[
        str, typer.Argument(metavar="CUSTOMER", help="The customer's id, as it is in the data.")
    ],
    nights: Annotated[int, typer.Option(min=1, help="Show so many nights, newest first.")] = 10,
    events: Annotated[
        bool, typer.Option("--events/--no-events", help="Show from the log what happened in between.")
    ] = True,
    json: AsJson = False,
) -> None:
    """Show one customer's scores over time: probability, stage, rank, reasons, and what happened in between."""
    from churn.config import read_config
    from churn.scoring.past import score_history

    settings = read_config(config)
    with progress(quiet=json):
        found = score_history(settings, customer, events=events, shown=nights)
    print_result(found, json)
