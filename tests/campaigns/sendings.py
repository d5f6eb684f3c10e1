"""Small approved campaigns to hand over, with a channel that keeps what it is handed."""

from __future__ import annotations

import base64
import datetime as dt

import pandas as pd

from churn.campaigns.channels.base import Result
from churn.campaigns.delivery.sending import send
from churn.campaigns.ledger import open_ledger
from churn.campaigns.policy import make_policy
from tests.campaigns.ledger.conftest import CALL, MAILS, NOON, SmallPlan, small_plan

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
