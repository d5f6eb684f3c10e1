"""A channel of one's own: an object in Python with a method `deliver`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from churn.campaigns.channels.base import Channel
from churn.errors import ConfigError, MissingFileError

OWN_MODULES = "churn_channel_"  # before the names of the modules that a user's files become


def load_channel(place: str, folder: Path) -> Channel:
    """Return the channel that a policy names.

    Parameters
    ----------
    place : str
        ``module:name`` or ``file.py:name``; a class is called without arguments.
    folder : Path
        Where the relative path of a file starts.

    Raises
    ------
    MissingFileError
        There is no such file.
    ConfigError
        It names nothing, cannot be imported, or has no method `deliver`.
    """
    module, _, name = place.rpartition(":")
    if not module or not name.isidentifier():
        raise ConfigError(
            "The place of a python channel does not name an object",
            given=place,
            allowed="module:name or file.py:name, such as crm.py:channel",
            fix="Mend `place` in the policy.",
        )
    home = _import(module, folder, place)
    if not hasattr(home, name):
        names = [n for n in vars(home) if not n.startswith("_")]
        raise ConfigError(
            f"{module} has no {name}",
            given=place,
            allowed=", ".join(names[:10]) or "nothing is defined there",
            fix="Mend `place` in the policy, or define it there.",
        )
    found = getattr(home, name)
    if isinstance(found, type):
        try:
            found = found()
        except Exception as error:
            raise _broken(place, error) from error
    if not callable(getattr(found, "deliver", None)):
        raise ConfigError(
            f"{place} is no channel",
            given=f"a {type(found).__name__}",
            allowed="an object, or a class, with a method deliver(batch)",
            fix="docs/delivery.md has an example.",
        )
    return found


def _import(module: str, folder: Path, place: str) -> Any:
    if not module.endswith(".py"):
        try:
            return importlib.import_module(module)
        except Exception as error:
            raise _broken(place, error) from error
    file = folder / Path(module).expanduser()
    if not file.is_file():
        raise MissingFileError(
            f"There is no file {file} for the python channel", fix="Mend `place` in the policy."
        )
    spec = importlib.util.spec_from_file_location(f"{OWN_MODULES}{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ConfigError(
            f"{file} is no Python file",
            given=place,
            fix="Mend `place` in the policy; it names a file.py:name.",
        )
    home = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = home  # dataclasses look their module up
    try:
        spec.loader.exec_module(home)
    except Exception as error:
        raise _broken(place, error) from error
    return home


def _broken(place: str, error: Exception) -> ConfigError:
    return ConfigError(
        f"The python channel {place} cannot be loaded: {type(error).__name__}: {error}",
        fix="Mend the file; `python FILE` shows the whole message.",
    )
