"""Who is contacted on a day and who is not, through a real ledger."""

import json

import pandas as pd
import pytest

from churn.campaigns.channels.base import Result
from churn.campaigns.delivery.sending import send
from churn.campaigns.policy import make_policy
from churn.data.base import CustomerBase
from churn.errors import ConfigError, DataError, ParameterError
from tests.campaigns.ledger.conftest import CALL, MAILS, NOON, small_plan
from tests.campaigns.sendings import DAY, FILES, day, noon, people


def test_each_contact_goes_on_its_day_once_and_the_held_out_never(winter):
    for n in range(10):
        winter.send(n)
        winter.send(n)
    wanted = [(f"C{i}", step) for step in range(3) for i in range(5)]
    assert winter.own.got == wanted
    assert {c.due for c in winter.own.batches[1]} == {day(3)}
    assert set(winter.states().values()) == {"sent"}
    assert winter.send(10).render().endswith("No later contact is due.")


@pytest.mark.parametrize(
    ("later", "limits", "words"),
    [
        (3, {"late_days": 3}, []),
        (4, {"late_days": 3}, ["2026-01-05 is longer ago than limits.late_days"]),
        (
            1,
            {"no_contact_on": ["tue"]},
            ["2026-01-05 is in the past, and on today's date nobody is contacted"],
        ),
        (0, {"no_contact_on": ["tue"]}, []),
    ],
)
@pytest.mark.parametrize("yes", [False, True])
def test_a_past_day_on_which_nothing_would_go_by_today_is_warned_of(start, later, limits, words, yes):
    campaign = start(limits=limits)
    sent = send(
        campaign.policy, campaign.ledger, on=DAY, yes=yes, now=noon(later), contacts=people(),
        channels={"email": campaign.own, "phone": campaign.own},
    )  # fmt: skip
    assert [w.partition(":")[0] for w in sent.warnings] == words


def test_a_dry_run_tells_what_would_go_and_changes_nothing(start):
    campaign = start(delivery={"email": FILES})
    sent = campaign.send(yes=False, channels=None)
    assert sent.dry_run
    assert [(d["channel"], d["action"], d["contacts"]) for d in sent.due] == [("email", "mails", 5)]
    text = sent.render()
    assert "Nothing is handed over, nothing recorded" in text
    assert "C0" in text
    assert "C…@…" in text
    assert "C0@x.example" not in text
    assert set(campaign.states().values()) == {"due"}
    assert not (campaign.policy.folder / "out").exists()
    json.dumps(sent.to_dict(), allow_nan=False)


def test_a_dry_run_tells_what_stands_in_the_way_and_yes_refuses_before_anything(start):
    campaign = start(
        delivery={"email": {"to": "webhook", "url": "https://x.example/", "secret_env": "NO_HOOK"}}
    )
    assert "NO_HOOK is not set" in campaign.send(yes=False, channels=None).problems[0]
    with pytest.raises(ConfigError, match="NO_HOOK is not set"):
        campaign.send(channels=None)
    assert set(campaign.states().values()) == {"due"}


def test_days_before_and_after(winter):
    assert winter.send(-1, yes=False).due == []
    assert winter.send(-1, yes=False).next_due == DAY.isoformat()
    with pytest.raises(ParameterError, match="not handed over before their day"):
        send(winter.policy, winter.ledger, on=day(1), yes=True, now=NOON)
    assert winter.own.got == []


@pytest.mark.parametrize(("late", "went"), [(3, 5), (4, 0)])
def test_a_missed_day_is_made_up_for_until_it_is_too_late(start, late, went):
    campaign = start(limits={"late_days": 3})
    sent = campaign.send(late, cancel_late=True)
    assert sent.count("sent") == went
    assert len(campaign.own.got) == went
    if went:
        assert sent.due[0]["late"] == 5
    else:
        assert sent.cancelled == {"late": 5}
        assert set(campaign.states().values()) == {"cancelled"}  # the later mails too


def test_a_late_contact_keeps_the_days_to_the_next(winter):
    winter.send(2)
    assert winter.send(3).waiting == {"spacing": 5}
    assert winter.send(4).waiting == {"spacing": 5}
    assert winter.send(5).count("sent") == 5
    assert [step for _, step in winter.own.got] == [0] * 5 + [1] * 5


def test_a_series_waits_for_the_contact_before(winter):
    winter.own.answers = lambda c: Result(c.key, "rejected" if c.customer == "C0" else "sent", "no")
    assert winter.send(0).count("dead") == 1
    sent = winter.send(3)
    assert sent.waiting == {"series": 1}
    assert sent.count("sent") == 4
    assert sent.dead == 1


