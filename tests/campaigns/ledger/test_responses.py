"""Responses: once each, nothing dropped in silence, and a wish not to be contacted is never lost."""

from __future__ import annotations

import time

import pytest

from churn.campaigns.ledger.responses import KINDS
from churn.errors import DataError, ParameterError
from tests.campaigns.ledger.conftest import NOON, at


def row(customer, kind, hours=1, **more):
    return {"customer": customer, "kind": kind, "time": at(hours=hours), **more}


ROWS = [
    row("C0", "opened"),
    row("C0", "opened", 2),
    row("C0", "opened", 2),
    row("C1", "unsubscribed"),
    row("C2", "bounced", channel="email"),
    row("C5", "bought"),
    row("nobody", "clicked"),
    row("stranger", "complained", channel="email"),
]


def places(ledger, customers=None):
    return sorted(map(tuple, ledger.suppressed(customers).to_numpy().tolist()))


def test_each_counts_once_and_what_is_unknown_is_told(approved):
    told = approved.respond("winter", ROWS, now=NOON)
    assert {k: told[k] for k in ("rows", "new", "known", "unknown", "holdout", "suppressed")} == {
        "rows": 8,
        "new": 5,
        "known": 1,
        "unknown": 2,
        "holdout": 1,
        "suppressed": 3,
    }
    assert told["examples"] == ["nobody", "stranger"]
    assert told["by_kind"] == {"bounced": 1, "bought": 1, "opened": 2, "unsubscribed": 1}
    again = approved.respond("winter", ROWS, now=at(days=1))
    assert (again["new"], again["known"], again["suppressed"]) == (0, 6, 0)
    frame = approved.responses("winter")
    assert frame["customer"].tolist().count("C0") == 2
    assert frame[frame["customer"] == "C5"]["arm"].tolist() == ["holdout"]


def test_wishes_hold_over_all_campaigns_and_channels_as_they_mean(approved):
    approved.respond("winter", ROWS)
    assert places(approved) == [("C1", "*"), ("C2", "email"), ("stranger", "*")]
    assert places(approved, ["C2", "C3"]) == [("C2", "email")]


def test_who_asks_again_is_contacted_again_in_the_order_of_time(approved):
    approved.respond("winter", ROWS)
    approved.respond("winter", [row("C1", "resubscribed", 5), row("C2", "resubscribed", 5)])
    assert places(approved) == [("stranger", "*")]
    approved.respond("winter", [row("C1", "unsubscribed", 3)])  # told late, and older than the last wish
    assert places(approved) == [("stranger", "*")]
    approved.respond("winter", [row("C1", "unsubscribed", 6)])
    assert ("C1", "*") in places(approved)


def test_an_id_of_its_own_tells_two_of_the_same_kind_and_time_apart(approved):
    rows = [row("C0", "clicked", response=n) for n in (1, 2, 2)]
    assert approved.respond("winter", rows)["new"] == 2


def test_an_unknown_kind_is_refused_as_a_whole(approved):
    with pytest.raises(DataError, match=f"Given: 'danced'.*{KINDS[0]}.*nothing has been recorded"):
        approved.respond("winter", [row("C0", "unsubscribed"), row("C0", "danced")])
    assert places(approved) == []
    with pytest.raises(ParameterError, match="No campaign 'spring'"):
        approved.respond("spring", [])


def test_odd_texts_do_no_harm(approved):
    rows = [row("C0", "replied", detail="no\0 <b>'; DROP\ud800" + "x" * 9000, channel="é")]
    assert approved.respond("winter", rows)["new"] == 1
    assert approved.responses("winter")["detail"][0].startswith("no <b>'; DROP?xxx")


def test_a_list_of_ones_own(approved):
    assert approved.suppress([("C0", "phone", "asked the shop"), ("new one", "", "lawyer")]) == 2
    assert approved.suppress([("C0", "phone", "asked again")]) == 0
    assert places(approved) == [("C0", "phone"), ("new one", "*")]


def test_a_channel_is_the_same_whatever_its_case_and_a_strange_one_is_told(approved):
    rows = [row("C1", "unsubscribed", channel=" Email "), row("C2", "unsubscribed", channel="e-mail")]
    told = approved.respond("winter", rows)
    assert places(approved) == [("C1", "email"), ("C2", "e-mail")]
    assert told["other_channels"] == ["e-mail"]
    approved.respond("winter", [row("C1", "resubscribed", 5, channel="EMAIL")])
    assert places(approved) == [("C2", "e-mail")]


def test_many_who_ask_again_take_no_longer_each(approved):
    """A search through all wishes for each of them takes a minute here."""
    many = range(20_000)
    approved.suppress([(n, "email", "list") for n in many], now=at(hours=1))
    begin = time.process_time()
    told = approved.respond("winter", [row(n, "resubscribed", 5) for n in many])
    assert told["lifted"] == len(many)
    assert time.process_time() - begin < 10


def test_an_id_with_spaces_around_it_is_the_one_that_is_known(approved):
    told = approved.respond(
        "winter", [row(" C1", "unsubscribed"), row("C2\t", "opened"), row(" who ", "opened")]
    )
    assert (told["new"], told["unknown"], told["suppressed"]) == (2, 1, 1)
    assert places(approved) == [("C1", "*")]
