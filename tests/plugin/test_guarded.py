# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn

from airflow_provider_wa.plugin import guarded
from airflow_provider_wa.plugin.guarded import AcceptErrors, Crowd, GuardedProtocol, most_connections
from airflow_provider_wa.serving import Server, listen, serving_in_thread

REQUEST = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
ANSWER = b"HTTP/1.1 200"


begun = threading.Semaphore(0)


async def app(scope: Any, receive: Any, send: Any) -> None:
    begun.release()
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


Dial = Callable[[], socket.socket]


@pytest.fixture
def dial(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dial]:
    """Opens a connection to a guarded server that has room for eight, and for two of one client."""
    monkeypatch.setattr(guarded, "most_connections", lambda: 8)
    config = uvicorn.Config(app, http=GuardedProtocol, lifespan="off", log_config=None, proxy_headers=False)
    listener = listen("127.0.0.1", 0)
    opened: list[socket.socket] = []

    def connect() -> socket.socket:
        opened.append(socket.create_connection(listener.getsockname(), timeout=20))
        return opened[-1]

    with listener, serving_in_thread(Server(config), listener, "guarded"):
        yield connect
        for each in opened:
            each.close()


def is_closed(connection: socket.socket) -> bool:
    """Whether the server closes a connection, within the time limit of the socket."""
    try:
        while connection.recv(4096):  # the rest of an answer
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def ask(connection: socket.socket) -> bytes:
    """Return the whole answer to a request."""
    connection.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"{}"):
        answer += connection.recv(4096)
    return answer


@pytest.mark.sockets
class TestTime:
    @pytest.fixture(autouse=True)
    def _soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(guarded, "HEAD_SECONDS", 0.2)

    @pytest.mark.parametrize("said", [b"", b"P", REQUEST[:30]], ids=["nothing", "a letter", "half a head"])
    def test_a_connection_without_a_request_is_closed(self, dial: Dial, said: bytes) -> None:
        connection = dial()
        connection.sendall(said)
        assert is_closed(connection)

    def test_a_drip_does_not_keep_it_open(self, dial: Dial) -> None:
        connection = dial()
        closed = threading.Event()

        def drip() -> None:
            for byte in REQUEST[:20] * 1000:
                try:
                    connection.sendall(bytes([byte]))
                except OSError:
                    break
                if closed.wait(0.01):
                    break

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert is_closed(connection)
        closed.set()
        dripping.join()

    def test_one_that_has_had_its_answer_is_closed_as_well(self, dial: Dial) -> None:
        connection = dial()
        assert ask(connection).startswith(ANSWER)
        connection.sendall(REQUEST[:30])
        assert is_closed(connection)

    def test_the_time_for_a_request_is_not_limited_here(self, dial: Dial) -> None:
        connection = dial()
        connection.sendall(REQUEST[:-1])
        connection.settimeout(0.6)
        assert not is_closed(connection)
        connection.settimeout(20)
        connection.sendall(REQUEST[-1:])
        assert connection.recv(4096).startswith(ANSWER)


@pytest.mark.sockets
class TestCrowd:
    def test_the_longest_silent_one_of_a_client_makes_room(self, dial: Dial) -> None:
        silent = [dial() for _ in range(2)]
        for connection in silent:
            assert ask(connection).startswith(ANSWER)
        honest = dial()
        assert ask(honest).startswith(ANSWER)
        assert is_closed(silent[0])
        assert ask(silent[1]).startswith(ANSWER)

    def test_a_flood_of_silent_ones_keeps_nobody_out(self, dial: Dial) -> None:
        flood = [dial() for _ in range(100)]
        assert ask(dial()).startswith(ANSWER)
        assert sum(map(is_closed, flood[:90])) == 90

    def test_those_with_a_request_are_not_cut(self, dial: Dial) -> None:
        busy = [dial() for _ in range(2)]
        while begun.acquire(blocking=False):  # those of other tests
            pass
        for connection in busy:
            connection.sendall(REQUEST[:-1])
            assert begun.acquire(timeout=20)
        answer = dial().recv(4096)
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 10" in answer
        for connection in busy:
            connection.sendall(REQUEST[-1:])
            assert connection.recv(4096).startswith(ANSWER)


def member(host: str) -> Any:
    closed: list[str] = []
    transport = SimpleNamespace(
        abort=lambda: closed.append("abort"), write=lambda _: None, close=lambda: closed.append("close")
    )
    return SimpleNamespaceHashable(host=host, transport=transport, closed=closed)


class SimpleNamespaceHashable(SimpleNamespace):
    __hash__ = object.__hash__


def enter(crowd: Crowd, one: Any) -> None:
    crowd.falls_silent(one)
    crowd.enter(one)


@pytest.mark.parametrize("trusted", ["10.0.0.1", "10.0.0.0/8", "*", " 1.2.3.4 , 10.0.0.1"])
def test_a_proxy_may_have_all_connections(trusted: str) -> None:
    crowd = Crowd(8, trusted)
    members = [member("10.0.0.1") for _ in range(9)]
    for one in members:
        enter(crowd, one)
    assert [one.closed for one in members] == [["abort"], *[[]] * 8]


def test_one_client_has_a_quarter_and_many_have_all() -> None:
    crowd = Crowd(8)
    members = [member(f"10.0.0.{number // 3}") for number in range(9)]
    for one in members:
        enter(crowd, one)
    assert [bool(one.closed) for one in members] == [True, False, False] * 3
    assert crowd.each == 2
    for one in members:
        crowd.leave(one)
    assert not crowd._of


def test_file_handles_are_left_for_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    for handles, most in ((1024, 768), (256, 64), (10**9, 10_000), (guarded.resource.RLIM_INFINITY, 10_000)):
        monkeypatch.setattr(guarded.resource, "getrlimit", lambda _, handles=handles: (handles, handles))
        assert most_connections() == most


def test_errors_of_accepts_are_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    loop = asyncio.new_event_loop()
    handler = AcceptErrors()
    context = {"message": "socket.accept() out of system resource", "exception": OSError(24, "Too many open files")}
    with caplog.at_level(logging.ERROR):
        for _ in range(2000):
            handler(loop, context)
        handler(loop, {"message": "another error"})
    loop.close()
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["No connection can be accepted: [Errno 24] Too many open files", "another error"]
