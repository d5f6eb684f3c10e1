"""The retention rate of three counts, or the series of the data."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from churn.cli.common import AsJson, load, print_result
from churn.cli.models import definition_of
from churn.errors import ParameterError


class Period(enum.StrEnum):
    """Calendar periods of the retention series."""

    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"
    year = "year"


def retention(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file; leave away with three counts.")
    ] = None,
    every: Annotated[Period, typer.Option(help="Calendar period of the series.")] = Period.month,
    start: Annotated[int | None, typer.Option(help="S, customers at the start.")] = None,
    end: Annotated[int | None, typer.Option(help="E, customers at the end.")] = None,
    new: Annotated[
        int | None, typer.Option(help="N, customers at the end who were not there at the start.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Compute [(E - N) / S] * 100 from three counts, or the retention series of the data."""
    from churn.retention.rate import retention_rate

    counts = (start, end, new)
    if config is None:
        if start is None or end is None or new is None:
            raise ParameterError(
                "There is nothing to compute from",
                given=", ".join(
                    f"--{n}" for n, v in zip(("start", "end", "new"), counts, strict=True) if v is not None
                )
                or "nothing",
                allowed="either a CONFIG, or all of --start, --end and --new",
                fix="For example: churn retention --start 1000 --end 900 --new 200.",
            )
        print_result(retention_rate(start, end, new), json)
        return
    if any(v is not None for v in counts):
        raise ParameterError("Give either a CONFIG or three counts, not both", fix="Leave one of them away.")
    from churn.retention.periods import retention_series

    settings, history = load(config, quiet=json)
    print_result(retention_series(history, definition_of(settings), every.value), json)
