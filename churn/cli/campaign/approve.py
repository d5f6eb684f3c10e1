"""``churn campaign approve``: the plan becomes a campaign of the ledger; ``cancel``: what is still due is not sent."""

from __future__ import annotations

from typing import Annotated

import typer

from churn.cli.campaign.common import PolicyFile, ledger_of
from churn.cli.common import AsJson, print_json, progress
from churn.display import format_count


def approve(
    policy: PolicyFile,
    by: Annotated[str, typer.Option(help="Who approves; kept in the ledger.")] = "",
    json: AsJson = False,
) -> None:
    """Approve a plan: campaign, holdout and contacts are recorded in the ledger, all or nothing. Nothing is sent.

    Approved again it changes nothing. Another plan under the same name is refused, with what differs.
    """
    from churn.campaigns.ledger import open_ledger
    from churn.campaigns.plan.files import read_plan
    from churn.campaigns.plan.lateness import late_warning
    from churn.campaigns.policy import read_policy

    settings = read_policy(policy)
    with progress(quiet=json):
        plan = read_plan(settings)
        with open_ledger(settings) as ledger:
            told = ledger.approve(plan, by=by)
            where = ledger.where
    late = late_warning(plan)
    if json:
        print_json({**told, "ledger": where, "warnings": [late] if late else []})
        return
    n = {k: format_count(told[k]) for k in ("treated", "holdout", "contacts")}
    typer.echo(
        f"Campaign {told['campaign']} {'is approved' if told['new'] else 'was approved before; nothing is new'}: "
        f"{n['treated']} customers are contacted, {n['holdout']} are held out, {n['contacts']} contacts are due."
    )
    typer.echo(f"Recorded in {where}. Nothing is sent.")
    if late:
        typer.echo(f"Warning: {late} Plan again with a later start and another name.")
    typer.echo(f"Next: churn campaign send {policy} shows what would go out; with --yes it does.")


def cancel(
    policy: PolicyFile,
    reason: Annotated[str, typer.Option(help="Why; kept in the ledger.")] = "",
    customer: Annotated[
        list[str] | None, typer.Option(help="Only of this customer; may be given again.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only over this channel.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it only counted.")] = False,
    json: AsJson = False,
) -> None:
    """Cancel what is still to be sent: contacts that are due, failed or dead. What was sent stays sent."""
    ledger, name = ledger_of(policy, None)
    with ledger:
        assert name is not None
        ledger.campaign(name)
        frame = ledger.contacts(name)
        open_now = frame["state"].isin(["due", "failed", "dead"])
        open_now &= frame["customer"].isin(customer) if customer else True
        open_now &= (frame["channel"] == channel) if channel else True
        done = ledger.cancel(name, reason, customers=customer or None, channel=channel) if yes else 0
    if json:
        print_json({"campaign": name, "open": int(open_now.sum()), "cancelled": done})
    elif yes:
        typer.echo(f"{format_count(done)} contacts of {name} are cancelled.")
    else:
        typer.echo(
            f"{format_count(int(open_now.sum()))} contacts of {name} would be cancelled. Add --yes to do it."
        )
