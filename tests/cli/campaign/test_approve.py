"""``churn campaign cancel`` and ``approve``."""

from __future__ import annotations


def test_cancel_counts_first_and_does_it_with_yes(policy, call):
    assert "15 contacts of winter would be cancelled. Add --yes" in call("campaign", "cancel", policy)[1]
    _, told, _ = call("campaign", "cancel", policy, "--customer", "C0", "--channel", "email", "--json")
    assert told == {"campaign": "winter", "open": 3, "cancelled": 0}
    code, out, _ = call("campaign", "cancel", policy, "--customer", "C0", "--reason", "asked", "--yes")
    assert (code, out) == (0, "3 contacts of winter are cancelled.\n")
    assert call("campaign", "status", policy, "--json")[1]["states"] == {"due": 12, "cancelled": 3}
