"""The ledger that a command means."""

from __future__ import annotations

import pytest

from churn.cli.campaign.common import ledger_of
from churn.errors import ParameterError


def test_a_policy_or_a_url_and_not_both(policy):
    ledger, name = ledger_of(policy, None)
    ledger.close()
    assert name == "winter"
    assert str(policy.parent) in ledger.where
    for wrong in ((None, None), (policy, "sqlite:///a.db")):
        with pytest.raises(ParameterError, match="The ledger is"):
            ledger_of(*wrong)