def test_whoever_unsubscribed_since_is_cancelled_with_the_rest_of_the_series(winter):
    winter.send(0)
    winter.ledger.respond(
        "winter", [{"customer": "C1", "kind": "unsubscribed", "time": noon(1)}], now=noon(1)
    )
    winter.ledger.respond("winter", [{"customer": "C2", "kind": "replied", "time": noon(1)}], now=noon(1))
    winter.ledger.respond("winter", [{"customer": "C3", "kind": "opened", "time": noon(1)}], now=noon(1))
    sent = winter.send(3)
    assert sent.cancelled == {"suppressed": 1, "answered": 1}
    assert [c for c, step in winter.own.got if step == 1] == ["C0", "C3", "C4"]
    assert [winter.states()[c, 2] for c in ("C1", "C2", "C3")] == ["cancelled", "cancelled", "due"]


def test_whoever_unsubscribes_while_the_run_goes_on_is_not_contacted(winter):
    def answers(c):
        wish = {"customer": "C4", "kind": "unsubscribed", "time": NOON, "channel": "Email"}
        winter.ledger.respond("winter", [wish], now=NOON)
        return Result(c.key, "failed", "answered 503")

    winter.own.answers = answers
    winter.send(0)
    assert ("C4", 0) in winter.own.got
    assert len([c for c, _ in winter.own.got if c == "C4"]) == 1  # the next tries were not made
    assert winter.states()["C4", 0] == "cancelled"


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"consent": {"C1": "no"}}, "no consent"), ({"consent": {"C1": ""}}, "no consent")],
)
def test_consent_counts_as_it_is_now(winter, changed, code):
    sent = winter.send(0, contacts=people(**changed))
    assert sent.cancelled == {code: 1}
    assert ("C1", 0) not in winter.own.got


def test_who_is_not_in_the_data_any_more_has_no_consent(winter):
    assert winter.send(0, contacts=people(3)).cancelled == {"no consent": 2}


def test_who_cannot_be_reached_any_more_is_cancelled(start):
    campaign = start(consent={"required": False, "needed_by": {"email": "email"}})
    assert campaign.send(0, contacts=people(email={"C2": " "})).cancelled == {"unreachable": 1}


def test_capacity_holds_for_the_day_whatever_is_run_twice(start):
    campaign = start(limits={"capacity": {"email": 2}})
    assert campaign.send(0).waiting == {"capacity": 3}
    assert campaign.send(0).count("sent") == 0
    assert campaign.send(1).count("sent") == 2
    assert campaign.send(2).count("sent") == 1
    assert campaign.own.got == [(f"C{i}", 0) for i in range(5)]


def test_closed_days_send_nothing(start):
    campaign = start(limits={"no_contact_on": ["tue"], "late_days": 1})
    assert campaign.send(1).waiting == {"closed day": 5}
    assert campaign.own.got == []


def test_caps_and_quiet_days_count_what_others_sent_since(start):
    campaign = start(
        limits={"caps": [{"contacts": 1, "days": 3}], "quiet_days": 2, "late_days": 30},
    )
    other = small_plan(3, campaign="spring", held=0)
    campaign.ledger.approve(other, now=noon(-1))
    claims = campaign.ledger.claim("spring", "email", DAY, now=NOON)
    campaign.ledger.sent(claims, now=NOON)
    assert campaign.send(0).waiting == {"quiet": 2}
    assert campaign.send(2).waiting == {"quiet": 2}
    assert campaign.send(3).count("sent") == 5  # two first mails, and three second ones: the cap is over
    assert campaign.own.got[3:] == [("C0", 0), ("C1", 0), ("C2", 1), ("C3", 1), ("C4", 1)]


def test_a_failure_does_not_count_against_its_own_next_try(start):
    campaign = start(limits={"caps": [{"contacts": 1, "days": 30}]})
    campaign.own.answers = lambda c: Result(
        c.key, "failed" if len(campaign.own.batches) == 1 else "sent", "no"
    )
    sent = campaign.send(0)
    assert sent.count("sent") == 5
    assert sent.tries == 10
    assert sent.details == {"no": 5}


def test_a_policy_that_is_not_what_was_approved_is_refused(winter):
    other = dict(MAILS, content={"text": "Buy!"})
    policy = make_policy(
        {"campaign": "winter", "scores": "s.csv", "start": "2026-01-05", "actions": [CALL, other]},
        folder=winter.policy.folder,
    )
    with pytest.raises(ConfigError, match=r"mails is not as it was approved. Given: other: content"):
        send(policy, winter.ledger, on=DAY, now=NOON)


def test_a_ledger_with_contacts_for_the_held_out_is_refused(winter, monkeypatch):
    arms = winter.ledger.assignments("winter")
    arms.loc[arms["customer"] == "C0", "arm"] = "holdout"
    monkeypatch.setattr(winter.ledger, "assignments", lambda name: arms)
    with pytest.raises(DataError, match="held out"):
        winter.send(0)
    assert winter.own.got == []


