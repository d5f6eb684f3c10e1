"""Opening a ledger: where it is, with which password, and by which clock."""

from __future__ import annotations

import datetime as dt

import pytest

from churn.campaigns.ledger import open_ledger
from churn.campaigns.policy import make_policy
from churn.errors import ChurnError, ConfigError, ParameterError
from tests.campaigns.ledger.conftest import CALL, NOON, small_plan

PLAIN = {"campaign": "winter", "scores": "s.csv", "start": "2026-01-05", "actions": [CALL]}


def test_a_policys_ledger_is_beside_it(tmp_path):
    with open_ledger(make_policy(PLAIN, folder=tmp_path)) as ledger:
        assert ledger.where.endswith("campaigns.db")
    assert (tmp_path / "campaigns.db").is_file()


def test_the_password_comes_from_the_environment_and_is_told_nowhere(monkeypatch, tmp_path):
    settings = {**PLAIN, "ledger": "postgresql://me@127.0.0.1:1/shop", "ledger_password_env": "PW"}
    policy = make_policy(settings, folder=tmp_path)
    monkeypatch.delenv("PW", raising=False)
    with pytest.raises(ConfigError, match="PW is not set"):
        open_ledger(policy)
    monkeypatch.setenv("PW", "s3cr@t")
    with pytest.raises(ChurnError) as told:
        open_ledger(policy)
    assert "s3cr" not in str(told.value)
    assert "me@" not in str(told.value)


def test_a_time_without_a_zone_is_refused(ledger):
    with pytest.raises(ParameterError, match="needs its zone"):
        ledger.approve(small_plan(), now=NOON.replace(tzinfo=None))


def test_times_of_any_zone_are_utc(ledger):
    east = dt.timezone(dt.timedelta(hours=9))
    ledger.approve(small_plan(), now=NOON.astimezone(east))
    assert ledger.campaigns()["approved"][0] == NOON
