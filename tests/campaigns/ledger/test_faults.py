"""Real processes, killed at every step or running at once: no contact is lost, and none is a second one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from churn.campaigns.ledger import open_ledger
from tests.campaigns.ledger.conftest import small_plan
from tests.campaigns.ledger.worker import LEASE, MOMENTS, main

WORKER = Path(__file__).with_name("worker.py")


def start(url, receiver, where="nowhere", lease=60.0):
    command = [sys.executable, str(WORKER), url, str(receiver), where, "1", str(lease)]
    return subprocess.Popen(command, env=dict(os.environ))


def handed(receiver):
    return Counter(receiver.read_text().split())


def keys_of(url):
    with open_ledger(url) as ledger:
        frame = ledger.contacts("winter")
        return set(frame["key"]), frame["state"].unique().tolist()


@pytest.fixture
def due(url):
    with open_ledger(url) as ledger:
        ledger.approve(small_plan(customers=23, held=2))
    return url


def test_a_killed_worker_loses_nothing_and_a_key_stands_for_one_contact(due, tmp_path):
    receiver = tmp_path / "received"
    for where in MOMENTS:
        assert start(due, receiver, where, LEASE).wait(60) == -9, where
    time.sleep(LEASE)
    main(due, receiver, "nowhere")
    keys, states = keys_of(due)
    assert (len(keys), states) == (60, ["sent"])
    found = handed(receiver)
    assert set(found) == keys  # nothing lost, nothing that is not due
    assert max(found.values()) > 1  # only under the same key, by which the receiver knows


def test_workers_at_once_hand_over_each_contact_once(due, tmp_path):
    receiver = tmp_path / "received"
    workers = [start(due, receiver) for _ in range(3)]
    assert [w.wait(60) for w in workers] == [0] * 3
    keys, states = keys_of(due)
    assert handed(receiver) == dict.fromkeys(keys, 1)
    assert states == ["sent"]
