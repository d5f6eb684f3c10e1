import base64
import datetime as dt
import json
import time

import pytest
from standardwebhooks import Webhook

from churn.campaigns.channels.webhook import (
    RETRY_AFTER_AT_MOST,
    Slots,
    WebhookChannel,
    checked_url,
    retry_after,
    secret_of,
)
from churn.errors import ConfigError
from tests.campaigns.channels.conftest import HOSTILE
from tests.campaigns.receiver import answer, saying

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
NOW = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


def channel(url, **more):
    return WebhookChannel(url, SECRET, **({"per_second": 1000, "timeout_seconds": 10} | more))


def outcome(results):
    return [(r.key, r.status) for r in results]


def test_a_receiver_can_check_what_it_gets(receiver, contact):
    batch = [contact(c, f"k{i}", fields={"email": c}) for i, c in enumerate(HOSTILE)]
    assert outcome(channel(receiver.url()).deliver(batch)) == [(c.key, "sent") for c in batch]
    by_key = {r.headers["idempotency-key"]: r for r in receiver.requests}
    assert len(receiver.requests) == len(by_key) == len(batch)
    for one in batch:
        request = by_key[one.key]
        assert request.headers["webhook-id"] == one.key
        assert set(request.headers) == {
            "host",
            "content-type",
            "content-length",
            "accept-encoding",
            "user-agent",
            "idempotency-key",
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
        }
        body = Webhook(SECRET).verify(request.body, request.headers)
        assert body["data"] == one.plain()
        assert body["timestamp"] == "2026-01-05T00:00:00Z"
        assert b"<" not in request.body
        assert request.body.isascii()


def test_a_second_try_is_the_same_message(receiver, contact):
    receiver.behave = saying(answer(503))
    hook = channel(receiver.url())
    assert outcome(hook.deliver([contact("A", "a")])) == [("a", "failed")]
    receiver.behave = saying(answer(204))
    assert outcome(hook.deliver([contact("A", "a")])) == [("a", "sent")]
    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == "a"


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (200, "sent"),
        (202, "sent"),
        (299, "sent"),
        (101, "failed"),
        (301, "rejected"),
        (308, "rejected"),
        (400, "rejected"),
        (401, "rejected"),
        (408, "failed"),
        (425, "failed"),
        (429, "failed"),
        (500, "failed"),
        (599, "failed"),
    ],
)
def test_what_a_status_means(receiver, contact, status, wanted):
    receiver.behave = saying(answer(status, b'{"error": "for C1"}', Location="http://other.example/"))
    (result,) = channel(receiver.url()).deliver([contact("C1", "a")])
    assert result.status == wanted
    assert result.detail.startswith(f"answered {status}")
    assert "for C1" not in result.detail  # what the other side writes may be personal, and is stored


def test_a_time_out_fails_that_contact_and_no_other(receiver, contact):
    def behave(connection, request):
        if request.headers["idempotency-key"] == "a":
            receiver.hang(connection)
            return False
        connection.sendall(answer(200))
        return True

    receiver.behave = behave
    batch = [contact(c, c.lower()) for c in "ABCDE"]
    start = time.monotonic()
    assert [s for _, s in outcome(channel(receiver.url(), timeout_seconds=1).deliver(batch))] == [
        "failed"
    ] + 4 * ["sent"]
    assert time.monotonic() - start < 10


def test_a_pause_that_the_receiver_asks_for_holds_the_rest(receiver, contact):
    receiver.behave = saying(answer(429, Retry_After="600"))
    results = channel(receiver.url(), per_second=1).deliver([contact("A", "a"), contact("B", "b")])
    assert outcome(results) == [("a", "failed"), ("b", "held")]
    assert results[0].retry_after == 600
    assert 595 < results[1].retry_after <= 600
    assert len(receiver.requests) == 1


