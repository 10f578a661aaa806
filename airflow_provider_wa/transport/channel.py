# SPDX-License-Identifier: Apache-2.0
"""Channels of a connection: they carry out requests over httpx, each in bounded time and within the rate limit.

httpx's transports are used without its clients, whose redirects, cookies and logged URLs are not wanted here.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, aclosing, closing, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import anyio
import anyio.to_thread
import httpx

from airflow_provider_wa import __version__
from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Effect, Reply, Request, Step
from airflow_provider_wa.transport.body import Body, DeadlineExceeded
from airflow_provider_wa.transport.budget import CallBudget
from airflow_provider_wa.transport.failures import failure, not_a_request
from airflow_provider_wa.transport.limiter import RateLimiter
from airflow_provider_wa.transport.scrub import Scrubber, guard_http_logs

CONNECT_TIMEOUT = 10.0
_HEADERS = {
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "user-agent": f"airflow-provider-wa/{__version__}",
}


@dataclass(frozen=True)
class Endpoint:
    """A connection's address and limits.

    ``timeout`` is the maximum wait for a reply in seconds, for requests without one of their own; ``verify`` is True,
    False or the path of a CA bundle, for TLS; ``concurrency`` is the maximum number of calls at once in bulk; ``rate``
    is the maximum call rate, in calls a second.
    """

    base_url: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    timeout: float = 30.0
    verify: bool | str = True
    concurrency: int = 10
    rate: float | None = None

    def build(self, request: Request) -> httpx.Request:
        """Return a request of httpx, with its time-outs."""
        timeout = httpx.Timeout(self.wait(request), connect=CONNECT_TIMEOUT, pool=2 * CONNECT_TIMEOUT)
        http_request = httpx.Request(
            request.method,
            _parsed((request.base or self.base_url) + request.path),
            params=request.params or None,
            headers={**_HEADERS, **request.headers},
            json=request.json,
            data=request.form,
            files=[(up.name, (up.filename, up.content, up.media_type)) for up in request.files] or None,
            extensions={"timeout": timeout.as_dict()},
        )
        # aiohttp before 3.13.4 sends it.
        if any("\0" in value for value in request.headers.values()):
            raise httpx.LocalProtocolError("a header with a zero byte")
        # What could be encoded is ASCII; httpx would decode all headers again for each client that reads them.
        http_request.headers.encoding = "ascii"
        return http_request

    def wait(self, request: Request) -> float:
        """Return the maximum wait for each part of the reply, in seconds."""
        return request.timeout if request.timeout is not None else self.timeout

    def deadline(self, request: Request) -> float:
        """Return the maximum time of the whole exchange, in seconds: a reply that trickles in ends here."""
        return CONNECT_TIMEOUT + 2 * self.wait(request)

    @property
    def tls(self) -> ssl.SSLContext | bool:
        """``verify`` as httpx takes it: it deprecates paths."""
        return ssl.create_default_context(cafile=self.verify) if isinstance(self.verify, str) else self.verify

    @property
    def transport_options(self) -> dict[str, Any]:
        """Arguments of httpx's own transports, sync and async."""
        # A send goes out on a fresh connection: on a kept one that the server has just closed, nobody could tell
        # whether it was taken.
        limits = httpx.Limits(max_keepalive_connections=0)
        return {"verify": self.tls, "limits": limits, "proxy": _environment_proxy(self.base_url)}


class _Cut:
    """Cuts the connection of a synchronous exchange at its deadline: httpx bounds each wait, not their sum."""

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
        # A TLS handshake puts another socket in the place of the first.
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = details["return_value"].get_extra_info("socket")

    def _cut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _reply(response: httpx.Response, body: Body) -> Reply:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
    return Reply(response.status_code, body.whole(), headers)


class _Base(CallBudget):
    """Base of both channels."""

    def __init__(self, endpoint: Endpoint, limiter: RateLimiter | None = None) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.limiter = limiter or RateLimiter(endpoint.rate)
        self.scrubber = Scrubber(endpoint.secrets)
        guard_http_logs(self.scrubber)

    def _build(self, request: Request) -> httpx.Request | WaError:
        """Return a request of httpx, built before anything leaves, so that a bug of ours is not taken for a failure.

        Values that cannot be encoded are the caller's: a token with an é in a header, half a surrogate pair in a text.
        """
        try:
            http_request = self.endpoint.build(request)
        except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeError) as error:
            return not_a_request(error)
        return http_request if http_request.url.host else not_a_request(httpx.UnsupportedProtocol("no host"))