def test_files_get_what_the_policy_names_and_the_ledger_gets_no_contact_data(start):
    campaign = start(delivery={"email": FILES})
    campaign.send(0, channels=None)
    (file,) = (campaign.policy.folder / "out").glob("*.csv")
    frame = pd.read_csv(file)
    assert frame["email"].tolist() == [f"C{i}@x.example" for i in range(5)]
    assert b"x.example" not in (campaign.policy.folder / "campaigns.db").read_bytes()


def test_only_one_channel(winter):
    assert winter.send(0, channel="phone").due == []
    with pytest.raises(ParameterError, match="No action of the campaign goes over 'fax'"):
        winter.send(0, channel="fax")


@pytest.mark.postgres
def test_the_same_over_postgresql(start, postgres):
    campaign = start(ledger=postgres, limits={"capacity": {"email": 3}})
    campaign.ledger.respond("winter", [{"customer": "C1", "kind": "unsubscribed", "time": NOON}], now=NOON)
    campaign.own.answers = lambda c: Result(
        c.key, "failed" if len(campaign.own.batches) == 1 else "sent", "no"
    )
    sent = campaign.send(0)
    assert (sent.count("sent"), sent.tries) == (3, 6)
    assert sent.cancelled == {"suppressed": 1}
    assert sent.waiting == {"capacity": 1}
    assert campaign.send(0).count("sent") == 0
    assert [c for c, _ in campaign.own.got[3:]] == ["C0", "C2", "C3"]
    assert campaign.send(1).count("sent") == 1


def test_whoever_ordered_since_gets_no_later_contact(start, history, monkeypatch):
    orders = history.logs["orders"]
    last = pd.Series(orders.time).groupby(orders.customer).max()
    moment = int(last.max())
    ordered, silent = str(history.customers[last.idxmax()]), str(history.customers[last.idxmin()])
    first = pd.Timestamp(moment, unit="us", tz="UTC").normalize() - pd.Timedelta(days=1)
    campaign = start(
        customers=[ordered, silent, "last"],
        held=0,
        start=str(first.date()),
        consent={"required": False},
        delivery={"email": FILES},
        config="churn.yaml",
    )
    monkeypatch.setattr("churn.campaigns.delivery.reach.open_data", lambda policy: CustomerBase.of(history))

    def run(n):
        now = (first + pd.Timedelta(days=n, hours=12)).to_pydatetime()
        given = {"channels": {"email": campaign.own}, "now": now, "on": now.date()}
        return send(campaign.policy, campaign.ledger, yes=True, **given)

    people_now = run(0)
    assert people_now.count("sent") == 2
    assert "@" in campaign.own.batches[0][0].fields["email"]
    assert run(3).cancelled == {"ordered": 1}
    assert campaign.own.got[2:] == [(silent, 1)]


def test_an_erased_customer_whom_a_dead_run_had_in_hand_is_cancelled(start):
    winter = start(consent={"required": False})
    (claim,) = winter.ledger.claim("winter", "email", day(0), 1, "dies", 60, noon(0))
    winter.ledger.erase([claim.customer], now=noon(0))
    sent = winter.send(1, contacts=None)
    assert sent.cancelled == {"suppressed": 1}
    assert claim.customer not in {c for c, _ in winter.own.got}
    assert not any(c.startswith("erased-") for c, _ in winter.own.got)


def test_a_run_that_comes_too_late_changes_nothing_unless_it_is_told(winter):
    winter.send(3, yes=False)
    for n in (4, 300):
        warned = winter.send(n, yes=False).warnings
        assert "With --yes this is refused. No contact would go" in warned[0]
        with pytest.raises(
            ParameterError, match=r"5 contacts, the oldest due on 2026-01-05.*--cancel-late"
        ) as e:
            winter.send(n)
        assert e.value.code == "all-late"
    assert set(winter.states().values()) == {"due"}
    assert winter.send(300, cancel_late=True).cancelled == {"late": 5}
    assert winter.states()["C0", 0] == "cancelled"
    assert winter.own.got == []


def test_a_daily_run_cancels_what_had_to_wait_until_it_is_too_late(start):
    campaign = start(limits={"capacity": {"email": 2}, "late_days": 1})
    for n in range(3):
        campaign.send(n)
    assert sorted(campaign.own.got) == [("C0", 0), ("C1", 0), ("C2", 0), ("C3", 0)]
    assert campaign.states()["C4", 0] == "cancelled"  # though nothing went that day


def test_a_run_that_broke_off_in_the_middle_is_refused_too(winter):
    winter.send(0)
    with pytest.raises(ParameterError, match="due on 2026-01-08"):
        winter.send(30)
    assert winter.states()["C0", 1] == "due"


def test_with_more_days_of_grace_they_go_late(start):
    campaign = start(limits={"late_days": 60})
    assert campaign.send(40).count("sent") == 5
