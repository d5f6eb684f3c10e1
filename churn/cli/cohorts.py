"""`churn retention --cohorts`, `--survival` and `--purchases`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.cli.common import print_figure, progress
from churn.errors import ParameterError

if TYPE_CHECKING:
    from churn.config import RetentionSettings
    from churn.data.base import CustomerBase
    from churn.definition import Definition

KINDS = ("cohorts", "survival", "purchases", "expected")


def which_kind(flags: Mapping[str, bool], others: Mapping[str, Any]) -> str | None:
    """Return what is asked for instead of the retention series, or None.

    Raises
    ------
    ParameterError
        Two are, or an option that the one does not have.
    """
    asked = [name for name in KINDS if flags[name]]
    if len(asked) > 1:
        raise ParameterError(
            "One figure at a time",
            given=" and ".join(f"--{name}" for name in asked),
            fix="Run the command once for each.",
        )
    given = [name for name, value in others.items() if value is not None]
    allowed = {
        "cohorts": ("every", "by", "measure"),
        "survival": ("by",),
        "purchases": ("every",),
        "expected": (),
    }
    alien = [name for name in given if name not in (*allowed[asked[0]], "as-of")] if asked else []
    if not asked and "measure" in given:
        asked_of, alien = "the retention series", ["measure"]
    else:
        asked_of = f"--{asked[0]}" if asked else ""
    if alien:
        raise ParameterError(
            f"--{alien[0]} does not go with {asked_of}",
            allowed=", ".join(f"--{k}" for k in (*allowed[asked[0]], "as-of")) if asked else "with --cohorts",
            fix="Leave it away.",
        )
    return asked[0] if asked else None


def print_kind(
    kind: str,
    base: CustomerBase,
    definition: Definition,
    calendar: RetentionSettings,
    *,
    every: str | None,
    by: str | None,
    measure: str | None,
    as_of: str | None,
    json: bool,
    csv: Path | None,
    plot: Path | None,
) -> None:
    """Count what is asked for, and print it."""
    # The configured period may be one of the series alone; one that is asked for must do.
    period: Any = every or ("month" if calendar.every == "rolling" else calendar.every)
    with progress(quiet=json):
        if kind == "cohorts":
            from churn.retention.cohorts import cohorts

            of: Any = measure or "active"
            found: Any = cohorts(base, definition, period, by=by, measure=of, as_of=as_of, calendar=calendar)
        elif kind == "survival":
            from churn.retention.survival import survival

            found = survival(base, definition, by=by or "year", as_of=as_of, calendar=calendar)
        else:
            from churn.retention.purchases import purchases

            found = purchases(base, definition, period, as_of=as_of, calendar=calendar)
    print_figure(found, json=json, csv=csv, plot=plot)
