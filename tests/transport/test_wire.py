# SPDX-License-Identifier: Apache-2.0
"""Kept connections, on real sockets: which are used again, and what the server sees if it closes one just then."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from helpers.certificates import Certificate
from helpers.raw_server import RawServer, Wire, reply

from airflow_provider_wa.api.errors import OutcomeUnknown, VendorUnavailable
from airflow_provider_wa.api.flow import Effect, Reply, Request, Upload
from airflow_provider_wa.transport import kept, tcp
from airflow_provider_wa.transport.channel import AsyncChannel, Endpoint

pytestmark = pytest.mark.sockets

SEND = Request("POST", "/send", Effect.SEND, json={"text": "Hello"})
READ = Request("GET", "/read", Effect.READ)
TLS = pytest.mark.parametrize("over", ["plain", "TLS"])
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what was acknowledged")


def _closing(wire: Wire) -> bool:
    """Answer as if the connection were kept, and close it."""
    reply(keep=True)(wire)
    return False


@contextmanager
def _server(over: str, certificate: Certificate, *answers: object) -> Iterator[tuple[RawServer, Endpoint]]:
    with RawServer(*answers, tls=certificate.server if over == "TLS" else None) as server:  # type: ignore[arg-type]
        yield server, Endpoint(server.url, timeout=2, verify=str(certificate.path))


def _turns(server: RawServer) -> list[int]:
    return [request.turn for request in server.requests]


@TLS
@pytest.mark.parametrize("request_", [SEND, READ], ids=["send", "read"])
async def test_a_connection_carries_one_request_after_the_other(
    over: str, certificate: Certificate, request_: Request
) -> None:
    with _server(over, certificate, reply(keep=True)) as (server, endpoint):
        async with AsyncChannel(endpoint) as channel:
            for _ in range(3):
                assert isinstance(await channel.carry_out(request_), Reply)
    assert _turns(server) == [1, 2, 3]


async def test_a_connection_that_the_server_announces_to_close_is_not_used_again() -> None:
    with RawServer(reply(keep=False)) as server:
        async with AsyncChannel(Endpoint(server.url)) as channel:
            for _ in range(3):
                assert isinstance(await channel.carry_out(SEND), Reply)
    assert _turns(server) == [1, 1, 1]


@pytest.mark.parametrize("request_", [SEND, READ], ids=["send", "read"])
async def test_an_idle_connection_is_kept_for_a_short_time_only(
    monkeypatch: pytest.MonkeyPatch, request_: Request
) -> None:
    monkeypatch.setattr(kept, "KEPT_SECONDS", dict.fromkeys(Effect, 0.02))
    gone = threading.Event()

    def wait_for_the_end(wire: Wire) -> None:
        reply(keep=True)(wire)
        wire.sock.settimeout(5)
        if wire.sock.recv(1) == b"":
            gone.set()

    with RawServer(wait_for_the_end, reply()) as server:
        async with AsyncChannel(Endpoint(server.url)) as channel:
            assert isinstance(await channel.carry_out(request_), Reply)
            assert await asyncio.to_thread(gone.wait, 5), "it is closed without a further request"
            assert isinstance(await channel.carry_out(request_), Reply)
    assert _turns(server) == [1, 1]


@TLS
async def test_a_connection_that_was_closed_just_before_is_not_used(over: str, certificate: Certificate) -> None:
    with _server(over, certificate, _closing) as (server, endpoint):
        async with AsyncChannel(endpoint) as channel:
            assert isinstance(await channel.carry_out(SEND), Reply)
            # The event loop does not turn: it has not seen the end yet.
            time.sleep(0.1)  # noqa: ASYNC251
            assert isinstance(await channel.carry_out(SEND), Reply)
    assert _turns(server) == [1, 1]


@TLS
@on_linux
async def test_a_request_that_reached_nobody_is_written_again(
    monkeypatch: pytest.MonkeyPatch, over: str, certificate: Certificate
) -> None:
    """The server closed the connection while the request was on its way: its kernel refused every byte of it."""
    monkeypatch.setattr(tcp, "is_quiet", lambda sock: True)  # as if the end were still on its way
    with _server(over, certificate, _closing) as (server, endpoint):
        async with AsyncChannel(endpoint) as channel:
            assert isinstance(await channel.carry_out(SEND), Reply)
            time.sleep(0.1)  # noqa: ASYNC251
            assert isinstance(await channel.carry_out(SEND), Reply)
            assert channel.calls == 2
    assert _turns(server) == [1, 1]


async def test_without_the_kernels_proof_it_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "is_quiet", lambda sock: True)
    monkeypatch.setattr(tcp, "_TCP_INFO", None)
    with RawServer(_closing) as server:
        async with AsyncChannel(Endpoint(server.url)) as channel:
            assert isinstance(await channel.carry_out(SEND), Reply)
            time.sleep(0.1)  # noqa: ASYNC251
            assert isinstance(await channel.carry_out(SEND), OutcomeUnknown)
    assert len(server.requests) == 1


@on_linux
async def test_a_server_that_has_said_its_last_word_but_still_reads_may_have_taken_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp, "is_quiet", lambda sock: True)
    monkeypatch.setattr(tcp, "RESET_SECONDS", 0.1)
    read: list[bytes] = []

    def half_closed(wire: Wire) -> None:
        reply(keep=True)(wire)
        wire.sock.shutdown(socket.SHUT_WR)
        with suppress(OSError):
            read.append(wire.sock.recv(65536))

    with RawServer(half_closed) as server:
        async with AsyncChannel(Endpoint(server.url)) as channel:
            assert isinstance(await channel.carry_out(SEND), Reply)
            time.sleep(0.1)  # noqa: ASYNC251
            assert isinstance(await channel.carry_out(SEND), OutcomeUnknown)
    assert len(read) == 1
    assert read[0].startswith(b"POST /send")


@TLS
async def test_a_server_that_closes_kept_connections_unannounced_gets_fresh_ones(
    over: str, certificate: Certificate
) -> None:
    with _server(over, certificate, _closing, reply(keep=True)) as (server, endpoint):
        async with AsyncChannel(endpoint) as channel:
            assert isinstance(await channel.carry_out(SEND), Reply)
            await asyncio.sleep(0.1)
            for _ in range(3):
                assert isinstance(await channel.carry_out(SEND), Reply)
    assert _turns(server) == [1, 1, 1, 1]


async def test_after_a_while_connections_are_kept_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "FRESH_SECONDS", 0.05)
    with RawServer(_closing, reply(keep=True)) as server:
        async with AsyncChannel(Endpoint(server.url)) as channel:
            assert isinstance(await channel.carry_out(SEND), Reply)
            await asyncio.sleep(0.1)
            await channel.carry_out(SEND)
            await asyncio.sleep(0.1)
            for _ in range(3):
                assert isinstance(await channel.carry_out(SEND), Reply)
    assert _turns(server)[-3:] in ([1, 2, 3], [2, 3, 4])


async def test_bytes_that_nobody_asked_for_end_a_kept_connection() -> None:
    def talkative(wire: Wire) -> bool:
        reply(keep=True)(wire)
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")
        return True

    with RawServer(talkative, reply({"right": True})) as server:
        async with AsyncChannel(Endpoint(server.url)) as channel:
            first = await channel.carry_out(SEND)
            await asyncio.sleep(0.05)
            second = await channel.carry_out(SEND)
    assert isinstance(first, Reply)
    assert first.object == {"ok": True}
    assert isinstance(second, Reply)
    assert second.object == {"right": True}
    assert _turns(server) == [1, 1]


@TLS
async def test_a_large_upload_arrives_whole(over: str, certificate: Certificate) -> None:
    upload = Upload("file", "a.bin", bytes(range(256)) * 20_000)
    with _server(over, certificate, reply(keep=True)) as (server, endpoint):
        async with AsyncChannel(endpoint) as channel:
            answer = await channel.carry_out(Request("POST", "/upload", Effect.SEND, files=(upload,)))
            assert isinstance(answer, Reply)
            assert isinstance(await channel.carry_out(SEND), Reply)
    assert upload.content in server.requests[0].body
    assert _turns(server) == [1, 2]


async def test_a_server_that_answers_before_it_has_taken_all_is_heard() -> None:
    upload = Upload("file", "a.bin", bytes(30_000_000))
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        sock, _ = listener.accept()
        sock.recv(1000)
        sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
        time.sleep(0.2)
        sock.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    async with AsyncChannel(Endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=5)) as channel:
        answer = await channel.carry_out(Request("POST", "/upload", Effect.SEND, files=(upload,)))
    thread.join(5)
    listener.close()
    assert isinstance(answer, Reply)
    assert answer.status == 413


class _Proxy:
    """A proxy that opens tunnels, or refuses to."""

    def __init__(self, status: int = 200) -> None:
        self.heads: list[bytes] = []
        self._status = status
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.heads.append(sock.recv(65536))
                sock.sendall(b"HTTP/1.1 %d Whatever\r\n\r\n" % self._status)
                if self._status != 200:
                    sock.close()
                    continue
                host, port = self.heads[-1].split(b" ")[1].decode().split(":")
                there = socket.create_connection((host, int(port)))
                for one, other in ((sock, there), (there, sock)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass_on(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._listener.close()


async def test_tls_goes_through_a_proxys_tunnel(monkeypatch: pytest.MonkeyPatch, certificate: Certificate) -> None:
    proxy = _Proxy()
    monkeypatch.setenv("https_proxy", f"http://user:pass%20word@127.0.0.1:{proxy.port}")
    with _server("TLS", certificate, reply(keep=True)) as (server, endpoint):
        async with AsyncChannel(endpoint) as channel:
            for _ in range(2):
                assert isinstance(await channel.carry_out(SEND), Reply)
    proxy.close()
    assert _turns(server) == [1, 2]
    (head,) = proxy.heads
    assert head.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=" in head
    assert "proxy-authorization" not in server.requests[0].headers


async def test_what_a_proxy_refuses_to_pass_on_never_left(
    monkeypatch: pytest.MonkeyPatch, certificate: Certificate
) -> None:
    proxy = _Proxy(status=403)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
    with _server("TLS", certificate, reply()) as (server, endpoint):
        async with AsyncChannel(endpoint) as channel:
            answer = await channel.carry_out(SEND)
    proxy.close()
    assert isinstance(answer, VendorUnavailable)
    assert answer.never_left
    assert "403" in str(answer)
    assert server.requests == []
