"""``churn backtest``: the model as it would have been at earlier cutoffs, judged on what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churn.cli.common import AsJson, ConfigFile, load, own_signals, print_json, progress
from churn.cli.models import definition_of, short
from churn.errors import ParameterError


def backtest(
    config: ConfigFile,
    cutoffs: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="How many cutoffs, one label window apart; 3 by default."),
    ] = None,
    cutoff: Annotated[
        list[str] | None, typer.Option(help="A cutoff, YYYY-MM-DD; may be given again, instead of --cutoffs.")
    ] = None,
    last: Annotated[
        bool, typer.Option("--last", help="Begin with the final test cutoff, which is otherwise left unseen.")
    ] = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Leave out the ablation and the learning curve, which fit many models."),
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Cutoffs worked on at once.")] = 2,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; OUTPUT/NAME/backtest by default.")
    ] = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Log the run in MLflow.")] = True,
    json: AsJson = False,
) -> None:
    """Judge the model at several earlier cutoffs beside simple baselines, in figures, money and plain words."""
    if cutoff and (cutoffs is not None or last):
        raise ParameterError(
            "--cutoff names the cutoffs",
            given="--cutoff with " + ("--cutoffs" if cutoffs is not None else "--last"),
            fix="Leave one of them away.",
        )
    from churn.model.backtest import FOLDS
    from churn.model.backtest import backtest as run

    settings, history = load(config, quiet=json)
    with progress(quiet=json):
        result = run(
            history,
            definition_of(settings),
            cutoffs=cutoff or cutoffs or FOLDS,
            last=last,
            settings=settings.training,
            features=settings.features,
            own=own_signals(settings),
            scoring=settings.scoring,
            economics=settings.economics,
            ablation=not quick,
            learning_curve=not quick,
            jobs=jobs,
        )
        folder = result.write(out or settings.place(settings.output) / settings.name / "backtest")
        run_id = None
        if track:
            from churn.model.tracking import log_backtest
            from churn.progress import report

            report("Logging the run in MLflow")
            run_id = log_backtest(result, history, definition_of(settings), settings.tracking, settings)
    if json:
        print_json({**result.to_dict(), "folder": str(folder), "run_id": run_id})
        return
    typer.echo(f"{result}\n\nTables and pictures written to {short(folder)}")
    if run_id:
        typer.echo(f"MLflow run {run_id}")
