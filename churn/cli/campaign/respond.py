"""``churn campaign respond``: what customers did, from a file of the CRM or the mail service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churn.cli.campaign.common import PolicyFile
from churn.cli.common import AsJson, print_json, progress
from churn.display import format_count


def respond(
    policy: PolicyFile,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="CSV or Parquet: customer, kind, time; channel, detail, response."
        ),
    ],
    json: AsJson = False,
) -> None:
    """Record responses to a campaign. The same file again changes nothing.

    Unsubscribes, complaints and bounces hold for all campaigns of the ledger from then on.
    """
    from churn.campaigns.ledger import open_ledger
    from churn.campaigns.ledger.responsefile import read_responses
    from churn.campaigns.policy import read_policy

    settings = read_policy(policy)
    with progress(quiet=json), open_ledger(settings) as ledger:
        ledger.campaign(settings.campaign)
        rows, unread = read_responses(file, settings)
        told = ledger.respond(settings.campaign, rows)
    told |= {"set_aside": unread}
    if json:
        print_json(told)
        return
    n = {k: format_count(v) for k, v in told.items() if isinstance(v, int)}
    kinds = ", ".join(f"{format_count(v)} {k}" for k, v in told["by_kind"].items())
    typer.echo(f"{n['new']} responses are new{f' ({kinds})' if kinds else ''}, {n['known']} were known.")
    if told["suppressed"] or told["lifted"]:
        typer.echo(
            f"Not to be contacted any more: {n['suppressed']} more. May be contacted again: {n['lifted']}."
        )
    if told["other_channels"]:
        shown = ", ".join(ascii(c[:40]) for c in told["other_channels"][:3])
        typer.echo(
            f"Wishes name channels over which no campaign goes, such as {shown}: they keep nobody from other channels. "
            "Correct the column channel, or leave it empty for all."
        )
    if told["holdout"]:
        typer.echo(
            f"{n['holdout']} responses came from customers who are held out; measure tells what it means."
        )
    if told["unknown"]:
        shown = ", ".join(ascii(e) for e in told["examples"])
        typer.echo(f"{n['unknown']} rows are of customers who are not in this campaign, such as {shown}.")
    if told["erased"]:
        typer.echo(f"{n['erased']} rows are of erased customers; nothing of them was kept.")
    for reason, count, example in unread:
        typer.echo(f"{format_count(count)} rows were set aside: {reason}, such as {example}.")