def test_a_short_pause_is_waited_for(receiver, contact):
    def behave(connection, request):
        first = len(receiver.requests) == 1
        connection.sendall(answer(429, Retry_After="0") if first else answer(200))
        return True

    receiver.behave = behave
    hook = channel(receiver.url())
    hook._threads = 1
    results = hook.deliver([contact("A", "a"), contact("B", "b")])
    assert outcome(results) == [("a", "failed"), ("b", "sent")]


def test_a_key_that_is_no_header_is_rejected(receiver, contact):
    results = channel(receiver.url()).deliver([contact("A", "a\r\nX: y"), contact("B", "")])
    assert [r.status for r in results] == ["rejected", "rejected"]
    assert receiver.requests == []


def test_requests_are_spread_over_time():
    now, slept = [100.0], []

    def sleep(seconds):
        slept.append(round(seconds, 6))
        now[0] += seconds

    slots = Slots(4, clock=lambda: now[0], sleep=sleep)
    assert [slots.wait_until(200) for _ in range(3)] == [None] * 3
    assert slept == [0.25, 0.25]
    slots.pause(10)
    assert slots.wait_until(105) == pytest.approx(10)  # not waited for
    assert slots.wait_until(200) is None
    assert slept[-1] == 10


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("17", 17),
        ("Mon, 05 Jan 2026 12:01:00 GMT", 60),
        ("Mon, 05 Jan 2026 11:00:00 GMT", 0),
        ("Mon, 05 Jan 2026 12:01:00", 60),
        ("9" * 5000, RETRY_AFTER_AT_MOST),
        ("Mon, 05 Jan 9999 12:00:00 GMT", RETRY_AFTER_AT_MOST),
        ("-5", None),
        ("1.5", None),
        ("", None),
        (None, None),
        ("Mon, 99 Jan 2026 12:00:00 GMT", None),
        ("٣", None),
    ],
)
def test_retry_after(header, seconds):
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(
    "url", ["https://crm.example/x?token=1", "http://127.0.0.1:9/", "http://[::1]/", "http://localhost/h"]
)
def test_addresses_that_may_be_used(url):
    assert checked_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/geheim",
        "http://127.0.0.1.evil.example/geheim",
        "http://localhost.evil.example/geheim",
        "http://user@evil.example@/geheim",
        "ftp://127.0.0.1/geheim",
        "file:///geheim",
        "geheim",
        "https://",
        "https:///geheim",
        "https://a:port/geheim",
        "https://[::1/geheim",
        "https://a.example/geheim\r\nX: y",
        "https://a.example/ge heim",
        "",
    ],
)
def test_addresses_that_may_not(url):
    with pytest.raises(ConfigError) as error:
        checked_url(url)
    assert "geheim" not in str(error.value)
    assert "evil" not in str(error.value)


@pytest.mark.parametrize(
    "secret", ["geheim", "whsec_", "whsec_geheim!geheim!geheim!geheim!geheim!", "a" * 31]
)
def test_a_secret_that_is_none_is_refused_and_not_shown(monkeypatch, secret):
    monkeypatch.setenv("HOOK", secret)
    with pytest.raises(ConfigError, match="signing secret is not one") as error:
        secret_of("HOOK")
    assert secret.removeprefix("whsec_") == "" or secret not in str(error.value)


def test_a_bundle_of_certificates_that_is_not_there_is_told_before_anything_is_sent(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    with pytest.raises(ConfigError, match="REQUESTS_CA_BUNDLE names certificates that are not there"):
        channel("https://crm.example/")


def test_a_secret_that_is_not_set_is_told():
    with pytest.raises(ConfigError, match="NO_SUCH_HOOK is not set"):
        secret_of("NO_SUCH_HOOK")


def test_a_channel_does_not_show_its_address_or_secret():
    made = repr(channel("https://crm.example/?token=geheim"))
    assert "geheim" not in made
    assert SECRET not in made


def test_a_batch_s_longest_time_covers_its_requests():
    hook = channel("https://crm.example/", per_second=10, timeout_seconds=10)
    assert hook.seconds(50) >= 50 / 8 * 10
    assert json.loads('"\\u003c"') == "<"
