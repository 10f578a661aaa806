# SPDX-License-Identifier: Apache-2.0
"""Carriers that use httpx's transports: the network's transport in a worker, any transport in tests.

httpx's clients are not used: they follow redirects, keep cookies and log URLs.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import aclosing, closing, suppress
from typing import Any, cast

import anyio
import httpx

from airflow_provider_wa.api.flow import Effect, Reply
from airflow_provider_wa.transport.body import Body, DeadlineExceeded


class HttpxCarrier:
    """Carries requests in this thread, over a transport that keeps no connections."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def exchange(self, request: httpx.Request, deadline: float) -> Reply:
        """Return the reply; ``deadline`` is the maximum time of the whole exchange, in seconds.

        :raises Exception: there is no reply.
        """
        body = Body(deadline)
        with _Cut(request, deadline), closing(self._transport.handle_request(request)) as response:
            body.unpack(response.headers.get("content-encoding", ""))
            # httpx's response would decompress any number of layers, and each piece as a whole.
            for chunk in cast(httpx.SyncByteStream, response.stream):
                body.add(chunk)
        return _reply(response, body)

    def __enter__(self) -> HttpxCarrier:
        self._transport.__enter__()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._transport.__exit__(*exc_info)


class AsyncHttpxCarrier:
    """Carries requests on an event loop, over a transport that replaces the network in tests."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def exchange(self, request: httpx.Request, effect: Effect, wait: float, deadline: float) -> Reply:
        """Return the reply to a request, as ``Wire.exchange`` does."""
        body = Body(deadline)
        try:
            with anyio.fail_after(deadline):
                async with aclosing(await self._transport.handle_async_request(request)) as response:
                    body.unpack(response.headers.get("content-encoding", ""))
                    async for chunk in cast(httpx.AsyncByteStream, response.stream):
                        body.add(chunk)
        except TimeoutError:
            raise DeadlineExceeded(f"no complete reply in {deadline:g} s") from None
        return _reply(response, body)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


def _reply(response: httpx.Response, body: Body) -> Reply:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
    return Reply(response.status_code, body.whole(), headers)


class _Cut:
    """Closes the connection of a synchronous exchange at its deadline: httpx limits each wait, but not their sum."""

    def __init__(self, http_request: httpx.Request, deadline: float) -> None:
        http_request.extensions["trace"] = self._notice
        self._timer = threading.Timer(deadline, self._cut)
        self._timer.daemon = True
        self._socket: socket.socket | None = None

    def __enter__(self) -> _Cut:
        self._timer.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._timer.cancel()

    def _notice(self, event: str, details: Mapping[str, Any]) -> None:
        # A TLS handshake replaces the first socket by another.
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = details["return_value"].get_extra_info("socket")

    def _cut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
