# SPDX-License-Identifier: Apache-2.0
"""A server on plain sockets that fails wherever a test wants it to, and counts what it saw. No HTTP library."""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any


@dataclass(frozen=True)
class DiskIntSet:
    """A request that arrived whole: the ``turn``-th on its connection, ``at`` a moment of the monotonic clock."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int
    turn: int
    at: float


@dataclass
class Wire:
    """A connection as an answer sees it; ``request`` is the one to be answered."""

    sock: socket.socket
    over: threading.Event
    request: DiskIntSet
    turn: int

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def trickle(self, data: bytes, every: float) -> None:
        """Send one byte at a time, for as long as there is somebody to read."""
        for byte in data:
            self.send(bytes([byte]))
            if self.over.wait(every):
                return

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        reset(self.sock)


Answer = Callable[[Wire], bool | None]
"""Answers one request; True keeps the connection for the next one."""


class RawServer:
    """Answers the first request by the first of ``answers`` and so on; the last one answers all the rest.

    ``requests`` are those that arrived whole, on whichever connection; ``fragments`` are the bytes of those that did
    not. A context manager.

    :param tls: speak TLS.
    :param patience: reset the connection when more bytes than that of a request's body have come.
    """

    def __init__(
        self, *answers: Answer, port: int = 0, tls: ssl.SSLContext | None = None, patience: int | None = None
    ) -> None:
        self.answers = answers
        self.patience = patience
        self.requests: list[DiskIntSet] = []
        self.fragments: list[bytes] = []
        self.connections = 0
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._socks: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> RawServer:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._over.set()
        for sock in (self._listener, *self._socks):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._socks.append(sock)
                self._start(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, connection: int) -> None:
        turn, kept = 0, True
        with suppress(OSError):
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            while kept and (request := self._read(sock, connection, turn + 1)):
                turn += 1
                with self._lock:
                    self.requests.append(request)
                    answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
                kept = bool(answer(Wire(sock, self._over, request, turn)))
        sock.close()

    def _read(self, sock: socket.socket, connection: int, turn: int) -> DiskIntSet | None:
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                if not (more := sock.recv(65536)):
                    return None
                data += more
                if data.startswith(b"\x16\x03"):  # the start of a TLS handshake: what web servers answer to it
                    sock.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                    return None
            head, _, body = data.partition(b"\r\n\r\n")
            line, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in lines)}
            while len(body) < int(headers.get("content-length", 0)):
                if self.patience is not None and len(body) > self.patience:
                    reset(sock)
                    return None
                if not (more := sock.recv(65536)):
                    return None
                body += more
            data = b""
            method, target, _ = line.split(" ")
            return DiskIntSet(method, target, headers, body, connection, turn, time.monotonic())
        finally:
            if data:
                self.fragments.append(data)


def reset(sock: socket.socket) -> None:
    """Close with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def reply(body: Any = None, status: int = 200, *, keep: bool = False, **headers: str) -> Answer:
    """An answer as it should be: bytes as they are, anything else as JSON; ``retry_after="5"`` makes that header."""
    content = body if isinstance(body, bytes) else json.dumps({"ok": True} if body is None else body).encode()
    fields = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    fields |= {"Connection": "keep-alive" if keep else "close"}
    fields |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    data = f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content

    def answer(wire: Wire) -> bool:
        wire.send(data)
        return keep

    return answer


def echo(wire: Wire) -> bool:
    """A refusal that quotes the request back: its target, headers and body, as JSON and in a header."""
    seen = wire.request
    quoted = {"error": f"no {seen.target}", "headers": dict(seen.headers), "body": seen.body.decode()}
    quoted["again"] = [json.loads(seen.body)] if seen.body.startswith(b"{") else []
    return bool(reply(quoted, 400, location=re.sub(r"^/*", "/", seen.target))(wire))


def say(data: bytes) -> Answer:
    """Send these bytes and close."""
    return lambda wire: wire.send(data)


def hang_up(wire: Wire) -> None:
    """Close without a word."""


def reset_connection(wire: Wire) -> None:
    """Close with RST, without a word."""
    wire.reset()


def silence(wire: Wire) -> None:
    """Say nothing until the client has gone."""
    with suppress(OSError):
        wire.sock.recv(1)


def trickle(head: bytes, drops: bytes, every: float) -> Answer:
    """Send ``head`` at once and ``drops`` byte by byte."""

    def answer(wire: Wire) -> None:
        wire.send(head)
        wire.trickle(drops, every)

    return answer


def then(first: Answer, later: Answer) -> Answer:
    """Answer the first request of each connection by ``first``, those after it by ``later``."""
    return lambda wire: (first if wire.turn == 1 else later)(wire)
