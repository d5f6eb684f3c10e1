"""Plan a campaign: whom to contact, with what and when. Nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churn.cli.common import AsJson, print_json, progress
from churn.cli.models import short

PolicyFile = Annotated[Path, typer.Argument(metavar="POLICY", help="YAML file that says what may be done.")]


def plan(
    policy: PolicyFile,
    scores: Annotated[
        Path | None,
        typer.Option(help="Folder of a night, or a CSV or Parquet file, instead of the policy's scores."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; PLANS/CAMPAIGN of the policy by default.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Plan a campaign: whom to contact, with what and when, why, and what it is expected to earn.

    Nothing is sent and nothing is recorded. The plan is a folder: plan.json, customers.parquet with a reason for every
    customer, contacts.csv with the contacts it would make. Read it, change the policy and plan again, or approve it.
    """
    from churn.campaigns.plan.lateness import late_warning
    from churn.campaigns.plan.make import make_plan
    from churn.campaigns.policy import read_policy
    from churn.report.campaign_plan import write_plan_page

    settings = read_policy(policy)
    if scores is not None:
        settings = settings.with_scores(scores)
    with progress(quiet=json):
        made = make_plan(settings)
        folder = made.write(out)
        write_plan_page(folder)
    late = late_warning(made)
    if json:
        told = made.summary()
        told["warnings"] = [*told["warnings"], *([late] if late else [])]
        print_json({**told, "folder": str(folder)})
        return
    typer.echo(made.render())
    if late:
        typer.echo(f"\nWarning: {late} Set a later start and plan again.")
    typer.echo(
        f"\nWritten to {short(folder)}: plan.html to open, contacts.csv, customers.parquet with everybody and why."
    )
    if made.facts["arms"]["treated"]:
        typer.echo(f"Next: open plan.html, then churn campaign approve {policy}")
    else:
        typer.echo(f"Next: change {policy} and plan again")
