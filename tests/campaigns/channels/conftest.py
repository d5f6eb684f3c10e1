import datetime as dt

import pytest

from churn.campaigns.channels.base import Contact
from tests.campaigns.receiver import Receiver, well

DUE = dt.date(2026, 1, 5)
HOSTILE = [
    "=1+1",
    "<script>alert(1)</script>",
    "a\r\nX-Injected: 1",
    'say "hi", he said',
    "é😀",
    "x" * 10_000,
]


@pytest.fixture
def contact():
    def make(customer="C1", key=None, step=0, **more):
        values = {"campaign": "winter", "action": "mail", "channel": "email", "due": DUE} | more
        return Contact(
            customer=customer, step=step, key=f"{customer}-{step}" if key is None else key, **values
        )

    return make


@pytest.fixture
def receiver():
    with Receiver(well) as made:
        yield made
