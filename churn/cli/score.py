"""The at-risk list beside the retention rate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from churn.cli.common import (
    AsJson,
    AsOf,
    ConfigFile,
    ModelFolder,
    load_base,
    own_signals,
    print_json,
    print_result,
    progress,
    show_scores,
)
from churn.cli.listing import list_settings
from churn.cli.models import check_definition, default_model, short
from churn.errors import ParameterError


def score(
    config: ConfigFile,
    as_of: AsOf = None,
    model: ModelFolder = None,
    top: Annotated[int | None, typer.Option(min=1, help="List at most so many customers.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="List from this churn probability, above 0 and below 1.")
    ] = None,
    to: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT[:PLACE]",
            help="Write the scores there instead of to the outputs of the configuration: csv, parquet, jsonl, duckdb, "
            "sql, or none; may be given again.",
        ),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record/--no-record", help="Keep the scores in the record, for churn history.")
    ] = True,
    list_by: Annotated[
        str | None,
        typer.Option(help="Whom to list: money, threshold or odds; by the configuration when left away."),
    ] = None,
    customer: Annotated[
        str | None,
        typer.Option(help="Score this customer alone, as the whole night did or would, and write nothing."),
    ] = None,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Leave report.html and digest.md away.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; OUTPUT/NAME/DATE by default.")] = None,
    json: AsJson = False,
) -> None:
    """Score everybody, list the customers at risk beside the retention rate, and write all of it into one folder.

    The folder is OUTPUT/NAME/DATE: report.html to open, at_risk.csv to work from, scores.parquet with everybody who is
    known. The scores also go to the outputs of the configuration and to the record that churn history reads.
    """
    from json import loads

    from churn.config import read_config
    from churn.model.bundle import load_model
    from churn.report import write_report
    from churn.scoring.deliver import write_outputs
    from churn.scoring.night import run_night
    from churn.scoring.outputs.targets import targets_of
    from churn.scoring.record import past_runs, record_folder
    from churn.scoring.runid import file_name
    from churn.scoring.scorer import open_scorer

    described = read_config(config)
    scoring = list_settings(described, top=top, threshold=threshold, list_by=list_by)
    targets = targets_of(described, to)  # a mistake is told before the work
    if customer is not None:
        others = {"--to": to and targets, "--no-record": not record, "--no-report": no_report, "--out": out}
        _nothing_else({"--top": top, "--threshold": threshold, "--list-by": list_by, **others})
    settings, base = load_base(config, quiet=json)
    bundle = load_model(model or default_model(settings), own=own_signals(settings))
    check_definition(bundle, settings, config)
    if customer is not None:
        with progress(quiet=json):
            found = open_scorer(settings, as_of, model=bundle, data=base).score(customer)
        print_result(found, json)
        return
    with progress(quiet=json):
        runs = past_runs(record_folder(settings))
        night = run_night(bundle, base, as_of, settings=settings, scoring=scoring, runs=runs)
        scores = night.scores
        target = out or settings.place(settings.output) / settings.name / file_name(scores.as_of)
        folder = night.write(target, None if no_report else write_report)
        written = write_outputs(scores, settings, targets, record=record, night=folder)
    if json:
        customers = loads(scores.at_risk.to_json(orient="records"))  # unknown values become null
        outputs = [w.to_dict() for w in written]
        print_json({**scores.summary(), "folder": str(folder), "outputs": outputs, "customers": customers})
        return
    show_scores(scores)
    files = "at_risk.csv, scores.parquet, summary.json, retention.json and more"
    typer.echo(f"\nWritten to {short(folder)}: {files if no_report else f'report.html, {files}'}")
    for output in written:
        typer.echo(output.render())


def _nothing_else(options: dict[str, Any]) -> None:
    """Raise a `ParameterError` where something is asked for that one customer alone does not have."""
    given = [name for name, value in options.items() if value]
    if given:
        raise ParameterError(
            "One customer alone makes no list and writes nothing",
            given=f"--customer with {', '.join(given)}",
            allowed="--as-of, --model and --json beside --customer",
            fix="Leave them away, or score everybody without --customer.",
            code="one-customer",
        )
