"""A campaign handed over through a real ledger, to real files and a real HTTP server that fails, hangs, repeats and lies."""

import base64
import datetime as dt
import json
import os
import signal
from collections import Counter

import pandas as pd
import pytest

from churn.campaigns.channels.base import Result
from churn.campaigns.ledger import open_ledger
from churn.campaigns.policy import make_policy
from churn.campaigns.sending import send
from churn.errors import ConfigError, DataError, ParameterError
from tests.campaigns.ledger.conftest import CALL, MAILS, NOON, SmallPlan, small_plan
from tests.campaigns.receiver import Receiver, answer, well

DAY = NOON.date()
SECRET = "whsec_" + base64.b64encode(b"a secret that nobody may see....").decode()
FILES = {"to": "files", "place": "out", "fields": ["email"]}


def day(n):
    return DAY + dt.timedelta(days=n)


def noon(n):
    return NOON + dt.timedelta(days=n)


def people(customers=8, **changed):
    ids = [f"C{n}" for n in range(customers)] if isinstance(customers, int) else customers
    frame = pd.DataFrame({"customer": ids, "email": [f"{i}@x.example" for i in ids], "consent": "yes"})
    for column, by_customer in changed.items():
        frame[column] = [by_customer.get(i, v) for i, v in zip(frame["customer"], frame[column], strict=True)]
    return frame


class Own:
    """A channel that keeps what it is handed."""

    def __init__(self, answers=None):
        self.batches, self.answers = [], answers or (lambda c: Result(c.key, "sent"))

    def deliver(self, batch):
        self.batches.append(list(batch))
        return [self.answers(c) for c in batch]

    @property
    def got(self):
        return [(c.customer, c.step) for b in self.batches for c in b]


class Campaign:
    """An approved campaign: C0 to C4 get three mails each on days 0, 3 and 7; C5 and C6 are held out."""

    def __init__(self, folder, plan=None, **changed):
        plan = plan or small_plan(**changed)
        plan.policy._folder = folder
        self.policy, self.ledger = plan.policy, open_ledger(plan.policy)
        self.ledger.approve(plan, now=NOON - dt.timedelta(days=1))
        self.own = Own()

    def send(self, n=0, *, yes=True, **more):
        given = {"contacts": people(), "channels": {"email": self.own, "phone": self.own}} | more
        return send(
            self.policy, self.ledger, on=day(n), yes=yes, now=noon(n), wait=lambda attempt: 0.01, **given
        )

    def states(self):
        rows = self.ledger.contacts("winter")
        return {(r.customer, r.step): r.state for r in rows.itertuples()}


