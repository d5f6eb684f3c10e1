"""Hands the contacts of one channel over: claim, deliver, record, in batches; again after a while where it failed."""

from __future__ import annotations

import contextlib
import datetime as dt
import heapq
import os
import signal
import socket
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from churn.campaigns.channels.base import Contact, Result, settled, short
from churn.errors import ChurnError
from churn.progress import report

if TYPE_CHECKING:
    from churn.campaigns.channels.make import Route
    from churn.campaigns.ledger import Claim, Ledger

STOP_AFTER = 20  # contacts in a row of which none is taken: then it is the receiver, and not the contacts
PATIENCE_SECONDS = 120.0  # in one run; what is to be tried later is left to the next
_LONGEST_WAIT_SECONDS = 3600.0


@dataclass
class Tally:
    """What came of one channel.

    Attributes
    ----------
    outcomes : dict
        By key the action and what came of it at last: sent, again later, dead, cancelled, not tried, or in hand of
        another run.
    tries : int
        How many there were in all.
    details : collections.Counter
        Why contacts were not taken, with how many tries each.
    warnings : list of str
        What is wrong with what the channel answers.
    stopped : str
        Why the run ended before all were tried.
    """

    outcomes: dict[str, tuple[str, str]] = field(default_factory=dict)
    tries: int = 0
    details: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    stopped: str = ""


@dataclass(frozen=True)
class Work:
    """What is handed over, and the means.

    Attributes
    ----------
    ledger : Ledger
        That knows the contacts.
    campaign, channel : str
        Whose, and over what.
    on : date
        The day that is worked on.
    route : Route
        The channel.
    contact : callable
        Makes the contact of a claim.
    refused : callable
        Tells who of some customers may not be contacted after all, at the last moment.
    clock : callable
        The time, with its zone.
    wait : callable
        Seconds before the next try, by the number of the last.
    """

    ledger: Ledger
    campaign: str
    channel: str
    on: dt.date
    route: Route
    contact: Callable[[Claim], Contact]
    refused: Callable[[Sequence[str]], set[str]]
    clock: Callable[[], dt.datetime]
    wait: Callable[[int], float]
    patience: float = PATIENCE_SECONDS


def hand_over(work: Work, keys: Sequence[str], stop: threading.Event) -> Tally:
    """Hand over the contacts of some keys, in their order; every batch is recorded before the next is claimed.

    Parameters
    ----------
    work : Work
        The means.
    keys : sequence of str
        Of the contacts; those that another worker has in hand are left to it.
    stop : threading.Event
        When set, no further batch is begun.
    """
    tally, run = Tally(), _Run(work, keys)
    total = len(keys)
    while run.left() and not stop.is_set():
        batch = run.next_batch(stop)
        if not batch:
            break
        run.deliver(batch, tally)
        report(f"Handing over contacts over {work.channel}", total - len(run.left()), total)
        if len(run.in_vain) >= STOP_AFTER:
            tally.stopped = (
                f"none of the last {len(run.in_vain)} contacts was taken, so no others are tried now"
            )
            break
    if stop.is_set() and not tally.stopped:
        tally.stopped = "interrupted"
    return tally


