"""States where nothing has happened yet."""

from __future__ import annotations

from tests.campaigns.ledger.conftest import NOON


def test_untouched_contacts_are_due_and_frames_have_their_types_when_empty(ledger, approved):
    frame = approved.contacts("winter")
    assert set(frame["state"]) == {"due"}
    assert frame["time"].isna().all()
    assert approved.states("winter")["contacts"].tolist() == [5, 5, 5]
    assert approved.past_contacts(since=NOON).empty
    empty = approved.contacts("no such campaign")
    assert len(empty) == 0
    assert list(empty.columns) == list(frame.columns)
    assert str(empty["due"].dtype) == str(frame["due"].dtype)
