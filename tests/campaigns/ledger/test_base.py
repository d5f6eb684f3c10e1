"""Transactions of the ledger: all or nothing, and errors that show no secret."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest
import sqlalchemy as sa

from churn.campaigns.ledger import open_ledger
from churn.campaigns.ledger.base import instant
from churn.errors import OutputError, ParameterError


def test_a_time_without_its_zone_is_refused_and_any_zone_becomes_utc():
    east = dt.timezone(dt.timedelta(hours=9))
    assert instant(dt.datetime(2026, 1, 5, 9, tzinfo=east)) == dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    assert instant(None).tzinfo is dt.UTC
    with pytest.raises(ParameterError, match="needs its zone"):
        instant(dt.datetime.fromisoformat("2026-01-05"))


def test_what_breaks_off_leaves_nothing(tmp_path):
    with open_ledger("sqlite:///l.db", folder=tmp_path) as ledger:
        with contextlib.suppress(RuntimeError), ledger._writing() as c:
            c.execute(sa.text("INSERT INTO ledger_people (digest, customer) VALUES ('d', 'C1')"))
            raise RuntimeError
        with ledger._reading() as c:
            assert c.execute(sa.text("SELECT count(*) FROM ledger_people")).scalar() == 0


def test_what_the_database_refuses_is_told_with_the_place_and_a_fix(tmp_path):
    with (
        open_ledger("sqlite:///l.db", folder=tmp_path) as ledger,
        pytest.raises(OutputError, match=r"The ledger .*l\.db") as told,
        ledger._reading() as c,
    ):
        c.execute(sa.text("SELECT nothing FROM nowhere"))
    assert "undone as a whole" in str(told.value)
