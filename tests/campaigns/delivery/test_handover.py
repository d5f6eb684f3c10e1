"""Handing over to what fails, hangs, repeats and lies, and while it is interrupted, killed or run twice."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from churn.campaigns.channels.base import Result
from churn.campaigns.delivery.handover import _outcome, backoff, interruptible
from churn.campaigns.delivery.sending import send
from tests.campaigns.ledger.conftest import NOON
from tests.campaigns.receiver import Receiver, answer, well
from tests.campaigns.sendings import DAY, FILES, SECRET, people, webhook_plan

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("status", "attempt", "wanted"),
    [
        ("sent", 5, "sent"),
        ("held", 5, "not tried"),
        ("rejected", 1, "dead"),
        ("failed", 4, "again later"),
        ("failed", 5, "dead"),
        ("failed", 6, "again later"),  # after it was revived
        ("failed", 10, "dead"),
    ],
)
def test_what_becomes_of_a_try(status, attempt, wanted):
    assert _outcome(Result("k", status), attempt, attempts=5) == wanted


def test_waits_grow_at_random_and_not_without_end():
    for attempt in (1, 3, 50):
        waits = {backoff(attempt) for _ in range(50)}
        assert len(waits) > 40
        assert min(waits) >= 0.5
        assert max(waits) <= 0.5 + min(2 * 2 ** (attempt - 1), 300)


def test_the_first_ctrl_c_lets_the_batch_end_and_the_second_does_not():
    before = signal.getsignal(signal.SIGINT)
    with interruptible() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_outside_the_main_thread_signals_are_left_alone():
    found = []

    def work():
        with interruptible() as stop:
            found.append(stop.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]


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
            "timeout_seconds": 1,
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


_RUN = """
import sys
from churn.campaigns import open_ledger, read_policy
from churn.campaigns.delivery.sending import send
from tests.campaigns.ledger.conftest import NOON
from tests.campaigns.sendings import people
policy = read_policy(sys.argv[1])
with open_ledger(policy) as ledger:
    sent = send(policy, ledger, on=NOON.date(), yes=True, now=NOON, contacts=people(sys.argv[2].split(",")))
print(sent.count("sent"))
"""
MANY = [f"C{i}" for i in range(450)]  # more than two batches


@pytest.fixture
def beside(start, monkeypatch, tmp_path):
    """Approve a campaign of many, and start a run of it in a process of its own."""
    monkeypatch.setenv("HOOK", SECRET)

    def starts(receiver):
        delivery = {"to": "webhook", "url": receiver.url(), "secret_env": "HOOK", "per_second": 1000}
        campaign = start(plan=webhook_plan(MANY, delivery))
        file = tmp_path / "winter.yaml"
        file.write_text(json.dumps(campaign.policy.plain() | {"delivery": {"email": delivery}}))
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        arguments = [sys.executable, "-c", _RUN, str(file), ",".join(MANY)]
        return campaign, subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, text=True)

    return starts


def test_two_runs_at_once_hand_every_contact_over_once(beside):
    with Receiver(well) as receiver:
        campaign, other = beside(receiver)
        while not receiver.requests and other.poll() is None:
            time.sleep(0.01)
        mine = campaign.send(0, channels=None, contacts=people(MANY)).count("sent")
        theirs = int(other.communicate(timeout=60)[0])
    assert mine + theirs == len(MANY)
    assert theirs >= 200
    assert Counter(r.headers["idempotency-key"] for r in receiver.requests).most_common(1)[0][1] == 1
    assert len(receiver.requests) == len(MANY)
    assert set(campaign.states().values()) == {"sent"}


def test_a_killed_run_loses_nobody_and_repeats_only_under_the_same_key(beside):
    killed = []

    def behave(connection, request):
        if len(receiver.requests) > 230 and not killed:
            killed.append(other.pid)
            os.kill(other.pid, signal.SIGKILL)
        return well(connection, request)

    with Receiver(behave) as receiver:
        campaign, other = beside(receiver)
        other.communicate(timeout=60)
        assert other.returncode == -signal.SIGKILL
        before = len(receiver.requests)
        states = Counter(campaign.states().values())
        assert (states["sent"], states["claimed"]) == (200, 200)  # a batch each
        later = {"now": NOON + dt.timedelta(hours=1), "channels": None, "contacts": people(MANY)}
        sent = send(campaign.policy, campaign.ledger, on=DAY, yes=True, **later)
    assert sent.count("sent") == 250
    keys = {r.customer: r.key for r in campaign.ledger.contacts("winter").itertuples()}
    seen = Counter(
        (json.loads(r.body)["data"]["customer"], r.headers["idempotency-key"]) for r in receiver.requests
    )
    assert set(seen) == set(keys.items())
    assert sum(seen.values()) == before + 250
    assert max(seen.values()) == 2
    assert set(campaign.states().values()) == {"sent"}


def test_a_channel_may_empty_its_batch_and_answer_one_by_one(winter):
    class Emptying:
        def deliver(self, batch):
            while batch:
                yield Result(batch.pop().key, "sent")

    winter.send(0, channels={"email": Emptying()})
    assert {s for (_, step), s in winter.states().items() if step == 0} == {"sent"}


@pytest.mark.parametrize("error", [RuntimeError, SystemExit])
def test_a_channel_that_ends_half_way_fails_the_batch_and_not_the_run(winter, error):
    class Failing:
        def deliver(self, batch):
            yield Result(batch[0].key, "sent")
            raise error("https://x.example/?token=geheim")

    sent = winter.send(0, channels={"email": Failing()})
    assert {s for (_, step), s in winter.states().items() if step == 0} == {"dead"}  # after all its tries
    assert error.__name__ in sent.warnings[0]
    assert "geheim" not in str(sent)
