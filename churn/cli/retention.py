"""The retention rate of three counts, or the series of the data."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from churn.cli.cohorts import print_kind, which_kind
from churn.cli.common import AsJson, check_picture, load_base, print_figure, print_result, progress
from churn.cli.models import definition_of
from churn.errors import ParameterError

if TYPE_CHECKING:
    from churn.config import Config, RetentionSettings


class Period(enum.StrEnum):
    """Periods of the retention series."""

    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"
    year = "year"
    rolling = "rolling"


class Measure(enum.StrEnum):
    """What the shares of a cohort are of."""

    active = "active"
    ordered = "ordered"


def retention(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file; leave away with three counts.")
    ] = None,
    every: Annotated[
        Period | None,
        typer.Option(help="Period of the series; retention.every of the configuration, or month."),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="With --every rolling: its length in days.")
    ] = None,
    step: Annotated[
        int | None, typer.Option(min=1, max=3650, help="With --every rolling: days from one to the next.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="SEGMENT|channel|last_channel",
            help="Also by a segment, the channel of the first order, or of the last one before the period.",
        ),
    ] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Only periods that start on this date or later, YYYY-MM-DD.")
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="Only periods that end by the start of this date, YYYY-MM-DD.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="Count only what was known before this date, YYYY-MM-DD.")
    ] = None,
    cohorts: Annotated[
        bool, typer.Option("--cohorts", help="The cohort triangle instead: who came when, and stays.")
    ] = False,
    measure: Annotated[
        Measure | None,
        typer.Option(
            help="With --cohorts: customers active at a period's end (the default), or who ordered in it."
        ),
    ] = None,
    survival: Annotated[
        bool, typer.Option("--survival", help="How long customers stay instead; also by year or --by.")
    ] = False,
    purchases: Annotated[
        bool, typer.Option("--purchases", help="Revenue, repeat purchases and lifetime value instead.")
    ] = False,
    expected: Annotated[
        bool, typer.Option("--expected", help="What earlier nights expected instead, beside what came.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Write all periods and groups to this CSV file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw it into this file: .png, .svg or .pdf.")] = None,
    start: Annotated[int | None, typer.Option(help="S, customers at the start.")] = None,
    end: Annotated[int | None, typer.Option(help="E, customers at the end.")] = None,
    new: Annotated[
        int | None, typer.Option(help="N, customers at the end who were not there at the start.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Tell the retention of the data by period and group, with every flow; or [(E - N) / S] * 100 from three counts.

    Instead of the series: --cohorts, --survival, --purchases, or --expected.
    """
    asked = {"every": every, "days": days, "step": step, "by": by, "from": from_, "to": to, "as-of": as_of}
    asked["measure"] = measure
    kinds = {"cohorts": cohorts, "survival": survival, "purchases": purchases, "expected": expected}
    if config is None:
        _three_counts(
            start,
            end,
            new,
            {**asked, **{k: v or None for k, v in kinds.items()}, "csv": csv, "plot": plot},
            json=json,
        )
        return
    if any(v is not None for v in (start, end, new)):
        raise ParameterError("Give either a CONFIG or three counts, not both", fix="Leave one of them away.")
    kind = which_kind(kinds, asked)
    if plot is not None:
        check_picture(plot)  # before the work
    settings, base = load_base(config, quiet=json)
    calendar = _calendar(settings, every, days, step)
    if kind == "expected":
        from churn.retention.lookback import Lookback
        from churn.scoring.record import past_runs, record_folder

        with progress(quiet=json):
            found = Lookback.of(past_runs(record_folder(settings)), base, definition_of(settings), as_of)
        print_figure(found, json=json, csv=csv, plot=plot)
        return
    if kind is not None:
        print_kind(
            kind,
            base,
            definition_of(settings),
            calendar,
            every=every and every.value,
            by=by,
            measure=measure and measure.value,
            as_of=as_of,
            json=json,
            csv=csv,
            plot=plot,
        )
        return
    from churn.retention.periods import retention_series

    with progress(quiet=json):
        series = retention_series(
            base,
            definition_of(settings),
            calendar.every,
            by=by,
            calendar=calendar,
            start=from_,
            end=to,
            as_of=as_of,
        )
    print_figure(series, json=json, csv=csv, plot=plot)


def _three_counts(
    start: int | None, end: int | None, new: int | None, others: dict[str, Any], *, json: bool
) -> None:
    from churn.retention.rate import retention_rate

    given = [f"--{n}" for n, v in {"start": start, "end": end, "new": new}.items() if v is not None]
    alien = [f"--{n}" for n, v in others.items() if v is not None]
    if start is None or end is None or new is None:
        raise ParameterError(
            "There is nothing to compute from",
            given=", ".join([*given, *alien]) or "nothing",
            allowed="either a CONFIG, or all of --start, --end and --new",
            fix="For example: churn retention --start 1000 --end 900 --new 200.",
        )
    if alien:
        raise ParameterError(
            "Three counts have no periods or groups",
            given=", ".join(alien),
            fix="Leave it away, or name a CONFIG instead of the counts.",
        )
    print_result(retention_rate(start, end, new), json)


def _calendar(
    settings: Config, every: Period | None, days: int | None, step: int | None
) -> RetentionSettings:
    """Return the calendar of a configuration, with what the command line says instead."""
    said = {"every": every and every.value, "rolling_days": days, "rolling_step_days": step}
    calendar = settings.retention.model_copy(update={k: v for k, v in said.items() if v is not None})
    if calendar.every != "rolling" and (days or step):
        raise ParameterError(
            "--days and --step are for rolling periods",
            given=f"--every {calendar.every}",
            fix="Give --every rolling too, or leave them away.",
        )
    return calendar
