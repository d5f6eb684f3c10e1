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
