"""One HTTP request with a deadline for all of it, whatever the other side does."""

from __future__ import annotations

import contextlib
import http.client
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

READ_AT_MOST = 65_536  # of an answer's body; it decides nothing
_LOGGERS = ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry")  # they write whole URLs


@dataclass(frozen=True)
class Answer:
    """The status of an answer, and its ``Retry-After`` header."""

    status: int
    retry_after: str | None = None


class NoAnswerError(Exception):
    """No answer came, with the reason in words that name no address."""


class Wire:
    """A connection to one address, for one thread at a time, kept open between requests.

    Redirects are not followed, no proxy, cookie or password file of the environment is used, and certificates are
    always verified, by the bundle that ``REQUESTS_CA_BUNDLE`` names or the usual one.

    Parameters
    ----------
    url : str
        Where to; it is in no error and no log.
    seconds : float
        For a whole request: name, connection, TLS, and the answer to its last byte.
    """

    def __init__(self, url: str, seconds: float) -> None:
        self._url, self._seconds = url, seconds
        self._lock = threading.Lock()
        self._active = self._cut = False
        self._handle: socket.socket | None = None
        self._adapter = _adapter(self._hold)

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body; return what was answered.

        Raises
        ------
        NoAnswerError
            There was none within the time, or it was no HTTP.
        """
        request = requests.Request("POST", self._url, data=body, headers=dict(headers)).prepare()
        clean, response = False, None
        try:
            with self._deadline(), _quiet():
                # Not through a session: that one reads the whole body of a redirect, endless or not.
                response = self._adapter.send(
                    request,
                    stream=True,
                    timeout=self._seconds,
                    verify=os.environ.get("REQUESTS_CA_BUNDLE") or True,
                    proxies={},
                )
                if self._cut:  # to the library a connection that ends within the headers ends them
                    raise TimeoutError
                answer = Answer(response.status_code, response.headers.get("Retry-After"))
                clean = _drained(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
            raise NoAnswerError(self._words(error)) from None
        except (OSError, ValueError) as error:  # the socket was shut while it was read
            raise NoAnswerError(self._words(error)) from None
        finally:
            if not clean:
                if response is not None:  # what is not read to its end keeps the socket
                    response.close()
                self.close()
        return answer

    def close(self) -> None:
        """Close the connection; the next request opens one."""
        self._adapter.poolmanager.clear()
        with self._lock:
            if self._handle is not None:
                self._handle.close()
                self._handle = None

    def _hold(self, connected: socket.socket) -> None:
        with self._lock:
            if self._handle is not None:
                self._handle.close()
            self._handle = connected.dup()  # TLS takes the socket itself away, so another name for it
            if self._cut:
                _shut(self._handle)

    @contextlib.contextmanager
    def _deadline(self) -> Iterator[None]:
        """Shut the connection when the time is over: a time-out of reading starts anew with every byte."""
        timer = threading.Timer(self._seconds, self._end)
        timer.daemon = True
        with self._lock:
            self._active, self._cut = True, False
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._active = False

    def _end(self) -> None:
        with self._lock:
            if self._active:
                self._cut = True
                if self._handle is not None:
                    _shut(self._handle)

    def _words(self, error: BaseException) -> str:
        chain = list(_causes(error))
        if self._cut:
            return f"no answer within {self._seconds:g} s"
        if any(isinstance(e, (requests.exceptions.SSLError, urllib3.exceptions.SSLError)) for e in chain):
            return "its certificate cannot be verified, or it speaks no TLS"
        if any(isinstance(e, urllib3.exceptions.NameResolutionError) for e in chain):
            return "its host's name is not known"
        # A kind of time-out to urllib3; but so is one whose connecting took too long, and is told as such.
        if any(type(e) is urllib3.exceptions.NewConnectionError for e in chain):
            return "no connection: it is refused, or the host cannot be reached"
        if any(
            isinstance(e, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)) for e in chain
        ):
            return f"no answer within {self._seconds:g} s"
        if any(isinstance(e, (http.client.RemoteDisconnected, ConnectionError)) for e in chain):
            return "closed the connection without an answer"
        if any(isinstance(e, (urllib3.exceptions.HTTPError, http.client.HTTPException)) for e in chain):
            return "answered with something that is not HTTP"
        return f"the request could not be made ({type(chain[-1]).__name__})"


def _drained(response: requests.Response) -> bool:
    """Read the body, but not without end; return whether the connection may be used again."""
    try:
        read = response.raw.read(READ_AT_MOST + 1, decode_content=False)
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError):
        return False  # cut off, late or of the wrong length: the status was said before
    return len(read) <= READ_AT_MOST


def _shut(handle: socket.socket) -> None:
    with contextlib.suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]


def _adapter(hold: Callable[[socket.socket], None]) -> HTTPAdapter:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            hold(made)
            return made

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            made = super()._new_conn()
            hold(made)
            return made

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    return Adapter(pool_connections=1, pool_maxsize=1, max_retries=0)


_silent = threading.local()


class _Silence(logging.Filter):
    def filter(self, _: logging.LogRecord) -> bool:
        return not getattr(_silent, "on", False)


_SILENCE = _Silence()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the HTTP library from logging what this thread does: it writes addresses, which may hold a token."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_SILENCE)  # once, however often it is added
    _silent.on = True
    try:
        yield
    finally:
        _silent.on = False
