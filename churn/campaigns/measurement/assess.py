"""A measurement from what is known: assignments, outcomes, contacts. It reads no ledger and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.holdout import GLOBAL_HOLDOUT, HOLDOUT, TREATED
from churn.campaigns.measurement.checks import checks
from churn.campaigns.measurement.contrast import Contrast
from churn.campaigns.measurement.contrasts import PLAIN, by_groups, contrast, overall
from churn.campaigns.measurement.costs import OUT, spent
from churn.campaigns.measurement.evidence import Evidence, with_outcomes
from churn.campaigns.measurement.forecast import WHY, beside, profit, what_came
from churn.campaigns.measurement.result import Measurement, Status
from churn.campaigns.measurement.words import headline, too_early, too_few, visible
from churn.campaigns.outcomes import MEASURES, Outcomes
from churn.campaigns.policy import Policy
from churn.campaigns.statistics.effects import estimate
from churn.errors import NotEnoughDataError, ParameterError
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

_LEAST = 2


def assess(policy: Policy, evidence: Evidence) -> Measurement:
    """Compare the treated with those held out, as they were assigned.

    Parameters
    ----------
    policy : Policy
        Of the campaign.
    evidence : Evidence
        What is known.

    Returns
    -------
    Measurement
        Also where nothing can be compared yet: its status says so, and `said` says what it would need.

    Raises
    ------
    ParameterError
        Nobody was held out on purpose, so nothing may be called an effect.
    """
    found = evidence.outcomes
    frame = with_outcomes(evidence.assignments, found)
    if policy.holdout.share == 0 and not (frame["arm"] == HOLDOUT).any():
        raise ParameterError(
            f"The campaign {policy.campaign} held nobody out, so nothing can be called its effect",
            given="holdout.share: 0",
            allowed="a share above 0, set before the campaign is planned",
            fix="Hold out a share in the next campaign; churn campaign power says how large.",
            code="no-holdout",
        )
    arms = _arms(frame, evidence.contacts)
    offers = _offers_expected(policy, evidence.assignments, evidence.contacts)
    cost = spent(policy, evidence.contacts, evidence.responses, offers)
    facts: dict[str, Any] = {
        "campaign": policy.campaign,
        "as_of": found.as_of,
        "needs_until": found.needs_until,
        "start": found.start,
        "horizon_days": found.horizon_days,
        "observed_days": found.observed_days,
        "currency": policy.currency,
        "lost_means": found.lost_means,
        "arms": arms,
        "spent": cost,
        "curve": found.curve,
        "method": _method(found, policy),
    }
    notes = [{"code": "note", "text": n, "is_warning": False} for n in evidence.notes]
    if found.observed_days == 0:
        said = too_early(found.start, found.as_of, found.horizon_days, found.needs_until)
        return Measurement(status="not enough data", said=said, checks=tuple(notes), **facts)
    report("Comparing the arms")
    notes = [*checks(policy, frame, evidence), *notes]
    if min(arms[name]["known"] for name in (TREATED, HOLDOUT)) < _LEAST:
        return Measurement(status="not enough data", said=too_few(arms), checks=tuple(notes), **facts)
    effects, warnings = overall(frame, found.horizon_days)
    if not found.mature:
        effects = _early(effects)
    main = {e.measure: e for e in effects if e.main}
    kept, value = main.get("retained"), main.get("net_value")
    share = policy.holdout.share
    seen = visible(kept, _expected_effect(evidence.plan), share) if found.mature else {}
    facts |= {"effects": effects, "visible": seen}
    notes += [{"code": "few-decide", "text": w, "is_warning": True} for w in warnings]
    status: Status = "measured" if found.mature else "interim"
    interim = None if found.mature else (found.observed_days, found.horizon_days, found.needs_until)
    if found.mature:
        by_action, by_segment, judged = _groups(frame, policy)
        came = what_came(cost, kept, value, policy.worth.margin)
        rows = beside(evidence.plan.get("expected") or {}, came, policy.currency)
        if rows:
            facts["method"] = (*facts["method"], WHY)
        facts |= {
            "by_action": by_action,
            "by_segment": by_segment,
            "multiplicity": judged,
            "profit": profit(value, cost, policy.worth.margin, policy.currency),
            "forecast": rows,
            "global_holdout": against_global(evidence.everybody),
        }
    said = headline(effects, spent=cost, seen=seen, currency=policy.currency, interim=interim)
    return Measurement(status=status, said=said, checks=tuple(notes), **facts)


def against_global(everybody: pd.DataFrame | None) -> Contrast | None:
    """Compare all others, contacted or not, with those whom no campaign touches; None where there are none."""
    if everybody is None:
        return None
    others = everybody["arm"].ne(GLOBAL_HOLDOUT).to_numpy()
    if others.all():
        return None
    try:
        effect = estimate(everybody["retained"].to_numpy(dtype=float), others)
    except NotEnoughDataError as error:
        return Contrast("retained", PLAIN, note=f"{error.what} ({error.given})")
    return contrast(effect, "retained", PLAIN, main=False)


def _early(effects: tuple[Contrast, ...]) -> tuple[Contrast, ...]:
    """Return the main comparisons with the interval that holds at every look, so that no narrower one gets about."""
    out = []
    for e in effects:
        if not e.main:
            continue
        low, high = (e.always_valid["low"], e.always_valid["high"]) if e.always_valid else (None, None)
        out.append(replace(e, low=low, high=high, total=None, total_low=None, total_high=None, p_value=None))
    return tuple(out)


def _groups(frame: pd.DataFrame, policy: Policy) -> tuple[tuple[Contrast, ...], tuple[Contrast, ...], str]:
    """Compare by action and by the columns that the policy names; all of them are judged together."""
    named = [*policy.segments, *(c for c in policy.holdout.stratify if c != "action")]
    named += [c for a in policy.actions for c in a.when.segments]
    columns = ["action", "risk_band", *named]
    found = [name if name in frame else f"segment_{name}" for name in columns]
    rows, judged = by_groups(frame, list(dict.fromkeys(found)))
    return (
        tuple(r for r in rows if r.group == "action"),
        tuple(r for r in rows if r.group != "action"),
        judged,
    )


def _arms(frame: pd.DataFrame, contacts: pd.DataFrame) -> dict[str, dict[str, Any]]:
    ids = set(contacts.loc[contacts["state"].isin(OUT), "customer"].astype(str))
    reached = np.fromiter((c in ids for c in frame["customer"].astype(str)), dtype=bool, count=len(frame))
    out: dict[str, dict[str, Any]] = {}
    for name in (TREATED, HOLDOUT):
        mine = (frame["arm"] == name).to_numpy()
        rows = frame[mine]
        known = rows["retained"].notna()
        out[name] = {
            "assigned": len(rows),
            "contacted": int(reached[mine].sum()),
            "known": int(known.sum()),
            "missing": int((~known).sum()),
        }
        for measure in MEASURES:
            values = rows[measure].dropna()
            out[name][measure] = float(values.mean()) if len(values) else None
    return out


def _expected_effect(plan: Mapping[str, Any]) -> float | None:
    """Return the effect that the plan expected on the share kept of the treated."""
    saved = ((plan.get("expected") or {}).get("saved") or {}).get("mean")
    treated = (plan.get("arms") or {}).get(TREATED)
    return saved / treated if saved is not None and treated else None


def _offers_expected(policy: Policy, assignments: pd.DataFrame, contacts: pd.DataFrame) -> float | None:
    """Return what the plan expected offers to those who were contacted to cost: all beyond their contacts."""
    if not {"cost", "contacts", "action"} <= set(assignments.columns):
        return None
    reached = contacts.loc[contacts["state"].isin(OUT), "customer"].astype(str)
    rows = assignments[(assignments["arm"] == TREATED) & assignments["customer"].astype(str).isin(reached)]
    prices = {a.name: a.cost for a in policy.actions}
    own = rows["action"].map(prices).to_numpy(dtype=float) * rows["contacts"].to_numpy(dtype=float)
    beyond = rows["cost"].to_numpy(dtype=float) - own
    return float(np.clip(np.nansum(beyond), 0, None))


def _method(found: Outcomes, policy: Policy) -> tuple[str, ...]:
    share = f"{100 * policy.holdout.share:.3g} %"
    return (
        "Who was meant to be contacted is compared with who was held out, whoever was then reached (intention to "
        f"treat); both were chosen by the same rule, and a keyed hash parted them ({share} held out).",
        f"The clock of both arms starts on {found.start}, the campaign's first day, and runs for {found.horizon_days} "
        f"days. Lost means: {found.lost_means}. Kept is everybody else whose outcome is known.",
        "Net value is orders less returns credited within these days; it may be below zero.",
        "The main comparison is adjusted for the score and the worth that were known before the campaign and for the "
        "strata, which makes it more exact and moves it nowhere on average; the plain one stands beside it.",
        "Before the days are over one may look on days fixed beforehand, by an interval that holds at all of these "
        "looks together (always valid); groups, profit and forecast wait until the end.",
    )