class Channel(_Base):
    """Carries out requests one after the other, in a worker. A context manager: closing it closes its connections.

    :param transport: in place of the network, for tests.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        limiter: RateLimiter | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(endpoint, limiter)
        self._transport = transport or httpx.HTTPTransport(**endpoint.transport_options)

    def __enter__(self) -> Channel:
        self._transport.__enter__()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._transport.__exit__(*exc_info)

    def carry_out(self, step: Step) -> Reply | WaError | None:
        """Return the reply to a request, or the error in place of a reply; None after a sleep."""
        if isinstance(step, Request):
            return self._exchange(step)
        if step.everyone:
            self.limiter.pause(time.monotonic(), step.seconds)
        else:
            time.sleep(step.seconds)
        return None

    def _exchange(self, request: Request) -> Reply | WaError:
        http_request = self._build(request)
        if isinstance(http_request, WaError):
            return http_request
        wait = self.limiter.reserve(time.monotonic(), request.method_rate)
        while wait > 0:
            time.sleep(wait)
            wait = self.limiter.rest(time.monotonic(), request.method_rate)
        if refusal := self.spend():
            return refusal
        deadline = self.endpoint.deadline(request)
        try:
            body = Body(deadline)
            with _Cut(http_request, deadline), closing(self._transport.handle_request(http_request)) as response:
                body.unpack(response.headers.get("content-encoding", ""))
                # The response itself would unpack any number of layers, and all of a piece at once.
                for chunk in cast(httpx.SyncByteStream, response.stream):
                    body.add(chunk)
            return _reply(response, body)
        except Exception as error:  # noqa: BLE001 - whatever the client raises: there is no reply
            return failure(error, request.effect)


class AsyncChannel(_Base):
    """Carries out requests on an event loop, many at once: READs on aiohttp's connections, SENDs on httpx's own.

    httpx's own pool looks through all its connections at each call, which is too slow for hundreds at once; aiohttp
    repeats some requests by itself and does not say whether one has left, which must not happen to a send.

    An async context manager. :param transport: in place of the network, for tests.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        limiter: RateLimiter | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(endpoint, limiter)
        self._transport = transport
        self._open = AsyncExitStack()
        self._transports: dict[Effect, httpx.AsyncBaseTransport] = {}

    async def __aenter__(self) -> AsyncChannel:
        if self._transport:
            self._transports = dict.fromkeys(Effect, self._transport)
        else:
            # In a thread: loading aiohttp and the certificates would hold up a triggerer's event loop.
            self._transports = await anyio.to_thread.run_sync(_transports, self.endpoint)
        for transport in set(self._transports.values()):
            await self._open.enter_async_context(transport)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._open.aclose()

    async def carry_out(self, step: Step) -> Reply | WaError | None:
        """Return the reply to a request, or the error in place of a reply; None after a sleep."""
        if isinstance(step, Request):
            return await self._exchange(step)
        if step.everyone:
            self.limiter.pause(time.monotonic(), step.seconds)
        else:
            await anyio.sleep(step.seconds)
        return None

    async def _exchange(self, request: Request) -> Reply | WaError:
        http_request = self._build(request)
        if isinstance(http_request, WaError):
            return http_request
        wait = self.limiter.reserve(time.monotonic(), request.method_rate)
        while wait > 0:
            await anyio.sleep(wait)
            wait = self.limiter.rest(time.monotonic(), request.method_rate)
        if refusal := self.spend():
            return refusal
        transport, deadline = self._transports[request.effect], self.endpoint.deadline(request)
        try:
            body = Body(deadline)
            with anyio.fail_after(deadline):
                async with aclosing(await transport.handle_async_request(http_request)) as response:
                    response.headers.encoding = "latin-1"
                    body.unpack(response.headers.get("content-encoding", ""))
                    async for chunk in cast(httpx.AsyncByteStream, response.stream):
                        body.add(chunk)
            return _reply(response, body)
        except TimeoutError:
            return failure(DeadlineExceeded(f"{deadline:g} s in all"), request.effect)
        except Exception as error:  # noqa: BLE001 - whatever the client raises: there is no reply
            return failure(error, request.effect)


# A vendor has few addresses, and a bulk run asks the same one each time.
_parsed = lru_cache(maxsize=128)(httpx.URL)


def _transports(endpoint: Endpoint) -> dict[Effect, httpx.AsyncBaseTransport]:
    from airflow_provider_wa.transport.aiohttp_client import aiohttp_transport  # noqa: PLC0415 - takes 0.1 s to load

    reads = aiohttp_transport(endpoint.tls, _environment_proxy(endpoint.base_url), endpoint.concurrency)
    return {Effect.READ: reads, Effect.SEND: httpx.AsyncHTTPTransport(**endpoint.transport_options)}


def _environment_proxy(url: str) -> httpx.Proxy | None:
    """Return the environment's proxy for ``url`` (HTTPS_PROXY, NO_PROXY ...), as HTTP clients find it."""
    parts = urlsplit(url)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return httpx.Proxy(proxy) if proxy and not proxy_bypass(parts.netloc) else None
