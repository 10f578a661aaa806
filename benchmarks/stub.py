# SPDX-License-Identifier: Apache-2.0
"""A server in its own process that gives the same answer to every call after a fixed latency, at next to no cost."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

BODY = b'{"status":"OK","result":{"number":"+51999888777","whatsapp":"yes"},"request_id":"TID1"}'
"""AccuAuth's yes to a check."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Stub(asyncio.Protocol):
    """Reads requests by their Content-Length and answers each after the latency."""

    def __init__(self, latency: float, body: bytes) -> None:
        self.latency = latency
        self.reply = HEAD % len(body) + body
        self.buffer = b""

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
            asyncio.get_running_loop().call_later(self.latency, self.answer)

    def answer(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(self.reply)


@contextmanager
def stub(latency: float, body: bytes = BODY) -> Iterator[str]:
    """Run the stub and yield its URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(latency, body, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(latency: float, body: bytes, parent: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: Stub(latency, body), "127.0.0.1", 0, backlog=1024
        )
        parent.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())
