"""``churn promote``: the challenger takes the champion's place, unless it is worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from churn.cli.common import AsJson, ConfigFile, load, own_signals, print_json, progress
from churn.cli.models import check_definition, shelf_of, short
from churn.errors import ModelError, ParameterError

if TYPE_CHECKING:
    from churn.config import Config
    from churn.model.promote import Comparison
    from churn.model.shelf import Shelf


def promote(
    config: ConfigFile,
    force: Annotated[bool, typer.Option("--force", help="Promote whatever the comparison says.")] = False,
    back: Annotated[bool, typer.Option("--back", help="Bring the previous champion back instead.")] = False,
    cutoff: Annotated[
        list[str] | None, typer.Option(help="Compare at this cutoff, YYYY-MM-DD; may be given again.")
    ] = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Move the aliases in MLflow too.")] = True,
    json: AsJson = False,
) -> None:
    """Compare champion and challenger on the same later data, and promote the challenger unless it is worse."""
    from churn.config import read_config
    from churn.sealed.bundlefiles import digest_of

    if back and (force or cutoff):
        raise ParameterError("--back compares nothing", fix="Leave --force and --cutoff away.")
    settings = read_config(config)
    shelf = shelf_of(settings)
    if back:
        shelf.back()
        done, comparison, note = True, None, "The previous champion is back."
    else:
        comparison, note = _compare(config, settings, shelf, cutoff or (), force=force, json=json)
        done = comparison is None or comparison.better or force
        if done:
            shelf.promote()
    version = _move(settings, digest_of(shelf.champion)) if done and track else None
    if json:
        found = None if comparison is None else comparison.to_dict()
        print_json(
            {
                "promoted": done,
                "forced": done and force,
                "note": note,
                "registered_version": version,
                "champion": str(shelf.champion),
                "comparison": found,
            }
        )
    else:
        _tell(comparison, done, note, version, shelf)
    if not done:
        raise typer.Exit(1)


def _compare(
    config: Any, settings: Config, shelf: Shelf, cutoffs: Any, *, force: bool, json: bool
) -> tuple[Comparison | None, str]:
    """Return the comparison, or none and why there is none."""
    from churn.model.bundle import load_model
    from churn.model.promote import compare_models

    if not shelf.has("challenger"):
        raise ModelError(
            f"There is no challenger in {short(shelf.root)}",
            fix="Train one first with churn train CONFIG; a first model that beats the baselines is champion at once.",
            code="no-model",
        )
    own = own_signals(settings)
    challenger = load_model(shelf.challenger, own=own)
    check_definition(challenger, settings, config)
    if not shelf.has("champion"):
        if not challenger.beats_baselines and not force:
            raise ModelError(
                "The challenger does not beat the simple baselines on its held-out cutoff",
                fix="Use it all the same with churn promote CONFIG --force; until then it scores with a warning.",
                code="not-better",
            )
        return None, "There was no champion."
    try:
        champion = load_model(shelf.champion, own=own)
        _, history = load(config, quiet=json)
        with progress(quiet=json):
            return (
                compare_models(
                    champion,
                    challenger,
                    history,
                    cutoffs,
                    step_days=settings.training.step_days,
                    seed=settings.training.seed,
                    threads=settings.training.threads,
                ),
                "",
            )
    except ModelError as error:
        if not force:
            raise
        return None, f"They were not compared. {error}"


def _move(settings: Config, digest: str) -> str | None:
    from churn.model.tracking import move_aliases

    try:
        return move_aliases(settings.tracking, settings.name, digest)
    except ModelError as error:
        raise ModelError(
            f"The models in the folder changed places, but the aliases in MLflow did not: {error.what}",
            given=error.given,
            fix=error.fix,
            code=error.code,
        ) from error


def _tell(comparison: Comparison | None, done: bool, note: str, version: str | None, shelf: Shelf) -> None:
    if comparison is not None:
        typer.echo(f"{comparison}\n")
    if not done:
        typer.echo("NOT PROMOTED: the champion stays. --force promotes the challenger all the same.")
        return
    forced = " although it is worse" if comparison is not None and not comparison.better else ""
    text = note if note.startswith("The previous") else f"Promoted{forced}. {note}".strip()
    typer.echo(f"{text} Champion: {short(shelf.champion)}")
    if version is not None:
        typer.echo(f"MLflow: version {version} has the alias champion.")
    if shelf.has("previous"):
        typer.echo("The one before is kept; churn promote CONFIG --back brings it back.")
