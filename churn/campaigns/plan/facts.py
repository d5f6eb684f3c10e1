"""What a plan says of itself: counts, limits and their use, what is expected, where the effects come from, warnings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churn.campaigns.days import Days
from churn.campaigns.plan.assumptions import Effect
from churn.campaigns.plan.candidates import CODES, Candidates
from churn.campaigns.plan.expectation import Expectation, expect
from churn.campaigns.plan.people import People, channels_of
from churn.campaigns.plan.scored import Scored
from churn.campaigns.plan.selection import Selection
from churn.campaigns.policy import Policy
from churn.campaigns.sizing.power import power
from churn.display import format_amount, format_count
from churn.progress import report

if TYPE_CHECKING:
    import pandas as pd

_STALE_DAYS = 31
_CHANCE = 0.8  # of showing an effect


def plan_facts(
    policy: Policy,
    scored: Scored,
    people: People,
    found: Candidates,
    chosen: Selection,
    days: Days,
    effects: list[Effect],
    frame: pd.DataFrame,
    uplift_said: str = "",
) -> dict[str, Any]:
    """Return the facts of a plan as plain values; see `churn.campaigns.plan.make.Plan.summary`."""
    codes = frame["why_code"].value_counts()
    arms = frame["arm"].value_counts()
    expected, each = expected_of(policy, scored, found, chosen, effects)
    solution = chosen.solution
    facts: dict[str, Any] = {
        "as_of": scored.as_of,
        "source": _place(scored.source, policy),
        "run": scored.run,
        "currency": scored.currency,
        "start": str(policy.start),
        "last_first_day": str(days.date(policy.days - 1)),
        "last_day": _last_day(policy, days, chosen),
        "horizon_days": policy.horizon_days or scored.horizon_days,
        "customers": len(frame),
        "with_score": int((scored.no_score == "").sum()),
        "why": {code: int(codes.get(code, 0)) for code in CODES if codes.get(code, 0)},
        "why_means": {code: CODES[code] for code in CODES if codes.get(code, 0)},
        "arms": {name: int(arms.get(name, 0)) for name in ("treated", "holdout", "global holdout")},
        "by_action": _by_action(policy, chosen, each),
        "limits": _limits(policy, chosen, days, expected),
        "solver": {
            "profit": float(solution.profit),
            "bound": float(solution.bound),
            "gap": float(solution.gap),
            "widened": float(chosen.widened),
            "said": "Of treated and held out together: they are chosen as one, and only then split.",
        },
        "prices": _prices(policy, chosen, scored.currency),
        "expected": expected.to_dict(),
        "effects": [vars(e) for e in effects],
        "can_show": _can_show(policy, scored, chosen, expected),
        "no_score": scored.to_dict()["without_score"],
        "uplift": uplift_said,
        "preferred_elsewhere": found.preferred_elsewhere,
    }
    facts["warnings"] = _warnings(policy, scored, found, facts)
    facts["notes"] = [*scored.notes, *people.notes]
    return facts


def expected_of(
    policy: Policy, scored: Scored, found: Candidates, chosen: Selection, effects: list[Effect]
) -> tuple[Expectation, list[Expectation]]:
    """Return what is expected of the treated, in all and by action."""
    rows = np.flatnonzero(chosen.treated)
    choice = chosen.choice[rows]
    used = [
        action.model_copy(
            update={
                "save_chance": effect.save_chance,
                "save_chance_weight": effect.weight,
                "wakes": effect.wakes,
            }
        )
        for action, effect in zip(policy.actions, effects, strict=True)
    ]
    told = np.where(found.by_model[rows, choice], found.uplift[rows, choice], np.nan)
    p = scored.customers["churn_probability"].to_numpy(dtype=np.float64)
    report("Working out what is expected")
    return expect(p[rows], found.value[rows], choice, used, uplift=told if found.by_model.any() else None)


def _can_show(policy: Policy, scored: Scored, chosen: Selection, expected: Expectation) -> dict[str, Any]:
    """Say whether the effect that is expected would show with so many held out; empty where nobody is."""
    p = scored.customers["churn_probability"].to_numpy(dtype=np.float64)[chosen.choice >= 0]
    treated, held = int(chosen.treated.sum()), int((chosen.arm == "holdout").sum())
    if not treated or policy.holdout.share == 0:
        return {}
    rate = float(p.mean())
    effect = min(expected.saved.mean / treated, rate)
    if not held or not 0 < rate < 1 or effect <= 0:
        said = "Nothing can be shown: " + (
            "nobody is held out by chance." if not held else "no effect is expected."
        )
        return {"smallest": None, "expected": effect, "chance": None, "is_enough": False, "said": said}
    kept = float((p * (1 - p)).mean()) / (
        rate * (1 - rate)
    )  # what the score does not explain, if it is right
    kept = min(max(kept, 0.01), 1.0)
    share = held / len(p)
    answer = power(len(p), rate, share=share, effect=effect, variance_kept=kept, is_plan=True)
    now = answer.now
    enough = now.chance is not None and now.chance >= _CHANCE
    return {
        "smallest": now.smallest,
        "expected": effect,
        "chance": now.chance,
        "is_enough": enough,
        "said": answer.said,
    }


def _place(source: str, policy: Policy) -> str:
    """Return where the scores are, from the policy's folder on: the folder may be moved, and then be read by others."""
    place, folder = Path(source), Path(policy.folder).absolute()
    if place.is_absolute() and place.is_relative_to(folder):
        return place.relative_to(folder).as_posix()
    return source


