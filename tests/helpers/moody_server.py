# SPDX-License-Identifier: Apache-2.0
"""A server in a process of its own that closes idle connections at random moments, without a word."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_SPAWN = multiprocessing.get_context("spawn")
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Ledger:
    """What the server took: ``taken`` counts the requests by their target."""

    url: str
    taken: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    closed: int = 0


class _Server(asyncio.Protocol):
    """Takes requests without a body, answers at once, and closes within ``longest`` seconds of idleness."""

    ledger = Ledger("")
    longest = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._buffer = b""
        self._timer: asyncio.TimerHandle | None = None
        self.ledger.connections += 1

    def data_received(self, data: bytes) -> None:
        if self._timer:
            self._timer.cancel()
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self.ledger.taken[head.split(b" ")[1].decode()] += 1
            self._transport.write(_REPLY)
        self._timer = asyncio.get_running_loop().call_later(random.uniform(0, self.longest), self._close)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._timer:
            self._timer.cancel()

    def _close(self) -> None:
        self.ledger.closed += 1
        self._transport.close()


def _serve(longest: float, certificate: Path | None, parent: Connection) -> None:
    _Server.longest = longest
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
    if tls and certificate:
        tls.load_cert_chain(certificate)

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(_Server, "127.0.0.1", 0, ssl=tls, backlog=1024)
        parent.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(parent.recv)
        parent.send(_Server.ledger)

    asyncio.run(serve())


@contextmanager
def moody_server(longest: float, certificate: Path | None = None) -> Iterator[Ledger]:
    """Yield the ledger, which is filled in when this is left.

    :param longest: maximum seconds for which it lets a connection be idle.
    """
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(longest, certificate, theirs), daemon=True)
    process.start()
    ledger = Ledger(f"{'https' if certificate else 'http'}://127.0.0.1:{ours.recv()}")
    try:
        yield ledger
        ours.send(None)
        found = ours.recv()
        ledger.taken, ledger.connections, ledger.closed = found.taken, found.connections, found.closed
    finally:
        process.terminate()
        process.join()
