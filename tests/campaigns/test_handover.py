import os
import signal
import threading

import pytest

from churn.campaigns.channels.base import Result
from churn.campaigns.handover import _outcome, backoff, interruptible


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
