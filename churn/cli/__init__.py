"""The ``churn`` command. Heavy imports happen inside the commands, so that help answers at once."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from churn.cli.backtest import backtest
from churn.cli.common import (
    AsJson,
    AsOf,
    ConfigFile,
    ModelFolder,
    load,
    own_signals,
    print_json,
    print_result,
    progress,
    show_scores,
)
from churn.cli.explain import explain
from churn.cli.models import (
    check_definition,
    default_model,
    definition_of,
    save_training,
    short,
    track_training,
)
from churn.cli.promote import promote
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


class Period(enum.StrEnum):
    """Calendar periods of the retention series."""

    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"
    year = "year"


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


@app.command(short_help="List the customers at risk beside the retention rate.")
def score(
    config: ConfigFile,
    as_of: AsOf = None,
    model: ModelFolder = None,
    top: Annotated[int | None, typer.Option(min=1, help="List at most so many customers.")] = None,
    threshold: Annotated[float | None, typer.Option(help="List from this churn probability.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to; OUTPUT/NAME/DATE by default.")] = None,
    json: AsJson = False,
) -> None:
    """List the customers at risk beside the retention rate, and write both."""
    from json import loads

    from churn.model.bundle import load_model
    from churn.scoring import score as score_customers

    if threshold is not None and not 0 < threshold < 1:
        raise ParameterError(
            "--threshold is not a probability",
            given=str(threshold),
            allowed="above 0 and below 1",
            fix="Give a share of 1, e.g. --threshold 0.5.",
        )
    settings, history = load(config, quiet=json)
    bundle = load_model(model or default_model(settings), own=own_signals(settings))
    check_definition(bundle, settings, config)
    given = {k: v for k, v in (("top", top), ("threshold", threshold)) if v is not None}
    with progress(quiet=json):
        scores = score_customers(
            bundle,
            history,
            as_of,
            settings=settings.scoring.model_copy(update=given),
            value=settings.value,
            threads=settings.training.threads,
        )
        folder = scores.write(
            out
            or settings.place(settings.output)
            / settings.name
            / scores.as_of.replace(":", "").replace(" ", "T")
        )
    if json:
        customers = loads(scores.at_risk.to_json(orient="records"))  # unknown values become null
        print_json({**scores.summary(), "folder": str(folder), "customers": customers})
        return
    show_scores(scores)
    files = "at_risk.parquet, at_risk.csv, reasons.parquet, scores.parquet, summary.json"
    typer.echo(f"\nWritten to {short(folder)}: {files}")


app.command(short_help="Explain one customer's score in full.")(explain)
app.command(short_help="Propose active and horizon days for your customers.")(suggest)


@app.command(short_help="The retention series, or the rate of three counts.")
def retention(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file; leave away with three counts.")
    ] = None,
    every: Annotated[Period, typer.Option(help="Calendar period of the series.")] = Period.month,
    start: Annotated[int | None, typer.Option(help="S, customers at the start.")] = None,
    end: Annotated[int | None, typer.Option(help="E, customers at the end.")] = None,
    new: Annotated[
        int | None, typer.Option(help="N, customers at the end who were not there at the start.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Compute [(E - N) / S] * 100 from three counts, or the retention series of the data."""
    from churn.retention.rate import retention_rate

    counts = (start, end, new)
    if config is None:
        if start is None or end is None or new is None:
            raise ParameterError(
                "There is nothing to compute from",
                given=", ".join(
                    f"--{n}" for n, v in zip(("start", "end", "new"), counts, strict=True) if v is not None
                )
                or "nothing",
                allowed="either a CONFIG, or all of --start, --end and --new",
                fix="For example: churn retention --start 1000 --end 900 --new 200.",
            )
        print_result(retention_rate(start, end, new), json)
        return
    if any(v is not None for v in counts):
        raise ParameterError("Give either a CONFIG or three counts, not both", fix="Leave one of them away.")
    from churn.retention.periods import retention_series

    settings, history = load(config, quiet=json)
    print_result(retention_series(history, definition_of(settings), every.value), json)


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
