"""Treated against held out, for every measure and for the groups that were named before the campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.holdout import TREATED
from churn.campaigns.measurement.contrast import Contrast
from churn.campaigns.outcomes import MEASURES
from churn.campaigns.statistics.effects import Effect, estimate, together
from churn.campaigns.statistics.sequential import always_valid, look_days
from churn.errors import NotEnoughDataError

if TYPE_CHECKING:
    import pandas as pd

PLAIN, ADJUSTED = "plain", "adjusted"
COVARIATES = ("churn_probability", "value")
MOST_GROUPS = 30  # that are compared; the smallest are left out and counted


def overall(frame: pd.DataFrame, horizon_days: int) -> tuple[tuple[Contrast, ...], list[str]]:
    """Compare all customers on every measure, as they are and adjusted for what was known before.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per assigned customer: arm, retained, orders, net_value and, where they are known, churn_probability,
        value and stratum.
    horizon_days : int
        The days that are meant; they give the days of the looks, over all of which the second interval holds.

    Returns
    -------
    tuple of (tuple of Contrast, list of str)
        The adjusted comparison is the main one where there is something to adjust for; and what makes an interval less
        sure than it looks.
    """
    rows: list[Contrast] = []
    warnings: list[str] = []
    treated = (frame["arm"] == TREATED).to_numpy()
    covariates = known_before(frame)
    strata = frame["stratum"].to_numpy() if "stratum" in frame else None
    looks = len(look_days(horizon_days))
    for measure in MEASURES:
        y = frame[measure].to_numpy(dtype=float)
        if not np.isfinite(y).any():
            continue
        try:
            plain = estimate(y, treated)
        except NotEnoughDataError as error:
            rows.append(Contrast(measure, PLAIN, note=f"{error.what} ({error.given})", main=True))
            continue
        adjusted = None
        if covariates is not None or strata is not None:
            found = estimate(y, treated, covariates, strata)
            adjusted = found if ADJUSTED in found.method else None  # few customers bear no adjustment
        main = adjusted or plain
        warnings += main.warnings
        for effect, name in ((adjusted, ADJUSTED), (plain, PLAIN)):
            if effect is not None:
                rows.append(contrast(effect, measure, name, main=effect is main))
        ends = _at_any_look(y, treated, covariates, strata, looks)
        rows = [replace(r, always_valid=ends) if r.measure == measure and r.main else r for r in rows]
    return tuple(rows), warnings


def by_groups(
    frame: pd.DataFrame, columns: Sequence[str], measure: str = "retained"
) -> tuple[tuple[Contrast, ...], str]:
    """Compare within the values of some columns, and judge all of them together.

    Parameters
    ----------
    frame : pandas.DataFrame
        As for `overall`, with the columns.
    columns : sequence of str
        Named before the outcomes were known.
    measure : str, default "retained"
        Of what.

    Returns
    -------
    tuple of (tuple of Contrast, str)
        A group with too few customers has no effect and a note; and how many would stand out by chance alone.
    """
    found: list[tuple[str, str, Effect | str]] = []
    for column in columns:
        if column not in frame:
            continue
        values = frame[column].astype("str").fillna("")
        sizes = values.value_counts()
        order = sorted(sizes.index, key=lambda v: (-sizes[v], v))
        left = order[MOST_GROUPS:]
        for value in order[:MOST_GROUPS]:
            rows = frame[(values == value).to_numpy()]
            found.append((column, value or "not known", _within(rows, measure)))
        if left:
            found.append((column, "others", f"{len(left)} values with few customers are not compared"))
    effects = [e for _, _, e in found if isinstance(e, Effect)]
    judged = together(effects, "groups")
    adjusted = iter(judged.p_values)
    out = []
    for column, value, e in found:
        if isinstance(e, Effect):
            row = contrast(e, measure, ADJUSTED if ADJUSTED in e.method else PLAIN, main=False)
            out.append(replace(row, group=column, value=value, p_adjusted=next(adjusted)))
        else:
            out.append(Contrast(measure, PLAIN, group=column, value=value, note=e))
    return tuple(out), judged.text if len(effects) > 1 else ""


def contrast(effect: Effect, measure: str, method: str, *, main: bool) -> Contrast:
    """Return an effect as a row of the measurement."""
    total, low, high = effect.total()
    return Contrast(
        measure=measure,
        method=method,
        treated=effect.treated,
        holdout=effect.holdout,
        treated_mean=effect.treated_mean,
        holdout_mean=effect.holdout_mean,
        effect=effect.effect,
        low=effect.low,
        high=effect.high,
        total=total,
        total_low=low,
        total_high=high,
        p_value=effect.p_value,
        main=main,
        note=effect.method,
    )


def known_before(frame: pd.DataFrame) -> Any:
    """Return the numbers known before the campaign, None where there are none."""
    names = [c for c in COVARIATES if c in frame and np.isfinite(frame[c].to_numpy(dtype=float)).any()]
    return frame[names].astype(float) if names else None


def _at_any_look(y: Any, treated: Any, covariates: Any, strata: Any, looks: int) -> dict[str, float] | None:
    try:
        found = always_valid(y, treated, covariates, strata, looks=looks)
    except NotEnoughDataError:
        return None
    return {"low": found.low, "high": found.high}


def _within(rows: pd.DataFrame, measure: str) -> Effect | str:
    treated = (rows["arm"] == TREATED).to_numpy()
    y = rows[measure].to_numpy(dtype=float)
    try:
        return estimate(y, treated, known_before(rows))
    except NotEnoughDataError:
        known = np.isfinite(y)
        return f"too few: {int((known & treated).sum())} treated, {int((known & ~treated).sum())} held out"
