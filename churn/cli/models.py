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


def save_training(model: Any, settings: Config) -> Path:
    """Save a trained model as candidate and, when it beats the baselines, as champion; return the last folder."""
    root = settings.place(settings.models) / settings.name
    folder: Path = model.save(root / "candidate")
    return model.save(root / "champion") if model.beats_baselines else folder


def track_training(training: Training, history: History, settings: Config, folder: Path) -> Training:
    """Log a saved training in MLflow; an error says that the model is saved all the same."""
    from churn.model.tracking import log_training
    from churn.progress import report

    report("Logging the run in MLflow")
    try:
        return log_training(training, history, settings.tracking, settings)
    except ModelError as error:
        raise ModelError(
            f"{training.verdict} The model is saved to {short(folder)}, but the run was not tracked: {error.what}",
            given=error.given,
            fix=error.fix,
            code=error.code,
        ) from error


def default_model(settings: Config) -> Path:
    """Return the folder of the champion, or of the candidate where there is none."""
    root = settings.place(settings.models) / settings.name
    for name in ("champion", "candidate"):
        if (root / name / "MANIFEST.json").is_file() or (root / f".{name}.previous").is_dir():
            return root / name
    raise ModelError(
        f"There is no trained model for {settings.name} in {short(root)}",
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
            fix=f"Train again with churn train {config}, or set the definition back.",
            code="other-definition",
        )


def short(path: Path) -> str:
    """Return a path from the working folder where it lies in it."""
    import os

    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
