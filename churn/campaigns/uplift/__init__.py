"""Uplift from past randomised campaigns: what a contact changes, by customer and action, and whether it beats risk."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from churn.campaigns.uplift.learned import Learned
    from churn.campaigns.uplift.learning import learn
    from churn.campaigns.uplift.model import Uplift
    from churn.campaigns.uplift.past import past_campaigns
    from churn.campaigns.uplift.store import load_uplift

_HOMES = {
    "Learned": "churn.campaigns.uplift.learned",
    "Uplift": "churn.campaigns.uplift.model",
    "learn": "churn.campaigns.uplift.learning",
    "load_uplift": "churn.campaigns.uplift.store",
    "past_campaigns": "churn.campaigns.uplift.past",
}

__all__ = ["Learned", "Uplift", "learn", "load_uplift", "past_campaigns"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'churn.campaigns.uplift' has no attribute {name!r}")
