"""Where models are saved and found, and the definition they were trained with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.errors import ModelError

if TYPE_CHECKING:
    from churn.config import Config
    from churn.data.history import History
    from churn.definition import Definition
    from churn.model.bundle import Model, Training
    from churn.model.shelf import Shelf


def shelf_of(settings: Config) -> Shelf:
    """Return where the models of a configuration lie."""
    from churn.model.shelf import Shelf

    return Shelf(settings.place(settings.models) / settings.name)


def save_training(model: Any, settings: Config, *, anew: bool = False) -> tuple[Path, str]:
    """Save a trained model as champion or challenger; return its folder and what comes next, in words."""
    shelf = shelf_of(settings)
    role, gone = shelf.keep(model, anew=anew)
    if gone:
        return shelf.champion, f"It takes the place of the champion, which is kept as previous. {gone}."
    if role == "champion":
        return shelf.champion, "It is the champion, with which churn score works."
    if shelf.has("champion"):
        return shelf.challenger, "It is the challenger; churn promote compares it with the champion."
    return shelf.challenger, "It is the challenger; there is no champion."


def track_training(training: Training, history: History, settings: Config, folder: Path) -> Training:
    """Log a saved training in MLflow; an error says that the model is saved all the same."""
    from churn.model.tracking import log_training
    from churn.progress import report

    report("Logging the run in MLflow")
    try:
        return log_training(training, history, settings.tracking, settings, role=folder.name)
    except ModelError as error:
        raise ModelError(
            f"{training.verdict} The model is saved to {short(folder)}, but the run was not tracked: {error.what}",
            given=error.given,
            fix=error.fix,
            code=error.code,
        ) from error


def default_model(settings: Config) -> Path:
    """Return the folder of the champion, or of the challenger where there is none."""
    shelf = shelf_of(settings)
    found = shelf.in_use()
    if found is not None:
        return found
    raise ModelError(
        f"There is no trained model for {settings.name} in {short(shelf.root)}",
        fix="Train one first with churn train CONFIG, or name one with --model.",
        code="no-model",
    )


def definition_of(settings: Config) -> Definition:
    """Return the definition that a configuration gives."""
    from churn.definition import make_definition

    return make_definition(settings.definition.model_dump())


def check_definition(model: Model, settings: Config, config: Path) -> None:
    """Raise a `ModelError` where the model was trained with another definition than the configuration has."""
    definition = definition_of(settings)
    if model.definition != definition:
        raise ModelError(
            "The model was trained with another definition of churn than the configuration has",
            given=f"model: {model.definition.describe()}; configuration: {definition.describe()}",
            fix=f"Train again with churn train {config}, and churn promote {config} --force where the champion still "
            "has the other definition; or set the definition back.",
            code="other-definition",
        )


def short(path: Path) -> str:
    """Return a path from the working folder where it lies in it."""
    import os

    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
