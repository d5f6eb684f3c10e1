"""Every topic of the catalogue can be told, of a shop with every table and of a subscription business."""

import math
import re

import numpy as np
import pandas as pd
import pytest

import churn
from churn.features.catalogue import catalogue
from churn.features.compute import feature_matrix
from churn.model.explain import explain_rows
from churn.model.reasons.registry import tell, teller_of
from churn.model.reasons.stories import Stories, topic_of
from churn.model.reasons.words import Facts, Setting

ONE_WAY = {"season", "acquisition"}  # may have nothing to tell downwards in a small sample


@pytest.fixture(scope="module")
def software():
    """A software company: subscriptions, usage, tickets with everything, surveys, promised deliveries, discounts."""
    rng = np.random.default_rng(5)
    start, n = pd.Timestamp("2023-01-01", tz="UTC"), 300

    def rows(size, days=700):
        time = start + pd.to_timedelta(rng.uniform(0, days, size), unit="D")
        return pd.DataFrame({"customer": rng.integers(0, n, size), "time": time.round("s")})

    def after(time, scale, share):
        wait = pd.to_timedelta(rng.exponential(scale, len(time)), unit="D").round("s")
        return (time + wait).where(rng.random(len(time)) < share)

    orders = rows(3000)
    orders["amount"] = rng.gamma(2, 30, len(orders)).round(2)
    orders["discount"] = np.where(rng.random(len(orders)) < 0.3, 5.0, 0.0)
    orders["channel"] = rng.choice(["web", "store"], len(orders))
    orders["promised"] = orders["time"] + pd.Timedelta(3, "D")
    orders["delivered"] = after(orders["time"], 3, 0.98)
    tickets = rows(900).rename(columns={"time": "opened"})
    tickets.insert(0, "ticket_id", range(len(tickets)))
    tickets["is_complaint"] = rng.random(len(tickets)) < 0.5
    tickets["category"] = rng.choice(["bill", "login"], len(tickets))
    for column, scale, share in (
        ("first_reply", 3, 0.8), ("resolved", 6, 0.8), ("reopened", 20, 0.3), ("escalated", 9, 0.3),
    ):  # fmt: skip
        tickets[column] = after(tickets["opened"], scale, share)
    tickets["satisfaction"] = rng.integers(1, 6, len(tickets)).astype(float)
    interactions = rows(5000)
    interactions["kind"] = rng.choice(["app login", "email_open"], len(interactions), p=[0.8, 0.2])
    interactions["channel"] = rng.choice(["app", "web"], len(interactions))
    surveys = rows(900)
    surveys["kind"] = "nps"
    surveys["answered"] = after(surveys["time"], 3, 0.6)
    surveys["score"] = rng.integers(0, 11, len(surveys)).astype(float)
    subscriptions = rows(900)
    subscriptions["plan"] = rng.choice(["basic", "gold"], len(subscriptions))
    subscriptions["price"] = np.where(subscriptions["plan"] == "gold", 30.0, 10.0)
    subscriptions["renews"] = subscriptions["time"] + pd.Timedelta(365, "D")
    subscriptions["is_failed_payment"] = rng.random(len(subscriptions)) < 0.2
    returns = rows(400)
    returns["amount"] = 20.0
    return churn.make_history(
        orders,
        returns=returns,
        tickets=tickets,
        interactions=interactions,
        surveys=surveys,
        subscriptions=subscriptions,
        customers=pd.DataFrame({"customer": range(n), "industry": rng.choice(["retail", "bank"], n)}),
        segments=["industry"],
    )


def sentences(history, sign):
    """All sentences of everybody, by topic, where every signal pushes the same way."""
    signals = catalogue(history)
    view = history.as_of(history.closing)
    X = feature_matrix(view, np.arange(len(history.customers)), signals)
    C = np.full((len(X), len(signals) + 1), sign * 0.2)
    found = {topic_of(s): set() for s in signals}
    for e in explain_rows(Setting(signals, view.instant, history.timezone, "£"), X, C, whole=True):
        for p in e.pushes:
            found[p.topic] |= {p.text} - {""}
    return found


@pytest.mark.parametrize("which", ["shop", "software"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_every_topic_is_told_for_somebody(which, sign, history, software):
    found = sentences(history if which == "shop" else software, sign)
    if which == "software":
        assert {"survey:nps", "plan", "renewal", "payments", "discount", "deliveries", "reopened"} <= set(
            found
        )
    untold = {topic for topic, texts in found.items() if not texts}
    assert untold <= (ONE_WAY if sign < 0 else set())
    wrong = re.compile(
        r"\bnan\b|\binf\b|[{}|]|\b(?:0|[2-9]|\d\d+) (?:day|order|ticket|product|return|complaint)\b"
        r"|\b1 (?:days|orders|tickets|products|returns|complaints)\b| -\d|  "
    )
    for texts in found.values():
        for text in texts:
            assert not wrong.search(text), text
            assert text[0].isupper() or text[0].isdigit(), text
            assert ("raises" not in text) if sign < 0 else ("lowers" not in text)


def test_no_topic_of_the_catalogue_is_without_a_teller():
    for topic in {topic_of(s) for s in catalogue()}:
        assert teller_of(topic, "up"), topic
        assert teller_of(topic, "down"), topic


def test_every_topic_copes_with_nothing_known():
    stories = Stories(catalogue())
    facts = Facts(Setting(stories.signals, 0), stories.where, [math.nan] * len(stories.signals))
    for topic in stories.topics:
        for direction in ("up", "down"):
            for plain in (False, True):
                assert tell(topic, direction, facts, plain=plain) is None, (topic, direction)
