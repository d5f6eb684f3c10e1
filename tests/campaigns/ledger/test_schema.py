"""Times are kept in UTC, on both databases alike; rows are only added."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from churn.campaigns.ledger.schema import events, outcomes, settings
from churn.errors import OutputError


def test_a_time_comes_back_as_it_was_whatever_its_zone(approved):
    east = dt.timezone(dt.timedelta(hours=9))
    time = dt.datetime(2026, 1, 5, 7, 30, 0, 123456, tzinfo=east)
    claims = approved.claim("winter", on=time.date(), now=time)
    approved.sent(claims, now=time)
    with approved._reading() as c:
        found = c.execute(sa.select(events.c.time)).scalars().first()
    assert found == time
    assert found.utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize("table", [settings, outcomes])
def test_the_database_refuses_to_change_a_row(approved, table):
    frame = approved.assignments("winter")[["customer"]].assign(retained=1.0)
    approved.record_outcomes("winter", dt.date(2026, 2, 1), frame)
    approved.erase(["C7"])  # makes the setting
    with pytest.raises(OutputError, match="append-only"), approved._writing() as c:
        c.execute(sa.delete(table))
