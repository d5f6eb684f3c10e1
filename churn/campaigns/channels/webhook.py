"""A webhook: one signed HTTPS request per contact, with the contact's key."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import email.utils
import ipaddress
import json
import math
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from churn.campaigns.channels.base import Contact, Result
from churn.errors import ConfigError
from churn.version import __version__

if TYPE_CHECKING:
    from churn.campaigns.channels.wire import Answer, Wire

THREADS = 8
RETRY_AFTER_AT_MOST = 3600.0  # seconds: a receiver cannot put a contact off for ever
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")


class WebhookChannel:
    """Posts each contact to an address, signed as Standard Webhooks say.

    Parameters
    ----------
    url : str
        HTTPS, or HTTP to this machine alone.
    secret : str
        The signing secret, ``whsec_`` and base64 of 24 to 64 bytes.
    per_second : float, default 10
        Requests, at most.
    timeout_seconds : float, default 10
        Of one whole request.

    Notes
    -----
    A status of 200 to 299 counts as taken, whatever its body says or however it ends. 408, 425, 429 and 500 to 599, and
    no answer in time, count as failed: to be tried again with the same key. Any other status, a redirect among them, is
    rejected. Signature: https://www.standardwebhooks.com, HMAC-SHA256 over id, time and body.

    Raises
    ------
    ConfigError
        The address is not one, is neither HTTPS nor on this machine, or the secret is none.
    """

    def __init__(
        self, url: str, secret: str, *, per_second: float = 10.0, timeout_seconds: float = 10.0
    ) -> None:
        from standardwebhooks import Webhook

        self._url = checked_url(url)
        _check_bundle(os.environ.get("REQUESTS_CA_BUNDLE"))
        self._sign = Webhook(checked_secret(secret)).sign
        self._timeout, self._slots = timeout_seconds, Slots(per_second)
        self._threads = max(1, min(THREADS, math.ceil(per_second)))
        self._wires: queue.SimpleQueue[Wire] = queue.SimpleQueue()

    def __repr__(self) -> str:
        return "WebhookChannel(...)"

    def seconds(self, contacts: int) -> float:
        """Return how long a batch of so many contacts takes at most."""
        rounds = math.ceil(contacts / self._threads)
        return rounds * (self._timeout + 1) + contacts / self._slots.per_second + 5

    def deliver(self, batch: Sequence[Contact]) -> list[Result]:
        """Post each contact; those for which the time does not suffice are held."""
        end = time.monotonic() + self.seconds(len(batch))
        with ThreadPoolExecutor(self._threads, "churn-webhook") as pool:
            try:
                return list(pool.map(lambda c: self._one(c, end), batch))
            finally:
                pool.shutdown(cancel_futures=True)
                self._close()

    def _one(self, contact: Contact, end: float) -> Result:
        if not _KEY.fullmatch(contact.key):
            return Result(contact.key, "rejected", "its key does not fit into a header")
        wait = self._slots.wait_until(end - self._timeout)
        if wait is not None:
            return Result(contact.key, "held", "the receiver asked for a pause", retry_after=wait)
        body = body_of(contact)
        now = dt.datetime.now(dt.UTC)
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"churn/{__version__}",
            "Idempotency-Key": contact.key,
            "webhook-id": contact.key,
            "webhook-timestamp": str(math.floor(now.timestamp())),
            "webhook-signature": self._sign(msg_id=contact.key, timestamp=now, data=body),
        }
        from churn.campaigns.channels.wire import NoAnswerError

        wire = self._wire()
        try:
            answer = wire.post(body.encode("ascii"), headers)
        except NoAnswerError as error:
            return Result(contact.key, "failed", str(error))
        finally:
            self._wires.put(wire)
        return self._judged(contact.key, answer, now)

    def _judged(self, key: str, answer: Answer, now: dt.datetime) -> Result:
        status = answer.status
        if 200 <= status < 300:
            return Result(key, "sent", f"answered {status}")
        if status in (408, 425, 429) or status >= 500 or status < 200:
            after = retry_after(answer.retry_after, now)
            if after is not None and status in (429, 503):
                self._slots.pause(after)
            return Result(key, "failed", f"answered {status}", retry_after=after)
        where = ", a redirect, which is not followed" if status < 400 else ""
        return Result(key, "rejected", f"answered {status}{where}")

    def _wire(self) -> Wire:
        from churn.campaigns.channels.wire import Wire

        try:
            return self._wires.get_nowait()
        except queue.Empty:
            return Wire(self._url, self._timeout)

    def _close(self) -> None:
        while not self._wires.empty():
            self._wires.get_nowait().close()


class Slots:
    """Gives each request its time, so that no more than so many start per second, over all threads.

    Parameters
    ----------
    per_second : float
        Requests.
    clock, sleep : callable
        Of the system; others in tests.
    """

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.per_second = per_second
        self._clock, self._sleep = clock, sleep
        self._lock, self._next = threading.Lock(), 0.0

    def wait_until(self, latest: float) -> float | None:
        """Wait for the next slot; return None, or the seconds up to it where it lies after `latest`."""
        with self._lock:
            now = self._clock()
            slot = max(now, self._next)
            if slot > latest:
                return slot - now
            self._next = slot + 1 / self.per_second
        if slot > now:
            self._sleep(slot - now)
        return None

    def pause(self, seconds: float) -> None:
        """Give no slot for some seconds."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)


