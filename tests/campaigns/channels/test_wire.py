"""Whatever the other side does, a request ends within its time and takes little memory."""

import gc
import logging
import threading
import time

import pytest

from churn.campaigns.channels.wire import Answer, NoAnswerError, Wire
from tests.campaigns.receiver import OK, Receiver, answer, certificate, saying, well

QUICK = 0.3  # of what never ends well
AMPLE = 10.0  # of what does, on a machine that is busy


def post(url, seconds=AMPLE):
    wire = Wire(url, seconds)
    start = time.monotonic()
    try:
        return wire.post(b"{}", {"Idempotency-Key": "k"})
    finally:
        wire.close()
        assert time.monotonic() - start < seconds + 3


def told(url, seconds=QUICK):
    with pytest.raises(NoAnswerError) as error:
        post(url, seconds)
    assert "127.0.0.1" not in str(error.value)
    return str(error.value)


def test_a_connection_is_used_again(receiver):
    wire = Wire(receiver.url(), AMPLE)
    for _ in range(3):
        assert wire.post(b"{}", {}) == Answer(200)
    wire.close()
    assert receiver.open_connections == 1


@pytest.mark.parametrize("status", [200, 204, 299, 302, 400, 500])
def test_the_status_is_told(receiver, status):
    receiver.behave = saying(b"HTTP/1.1 204 No\r\n\r\n" if status == 204 else answer(status, b"garbage"))
    assert post(receiver.url()).status == status


def test_redirects_are_not_followed_nor_read_to_their_end(receiver):
    def behave(connection, request):
        connection.sendall(b"HTTP/1.1 301 Gone\r\nLocation: http://127.0.0.1:1/other\r\n\r\n")
        for _ in range(2000):
            connection.sendall(b"x" * 100_000)

    receiver.behave = behave
    assert post(receiver.url()).status == 301
    assert len(receiver.requests) == 1


def test_an_endless_body_does_not_fill_the_memory(receiver):
    sent = []

    def behave(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sent.append(connection.send(b"x" * 100_000))

    receiver.behave = behave
    assert post(receiver.url()).status == 200
    assert sum(sent) < 20_000_000  # what the system's buffers took


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nlonger than it said",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_the_status_counts_however_the_body_ends(receiver, data):
    receiver.behave = saying(data, close=True)
    assert post(receiver.url()).status == 200


def test_a_body_that_drips_ends_with_the_time(receiver):
    def behave(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        receiver.drip(connection, b"x" * 1000)

    receiver.behave = behave
    assert post(receiver.url(), 1).status == 200


def test_nothing_is_answered(receiver):
    receiver.behave = lambda connection, request: receiver.hang(connection)
    assert told(receiver.url()) == "no answer within 0.3 s"


def test_headers_that_drip(receiver):
    receiver.behave = lambda connection, request: receiver.drip(connection, OK * 10, 0.05)
    assert told(receiver.url()) == "no answer within 0.3 s"


def test_headers_that_are_cut_off_by_the_time_are_no_answer(receiver):
    def behave(connection, request):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
        receiver.hang(connection)

    receiver.behave = behave
    assert told(receiver.url()) == "no answer within 0.3 s"
    gc.collect()  # a socket that is left open is told here, and fails


def test_interim_answers_without_end(receiver):
    def behave(connection, request):
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    receiver.behave = behave
    assert told(receiver.url()) == "no answer within 0.3 s"


@pytest.mark.parametrize(
    "data",
    [b"SSH-2.0-OpenSSH_9.6\r\n", b"\0" * 100, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"],
)
def test_no_http(receiver, data):
    receiver.behave = saying(data, close=True)
    assert told(receiver.url(), AMPLE) == "answered with something that is not HTTP"


def test_closed_without_an_answer(receiver):
    receiver.behave = lambda connection, request: False
    assert told(receiver.url(), AMPLE) == "closed the connection without an answer"


def test_nobody_is_there():
    with Receiver(well) as gone:
        url = gone.url()
    assert told(url, AMPLE) == "no connection: it is refused, or the host cannot be reached"


def test_unknown_host():
    with pytest.raises(NoAnswerError, match="name is not known"):
        Wire("http://nowhere.invalid/hook", 5).post(b"{}", {})


def test_proxies_and_cookies_are_not_used(receiver, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    receiver.behave = saying(answer(200, b"", Set_Cookie="a=b"))
    wire = Wire(receiver.url(), AMPLE)
    assert wire.post(b"{}", {}).status == wire.post(b"{}", {}).status == 200
    wire.close()
    assert "cookie" not in receiver.requests[1].headers


def test_a_certificate_is_verified(tmp_path, monkeypatch):
    context, trusted = certificate(tmp_path)
    with Receiver(well, tls=context) as server:
        assert told(server.url(), AMPLE) == "its certificate cannot be verified, or it speaks no TLS"
        assert server.requests == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
        assert post(server.url(), AMPLE).status == 200
        server.behave = lambda connection, request: server.drip(connection, OK * 10, 0.05)
        assert told(server.url()) == "no answer within 0.3 s"


def test_a_certificate_for_another_host_is_refused(tmp_path, monkeypatch):
    context, trusted = certificate(tmp_path, name="127.0.0.2")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    with Receiver(well, tls=context) as server:
        assert "certificate" in told(server.url(), AMPLE)
        assert server.requests == []


def test_what_fails_on_our_side_is_not_laid_at_the_receiver_s_door(receiver, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    assert told(receiver.url().replace("http:", "https:"), AMPLE) == "the request could not be made (OSError)"


def test_no_tls_where_tls_is_expected(receiver):
    assert "speaks no TLS" in told(receiver.url().replace("http:", "https:"), AMPLE)


def test_a_handshake_that_never_ends(monkeypatch):
    with Receiver(well) as server:
        server.read = server.hang
        assert told(server.url().replace("http:", "https:")) == "no answer within 0.3 s"


def test_the_address_is_in_no_log(receiver, caplog):
    caplog.set_level(logging.DEBUG)
    receiver.behave = saying(b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n", close=True)
    post(receiver.url("/hook?token=geheim"))
    assert "geheim" not in caplog.text
    assert receiver.requests[0].line == "POST /hook?token=geheim HTTP/1.1"


def test_a_late_shutting_does_not_hit_the_next_request(receiver):
    wire = Wire(receiver.url(), 1)
    for _ in range(5):
        assert wire.post(b"{}", {}).status == 200
        time.sleep(0.05)
    time.sleep(1)
    assert wire.post(b"{}", {}).status == 200
    wire.close()
    assert receiver.open_connections == 1
    deadlines = [t for t in threading.enumerate() if isinstance(t, threading.Timer) and t.is_alive()]
    assert not [t for t in deadlines if not t.finished.is_set()]
