"""The ``churn campaign`` commands: plan, approve, send, measure, learn."""

from __future__ import annotations

import typer

from churn.cli.campaign.approve import approve, cancel
from churn.cli.campaign.demo import demo
from churn.cli.campaign.learn import learn
from churn.cli.campaign.measure import measure
from churn.cli.campaign.plan import plan
from churn.cli.campaign.power import power
from churn.cli.campaign.respond import respond
from churn.cli.campaign.send import send
from churn.cli.campaign.status import list_campaigns, status

campaign_app = typer.Typer(
    name="campaign",
    help="Win-back campaigns: whom to contact, with what, and did it work.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@campaign_app.callback()
def _root() -> None:
    pass


# In the order of their use.
campaign_app.command(
    short_help="A whole campaign in a generated shop, with the truth beside what was measured."
)(demo)
campaign_app.command(short_help="How small an effect this base can show, and how many to hold out.")(power)
campaign_app.command(short_help="Plan whom to contact, with what and when; nothing is sent.")(plan)
campaign_app.command(short_help="Record a plan, its holdout and its contacts in the ledger.")(approve)
campaign_app.command(short_help="Hand over the contacts that are due; a dry run without --yes.")(send)
campaign_app.command(short_help="Record what customers did, and who wants no more contacts.")(respond)
campaign_app.command(short_help="Where a campaign stands, and what is due next.")(status)
campaign_app.command(short_help="Do not send what is still to be sent.")(cancel)
campaign_app.command(short_help="What it did: the treated against those held out.")(measure)
campaign_app.command(short_help="Whom contacts keep, from past campaigns; used where it beats risk x value.")(
    learn
)
campaign_app.command("list", short_help="The campaigns of a ledger.")(list_campaigns)
