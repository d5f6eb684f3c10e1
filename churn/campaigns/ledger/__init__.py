"""The ledger of campaigns: append-only, in SQLite or PostgreSQL."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from churn.campaigns.ledger.claims import Claim
    from churn.campaigns.ledger.opened import Ledger, open_ledger

_HOMES = {
    "Claim": "churn.campaigns.ledger.claims",
    "Ledger": "churn.campaigns.ledger.opened",
    "open_ledger": "churn.campaigns.ledger.opened",
}

__all__ = ["Claim", "Ledger", "open_ledger"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'churn.campaigns.ledger' has no attribute {name!r}")
