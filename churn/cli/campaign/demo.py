"""``churn campaign demo``: a whole campaign in a generated shop, with the truth beside what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churn.cli.common import AsJson, print_json, progress


def demo(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("campaign-demo"),
    customers: Annotated[
        int, typer.Option(min=1500, max=100_000, help="Customers of the generated shop.")
    ] = 6000,
    seed: Annotated[int, typer.Option(help="Seed of the generated shop.")] = 7,
    json: AsJson = False,
) -> None:
    """Run a whole campaign in a generated shop: past campaigns, learning, plan, approval, sending, measuring.

    The shop's customers answer the contacts, and the shop knows what the contacts truly changed: that stands beside
    what the holdout showed. Everything is in one folder; nothing leaves the machine.
    """
    from churn.cli.campaign.staged import run_campaign_demo

    with progress(quiet=json):
        told = run_campaign_demo(out, customers, seed)
    if json:
        print_json(told.to_dict())
        return
    typer.echo(told.render())
