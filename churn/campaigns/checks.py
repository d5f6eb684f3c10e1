"""What may spoil the comparison of a campaign's arms, told in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from churn.campaigns.policy import Policy

if TYPE_CHECKING:
    import pandas as pd

    from churn.campaigns.evidence import Evidence


def checks(policy: Policy, frame: pd.DataFrame, evidence: Evidence) -> list[dict[str, Any]]:  # noqa: ARG001
    """Return the findings of the balance checks as plain values: ``code``, ``text``, ``is_warning``."""
    return []
