"""``churn campaign status`` and ``list``: where campaigns stand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churn.cli.campaign.common import ledger_of
from churn.cli.common import AsJson, print_result

Ledger = Annotated[
    str | None,
    typer.Option(help="Database of the ledger, such as sqlite:///campaigns.db, instead of a policy's."),
]
Policy = Annotated[Path | None, typer.Argument(metavar="[POLICY]", help="YAML file of the campaign.")]


def status(policy: Policy = None, ledger: Ledger = None, json: AsJson = False) -> None:
    """Show a campaign: who is in it, its contacts by day and state, responses, what is due next.

    With --ledger instead of a policy, all campaigns of a ledger.
    """
    from churn.campaigns.ledger.status import campaign_list, campaign_status

    opened, name = ledger_of(policy, ledger)
    with opened:
        result = (
            campaign_list(opened)
            if name is None
            else campaign_status(opened, name, late_days=_late_days(policy))
        )
    if json or name is None:
        print_result(result, json)
    else:
        typer.echo(result.render().replace(" POLICY", f" {policy}"))  # the commands to run next


def _late_days(policy: Path | None) -> int | None:
    from churn.campaigns.policy import read_policy

    return None if policy is None else read_policy(policy).limits.late_days  # limits count as they are now


def list_campaigns(policy: Policy = None, ledger: Ledger = None, json: AsJson = False) -> None:
    """List the campaigns of a ledger: that of a policy, or the one at --ledger."""
    from churn.campaigns.ledger.status import campaign_list

    with ledger_of(policy, ledger)[0] as opened:
        print_result(campaign_list(opened), json)
