"""Erasing: the id is nowhere, the counts stay, and nobody contacts an erased customer again."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
import sqlalchemy as sa

from churn.campaigns.ledger.schema import metadata
from tests.campaigns.ledger.conftest import DAY, NOON, at, small_plan

GONE = "Erika Mustermann <erika@example.org>"


@pytest.fixture
def lived(ledger):
    """A campaign with everything in it that can hold something of a customer."""
    ids = [GONE, *(f"C{n}" for n in range(1, 9))]
    ledger.approve(small_plan(customers=ids), now=NOON)
    claims = ledger.claim("winter", "email", DAY, 99, "a", 60, NOON)
    ledger.sent(claims, {c.key: f"receipt for {c.customer}" for c in claims})
    rows = [{"customer": i, "kind": "replied", "time": NOON, "detail": f"{i} says no"} for i in ids[:3]]
    ledger.respond("winter", [*rows, {"customer": GONE, "kind": "bounced", "time": NOON, "channel": "email"}])
    outcome = pd.DataFrame({"customer": ids, "retained": [1.0, 0.0] * 4 + [1.0], "net_value": range(9)})
    ledger.record_outcomes("winter", dt.date(2026, 3, 1), outcome)
    return ledger


def everything(ledger):
    with ledger._reading() as c:
        return "\n".join(
            str(tuple(row)) for table in metadata.sorted_tables for row in c.execute(sa.select(table))
        )


def aggregate(ledger):
    frame = ledger.outcomes("winter")
    return frame.groupby("arm")[["retained", "net_value"]].agg(["count", "sum"]).to_dict()


def test_nothing_is_left_of_the_id_and_the_aggregate_stays(lived):
    before = aggregate(lived)
    states = lived.contacts("winter").groupby("state").size().to_dict()
    key = lived.contacts("winter").query("customer == @GONE")["key"].iloc[0]
    assert GONE in everything(lived)
    told = lived.erase_counts([GONE, "nobody"])
    assert told == {
        "customers": 1,
        "assignments": 1,
        "contacts": 3,
        "events": 1,
        "responses": 2,
        "suppressions": 1,
        "outcomes": 1,
    }
    assert lived.erase([GONE, "nobody"], by="Ann", told={"files": 3}, now=at(days=1)) == told
    left = everything(lived)
    for trace in (GONE, "erika", key, f"receipt for {GONE}"):
        assert trace not in left
    assert aggregate(lived) == before
    after = lived.contacts("winter").groupby("state").size().to_dict()
    assert after == {"sent": states["sent"], "due": states["due"] - 2, "cancelled": 2}
    row = lived.assignments("winter").iloc[0]
    assert row["customer"].startswith("erased-")
    assert (row["arm"], row["action"], row["stratum"]) == ("treated", "mails", "mails / high")
    assert pd.isna(
        row[["churn_probability", "value", "draw", "stage", "segment_country"]].astype(object)
    ).all()
    assert lived.erasures()[0]["content"] == {"ledger": told, "files": 3}
    assert lived.erasures()[0]["customers"] == 2
    assert not lived.assignments("winter")["customer"].iloc[1].startswith("erased-")


def test_an_erased_customer_is_not_contacted_again_until_he_asks(lived):
    lived.erase([GONE, "never seen"])
    assert lived.suppressed([GONE, "never seen", "C8"])[["customer", "channel"]].to_numpy().tolist() == [
        [GONE, "*"],
        ["never seen", "*"],
    ]
    told = lived.respond("winter", [{"customer": GONE, "kind": "unsubscribed", "time": NOON}])
    assert (told["erased"], told["new"], told["suppressed"]) == (1, 0, 0)
    assert GONE not in everything(lived)
    lived.respond("winter", [{"customer": GONE, "kind": "resubscribed", "time": NOON}])
    assert lived.suppressed([GONE]).empty


def test_a_second_erase_finds_nothing_and_the_first_stays(lived):
    lived.erase([GONE])
    before = lived.assignments("winter")
    assert set(lived.erase([GONE]).values()) == {0}
    pd.testing.assert_frame_equal(lived.assignments("winter"), before)
    with lived._reading() as c:
        assert c.exec_driver_sql("SELECT count(*) FROM ledger_erasing").scalar() == 0


def test_what_is_still_due_of_an_erased_customer_is_not_sent(lived):
    lived.erase([GONE])
    late = lived.claim("winter", "email", dt.date(2027, 1, 1), 99, "a", 60, NOON)
    assert not [c for c in late if c.customer.startswith("erased-")]


def test_what_a_dead_worker_had_in_hand_of_an_erased_customer_goes_to_nobody(ledger):
    ledger.approve(small_plan(), now=NOON)
    (claim,) = ledger.claim("winter", "email", DAY, 1, "dies", 60, NOON)
    ledger.erase([claim.customer], now=NOON)
    token = next(c for c in ledger.contacts("winter")["customer"] if c.startswith("erased-"))
    assert token in set(ledger.suppressed([token, "erased-but-a-name"])["customer"])
    assert "erased-but-a-name" not in set(ledger.suppressed(["erased-but-a-name"])["customer"])
    later = ledger.claim("winter", "email", DAY, 99, "b", 60, at(hours=1))
    assert later
    assert token not in {c.customer for c in later}