def _last_day(policy: Policy, days: Days, chosen: Selection) -> str:
    last = -1
    for a, action in enumerate(policy.actions):
        mine = chosen.day[(chosen.choice == a) & chosen.treated]
        if len(mine):
            last = max(last, int(days.step_days(action.steps)[mine].max()))
    return str(days.date(last)) if last >= 0 else ""


def _by_action(policy: Policy, chosen: Selection, each: list[Expectation]) -> list[dict[str, Any]]:
    held = np.asarray(chosen.arm == "holdout")
    out = []
    for a, action in enumerate(policy.actions):
        mine = (chosen.choice == a) & chosen.treated
        out.append(
            {
                "action": action.name,
                "kind": action.kind,
                "channel": action.channel,
                "treated": int(mine.sum()),
                "holdout": int(((chosen.choice == a) & held).sum()),
                "contacts": int(mine.sum()) * len(action.steps),
                **{k: v for k, v in each[a].to_dict().items() if k != "contacts"},
            }
        )
    return out


def _limits(policy: Policy, chosen: Selection, days: Days, expected: Expectation) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    if policy.limits.budget is not None:
        cost = expected.cost.mean
        out.append({"what": "budget", "limit": policy.limits.budget, "used": cost})
    for c, channel in enumerate(channels_of(policy)):
        daily = chosen.capacity[c]
        if not np.isfinite(daily).all():
            continue
        used, busiest = chosen.used[c], int(chosen.used[c].max()) if chosen.used.size else 0
        limit = float(daily.max())
        full = int(((used >= daily) & (daily > 0)).sum())
        within = max([days.window, *(np.flatnonzero(used)[-1:] + 1)])
        out.append(
            {
                "what": f"{channel} per day",
                "limit": limit,
                "used": busiest,
                "full_days": full,
                "contacts": int(used.sum()),
                "places": float(daily[:within].sum()),
            }
        )
    return out


def _prices(policy: Policy, chosen: Selection, currency: str) -> list[dict[str, Any]]:
    """Say what one more unit of each limit would bring, about."""
    prices, out = chosen.solution.prices, []
    if policy.limits.budget is not None and prices.budget > 0:
        out.append(
            {
                "what": "budget",
                "price": float(prices.budget),
                "said": f"100 more of budget would bring about {format_amount(100 * prices.budget, currency)} of "
                "profit more",
            }
        )
    for c, channel in enumerate(channels_of(policy)):
        price = float(np.sum(prices.slots[c]))
        if price > 0:
            said = (
                f"one more contact a day by {channel} would bring about {format_amount(price, currency)} more"
            )
            out.append({"what": channel, "price": price, "said": said})
    return out


def _warnings(policy: Policy, scored: Scored, found: Candidates, facts: dict[str, Any]) -> list[str]:
    out = []
    treated = facts["arms"]["treated"]
    if treated == 0:
        out.append("The plan contacts nobody.")
    if treated and policy.holdout.share == 0:
        out.append("Nobody is held out, so what the campaign does cannot be measured.")
    elif treated and not facts["can_show"].get("is_enough"):
        out.append(facts["can_show"]["said"])
    if policy.config is None and policy.horizon_days is None:
        out.append(
            "Without `config`, `horizon_days` says which days are measured: set it before the approval."
        )
    if policy.worth.column == "lifetime_value" and scored.run:
        out.append(
            "A night's lifetime_value counts on the customer leaving by his risk, so it says too little of who is "
            "saved: take spend_if_staying as worth.column."
        )
    if scored.as_of:
        age = (policy.start - dt.date.fromisoformat(scored.as_of)).days
        if age > _STALE_DAYS:
            out.append(f"The scores are of {scored.as_of}, {age} days before the campaign starts.")
        elif age < 0:
            out.append(f"The campaign starts on {policy.start}, before the scores' date {scored.as_of}.")
    if scored.customers[["ignored_complaints", "unanswered_complaint_days"]].isna().all(axis=None):
        out.append("Complaints are not known, so nobody is spared a sale because of one.")
    ignored = facts["why"].get("open-complaint", 0)
    if ignored and not any(a.answers_complaint for a in policy.actions):
        out.append(
            f"{format_count(ignored)} customers have a complaint without an answer, and no action answers one "
            "(answers_complaint: true)."
        )
    unknown = facts["why"].get("consent-unknown", 0)
    if unknown > 0.5 * max(facts["with_score"], 1):
        out.append(f"{format_count(unknown)} customers are out because their consent is not known.")
    if not policy.consent.required:
        out.append("Consent is not asked for (consent.required: false).")
    if found.preferred_elsewhere:
        out.append(
            f"{format_count(found.preferred_elsewhere)} candidates prefer a channel over which no action is meant for "
            "them; another one is used."
        )
    return out