def body_of(contact: Contact) -> str:
    r"""Return a contact as JSON: the same text at every try, ASCII, and without what HTML would read as a tag.

    Examples
    --------
    >>> body_of(Contact("winter", "<b>é", 0, "mail", "email", dt.date(2026, 1, 5), "k1"))[57:130]
    '"data":{"key":"k1","campaign":"winter","customer":"\\u003cb\\u003e\\u00e9","'
    """
    moment = f"{contact.due.isoformat()}T00:00:00Z"
    text = json.dumps(
        {"type": "contact.due", "timestamp": moment, "data": contact.plain()}, separators=(",", ":")
    )
    return re.sub("[<>&]", lambda m: f"\\u{ord(m[0]):04x}", text)


def retry_after(header: str | None, now: dt.datetime) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for, an hour at most; None where it says nothing.

    Parameters
    ----------
    header : str or None
        Seconds or a date (RFC 9110, 10.2.3).
    now : datetime
        With a time zone.

    Examples
    --------
    >>> now = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
    >>> retry_after("120", now), retry_after("Mon, 05 Jan 2026 12:00:30 GMT", now), retry_after("soon", now)
    (120.0, 30.0, None)
    """
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]+", text):
        return min(float(text[:9]), RETRY_AFTER_AT_MOST)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return min(max((moment - now).total_seconds(), 0.0), RETRY_AFTER_AT_MOST)


def checked_url(url: str) -> str:
    """Return a webhook's address, or raise a `ConfigError` that does not show it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(
            "The url of a webhook is not an address",
            allowed="such as https://crm.example/hooks/churn",
            fix="Mend it, or the environment variable that it comes from.",
            code="bad-url",
        )
    if parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)):
        return url
    raise ConfigError(
        "A webhook's address must be HTTPS",
        given=f"{parts.scheme}://",
        allowed="https://, and http:// to this machine alone (127.0.0.1, ::1, localhost)",
        fix="Use HTTPS: contact data would go over the network for all to read.",
        code="bad-url",
    )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def checked_secret(secret: str) -> str:
    """Return a signing secret, or raise a `ConfigError` that does not show it."""
    try:
        raw = base64.b64decode(_padded(secret.strip().removeprefix("whsec_")), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if 24 <= len(raw) <= 64:
        return secret.strip()
    raise ConfigError(
        "The webhook's signing secret is not one",
        allowed="whsec_ and base64 of 24 to 64 bytes, as Standard Webhooks say",
        fix="Make one with: python -c \"import base64, secrets; print('whsec_' + "
        'base64.b64encode(secrets.token_bytes(32)).decode())".',
        code="bad-secret",
    )


def _check_bundle(place: str | None) -> None:
    if place and not Path(place).exists():
        raise ConfigError(
            "The environment variable REQUESTS_CA_BUNDLE names certificates that are not there",
            given=place,
            fix="Correct it, or unset it to trust the usual authorities.",
            code="no-certificates",
        )


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


def secret_of(variable: str) -> str:
    """Return the signing secret from an environment variable.

    Raises
    ------
    ConfigError
        The variable is not set, or holds no secret.
    """
    secret = os.environ.get(variable, "")
    if secret:
        return checked_secret(secret)
    raise ConfigError(
        f"The environment variable {variable} is not set: it holds the webhook's signing secret",
        fix=f"Set {variable}; the receiver checks the signature with the same secret.",
        code="no-secret",
    )
