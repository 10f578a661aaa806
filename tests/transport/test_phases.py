# SPDX-License-Identifier: Apache-2.0
"""The connection is cut at every phase of an exchange: what did the server see, and what is the caller told?

The rule: a send that the server saw, if only a part of it, is not repeated and ends as ``OutcomeUnknown``; one that
provably never left is repeated and ends as ``VendorUnavailable``; a read is repeated whatever happened.
"""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import pytest
from helpers.driving import Driver, Ended, Tiny
from helpers.raw_server import (
    Answer,
    RawServer,
    Wire,
    free_port,
    hang_up,
    reply,
    reset_connection,
    say,
    silence,
    then,
    trickle,
)
from helpers.timing import AT_ONCE

from airflow_provider_wa.api.errors import OutcomeUnknown, RateLimited, VendorUnavailable
from airflow_provider_wa.api.flow import Effect, Flow, Sleep
from airflow_provider_wa.transport import channel
from airflow_provider_wa.transport.channel import Endpoint
from airflow_provider_wa.transport.limiter import RateLimiter
from airflow_provider_wa.vendors.retry_policy import DEFAULT_POLICY, RepeatPolicy, seconds_before_repeat

pytestmark = pytest.mark.sockets

TRIES = DEFAULT_POLICY.tries
CONNECT_TIMEOUT, TIMEOUT = 0.05, 0.1
OK = b"HTTP/1.1 200 OK\r\n"
READS = ("GET", "POST")
"""Some vendors read by POST."""


def _reset_in_the_body(wire: Wire) -> None:
    wire.send(OK + b'Content-Length: 100\r\n\r\n{"ok": ')
    time.sleep(0.02)
    wire.reset()


BEFORE_A_REPLY: dict[str, Answer] = {
    "closed without a reply": hang_up,
    "reset without a reply": reset_connection,
    "cut in the status line": say(b"HTTP/1.1 20"),
    "cut in the headers": say(OK + b"Content-Ty"),
}

