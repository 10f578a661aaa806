# SPDX-License-Identifier: Apache-2.0
"""Server in a process of its own that gives every call the same answer after a fixed latency, at little cost."""

from __future__ import annotations

import asyncio
import multiprocessing
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import TypeAlias

BODY = b'{"status":"OK","result":{"number":"+51999888777","whatsapp":"yes"},"request_id":"TID1"}'
"""AccuAuth's answer to a check of a number that exists."""

GREEN_BODY = b'{"existsWhatsapp":true,"chatId":"51999888777@c.us"}'
"""Green-API's answer to the same."""

NUMBER = b"0" * 24
"""Part of a reply in the place of which each answer has a number of its own."""

SENT_BODY = (
    b'{"status":"success","message":"00-Success","responsetime":0.01,'
    b'"data":{"connStatus":true,"login":true,"messageIDs":["%b"]}}' % NUMBER
)
"""The portal's answer to a message that was accepted, and to the question of whether the account is logged in."""

GREEN_SENT_BODY = b'{"idMessage":"%b"}' % NUMBER
"""Green-API's answer to the same."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"

Moment: TypeAlias = "Synchronized[float]"

SPAWN = multiprocessing.get_context("spawn")


class Stub(asyncio.Protocol):
    """Reads requests by their Content-Length and answers each after the latency."""

    _answers = count(1)

    def __init__(self, latency: float, body: bytes, first_call: Moment | None = None) -> None:
        self.latency = latency
        self.before, self.numbered, self.after = (HEAD % len(body) + body).partition(NUMBER)
        self.buffer = b""
        self.first_call = first_call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            _, found, length = head.partition(b"content-length:")
            size = end + 4 + (int(length.split(b"\r\n")[0]) if found else 0)
            if len(self.buffer) < size:
                return
            self.buffer = self.buffer[size:]
            if self.first_call is not None and not self.first_call.value:
                self.first_call.value = time.time()
            asyncio.get_running_loop().call_later(self.latency, self.answer)

    def answer(self) -> None:
        if not self.transport.is_closing():
            number = b"%024d" % next(self._answers) if self.numbered else b""
            self.transport.write(self.before + number + self.after)


@contextmanager
def stub(
    latency: float, body: bytes = BODY, first_call: Moment | None = None, certificate: Path | None = None
) -> Iterator[str]:
    """Run the stub and yield its URL.

    :param first_call: set to the time of the first call.
    :param certificate: file with a key and its certificate, to speak TLS.
    """
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=_serve, args=(latency, body, first_call, certificate, theirs), daemon=True)
    process.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def moment() -> Moment:
    """Return a shared value for a time, in seconds of ``time.time()``; 0 until the stub's process sets it."""
    return SPAWN.Value("d", 0.0)


def _serve(
    latency: float, body: bytes, first_call: Moment | None, certificate: Path | None, parent: Connection
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if certificate else None
    if tls and certificate:
        tls.load_cert_chain(certificate)

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: Stub(latency, body, first_call), "127.0.0.1", 0, backlog=1024, ssl=tls
        )
        parent.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())
