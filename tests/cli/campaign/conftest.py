"""A policy file with a ledger in which its campaign is approved."""

from __future__ import annotations

import json

import pytest
import yaml

from churn.__main__ import run
from churn.campaigns.ledger import open_ledger
from churn.campaigns.policy import read_policy
from tests.campaigns.ledger.conftest import CALL, MAILS, SmallPlan, small_plan

POLICY = {"campaign": "winter", "scores": "s.csv", "start": "2026-01-05", "actions": [CALL, MAILS]}


@pytest.fixture
def policy(tmp_path):
    """C0 to C4 get three mails each, C5 and C6 are held out."""
    file = tmp_path / "winter.yaml"
    file.write_text(yaml.safe_dump(POLICY))
    settings = read_policy(file)
    with open_ledger(settings) as ledger:
        ledger.approve(SmallPlan(settings, small_plan().customers), by="Ann")
    return file


@pytest.fixture
def call(capsys):
    """Run the command; return exit code, output (with --json its values) and errors."""

    def call(*arguments):
        code = run([str(a) for a in arguments])
        told = capsys.readouterr()
        return code, json.loads(told.out) if "--json" in arguments else told.out, told.err

    return call
