"""Reads a YAML file of settings strictly: no key twice, variables from the environment, one clear error."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from churn.errors import ConfigError, MissingFileError

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")


def read_settings(file: Path) -> dict[str, Any]:
    """Read the settings of a YAML file, ``${NAME}`` and ``${NAME:-default}`` replaced from the environment.

    Raises
    ------
    MissingFileError
        There is no such file.
    ConfigError
        It is not YAML, holds no settings, or names a variable that the environment does not have.
    """
    if not file.is_file():
        near = sorted(p.name for p in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
        raise MissingFileError(
            f"There is no configuration file {file}",
            given=f"the folder has {', '.join(near)}" if near else None,
            fix="Name an existing YAML file; configs/ holds examples to copy.",
        )
    try:
        text = file.read_text(encoding="utf-8")
        raw = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader that refuses duplicates
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text", fix="Save the file as UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise ConfigError(
            f"{file} is not valid YAML{place}: {problem}",
            fix="Mend that line; values with %, {, }, # or ': ' in them go in quotes.",
        ) from error
    if not isinstance(raw, dict):
        raise ConfigError(
            f"{file} holds no settings",
            allowed="keys such as name, sources, definition",
            fix="See configs/online_retail.yaml for a complete example.",
        )
    expanded: dict[str, Any] = expand(raw, str(file))
    return expanded


def expand(value: Any, where: str) -> Any:
    """Replace ``${NAME}`` and ``${NAME:-default}`` in texts, also within lists and mappings.

    Raises
    ------
    ConfigError
        The environment has no such variable, and there is no default.

    Examples
    --------
    >>> expand(["${CHURN_NOWHERE:-here}"], "the file")
    ['here']
    """
    if isinstance(value, dict):
        return {k: expand(v, where) for k, v in value.items()}
    if isinstance(value, list):
        return [expand(v, where) for v in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        found = os.environ.get(name) or default
        if found is None:
            raise ConfigError(
                f"{where} uses ${{{name}}}, and the environment has no value for {name}",
                fix=f"Set it (export {name}=...) or give a default in the file: ${{{name}:-value}}.",
                code="config-variable",
            )
        return found

    return _VARIABLE.sub(replace, value)


class _StrictLoader(yaml.SafeLoader):
    """A safe loader that refuses a key given twice instead of taking the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            problem = None
            if not isinstance(key_node, yaml.ScalarNode):
                problem = "a key must be a word; text with { or [ goes in quotes"
            elif key_node.value in seen:
                problem = f"the key {key_node.value!r} is given twice"
            if problem:
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


# The beginning of pydantic's error type: what to say instead of pydantic's words.
_MESSAGES = {
    "date": "must be a date such as 2024-05-31",
    "dict_type": "must be keys with values",
    "greater_than_equal": "must be {ge} or more",
    "greater_than": "must be more than {gt}",
    "int_": "must be a whole number",
    "less_than_equal": "must be {le} or less",
    "less_than": "must be less than {lt}",
    "model_type": "must be keys with values",
    "string_pattern": "must be made of letters, digits and _ . - alone",
    "string_type": "must be text; put it in quotes",
    "tuple_type": "must be a list, such as [a, b]",
}


def explain_settings(
    error: ValidationError, where: str, root: type[BaseModel], page: str = "docs/configuration.md"
) -> ConfigError:
    """Say in plain words which keys of a settings file cannot be used, and why.

    Parameters
    ----------
    error : pydantic.ValidationError
        What pydantic found.
    where : str
        The file.
    root : type of pydantic.BaseModel
        The settings' class, which knows the keys that are allowed.
    page : str
        Of the documentation, with every key.
    """
    lines = []
    for item in sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden"):
        # Where one of several kinds is meant, pydantic names the kind too; no key of the file has that name.
        place = ".".join(str(p) for p, shown in _steps(root, item["loc"]) if shown) or "the file"
        if item["type"] == "extra_forbidden":
            allowed = _fields_at(root, item["loc"][:-1])
            near = difflib.get_close_matches(str(item["loc"][-1]), allowed, n=1)
            hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(sorted(allowed))}"
            lines.append(f"`{place}`: unknown key ({hint})")
        elif item["type"] == "missing":
            hint = " (churn suggest proposes one)" if place == "definition" else ""
            lines.append(f"`{place}`: missing, and needed{hint}")
        else:
            own = next((m for kind, m in _MESSAGES.items() if item["type"].startswith(kind)), None)
            message = own.format(**item.get("ctx", {})) if own else item["msg"].removeprefix("Value error, ")
            given = item.get("input")
            plain = isinstance(given, str | int | float | bool) and "://" not in str(
                given
            )  # may hold a password
            shown = f", not {given!r}" if plain else ""
            lines.append(f"`{place}`: {message}{'' if repr(given) in message else shown}")
    count = "1 thing" if len(lines) == 1 else f"{len(lines)} things"
    return ConfigError(
        f"{count} in {where} cannot be used: {'; '.join(lines)}",
        fix=f"Mend these keys; {page} lists every key with its meaning.",
        code="config-keys",
    )


def _fields_at(root: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    models = [root]
    for part in loc:
        models = _inside(models, part)
    return list(models[0].model_fields)


def _steps(root: type[BaseModel], loc: tuple[str | int, ...]) -> Iterator[tuple[str | int, bool]]:
    """Yield the parts of a place, and whether each is in the file."""
    models = [root]
    for part in loc:
        yield part, not (len(models) > 1 and _of_kind(models, part))
        models = _inside(models, part)


def _inside(models: list[type[BaseModel]], part: str | int) -> list[type[BaseModel]]:
    """Return the models at a part of a place, those it started from where it leads to none."""
    chosen = _of_kind(models, part) if len(models) > 1 else []
    if chosen:
        return chosen
    field = models[0].model_fields.get(str(part))
    return (_models_in(field.annotation) if field else []) or models


def _of_kind(models: list[type[BaseModel]], part: str | int) -> list[type[BaseModel]]:
    fields = ((m, m.model_fields.get("kind")) for m in models)
    return [m for m, f in fields if f is not None and part in getattr(f.annotation, "__args__", ())]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for inner in getattr(annotation, "__args__", ()) for m in _models_in(inner)]