IN_THE_REPLY: dict[str, Answer] = {
    "another protocol's greeting": say(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "junk for a status": say(b"HTTP/1.1 yes OK\r\n\r\n"),
    "cut in the body": say(OK + b'Content-Length: 100\r\n\r\n{"ok": '),
    "reset in the body": _reset_in_the_body,
    "chunks without an end": say(OK + b'Transfer-Encoding: chunked\r\n\r\n7\r\n{"ok": \r\n'),
    "junk for a chunk": say(OK + b'Transfer-Encoding: chunked\r\n\r\nhello\r\n{"ok": \r\n'),
    "compressed data that is none": reply(b"no gzip !", content_encoding="gzip"),
}

SLOW: dict[str, Answer] = {
    "no reply in time": silence,
    "a body that trickles in": trickle(OK + b"Content-Length: 1000\r\n\r\n", b"x" * 999, 0.04),
}

TAKEN = {**BEFORE_A_REPLY, **IN_THE_REPLY}


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what takes time: two tries, not four, and little time to connect."""
    monkeypatch.setattr(seconds_before_repeat, "__defaults__", (RepeatPolicy(tries=2),))
    monkeypatch.setattr(channel, "CONNECT_TIMEOUT", CONNECT_TIMEOUT)


def _hasty(url: str) -> Endpoint:
    return Endpoint(url, timeout=TIMEOUT)


def _phases(answers: dict[str, Answer]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("fault", answers.values(), ids=answers)


# The server took the request.


def _assert_sent_once(ended: Ended[Any], server: RawServer) -> None:
    assert ended.kind is OutcomeUnknown
    assert (len(server.requests), server.connections, ended.calls) == (1, 1, 1)
    assert ended.sleeps == []


@_phases(TAKEN)
def test_a_send_that_was_taken_is_not_repeated(run: Driver, fault: Answer) -> None:
    with RawServer(fault) as server:
        ended = run(Tiny().call(Effect.SEND), server.url)
    _assert_sent_once(ended, server)
    assert ended.seconds < AT_ONCE


@pytest.mark.usefixtures("hasty")
@_phases(SLOW)
def test_a_send_that_is_answered_too_slowly_is_not_repeated(run: Driver, fault: Answer) -> None:
    with RawServer(fault) as server:
        ended = run(Tiny().call(Effect.SEND), _hasty(server.url))
    _assert_sent_once(ended, server)
    assert ended.seconds < AT_ONCE


@pytest.mark.parametrize("method", READS)
@_phases(TAKEN)
def test_a_read_is_repeated_until_the_policy_gives_up(run: Driver, fault: Answer, method: str) -> None:
    with RawServer(fault) as server:
        ended = run(Tiny().call(Effect.READ, method), server.url)
    assert ended.kind is VendorUnavailable
    assert not ended.error.never_left
    assert ended.calls == TRIES
    assert len(ended.sleeps) == TRIES - 1
    assert len(server.requests) == TRIES
    assert ended.seconds < AT_ONCE


@pytest.mark.parametrize("method", READS)
@_phases(TAKEN)
def test_a_read_succeeds_once_the_fault_has_passed(run: Driver, fault: Answer, method: str) -> None:
    with RawServer(fault, reply({"answer": 42})) as server:
        ended = run(Tiny().call(Effect.READ, method), server.url)
    assert ended.value == {"answer": 42}
    assert len(server.requests) == 2


@pytest.mark.usefixtures("hasty")
@_phases(SLOW)
def test_a_read_that_is_answered_too_slowly_is_repeated_in_bounded_time(run: Driver, fault: Answer) -> None:
    with RawServer(fault, reply({"answer": 42})) as server:
        ended = run(Tiny().call(Effect.READ), _hasty(server.url))
    assert ended.value == {"answer": 42}
    assert len(server.requests) == ended.calls == 2
    assert ended.seconds < AT_ONCE


@pytest.mark.parametrize("effect", Effect)
def test_a_slow_but_steady_reply_is_read_to_its_end(run: Driver, effect: Effect) -> None:
    slow = trickle(OK + b"Content-Length: 12\r\n\r\n", b'{"ok": true}', 0.01)
    with RawServer(slow) as server:
        assert run(Tiny().call(effect), server.url).value == {"ok": True}


def test_a_send_of_which_the_server_took_a_part_is_not_repeated(run: Driver) -> None:
    # It closes in the middle of a long request body.
    with RawServer(reply(), patience=100_000) as server:
        ended = run(Tiny().call(Effect.SEND, json={"media": "x" * 20_000_000}), Endpoint(server.url, timeout=2))
    assert ended.kind is OutcomeUnknown
    assert (len(server.fragments), server.connections, ended.calls) == (1, 1, 1)


# Replies whose headers, or what stands for them, keep trickling in.

ENDLESS_HEADERS: dict[str, Answer] = {
    "headers": trickle(OK + b"X-Slow: ", b"x" * 2000, 0.03),
    "interim replies": trickle(b"", b"HTTP/1.1 100 Go on\r\n\r\n" * 100, 0.03),
    "a chunk's extension": trickle(OK + b"Transfer-Encoding: chunked\r\n\r\n5;", b"x" * 2000, 0.03),
    "a compressed body without output": trickle(
        OK + b"Content-Encoding: gzip\r\nContent-Length: 2000\r\n\r\n",
        gzip.compress(b"x")[:10] + b"\x00\x00\x00\xff\xff" * 220,  # blocks of nothing
        0.05,
    ),
}
"""Each for a minute, many times the deadline and four times the bound."""


@pytest.mark.parametrize("effect", Effect)
@_phases(ENDLESS_HEADERS)
@pytest.mark.usefixtures("hasty")
def test_the_deadline_is_kept_whatever_trickles_in(run: Driver, fault: Answer, effect: Effect) -> None:
    with RawServer(fault, reply({"answer": 42})) as server:
        ended = run(Tiny().call(effect), _hasty(server.url))
    if effect is Effect.SEND:
        assert ended.kind is OutcomeUnknown
        assert len(server.requests) == 1
    else:
        assert ended.value == {"answer": 42}
        assert len(server.requests) == 2
    assert ended.seconds < AT_ONCE


# The request provably never left.

Place = Callable[[], AbstractContextManager[tuple[str, Callable[[], int]]]]
"""Opens a place where no request can arrive: its URL, and how many requests were seen there."""


@contextmanager
def _refused() -> Iterator[tuple[str, Callable[[], int]]]:
    yield f"http://127.0.0.1:{free_port()}", lambda: 0


@contextmanager
def _unknown_host() -> Iterator[tuple[str, Callable[[], int]]]:
    resolve = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **options: Any) -> Any:
        if host in ("nowhere.invalid", b"nowhere.invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", look_up)  # no test asks a name server
        yield "http://nowhere.invalid", lambda: 0


@contextmanager
def _plain_port() -> Iterator[tuple[str, Callable[[], int]]]:
    with RawServer(reply()) as server:
        yield f"https://127.0.0.1:{server.port}", lambda: len(server.requests)


@contextmanager
def _mute_port(scheme: str, backlog: int, others: int) -> Iterator[tuple[str, Callable[[], int]]]:
    """A port where the kernel takes connections, up to the backlog, and nobody ever answers."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(backlog)
        for _ in range(others):
            other = stack.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", lambda: 0


QUICK_PLACES: dict[str, Place] = {
    "refused": _refused,
    "unknown host": _unknown_host,
    "TLS to a plain port": _plain_port,
}
SLOW_PLACES: dict[str, Place] = {
    "TLS handshake without an answer": lambda: _mute_port("https", backlog=8, others=0),
    "connect time-out": lambda: _mute_port("http", backlog=0, others=4),
}


@pytest.mark.parametrize("place", QUICK_PLACES.values(), ids=QUICK_PLACES)
@pytest.mark.parametrize("effect", Effect)
def test_what_never_left_is_repeated(run: Driver, effect: Effect, place: Place) -> None:
    with place() as (url, seen):
        ended = run(Tiny().call(effect), url)
        assert seen() == 0
    assert ended.kind is VendorUnavailable
    assert ended.error.never_left is (effect is Effect.SEND)
    assert ended.calls == TRIES
    assert len(ended.sleeps) == TRIES - 1
    assert not any(sleep.everyone for sleep in ended.sleeps)
    assert ended.seconds < AT_ONCE


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("place", SLOW_PLACES.values(), ids=SLOW_PLACES)
@pytest.mark.parametrize("effect", Effect)
def test_connecting_takes_bounded_time_and_is_repeated(run: Driver, effect: Effect, place: Place) -> None:
    with place() as (url, seen):
        ended = run(Tiny().call(effect), Endpoint(url, timeout=60))
        assert seen() == 0
    assert ended.kind is VendorUnavailable
    assert ended.error.never_left is (effect is Effect.SEND)
    assert ended.calls == 2
    assert ended.seconds < AT_ONCE


@pytest.mark.parametrize("effect", Effect)
def test_a_request_goes_out_once_when_the_server_comes_up(run: Driver, effect: Effect) -> None:
    port = free_port()
    with ExitStack() as stack:
        servers: list[RawServer] = []

        def come_up(sleep: Sleep) -> None:
            if not servers:
                servers.append(stack.enter_context(RawServer(reply({"answer": 42}), port=port)))

        ended = run(Tiny().call(effect), Endpoint(f"http://127.0.0.1:{port}", timeout=2), on_sleep=come_up)
    assert ended.value == {"answer": 42}
    assert len(servers[0].requests) == 1
    assert ended.calls == 2


# A connection that was kept after the first request is dead at the second.


def _twice(effect: Effect, method: str = "POST", pause: float = 0.0) -> Flow[list[Any]]:
    first = yield from Tiny().call(effect, method)
    yield Sleep(pause)
    second = yield from Tiny().call(effect, method)
    return [first, second]


def _closed_before(wire: Wire) -> bool:
    return not reply(keep=True)(wire)


STALE: dict[str, tuple[Answer, float]] = {
    "closed before the second request": (_closed_before, 0.05),
    "closed as the second request arrives": (then(reply(keep=True), hang_up), 0.0),
    "reset as the second request arrives": (then(reply(keep=True), reset_connection), 0.0),
}


@pytest.mark.parametrize(("answer", "pause"), STALE.values(), ids=STALE)
def test_a_send_on_a_stale_connection_is_not_repeated(run: Driver, answer: Answer, pause: float) -> None:
    with RawServer(answer) as server:
        ended = run(_twice(Effect.SEND, pause=pause), Endpoint(server.url, timeout=2), real_sleeps=True)
    assert len(server.requests) == 2
    if run.kind == "async" and not pause:
        # It had taken the second request, on the connection of the first.
        assert ended.kind is OutcomeUnknown
        assert [request.turn for request in server.requests] == [1, 2]
    else:
        assert ended.value == [{"ok": True}, {"ok": True}]
        assert [request.turn for request in server.requests] == [1, 1]


@pytest.mark.parametrize("method", READS)
@pytest.mark.parametrize(("answer", "pause"), STALE.values(), ids=STALE)
def test_a_read_outlives_a_stale_connection(run: Driver, answer: Answer, pause: float, method: str) -> None:
    with RawServer(answer) as server:
        flow = _twice(Effect.READ, method, pause)
        ended = run(flow, Endpoint(server.url, timeout=2), on_sleep=lambda sleep: time.sleep(pause))
    assert ended.value == [{"ok": True}, {"ok": True}]
    # Over a kept connection the server may see the second one twice, as it may on a read.
    assert len(server.requests) in ((2,) if run.kind == "sync" else (2, 3))


def test_a_send_does_not_use_a_connection_that_a_read_has_left(run: Driver) -> None:
    def flow() -> Flow[Any]:
        yield from Tiny().call(Effect.READ)
        return (yield from Tiny().call(Effect.SEND))

    with RawServer(then(reply(keep=True), hang_up)) as server:
        assert run(flow(), Endpoint(server.url, timeout=2)).value == {"ok": True}
    assert [request.turn for request in server.requests] == [1, 1]


# The server answers, with a refusal.


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_repeats_a_read_but_not_a_send(run: Driver, status: int) -> None:
    with RawServer(reply(b"<html>", status), reply(b"<html>", status), reply({"answer": 42})) as server:
        ended = run(Tiny().call(Effect.READ, "GET"), server.url)
    assert ended.value == {"answer": 42}
    assert len(server.requests) == 3

    with RawServer(reply(b"<html>", status)) as server:
        ended = run(Tiny().call(Effect.SEND), server.url)
    assert ended.kind is OutcomeUnknown
    assert ended.error.status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize("effect", Effect)
def test_a_429_repeats_even_a_send_after_the_wait_that_it_names(run: Driver, effect: Effect) -> None:
    with RawServer(reply(status=429, retry_after="7"), reply({"answer": 42})) as server:
        ended = run(Tiny().call(effect), server.url)
    assert ended.value == {"answer": 42}
    assert len(server.requests) == 2
    assert ended.sleeps == [Sleep(7.0, everyone=True)]


def test_a_429_that_asks_for_too_much_goes_to_the_caller(run: Driver) -> None:
    with RawServer(reply(status=429, retry_after="121")) as server:
        ended = run(Tiny().call(Effect.SEND), server.url)
    assert ended.kind is RateLimited
    assert ended.error.retry_after == 121
    assert len(server.requests) == 1


def test_a_429_for_one_lets_all_others_of_the_connection_wait(run: Driver) -> None:
    pause, refused = 0.2, threading.Event()

    def refuse(wire: Wire) -> None:
        reply(status=429, retry_after=str(pause))(wire)
        refused.set()

    with RawServer(refuse, reply()) as server:
        limiter = RateLimiter()
        flow = Tiny().call(Effect.SEND)
        first = threading.Thread(target=lambda: run(flow, server.url, limiter=limiter, real_sleeps=True))
        first.start()
        assert refused.wait(5)
        time.sleep(0.05)
        ended = run(Tiny().call(Effect.READ), server.url, limiter=limiter, real_sleeps=True)
        first.join(5)
    assert ended.value == {"ok": True}
    refusal, *others = (request.at for request in server.requests)
    assert len(others) == 2
    assert min(others) - refusal >= pause
