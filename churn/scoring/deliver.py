"""Writes a night's scores to the record and to every output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from churn.errors import OutputError
from churn.progress import report
from churn.scoring.outputs.duck import write_duckdb
from churn.scoring.outputs.files import write_files
from churn.scoring.outputs.rows import NightRows, night_rows
from churn.scoring.outputs.sql import write_sql
from churn.scoring.outputs.targets import place_of
from churn.scoring.outputs.written import Written
from churn.scoring.record import keep_run

if TYPE_CHECKING:
    from churn.config import Config, OutputSettings
    from churn.scoring.result import Scores


def write_outputs(
    scores: Scores,
    settings: Config,
    targets: Sequence[OutputSettings],
    *,
    record: bool = True,
    night: Path | None = None,
) -> tuple[Written, ...]:
    """Add a night's scores to the record, then write them to every output.

    A second time with equal scores changes nothing.

    Parameters
    ----------
    scores : Scores
        What the night found.
    settings : Config
        Its name, and where results go.
    targets : sequence of OutputSettings
        From `churn.scoring.outputs.targets.targets_of`.
    record : bool, default True
        Whether the scores go to the record, of which ``churn history`` tells.
    night : Path, optional
        The folder of the night, which an error names as written.

    Returns
    -------
    tuple of Written
        One per place, the record first.

    Raises
    ------
    OutputError
        A place cannot be written to; the error says which ones were written before.
    """
    if not targets and not record:
        return ()
    report("Laying out the rows")
    rows = night_rows(scores, settings.name)
    done: list[Written] = []
    if record:
        report("Adding to the record")
        done.append(keep_run(rows, settings))
    for target in targets:
        report(f"Writing {target.to}")
        try:
            done.append(_write(rows, settings, target))
        except (OutputError, OSError) as error:
            if isinstance(error, OSError):
                error = _told(error, target.to)
            before = ", ".join([*([str(night)] if night else []), *(f"{w.to} ({w.where})" for w in done)])
            raise OutputError(
                error.what,
                given=error.given,
                allowed=error.allowed,
                fix=" ".join(
                    x for x in (error.fix, f"Written before it: {before}." if before else None) if x
                ),
                code=error.code,
            ) from None
    return tuple(done)


def _told(error: OSError, to: str) -> OutputError:
    """Return what the system says about a file as an error of an output."""
    named = f": {error.filename}" if error.filename else ""
    return OutputError(
        f"The {to} output cannot be written",
        given=f"{(error.strerror or str(error)).lower()}{named}",
        fix="Make room, mend permissions or name another place, then run the command again.",
        code="output",
    )


def _write(night: NightRows, settings: Config, target: OutputSettings) -> Written:
    if target.url is not None:
        password = None if target.password is None else target.password.get_secret_value()
        return write_sql(
            night, target.url.get_secret_value(), target.table, password=password, folder=settings.place("")
        )
    place = place_of(settings, target)
    if target.to == "duckdb":
        return write_duckdb(night, place, target.table)
    return write_files(night, place, target.to)
