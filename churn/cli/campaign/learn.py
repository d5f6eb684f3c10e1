"""``churn campaign learn``: whom contacts keep, from past campaigns that held customers out, judged on later ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churn.cli.common import AsJson, check_picture, picture, print_json, progress
from churn.cli.models import definition_of, short
from churn.errors import ParameterError

PolicyFile = Annotated[
    Path | None,
    typer.Argument(metavar="[POLICY]", help="YAML file whose ledger, config and uplift folder are used."),
]


def learn(
    policy: PolicyFile = None,
    ledger: Annotated[
        str | None, typer.Option(help="URL of the ledger, instead of the policy's; needs --config.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration of the data, instead of the policy's.")
    ] = None,
    campaign: Annotated[
        list[str] | None, typer.Option(help="Learn from this campaign; may be given again. All by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the model; the policy's `uplift` by default.")
    ] = None,
    depth: Annotated[
        float, typer.Option(help="Share of the customers that can be contacted, for the verdict.")
    ] = 0.3,
    plot: Annotated[Path | None, typer.Option(help="File for a picture of the Qini curves.")] = None,
    csv: Annotated[Path | None, typer.Option(help="File for the numbers of that picture.")] = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Log the run in MLflow.")] = True,
    json: AsJson = False,
) -> None:
    """Learn whom contacts keep, from past campaigns that held customers out by chance.

    Each campaign judges what was chosen and learnt from those before it, beside ranking by risk, by risk x value and at
    random. The model is saved with its verdict; a plan whose policy names its folder as `uplift` uses it only where it
    earned more than risk x value, beyond chance.
    """
    from churn.campaigns.ledger import open_ledger
    from churn.campaigns.policy import read_policy
    from churn.campaigns.uplift import learn as run
    from churn.campaigns.uplift import past_campaigns
    from churn.config import read_config
    from churn.csvsafe import csv_safe
    from churn.data.load import open_base
    from churn.files import replace_bytes, replace_text

    if plot is not None:
        check_picture(plot)
    settings = None if policy is None else read_policy(policy)
    if settings is None and (ledger is None or config is None):
        raise ParameterError(
            "It is not said where the past campaigns are",
            allowed="a policy, or --ledger with --config",
            fix="Run churn campaign learn POLICY.",
        )
    place = config
    if place is None and settings is not None and settings.config is not None:
        place = settings.place(settings.config)
    if place is None:
        raise ParameterError(
            "The policy names no configuration, and what was known before each campaign is computed from the data",
            fix="Add `config` to the policy, or give --config CONFIG.",
            code="no-config",
        )
    where = ledger if ledger is not None else settings
    assert where is not None
    data = read_config(place)
    definition = definition_of(data)
    with progress(quiet=json):
        base = open_base(data)
        with open_ledger(where) as opened:
            past = past_campaigns(opened, base, definition, names=campaign)
        result = run(
            past.assignments,
            past.outcomes,
            base,
            features=data.features,
            depth=depth,
            seed=data.training.seed,
            threads=data.training.threads,
            notes=past.notes,
        )
        folder = out
        if folder is None:
            beside = Path("uplift")
            if settings is not None:
                beside = settings.place(settings.uplift or "uplift")
            folder = beside
        result.write(folder)
        if plot is not None:
            replace_bytes(plot, picture(result.figure(), plot.suffix[1:]))
        if csv is not None:
            replace_text(csv, csv_safe(result.frame).to_csv(index=False))
        run_id = None
        if track:
            from churn.model.tracking import log_uplift
            from churn.progress import report

            report("Logging the run in MLflow")
            run_id = log_uplift(result, data)
    if json:
        print_json({**result.to_dict(), "folder": str(folder), "run_id": run_id})
        return
    typer.echo(result.render())
    typer.echo(f"\nWritten to {short(folder)}.")
    for file in (csv, plot):
        if file is not None:
            typer.echo(f"Written to {file}.")
    if run_id:
        typer.echo(f"MLflow run {run_id}")
    if settings is None or settings.uplift is None:
        typer.echo(f"Next: name {short(folder)} as `uplift` in the policy, then churn campaign plan POLICY")