class _Run:
    """The contacts that wait, those that wait for another try, and how long nothing was taken."""

    def __init__(self, work: Work, keys: Sequence[str]) -> None:
        self.work, self.fresh = work, list(keys)[::-1]
        self.again: list[tuple[dt.datetime, str]] = []
        self.in_vain: set[str] = set()  # keys, since something was taken
        self.end = time.monotonic() + work.patience

    def left(self) -> list[Any]:
        """Return what this run still tries."""
        return [*self.fresh, *self.again]

    def next_batch(self, stop: threading.Event) -> list[str]:
        """Return the keys that are to be tried next, after waiting where all have to wait; none at the end."""
        size = self.work.route.batch
        now = self.work.clock()
        ready: list[str] = []
        while self.again and self.again[0][0] <= now and len(ready) < size:
            ready.append(heapq.heappop(self.again)[1])
        while self.fresh and len(ready) < size:
            ready.append(self.fresh.pop())
        if ready or not self.again:
            return ready
        seconds = (self.again[0][0] - now).total_seconds()
        if time.monotonic() + seconds > self.end:
            return []
        report(f"Waiting for another try over {self.work.channel}")
        stop.wait(max(seconds, 0.001))
        return [] if stop.is_set() else self.next_batch(stop)

    def deliver(self, keys: Sequence[str], tally: Tally) -> None:
        """Claim, check once more, hand over, record."""
        work = self.work
        ledger, route = work.ledger, work.route
        claims = ledger.claim(
            work.campaign,
            work.channel,
            work.on,
            limit=len(keys),
            worker=f"{socket.gethostname()}:{os.getpid()}",
            lease_seconds=2 * route.seconds + 60,
            now=work.clock(),
            keys=keys,
        )
        for key in set(keys) - {c.key for c in claims}:
            tally.outcomes[key] = ("", "in hand")
        refused = work.refused([c.customer for c in claims])
        out = [c for c in claims if c.customer in refused]
        ledger.cancelled(out, "suppressed", now=work.clock())
        tally.outcomes |= {c.key: (c.action, "cancelled") for c in out}
        claims = [c for c in claims if c.customer not in refused]
        if not claims:
            return
        results = self._results([work.contact(c) for c in claims], tally)
        self._record(claims, {r.key: r for r in results}, tally)

    def _results(self, batch: Sequence[Contact], tally: Tally) -> list[Result]:
        try:
            # It gets a list of its own, which it may empty; and it may be a generator, which works when it is read.
            results, wrong = settled(batch, self.work.route.channel.deliver(list(batch)))
        except ChurnError as error:
            tally.warnings.append(str(error))
            return [Result(c.key, "failed", short(error.what)) for c in batch]
        except OSError as error:
            told = f"{type(error).__name__}: {(error.strerror or '').lower()}".rstrip(": ")
            return [Result(c.key, "failed", short(told)) for c in batch]
        except (Exception, SystemExit) as error:
            # Its message may hold an address or a secret, so only its kind and its place are told.
            told = f"{type(error).__name__} in {_place(error)}"
            tally.warnings.append(f"The channel {self.work.channel} raised {told}.")
            return [Result(c.key, "failed", short(told)) for c in batch]
        tally.warnings += [f"The channel {self.work.channel}: {text}." for text in wrong]
        return results

    def _record(self, claims: Sequence[Claim], results: dict[str, Result], tally: Tally) -> None:
        ledger, now = self.work.ledger, self.work.clock()
        groups: dict[str, list[Claim]] = {"sent": [], "again later": [], "dead": [], "not tried": []}
        retry: dict[str, dt.datetime] = {}
        for claim in claims:
            result = results[claim.key]
            outcome = _outcome(result, claim.attempt, self.work.route.attempts)
            groups[outcome].append(claim)
            if outcome in ("again later", "not tried"):
                seconds = max(result.retry_after or 0.0, self.work.wait(claim.attempt))
                retry[claim.key] = now + dt.timedelta(seconds=min(seconds, _LONGEST_WAIT_SECONDS))
                heapq.heappush(self.again, (retry[claim.key], claim.key))
            if result.status == "sent":
                self.in_vain.clear()
            elif result.status != "held":
                self.in_vain.add(claim.key)
                tally.details[result.detail or "no reason given"] += 1
            tally.outcomes[claim.key] = (claim.action, outcome)
            tally.tries += outcome != "not tried"
        details = {key: r.detail for key, r in results.items()}
        held = {key: f"not tried: {text}" for key, text in details.items()}
        ledger.sent(groups["sent"], details, now=now)
        ledger.failed(groups["again later"], details, retry, now=now)
        ledger.failed(groups["not tried"], held, retry, now=now)
        ledger.dead(groups["dead"], details, now=now)


def _outcome(result: Result, attempt: int, attempts: int) -> str:
    if result.status == "sent":
        return "sent"
    if result.status == "held":
        return "not tried"
    # A dead letter that is revived gets as many tries again.
    dead = result.status == "rejected" or attempt % attempts == 0
    return "dead" if dead else "again later"


def backoff(attempt: int) -> float:
    """Return the seconds before the next try: a random number up to 2, 4, 8 and so on, 5 minutes at most.

    Parameters
    ----------
    attempt : int
        Number of the last try, from 1.
    """
    import tenacity

    state = tenacity.RetryCallState(retry_object=tenacity.Retrying(), fn=None, args=(), kwargs={})
    state.attempt_number = attempt
    return 0.5 + tenacity.wait_random_exponential(multiplier=2, max=300)(state)


@contextlib.contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets, so that the batch in hand is finished; a second one breaks off."""
    stop = threading.Event()

    def first(number: int, frame: Any) -> None:
        if stop.is_set():
            signal.default_int_handler(number, frame)
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, first)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "site-packages" not in f.filename and "churn/campaigns" not in f.filename]
    last = (own or frames)[-1]
    return f"line {last.lineno} of {Path(last.filename).name}"
