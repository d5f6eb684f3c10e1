"""What is too late already: a plan whose days are past."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from churn.display import format_count

if TYPE_CHECKING:
    from churn.campaigns.plan.planned import Plan


def late_warning(plan: Plan, *, today: dt.date | None = None) -> str:
    """Return a warning where contacts of a plan are too late on the day it is made or approved; else an empty text.

    It is no part of the plan, which stays the same from day to day. A later contact of a series does not go where the
    first was too late, so the first decides.

    Parameters
    ----------
    plan : Plan
        With the days of the first contacts.
    today : date, optional
        The present, by default that of the place where it runs.
    """
    frame, late_days = plan.customers, plan.policy.limits.late_days
    now = today or dt.datetime.now().astimezone().date()
    first = frame.loc[frame["arm"] == "treated", "day"].to_numpy(dtype="datetime64[D]")
    late = first[first + np.timedelta64(late_days, "D") < np.datetime64(now, "D")]
    if not len(late):
        return ""
    days = str(late.min()) if late.min() == late.max() else f"{late.min()} to {late.max()}"
    return (
        f"{format_count(len(late))} of {format_count(len(first))} first contacts are too late on {now.isoformat()}: "
        f"their days ({days}) are past by more than limits.late_days ({late_days}), and they would be "
        "cancelled, not sent."
    )
