"""Where to: what the configuration and the command line name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from churn.config import OUTPUT_KINDS, Config, OutputSettings
from churn.errors import ParameterError
from churn.yamlfile import expand

NOWHERE = "none"


def targets_of(settings: Config, given: Sequence[str] | None = None) -> tuple[OutputSettings, ...]:
    """Return where a night's scores go: to the outputs of the configuration, or to those named instead.

    Parameters
    ----------
    settings : Config
        With `outputs`.
    given : sequence of str, optional
        ``FORMAT`` or ``FORMAT:PLACE``. A format alone means the configuration's outputs of that format, or where there
        are none its usual place; ``none`` means nowhere. Relative places start at the working folder.

    Raises
    ------
    ParameterError
        There is no such format, ``sql`` has no URL, or ``none`` is not alone.
    OutputError
        A URL names no database that can be written to.

    Examples
    --------
    >>> from churn.config import make_config
    >>> config = make_config({"name": "shop", "sources": {"orders": {"path": "o.csv"}},
    ...     "definition": {"active_days": 180, "horizon_days": 60}, "outputs": [{"to": "parquet"}]})
    >>> [t.to for t in targets_of(config)], [t.to for t in targets_of(config, ["csv", "duckdb:a.duckdb"])]
    (['parquet'], ['csv', 'duckdb'])
    """
    targets = _named(settings, given)
    for url in (t.url for t in targets if t.url is not None):
        from churn.scoring.outputs.sql import check_url

        check_url(url.get_secret_value())
    return targets


def _named(settings: Config, given: Sequence[str] | None) -> tuple[OutputSettings, ...]:
    if not given:
        return settings.outputs
    if NOWHERE in given:
        if len(given) > 1:
            raise ParameterError(
                "--to none does not go with other outputs",
                fix="Leave it away, or give it alone.",
                code="output",
            )
        return ()
    return tuple(target for text in given for target in _read(settings, text))


def place_of(settings: Config, target: OutputSettings) -> Path:
    """Return the folder or DuckDB file of an output: as it says, or in ``OUTPUT/NAME``."""
    if target.place is not None:
        return settings.place(target.place)
    home = settings.place(settings.output) / settings.name
    return home / "scores.duckdb" if target.to == "duckdb" else home / f"scores-{target.to}"


def _read(settings: Config, text: str) -> Sequence[OutputSettings]:
    to, _, place = text.partition(":")
    configured = [t for t in settings.outputs if t.to == to]
    if to not in OUTPUT_KINDS:
        near = difflib.get_close_matches(to, OUTPUT_KINDS, n=1)
        raise ParameterError(
            f"There is no output {to!r}",
            allowed=f"{', '.join(OUTPUT_KINDS)}, with :PLACE behind it where another is meant; or {NOWHERE}",
            fix=f"Did you mean --to {near[0]}?" if near else "Give one of these to --to.",
            code="output",
        )
    if not place and (configured or to != "sql"):
        return configured or [OutputSettings(to=to)]
    if to != "sql":
        return [OutputSettings(to=to, place=str(Path(place).expanduser().absolute()))]
    if not place:
        raise ParameterError(
            "--to sql needs a database",
            fix="Give outputs: [{to: sql, url: ...}] in the configuration, or --to 'sql:postgresql://user@host/db'; "
            "with ${NAME} in it a password comes from the environment.",
            code="output",
        )
    url, file = expand(place, "--to"), "sqlite:///"
    if url.startswith(file):
        url = file + str(Path(url.removeprefix(file)).absolute())
    return [OutputSettings(to="sql", url=SecretStr(url))]
