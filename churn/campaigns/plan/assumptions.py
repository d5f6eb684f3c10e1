"""What a plan takes as the effect of each action: what the policy assumes, or what earlier campaigns measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from churn.campaigns.blocks import Action
from churn.campaigns.policy import Policy
from churn.display import format_percent

_TOLD = 3  # campaigns that are told by name, the newest
_WIDTH = 2 * 1.959964  # of a 95 % interval, in standard errors
_LEAST = 1e-4  # a save chance of a Beta distribution is neither 0 nor 1


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
        With ``effects: measured`` the assumption and all that was measured count together; else the assumption alone.
    measurements : sequence of dict
        ``measurement.json`` of earlier campaigns, the newest last.

    Returns
    -------
    list of Effect
        In the order of the policy's actions.

    Notes
    -----
    A campaign that raised the share kept from ``h`` (of the holdout) by ``e`` saved ``e / (1 - h)`` of those who would
    have left, less those whom it woke. Assumption and measurements are weighed by their precision, the inverse of
    their variances: that of a Beta distribution with `save_chance_weight` customers, and those of the intervals. Every
    measurement counts, also one that shows nothing: who takes only those above a bar takes those that luck lifted [1]_.

    References
    ----------
    .. [1] Gelman, A. and Carlin, J. (2014). Beyond Power Calculations: Assessing Type S (Sign) and Type M (Magnitude)
       Errors. Perspectives on Psychological Science 9(6), 641-651.
    """
    out = []
    for effect, action in zip(assumed_effects(policy), policy.actions, strict=True):
        found = _measured(action, measurements)
        if not found:
            out.append(effect)
            continue
        said = "; ".join(
            f"measured by {m.campaign}: {format_percent(m.chance)} saved "
            f"[{format_percent(m.low)}, {format_percent(m.high)}]"
            for m in found[-_TOLD:]
        )
        more = len(found) - _TOLD
        said += f"; and by {more} earlier {'campaign' if more == 1 else 'campaigns'}" if more > 0 else ""
        if policy.effects == "assumed":
            out.append(replace(effect, said=f"{effect.said}; {said}"))
            continue
        chance, variance = _together(action, found)
        weight = max(chance * (1 - chance) / variance - 1, 1.0)
        told = f"{format_percent(chance)} saved, by the assumption and what was measured, weighed by their precision"
        out.append(Effect(action.name, chance, 0.0, weight, "measured", f"{told} ({effect.said}; {said})"))
    return out


@dataclass(frozen=True)
class _Measured:
    """The net save chance that one campaign measured, with its interval, and the share that its holdout kept."""

    campaign: str
    chance: float
    low: float
    high: float
    kept: float

    @property
    def variance(self) -> float:
        return max(((self.high - self.low) / _WIDTH) ** 2, 1e-9)


def _measured(action: Action, measurements: Sequence[dict[str, Any]]) -> list[_Measured]:
    """Return what finished campaigns measured of an action, the newest result of each, the newest campaign last."""
    found: dict[str, _Measured] = {}
    for content in measurements:
        if content.get("status") != "measured":
            continue
        name = str(content.get("campaign", "an earlier campaign"))
        for row in content.get("by_action") or []:
            if row.get("value") != action.name or row.get("measure") != "retained":
                continue
            effect, low, high, kept = (row.get(k) for k in ("effect", "low", "high", "holdout_mean"))
            if None in (effect, low, high, kept) or kept >= 1:
                continue
            found.pop(name, None)
            lost = 1 - kept
            found[name] = _Measured(name, effect / lost, low / lost, high / lost, kept)
    return list(found.values())


def _together(action: Action, found: Sequence[_Measured]) -> tuple[float, float]:
    """Return the net save chance by assumption and measurements together, and its variance."""
    kept = sum(m.kept for m in found) / len(found)
    assumed = action.save_chance - action.wakes * kept / (
        1 - kept
    )  # a measured effect is less those woken, too
    spread = action.save_chance * (1 - action.save_chance) / (action.save_chance_weight + 1)
    precisions = [1 / spread, *(1 / m.variance for m in found)]
    chances = [assumed, *(m.chance for m in found)]
    mean = sum(p * c for p, c in zip(precisions, chances, strict=True)) / sum(precisions)
    return min(max(mean, _LEAST), 1 - _LEAST), 1 / sum(precisions)
