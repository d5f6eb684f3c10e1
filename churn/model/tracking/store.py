"""Opens the MLflow store; the only module that knows MLflow."""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from churn.errors import ModelError

DEFAULT_STORE = "sqlite:///mlflow.db"


def store_uri() -> str:
    """Return ``MLFLOW_TRACKING_URI``, or a database in the working folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT_STORE


def store_is_there() -> bool:
    """Tell whether there is a store to look into: one that was named, or the file in the working folder."""
    uri = store_uri()
    return not uri.startswith("sqlite:///") or Path(uri.removeprefix("sqlite:///")).is_file()


@contextlib.contextmanager
def open_store(experiment: str | None = None) -> Iterator[Any]:
    """Yield the ``mlflow`` module with the store and, where named, the experiment set.

    Raises
    ------
    ModelError
        The store cannot be reached or written, or refuses what is logged inside the block.
    """
    # Before the import: nothing is sent anywhere unless the user has said so.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # seven by default: minutes without a word
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    uri = store_uri()
    _check_writable(uri)
    with _quiet(), _environment_kept("MLFLOW_TRACKING_URI"):
        import mlflow
        from mlflow.exceptions import MlflowException

        try:
            # MLflow keeps the first database that it opened under a name, whatever the working folder is by then.
            if uri.startswith("sqlite:///"):
                mlflow.set_tracking_uri(
                    f"sqlite:///{Path(uri.removeprefix('sqlite:///')).absolute().as_posix()}"
                )
            else:
                mlflow.set_tracking_uri(uri)
            if experiment is not None:
                _choose_experiment(mlflow, experiment, uri)
            yield mlflow
        except MlflowException as error:
            raise ModelError(
                f"The MLflow store {uri} refused the run: {str(error).splitlines()[0]}",
                fix="Set MLFLOW_TRACKING_URI to a store that can be reached, e.g. sqlite:///mlflow.db, or run with "
                "--no-track.",
                code="mlflow",
            ) from error


def _check_writable(uri: str) -> None:
    """Say at once what MLflow would find out after minutes of trying."""
    if not uri.startswith("sqlite:///"):
        return
    file = Path(uri.removeprefix("sqlite:///")).absolute()
    if not file.parent.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise ModelError(
            f"The MLflow store {uri} cannot be written",
            fix="Set MLFLOW_TRACKING_URI to one that can, e.g. sqlite:///mlflow.db, or run with --no-track.",
            code="mlflow",
        )


def _choose_experiment(mlflow: Any, name: str, uri: str) -> None:
    if mlflow.get_experiment_by_name(name) is None:
        # Artifacts stay beside a local database instead of in whatever folder the command was started from.
        local = (
            Path(uri.removeprefix("sqlite:///")).absolute().parent / "mlartifacts"
            if uri.startswith("sqlite:///")
            else None
        )
        mlflow.create_experiment(name, artifact_location=local.as_uri() if local else None)
    mlflow.set_experiment(name)


@contextlib.contextmanager
def _environment_kept(name: str) -> Iterator[None]:
    """Keep MLflow from naming the store for whatever the process does later, perhaps in another folder."""
    before = os.environ.get(name)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow's and its store's chatter off the user's terminal; errors still come through."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tqdm, where a notebook has no widgets
        import mlflow  # noqa: F401 - sets up its own logging on import, so it comes before the levels

    names = ("mlflow", "alembic", "sqlalchemy")
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
