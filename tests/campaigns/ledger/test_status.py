"""Where a campaign stands, in words."""

from __future__ import annotations

from churn.campaigns.ledger.status import campaign_list, campaign_status
from tests.campaigns.ledger.conftest import DAY, NOON, at


def test_every_state_is_counted_and_the_next_step_is_named(approved):
    claims = approved.claim("winter", "email", DAY, 5, "a", 60, NOON)
    approved.sent(claims[:2], now=NOON)
    approved.dead(claims[2:4], "HTTP 400", now=NOON)
    approved.failed(claims[4:], "HTTP 503", now=NOON)
    approved.respond("winter", [{"customer": "C0", "kind": "bought", "time": NOON}])
    status = campaign_status(approved, "winter", now=NOON)
    facts = status.to_dict()
    assert facts["states"] == {"due": 10, "sent": 2, "failed": 1, "dead": 2}
    assert facts["days"][0] == {"day": "2026-01-05", "channel": "email", "sent": 2, "failed": 1, "dead": 2}
    assert facts["dead_letters"] == [{"reason": "HTTP 400", "contacts": 2}]
    assert (facts["overdue"], facts["next_due"]) == (1, "2026-01-08")
    text = status.render()
    assert "Responses: 1 bought (treated)." in text
    assert "  2  HTTP 400" in text
    assert text.endswith("1 contacts are due by today. Next: churn campaign send POLICY")
    approved.cancel("winter", now=at(days=1))
    done = campaign_status(approved, "winter", now=NOON).render()
    assert "Nothing is due any more." in done
    assert campaign_list(approved).rows[0]["cancelled"] == 13


def test_what_is_too_late_is_counted_apart_from_what_is_due(approved):
    facts = campaign_status(
        approved, "winter", now=at(days=4)
    ).to_dict()  # days 0, 3 and 7; three days of grace
    assert (facts["too_late"], facts["overdue"], facts["next_due"]) == (5, 5, "2026-01-12")
    text = campaign_status(approved, "winter", now=at(days=4)).render()
    assert "5 contacts are too late, by more than limits.late_days (3)" in text
    assert "5 contacts are due by today." in text
    assert campaign_status(approved, "winter", now=at(days=3)).to_dict()["too_late"] == 0
    assert campaign_status(approved, "winter", late_days=4, now=at(days=4)).to_dict()["too_late"] == 0
    late = campaign_status(approved, "winter", now=at(days=300))
    assert (late.to_dict()["too_late"], late.to_dict()["overdue"]) == (15, 0)
    assert "due by today" not in late.render()
    assert "Nothing is due any more" not in late.render()
