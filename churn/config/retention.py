"""Settings of the retention figures: the user's calendar, and which groups are small."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from churn.config.base import PositiveDays, Settings, not_a_flag

Every = Literal["day", "week", "month", "quarter", "year", "rolling"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[str, ...] = get_args(Weekday)


class RetentionSettings(Settings):
    """The periods that retention is counted by, and below how many customers a rate is marked.

    Parameters
    ----------
    every : {"day", "week", "month", "quarter", "year", "rolling"}, default "month"
        The period where none is asked for.
    week_starts_on : str, default "monday"
        First day of the week.
    year_starts_in : int, default 1
        Month in which the fiscal year starts, 1 to 12; quarters follow it.
    rolling_days, rolling_step_days : int, default 90 and 30
        Length of a rolling period, and days from one to the next.
    small_below : int, default 30
        Rates of fewer customers at the start are marked as small.
    begin_days : int, optional
        Days from the first order of the data in which nobody can be called new, for cohorts, survival and lifetime
        value; as many as the definition needs to see who is active when left out.
    nps_kinds : tuple of str, default ("nps",)
        Kinds of surveys whose scores are answers from 0 to 10 of the net promoter score.
    csat_kinds : tuple of str, default ("csat",)
        Kinds of surveys whose scores are satisfaction from 1 to 5.
    """

    every: Every = "month"
    week_starts_on: Weekday = "monday"
    year_starts_in: Annotated[int, Field(ge=1, le=12)] = 1
    rolling_days: PositiveDays = 90
    rolling_step_days: PositiveDays = 30
    small_below: Annotated[int, Field(ge=0)] = 30
    begin_days: Annotated[int, Field(ge=0, le=3650), BeforeValidator(not_a_flag)] | None = Field(
        None,
        description="days from the first order in which nobody can be called new; else as the definition needs",
    )
    nps_kinds: tuple[str, ...] = ("nps",)
    csat_kinds: tuple[str, ...] = ("csat",)
