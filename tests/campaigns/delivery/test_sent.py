import json

from churn.campaigns.delivery.sent import Sent, masked


def done(**more):
    values = {
        "campaign": "winter",
        "on": "2026-01-05",
        "dry_run": False,
        "due": [{"channel": "email", "action": "mails", "contacts": 1210, "late": 10}],
    }
    return Sent(**(values | more))


def test_a_run_tells_what_came_of_the_contacts_and_what_to_do_next():
    sent = done(
        done=[
            {"channel": "email", "action": "mails", "outcome": "sent", "contacts": 1200},
            {"channel": "email", "action": "mails", "outcome": "dead", "contacts": 7},
            {"channel": "email", "action": "mails", "outcome": "again later", "contacts": 1},
            {"channel": "email", "action": "", "outcome": "in hand", "contacts": 2},
        ],
        cancelled={"suppressed": 3},
        waiting={"capacity": 4},
        details={"answered 400": 7, "answered 503": 1},
        dead=9,
        places={"email": "a webhook"},
        next_due="2026-01-08",
    )
    assert (
        sent.render()
        == """\
Campaign winter on 2026-01-05: 1,200 contacts handed over.

channel  action   sent  again later  dead  in hand  to
email    -                                       2  a webhook
email    mails   1,200            1     7           a webhook

Not made any more (cancelled):
        3  asked not to be contacted, or bounced, since the approval

Not made today, still due:
        4  the channel's capacity of the day is used up

Tries that were not taken:
        7  answered 400
        1  answered 503

9 dead letters in the campaign: mend the cause, then churn campaign send POLICY --retry-dead --yes.
1 contact to try again: run the command again after a while.
The next contacts are due on 2026-01-08."""
    )
    plain = json.loads(json.dumps(sent.to_dict(), allow_nan=False))
    assert plain["totals"]["sent"] == 1200
    assert plain["cancelled"] == {"suppressed": 3}


def test_a_dry_run_tells_what_would_go_and_what_stands_in_the_way():
    sent = done(
        dry_run=True,
        places={"email": "csv files in out"},
        problems=["email: The environment variable HOOK is not set."],
        examples=[
            {
                "customer": "x" * 99,
                "action": "mails",
                "channel": "email",
                "step": 0,
                "due": "2026-01-05",
                "fields": {"email": "a…@…"},
            },
        ],
    )
    text = sent.render()
    assert ["email", "mails", "1,210", "10", "csv", "files", "in", "out"] in [
        x.split() for x in text.splitlines()
    ]
    assert "Before it can be handed over:\n  email: The environment variable HOOK is not set." in text
    assert f"{'x' * 30}  mails   1        2026-01-05  email a…@…" in text
    assert "churn campaign send POLICY --yes" in text


def test_nothing_to_do():
    assert "No contact is due." in done(due=[], dry_run=True).render()
    assert "No contact was due." in done(due=[]).render()
    assert "No later contact is due." in done(due=[]).render()


def test_masks_hold_no_more_than_they_must():
    for text in ("a", "ab", "abcdef", "anna@x.example", "+49 170 1234567", "\x1b[31m" + "y" * 50):
        shown = masked(text)
        assert shown.isprintable()
        assert text not in shown or len(text) == 1
        assert len(shown) <= 5
    assert masked("") == "not known"
