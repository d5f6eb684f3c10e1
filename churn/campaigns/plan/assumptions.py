"""What a plan takes as the effect of each action: what the policy assumes, or what earlier campaigns measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from churn.campaigns.blocks import Action
from churn.campaigns.policy import Policy
from churn.display import format_percent


@dataclass(frozen=True)
class Effect:
    """What is taken as the effect of an action.

    Attributes
    ----------
    action : str
        Its name.
    save_chance, wakes : float
        Shares of leavers who stay, and of stayers who leave, because of it.
    weight : float
        How sure that is, as a number of observed customers.
    source : str
        ``assumed``, ``measured`` or ``uplift model``.
    said : str
        In words, with what is known besides.
    """

    action: str
    save_chance: float
    wakes: float
    weight: float
    source: str
    said: str


def assumed_effects(policy: Policy) -> list[Effect]:
    """Return the effects that the policy assumes."""
    return [
        Effect(
            a.name,
            a.save_chance,
            a.wakes,
            a.save_chance_weight,
            "assumed",
            f"assumed: saves {100 * a.save_chance:g} % of those who would leave"
            + (f", wakes {100 * a.wakes:g} % of those who would stay" if a.wakes else ""),
        )
        for a in policy.actions
    ]


def planned_effects(policy: Policy, measurements: Sequence[dict[str, Any]]) -> list[Effect]:
    """Return the effects by action, beside what earlier campaigns measured of an action of the same name.

    Parameters
    ----------
    policy : Policy
        With ``effects: measured`` what was measured counts, where it is surely above 0; else what is assumed.
    measurements : sequence of dict
        ``measurement.json`` of earlier campaigns, the newest last.

    Returns
    -------
    list of Effect
        In the order of the policy's actions.

    Notes
    -----
    A campaign that raised the share kept from ``h`` (of the holdout) by ``e`` saved ``e / (1 - h)`` of those who would
    have left. Its weight is that of a Beta distribution with the interval's variance.
    """
    out = []
    for effect, action in zip(assumed_effects(policy), policy.actions, strict=True):
        found = _measured(action, measurements)
        if found is None:
            out.append(effect)
            continue
        said = (
            f"measured by {found['campaign']}: {format_percent(found['chance'])} saved "
            f"[{format_percent(found['low'])}, {format_percent(found['high'])}]"
        )
        if policy.effects == "measured" and found["low"] > 0 and found["chance"] < 1:
            used = Effect(
                action.name, found["chance"], 0.0, found["weight"], "measured", f"{said}; {effect.said}"
            )
        else:
            why = "" if policy.effects == "assumed" else ", which may be nothing"
            used = replace(effect, said=f"{effect.said}; {said}{why}")
        out.append(used)
    return out


def _measured(action: Action, measurements: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the save chance that the newest finished campaign with this action measured."""
    for content in reversed(measurements):
        if content.get("status") != "measured":
            continue
        for row in content.get("by_action") or []:
            if row.get("value") != action.name or row.get("measure") != "retained":
                continue
            effect, low, high = (row.get(k) for k in ("effect", "low", "high"))
            kept = row.get("holdout_mean")
            if None in (effect, low, high, kept) or kept >= 1:
                continue
            chance, least, most = (x / (1 - kept) for x in (effect, low, high))
            variance = max(((most - least) / 3.92) ** 2, 1e-9)
            weight = max(chance * (1 - chance) / variance - 1, 1.0) if 0 < chance < 1 else 1.0
            return {
                "campaign": content.get("campaign", "an earlier campaign"),
                "chance": chance,
                "low": least,
                "high": most,
                "weight": weight,
            }
    return None
