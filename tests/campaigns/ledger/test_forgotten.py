"""Erased ids are known by a keyed hash alone."""

from __future__ import annotations

from churn.campaigns.ledger.forgotten import forget, forgotten, lift
from churn.campaigns.ledger.people import digests
from tests.campaigns.ledger.conftest import NOON


def test_hashes_need_the_ledgers_own_key(ledger):
    with ledger._reading() as c:
        assert forgotten(c, ["C1"]) == set()
    with ledger._writing() as c:
        forget(c, ["C1", "C2"], NOON)
        assert forgotten(c, ["C1", "C3"]) == {"C1"}
        hashes = set(c.exec_driver_sql("SELECT hash FROM ledger_erased").scalars())
        assert hashes.isdisjoint(digests(["C1", "C2"]))
        assert (lift(c, "C1", NOON), lift(c, "C1", NOON), lift(c, "C3", NOON)) == (1, 0, 0)
        assert forgotten(c, ["C1", "C2"]) == {"C2"}
