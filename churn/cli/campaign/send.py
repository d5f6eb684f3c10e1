"""``churn campaign send``: hand over the contacts that are due."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from churn.cli.common import AsJson, print_json, progress
from churn.errors import ParameterError

PolicyFile = Annotated[Path, typer.Argument(metavar="POLICY", help="YAML file that says what may be done.")]


def send(
    policy: PolicyFile,
    on: Annotated[
        str | None, typer.Option(help="Day to work on, YYYY-MM-DD: contacts due by then; today by default.")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only contacts over this channel.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Hand over; without it only told what would go where.")
    ] = False,
    retry_dead: Annotated[
        bool, typer.Option("--retry-dead", help="Try dead letters again, with their keys.")
    ] = False,
    cancel_late: Annotated[
        bool, typer.Option("--cancel-late", help="Cancel what is too late, even if that is all there is.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Hand over the contacts of an approved campaign that are due: to files, a table, a webhook, your own channel.

    A dry run unless --yes is given. Consent, unsubscribes, caps and capacity are looked up anew. Run it once a day; run
    again, or twice at a time, it hands nothing over twice. Exits 1 when there are dead letters, a receiver takes
    nothing, or all that is due is too late: then nothing is changed.
    """
    from churn.campaigns.delivery.sending import send as hand_over
    from churn.campaigns.ledger import open_ledger
    from churn.campaigns.policy import read_policy

    settings = read_policy(policy)
    day = _day(on)
    with open_ledger(settings) as ledger, progress(quiet=json):
        sent = hand_over(
            settings,
            ledger,
            on=day,
            yes=yes,
            channel=channel,
            retry_dead=retry_dead,
            cancel_late=cancel_late,
        )
    if json:
        print_json(sent.to_dict())
    else:
        said = f"churn campaign send {policy}{f' --on {on}' if on else ''}"
        typer.echo(sent.render().replace("churn campaign send POLICY", said))
    if sent.interrupted:
        raise typer.Exit(130)
    if not sent.dry_run and (sent.dead or sent.stopped):
        raise typer.Exit(1)


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ParameterError(
            "--on is no day", given=text, allowed="YYYY-MM-DD", fix="Give for example --on 2026-01-05."
        ) from None
