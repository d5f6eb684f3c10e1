"""The ``churn`` command. Heavy imports happen inside the commands, so that help answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from churn.cli.backtest import backtest
from churn.cli.campaign import campaign_app
from churn.cli.common import (
    AsJson,
    ConfigFile,
    load,
    own_signals,
    print_json,
    print_result,
    progress,
    show_scores,
)
from churn.cli.erase import erase
from churn.cli.explain import explain
from churn.cli.history import history
from churn.cli.models import (
    definition_of,
    save_training,
    short,
    track_training,
)
from churn.cli.promote import promote
from churn.cli.report import report
from churn.cli.retention import retention
from churn.cli.score import score
from churn.cli.suggest import suggest
from churn.errors import ParameterError
from churn.version import __version__

app = typer.Typer(
    name="churn",
    help="Which customers are about to leave, why, and the retention rate beside them.",
    epilog="Exit codes: 0 done, 1 the data, model or settings cannot be used, 2 wrong command line, 70 a bug, "
    "130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command(short_help="All of it on a generated shop.")
def demo(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("churn-demo"),
    customers: Annotated[
        int, typer.Option(min=500, max=200_000, help="Customers of the generated shop.")
    ] = 6000,
    seed: Annotated[int, typer.Option(help="Seed of the generated shop.")] = 7,
) -> None:
    """Make a shop, train, score, and show at-risk customers beside the retention rate."""
    from churn.cli.demo import run_demo

    with progress(quiet=False):
        scores, training, lines = run_demo(out, customers, seed)
    show_scores(scores, training.verdict)
    typer.echo("\n" + "\n".join(lines))


@app.command(short_help="What of the data can be used, what was set aside and why.")
def check(
    config: ConfigFile,
    time_travel: Annotated[
        bool,
        typer.Option("--time-travel", help="Change the future and prove that no signal at a cutoff moves."),
    ] = False,
    as_of: Annotated[
        list[str] | None, typer.Option(help="Cutoffs of the proof, YYYY-MM-DD; three by default.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Check the data: what can be used, what was set aside and why. Exits 1 when they cannot be used."""
    from churn.config import read_config
    from churn.data.load import check_data

    settings = read_config(config)
    with progress(quiet=json):
        history, checks = check_data(settings)
    if not time_travel or history is None:
        if as_of:
            raise ParameterError(
                "--as-of is for the proof", fix="Give --time-travel too, or leave --as-of away."
            )
        print_result(checks, json)
        if not checks.usable:
            raise typer.Exit(1)
        return
    from churn.cli.signals import prove

    with progress(quiet=json):
        proof = prove(history, settings, as_of or ())
    print_result(proof, json)
    if not proof.passed:
        raise typer.Exit(1)


@app.command(short_help="Save the log, or extend the saved one by what is new.")
def ingest(
    config: ConfigFile,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Read everything again.")] = False,
    json: AsJson = False,
) -> None:
    """Save the log, or extend the saved one by what is new. Needs log.path in the configuration."""
    from churn.cli.ingest import run_ingest

    run_ingest(config, progress(quiet=json), rebuild=rebuild, json=json)


@app.command(short_help="Train a model and judge it on a held-out cutoff.")
def train(
    config: ConfigFile,
    test_cutoff: Annotated[
        str | None, typer.Option(help="Held-out cutoff, YYYY-MM-DD; the last mature one by default.")
    ] = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Log the run in MLflow.")] = True,
    json: AsJson = False,
) -> None:
    """Train a model, judge it on a held-out cutoff beside simple baselines, track and save it."""
    from churn.model.train import train as train_model

    settings, history = load(config, quiet=json)
    training_settings = settings.training
    if test_cutoff is not None:
        day = history.timestamp(history.instant(test_cutoff)).date()  # a wrong date is told here
        training_settings = training_settings.model_copy(update={"test_cutoff": day})
    with progress(quiet=json):
        training = train_model(
            history,
            definition_of(settings),
            settings=training_settings,
            features=settings.features,
            own=own_signals(settings),
            track=False,
        )
        folder, role = save_training(training.model, settings)  # before the tracking, which may fail
        if track:
            training = track_training(training, history, settings, folder)
    if json:
        print_json(
            {
                "verdict": training.verdict,
                "promoted": folder.name == "champion",
                "model": str(folder),
                "run_id": training.run_id,
                "tracking_uri": training.tracking_uri,
                "registered_version": training.version,
                "evaluation": training.model.evaluation.to_dict(),
                "training": training.model.training,
                "spend": None if training.model.spend is None else training.model.spend.to_dict(),
            }
        )
        return
    typer.echo(f"{training}\n\nModel saved to {short(folder)}. {role}")
    typer.echo(f"Next: churn {'promote' if 'churn promote' in role else 'score'} {config}")


app.command(short_help="Judge the model at several earlier cutoffs.")(backtest)
app.command(short_help="Compare the new model with the champion, and promote it.")(promote)


app.command(short_help="List the customers at risk beside the retention rate.")(score)
app.command(short_help="Write the report of a night as one HTML file.")(report)
app.command(short_help="Explain one customer's score in full.")(explain)
app.command(short_help="Show one customer's scores over time.")(history)
app.command(short_help="Propose active and horizon days for your customers.")(suggest)
app.command(short_help="Retention by period, cohorts, purchases; the rate of three counts.")(retention)
app.command(short_help="Forget customers: files, outputs, ledger; the aggregates stay.")(erase)


@app.command(short_help="List the signals with their meanings, or compute them.")
def features(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file: list what its data allow.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="Only one family, e.g. rhythm or service.")] = None,
    as_of: Annotated[
        list[str] | None, typer.Option(help="Compute them at this cutoff, YYYY-MM-DD; may be given again.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to; OUTPUT/NAME/features by default.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page of the documentation.")
    ] = False,
    json: AsJson = False,
) -> None:
    """List the signals with their meanings, or compute them: one Parquet file per cutoff."""
    from churn.cli import signals
    from churn.config import read_config

    if markdown:
        typer.echo(signals.page(), nl=False)
        return
    if config is None:
        chosen, rows, settings = signals.choose(None, None, family), None, None
    else:
        settings = read_config(config)
        with progress(quiet=json):
            rows = signals.open_rows(settings)
        chosen = signals.choose(settings, rows.schema, family)
    if not as_of:
        if out is not None:
            raise ParameterError("--out is for signals that are computed", fix="Give --as-of too.")
        if json:
            print_json(signals.as_dicts(chosen))
        else:
            typer.echo(signals.listing(chosen))
        return
    if settings is None or rows is None:
        raise ParameterError("There are no data to compute from", fix="Name a CONFIG.")
    with progress(quiet=json):
        files = signals.compute(settings, rows, chosen, as_of, out)
    if json:
        print_json({"signals": len(chosen), "files": [str(f) for f in files]})
    else:
        typer.echo(f"{len(chosen)} signals written to {', '.join(map(short, files))}")


app.add_typer(campaign_app, short_help="Win-back campaigns: plan, approve, send, measure, learn.")