@pytest.fixture
def winter(tmp_path):
    made = Campaign(tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def start(tmp_path):
    made = []

    def starts(**changed):
        made.append(Campaign(tmp_path, **changed))
        return made[-1]

    yield starts
    for campaign in made:
        campaign.ledger.close()


def test_each_contact_goes_on_its_day_once_and_the_held_out_never(winter):
    for n in range(10):
        winter.send(n)
        winter.send(n)
    wanted = [(f"C{i}", step) for step in range(3) for i in range(5)]
    assert winter.own.got == wanted
    assert {c.due for c in winter.own.batches[1]} == {day(3)}
    assert set(winter.states().values()) == {"sent"}
    assert winter.send(10).render().endswith("No later contact is due.")


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
    sent = campaign.send(late)
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
        winter.ledger.respond("winter", [{"customer": "C4", "kind": "unsubscribed", "time": NOON}], now=NOON)
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


def test_tries_end_as_a_dead_letter_and_dead_letters_can_be_sent_again(start):
    campaign = start(delivery={"email": FILES | {"attempts": 3}})
    campaign.own.answers = lambda c: Result(c.key, "failed", "answered 503")
    sent = campaign.send(0)
    assert (sent.count("dead"), sent.dead, sent.tries) == (5, 5, 15)
    assert "5 dead letters in the campaign" in sent.render()
    keys = Counter(c.key for b in campaign.own.batches for c in b)
    assert set(keys.values()) == {3}
    assert campaign.send(0).count("dead") == 0
    campaign.own.answers = lambda c: Result(c.key, "sent")
    assert campaign.send(9, yes=False, retry_dead=True).due[0]["contacts"] == 5  # dead letters are not late
    again = campaign.send(9, retry_dead=True)
    assert (again.revived, again.count("sent"), again.dead) == (5, 5, 0)
    assert {c.key for c in campaign.own.batches[-1]} == set(keys)


def test_a_pause_that_is_asked_for_is_left_to_the_next_run(winter):
    winter.own.answers = lambda c: Result(c.key, "failed", "answered 429", 300.0)
    sent = winter.send(0)
    assert sent.count("again later") == 5
    assert len(winter.own.batches) == 1
    assert winter.send(0).waiting == {"retry": 5}
    winter.own.answers = lambda c: Result(c.key, "sent")
    assert (
        send(
            winter.policy,
            winter.ledger,
            on=DAY,
            yes=True,
            now=NOON + dt.timedelta(seconds=400),
            channels={"email": winter.own},
            contacts=people(),
        ).count("sent")
        == 5
    )


def test_what_is_not_tried_does_not_die(start):
    campaign = start(delivery={"email": FILES | {"attempts": 1}})
    campaign.own.answers = lambda c: Result(c.key, "held", "asked for a pause", 999.0)
    assert campaign.send(0).count("not tried") == 5
    assert campaign.send(0).dead == 0


def test_a_receiver_that_is_not_well_stops_the_run(start):
    campaign = start(customers=220, held=0)
    campaign.own.answers = lambda c: Result(c.key, "rejected", "answered 401")
    sent = campaign.send(0, contacts=people(220))
    assert sent.count("dead") == 100  # one batch
    assert "none of the last 100 contacts was taken" in sent.stopped["email"]
    assert Counter(campaign.states().values())["due"] == 219 * 3 - 100


def test_what_a_channel_raises_is_a_failure_without_its_message(winter):
    class Raises:
        def deliver(self, batch):
            raise RuntimeError("https://x.example/?token=geheim refused C0@x.example")

    sent = winter.send(0, channels={"email": Raises()}, patience=0.5)
    assert sent.dead == 5
    assert "RuntimeError in line" in sent.warnings[0]
    everything = sent.render() + str(sent.to_dict()) + winter.ledger.contacts("winter").to_string()
    assert "geheim" not in everything
    assert "x.example" not in everything


def test_a_channel_that_answers_nonsense_is_told_and_its_contacts_are_not_lost(winter):
    class Odd:
        def deliver(self, batch):
            return [Result(batch[0].key, "sent"), Result("foreign", "sent"), "sent"]

    sent = winter.send(0, channels={"email": Odd()})
    assert sent.count("sent") == 5  # one by one, as each try takes the first
    assert any("results for contacts that it was not handed: 1" in w for w in sent.warnings)


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


def test_ctrl_c_ends_after_the_batch_and_the_next_run_goes_on(start):
    campaign = start(customers=220, held=0)

    def answers(c):
        if c.customer == "C0":
            os.kill(os.getpid(), signal.SIGINT)
        return Result(c.key, "sent")

    campaign.own.answers = answers
    first = campaign.send(0, contacts=people(220))
    assert first.interrupted
    assert first.count("sent") == 100
    second = campaign.send(0, contacts=people(220))
    assert second.count("sent") == 119
    assert len(set(campaign.own.got)) == len(campaign.own.got) == 219


def test_files_get_what_the_policy_names_and_the_ledger_gets_no_contact_data(start):
    campaign = start(delivery={"email": FILES})
    campaign.send(0, channels=None)
    (file,) = (campaign.policy.folder / "out").glob("*.csv")
    frame = pd.read_csv(file)
    assert frame["email"].tolist() == [f"C{i}@x.example" for i in range(5)]
    assert b"x.example" not in (campaign.policy.folder / "campaigns.db").read_bytes()


def hostile(receiver):
    """Answer badly a number of times, each key in its own way; then well, or never."""
    ways = {
        "C0": lambda c, r: c.sendall(answer(500)),
        "C1": lambda c, r: c.sendall(answer(429, Retry_After="0")),
        "C2": lambda c, r: receiver.hang(c, 5),
        "C3": lambda c, r: c.sendall(b"SSH-2.0-x\r\n"),
        "C4": lambda c, r: None,  # closes
        "C5": lambda c, r: c.sendall(answer(503, b"x" * 200_000)),
        "C6": lambda c, r: receiver.drip(c, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0.05),
    }
    never = {
        "N0": lambda c, r: c.sendall(answer(400, b"<script>")),
        "N1": lambda c, r: c.sendall(answer(302, Location="http://evil.example/")),
        "N2": lambda c, r: c.sendall(answer(500)),
    }

    def behave(connection, request):
        customer = json.loads(request.body)["data"]["customer"]
        if customer in ways and request.number < 3:
            return ways[customer](connection, request)
        if customer in never:
            return never[customer](connection, request)
        return well(connection, request)

    return behave


def test_a_receiver_that_fails_hangs_repeats_and_lies_gets_every_contact_by_one_key(
    start, monkeypatch, capfd, caplog
):
    caplog.set_level("DEBUG")
    monkeypatch.setenv("HOOK", SECRET)
    customers = [f"C{i}" for i in range(10)] + [f"N{i}" for i in range(3)]
    with Receiver(well) as receiver:
        receiver.behave = hostile(receiver)
        delivery = {
            "to": "webhook",
            "url": receiver.url("/hook?token=geheim"),
            "secret_env": "HOOK",
            "fields": ["email"],
            "timeout_seconds": 0.25,
            "per_second": 1000,
            "attempts": 4,
        }
        campaign = start(plan=webhook_plan(customers, delivery))
        sent = campaign.send(0, channels=None, contacts=people(customers))
        requests = receiver.requests
    assert (sent.count("sent"), sent.count("dead"), sent.dead) == (10, 3, 3)
    keys = {r.customer: r.key for r in campaign.ledger.contacts("winter").itertuples()}
    seen = Counter(r.headers["idempotency-key"] for r in requests)
    assert seen == {keys[c]: 1 if c in ("C7", "C8", "C9", "N0", "N1") else 3 for c in customers} | {
        keys["N2"]: 4
    }
    states = campaign.states()
    assert {c for (c, _), s in states.items() if s == "dead"} == {"N0", "N1", "N2"}
    assert {c for (c, _), s in states.items() if s == "sent"} == {f"C{i}" for i in range(10)}
    told = capfd.readouterr()
    everything = (
        sent.render() + json.dumps(sent.to_dict()) + caplog.text + told.out + told.err + repr(campaign.policy)
    )
    stored = (campaign.policy.folder / "campaigns.db").read_bytes()
    for secret in ("geheim", SECRET, SECRET[6:], f"127.0.0.1:{receiver.port}", "@x.example", "<script>"):
        assert secret not in everything
        assert secret.encode() not in stored


def webhook_plan(customers, delivery):
    """One mail for each of these customers."""
    plan = small_plan([*customers, "last"], held=0, delivery={"email": delivery})
    mails = dict(MAILS, steps=[0])
    policy = make_policy(
        {
            "campaign": "winter",
            "scores": "s.csv",
            "start": "2026-01-05",
            "actions": [CALL, mails],
            "delivery": {"email": delivery},
        }
    )
    return SmallPlan(policy, plan.customers.assign(contacts=1))


def test_nobody_is_there(start, monkeypatch):
    monkeypatch.setenv("HOOK", SECRET)
    with Receiver(well) as gone:
        url = gone.url()
    delivery = {"to": "webhook", "url": url, "secret_env": "HOOK", "timeout_seconds": 0.3, "attempts": 2}
    campaign = start(plan=webhook_plan(["C0"], delivery))
    sent = campaign.send(0, channels=None)
    assert (sent.dead, sent.tries) == (1, 2)
    assert list(sent.details) == ["no connection: it is refused, or the host cannot be reached"]


def test_contacts_of_a_dead_run_go_out_with_their_keys_when_its_lease_is_over(winter):
    claims = winter.ledger.claim("winter", "email", DAY, now=NOON, lease_seconds=600)
    assert winter.send(0).waiting == {"in hand": 5}
    sent = send(
        winter.policy,
        winter.ledger,
        on=DAY,
        yes=True,
        now=NOON + dt.timedelta(seconds=601),
        channels={"email": winter.own},
        contacts=people(),
    )
    assert sent.count("sent") == 5
    assert {c.key for c in winter.own.batches[0]} == {c.key for c in claims}


def test_only_one_channel(winter):
    assert winter.send(0, channel="phone").due == []
    with pytest.raises(ParameterError, match="No action of the campaign goes over 'fax'"):
        winter.send(0, channel="fax")
