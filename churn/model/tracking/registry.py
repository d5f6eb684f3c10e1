"""The model registry: which version is the champion, which the challenger, and which one the champion before."""

from __future__ import annotations

import contextlib
from typing import Any

from churn.config import TrackingSettings
from churn.model.tracking.facts import registered_name
from churn.model.tracking.store import open_store, store_is_there

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
BUNDLE = "bundle_sha256"


def register(
    mlflow: Any, name: str, *, model: Any, run_id: str, description: str, tags: dict[str, str]
) -> str:
    """Register a logged model and return its version."""
    from mlflow.exceptions import MlflowException

    client = mlflow.MlflowClient()
    with contextlib.suppress(MlflowException):  # it is there already
        client.create_registered_model(name, description="Churn probability per customer; see churn train.")
    version = client.create_model_version(
        name,
        source=model.model_uri,
        run_id=run_id,
        model_id=model.model_id,
        tags=tags,
        description=description,
    )
    return str(version.version)


def give_alias(mlflow: Any, name: str, version: str, alias: str) -> None:
    """Point ``champion`` or ``challenger`` to a version; a champion leaves ``previous`` to the one before it."""
    client = mlflow.MlflowClient()
    held = aliases(mlflow, name)
    if alias == CHAMPION:
        before = held.get(CHAMPION)
        if before is not None and before != version:
            client.set_registered_model_alias(name, PREVIOUS, before)
        if held.get(CHALLENGER) == version:
            client.delete_registered_model_alias(name, CHALLENGER)
        if held.get(PREVIOUS) == version and (before is None or before == version):
            client.delete_registered_model_alias(name, PREVIOUS)
    client.set_registered_model_alias(name, alias, version)


def aliases(mlflow: Any, name: str) -> dict[str, str]:
    """Return the aliases of a registered model and the versions they point to."""
    from mlflow.exceptions import MlflowException

    try:
        held = mlflow.MlflowClient().get_registered_model(name).aliases
    except MlflowException:
        return {}
    return {alias: str(version) for alias, version in held.items()}


def move_aliases(settings: TrackingSettings, name: str, bundle_sha256: str) -> str | None:
    """Make the version that holds a bundle the champion of the registry.

    Parameters
    ----------
    settings : TrackingSettings
        Name in the registry.
    name : str
        Of the configuration.
    bundle_sha256 : str
        The hash over the bundle's listing.

    Returns
    -------
    str or None
        The version, or None where the store does not know the bundle.

    Raises
    ------
    ModelError
        The store cannot be reached.
    """
    if not store_is_there():
        return None
    registered = registered_name(settings, name)
    with open_store() as mlflow:
        found = mlflow.MlflowClient().search_model_versions(f"name = '{registered}'")
        ours = [v for v in found if v.tags.get(BUNDLE) == bundle_sha256]
        if not ours:
            return None
        version = str(max(ours, key=lambda v: int(v.version)).version)
        give_alias(mlflow, registered, version, CHAMPION)
    return version
