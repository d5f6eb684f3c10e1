"""``churn campaign power``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from churn.cli.common import AsJson, print_figure, progress
from churn.errors import ParameterError

if TYPE_CHECKING:
    from churn.campaigns.sizing.result import Power


def power(
    policy: Annotated[
        Path | None, typer.Argument(metavar="[POLICY]", help="YAML file of a campaign.")
    ] = None,
    customers: Annotated[
        int | None, typer.Option(help="Who would be contacted, were nobody held out.")
    ] = None,
    base_rate: Annotated[
        float | None, typer.Option(help="Share of them who leave when left alone, such as 0.4.")
    ] = None,
    share: Annotated[float | None, typer.Option(help="Held out; the policy's by default, else 0.1.")] = None,
    effect: Annotated[
        float | None,
        typer.Option(help="Expected reduction of that rate, 0.02 for 2 points; the plan's by default."),
    ] = None,
    chance: Annotated[float, typer.Option("--power", help="Wanted chance of showing an effect.")] = 0.8,
    days: Annotated[
        int | None,
        typer.Option(help="Days of past orders from which spread is taken; the horizon by default."),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this CSV file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it into this file: .png, .svg or .pdf.")] = None,
    json: AsJson = False,
) -> None:
    """Tell how small an effect a campaign can show, and how many must be held out: of a POLICY, or of numbers alone."""
    with progress(quiet=json):
        found = _of_policy(policy, customers, base_rate, share, effect, chance, days) if policy else None
    if found is None:
        found = _of_numbers(customers, base_rate, share, effect, chance, days)
    print_figure(found, json=json, csv=csv, plot=plot)


def _of_numbers(
    customers: int | None,
    base_rate: float | None,
    share: float | None,
    effect: float | None,
    chance: float,
    days: int | None,
) -> Power:
    from churn.campaigns.sizing.power import power as power_of

    if customers is None or base_rate is None:
        raise ParameterError(
            "There is nothing to go by",
            allowed="a POLICY, or --customers and --base-rate",
            fix="Try churn campaign power --customers 2000 --base-rate 0.3.",
        )
    if days is not None:
        raise ParameterError(
            "--days is for a POLICY", fix="Leave it away; a base rate is over some days already."
        )
    return power_of(customers, base_rate, share=0.1 if share is None else share, effect=effect, power=chance)


def _of_policy(
    file: Path,
    customers: int | None,
    base_rate: float | None,
    share: float | None,
    effect: float | None,
    chance: float,
    days: int | None,
) -> Power:
    from churn.campaigns.plan.sizing import power_of_policy
    from churn.campaigns.policy import read_policy

    if customers is not None or base_rate is not None:
        raise ParameterError(
            "Give either a POLICY or --customers and --base-rate, not both", fix="Leave one of them away."
        )
    return power_of_policy(read_policy(file), share=share, effect=effect, power=chance, days=days)
