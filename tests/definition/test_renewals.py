from __future__ import annotations

import json

import yaml

from churn.definition.renewals import read_renewals
from tests.features.oracle import DAY, Tables, instant
from tests.features.tables import history_of, orders

START = instant("2024-01-01")


def history_with(subscriptions):
    return history_of(Tables(orders(START, START + 400 * DAY), subscriptions=subscriptions))


def test_grace_covers_the_renewals_that_come_at_all():
    rows = []
    for i in range(100):  # due on day 30; renewed on day 30 + i // 10, so up to 9 days late
        rows.append({"customer": i, "time": START, "event": "start", "renews": START + 30 * DAY})
        rows.append({"customer": i, "time": START + (30 + i // 10) * DAY, "event": "renewal", "renews": None})
    start = {"time": START, "event": "start"}
    rows += [{"customer": i, **start, "renews": START + 30 * DAY} for i in range(100, 120)]  # never renewed
    rows += [
        {"customer": i, **start, "renews": START + 390 * DAY} for i in range(120, 130)
    ]  # not due for 90 days
    found = read_renewals(history_with(rows))
    assert found is not None
    assert (found.subscriptions, found.dates_passed, found.renewed_after) == (130, 120, 100)
    assert found.grace_days == 9
    assert "83 % of 120 renewal dates were followed" in str(found)
    assert "grace_days 9" in str(found)
    assert yaml.safe_load(found.yaml(60))["definition"] == {
        "kind": "subscription",
        "horizon_days": 60,
        "grace_days": 9,
        "ended_when": ["renewal"],  # one each here, and nothing follows: a person must look
    }
    assert "are they ends?" in found.yaml(60)


def test_events_after_which_nothing_follows_may_be_ends():
    rows = []
    for i in range(20):
        rows += [
            {"customer": i, "time": START, "event": "start", "subscription": name} for name in ("1", "2")
        ]
        rows.append({"customer": i, "time": START + 50 * DAY, "event": "cancelled", "subscription": "1"})
    found = read_renewals(history_with(rows))
    assert found is not None
    assert yaml.safe_load(found.yaml(60))["definition"]["ended_when"] == ["cancelled"]
    assert found.events == {"cancelled": (20, 1.0), "start": (40, 0.5)}
    assert found.ends == ("cancelled",)
    assert "'cancelled': 20 rows, the subscription's last one in 100 %: ended_when?" in str(found)
    assert "no renewal dates have passed" in str(found)
    json.dumps(found.to_dict())


def test_renewals_that_are_not_written_down_are_told():
    rows = [{"customer": i, "time": START, "event": "start", "renews": START + 30 * DAY} for i in range(30)]
    found = read_renewals(history_with(rows))
    assert found is not None
    assert found.grace_days is None
    assert "renewals are not written down, so leave grace_days away" in str(found)
    assert found.yaml(60) == ""


def test_without_subscriptions_there_is_nothing_to_say():
    assert read_renewals(history_of(Tables(orders(START, START + DAY)))) is None
