"""What the commands of campaigns share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churn.errors import ParameterError

if TYPE_CHECKING:
    from churn.campaigns.ledger import Ledger

PolicyFile = Annotated[Path, typer.Argument(metavar="POLICY", help="YAML file that says what may be done.")]


def ledger_of(policy: Path | None, url: str | None) -> tuple[Ledger, str | None]:
    """Open the ledger of a policy, or at a URL in which ``${NAME}`` comes from the environment.

    Returns
    -------
    tuple of Ledger and str or None
        With the campaign's name where a policy was given.
    """
    from churn.campaigns.ledger import open_ledger
    from churn.campaigns.policy import read_policy
    from churn.yamlfile import expand

    if (policy is None) == (url is None):
        raise ParameterError(
            "The ledger is not named" if policy is None else "The ledger is named twice",
            fix="Give a POLICY, or --ledger URL such as sqlite:///campaigns.db.",
        )
    if policy is None:
        return open_ledger(expand(str(url), "--ledger")), None
    settings = read_policy(policy)
    return open_ledger(settings), settings.campaign
