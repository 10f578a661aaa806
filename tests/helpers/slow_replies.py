# SPDX-License-Identifier: Apache-2.0
"""A relay in front of a server: requests pass at once, replies are kept back for a while.

So whoever asks can be killed after the server has done what it was asked, and before it said so.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

CHUNK = 65536
METHODS = (b"GET /", b"POST ")


@contextmanager
def slow_replies(url: str, seconds: float, before_request: Callable[[], Awaitable[None]]) -> Iterator[str]:
    """Run the relay on a free loopback port, in a thread, until the block ends: its base URL.

    :param before_request: called, on the relay's event loop, before each request goes on to the server.
    """
    relay = _Relay(url, seconds, before_request)
    thread = threading.Thread(target=lambda: asyncio.run(relay.serve()), name=f"slow replies of {url}", daemon=True)
    thread.start()
    try:
        if not relay.started.wait(10):
            raise RuntimeError("the relay did not start")
        yield relay.url
    finally:
        relay.stop()
        thread.join(10)


class _Relay:
    def __init__(self, url: str, seconds: float, before_request: Callable[[], Awaitable[None]]) -> None:
        self.started = threading.Event()
        self.url = ""
        self._server = urlsplit(url)
        self._seconds = seconds
        self._before_request = before_request

    async def serve(self) -> None:
        self._loop, self._ends = asyncio.get_running_loop(), asyncio.Event()
        listener = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        self.started.set()
        await self._ends.wait()
        listener.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ends.set)

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._server.hostname, self._server.port)
        requests = asyncio.create_task(self._pass_requests(client, to_server))
        replies = asyncio.create_task(self._pass_replies(server, to_client))
        try:
            await asyncio.wait([requests, replies], return_when=asyncio.FIRST_COMPLETED)
            if requests.done():  # the client is gone: the server still does what it was asked
                await asyncio.sleep(self._seconds)
        finally:
            for task, writer in ((requests, to_server), (replies, to_client)):
                task.cancel()
                writer.close()

    async def _pass_requests(self, client: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await client.read(CHUNK):
                if chunk.startswith(METHODS):
                    await self._before_request()
                to_server.write(chunk)
                await to_server.drain()

    async def _pass_replies(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await server.read(CHUNK):
                await asyncio.sleep(self._seconds)
                to_client.write(chunk)
                await to_client.drain()
