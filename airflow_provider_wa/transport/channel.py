# SPDX-License-Identifier: Apache-2.0
"""Channels of a connection: they carry out requests, each in bounded time and within the rate limit."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import httpx

from airflow_provider_wa import __version__
from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.api.flow import Effect, Reply, Request, Step
from airflow_provider_wa.transport.budget import CallBudget
from airflow_provider_wa.transport.failures import failure, not_a_request
from airflow_provider_wa.transport.http1 import BadHeader, Outgoing, form, outgoing
from airflow_provider_wa.transport.httpx_carriers import AsyncHttpxCarrier, HttpxCarrier
from airflow_provider_wa.transport.limiter import RateLimiter
from airflow_provider_wa.transport.logs import guard_logs
from airflow_provider_wa.transport.proxies import environment_proxy, password_of
from airflow_provider_wa.transport.scrub import Scrubber
from airflow_provider_wa.transport.wire import Wire

T = TypeVar("T")

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
        built = form(
            request,
            url=self.url(request),
            params=request.params or None,
            headers={**_HEADERS, **request.headers},
            json=request.json,
            extensions={"timeout": timeout.as_dict()},
        )
        if not built.url.host:
            raise httpx.UnsupportedProtocol("no host")
        return built

    def outgoing(self, request: Request, proxy: Mapping[str, str] | None) -> Outgoing:
        """Return the bytes of a request; ``proxy`` holds the headers for the proxy, None without a proxy."""
        return outgoing(request, self.url(request), _HEADERS, proxy)

    def url(self, request: Request) -> str:
        """Return the URL of a request, without its parameters."""
        return (request.base or self.base_url) + request.path

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
        # Each send uses a new connection. If the server closes a kept connection at that moment, httpx does not report
        # whether the server received the send.
        limits = httpx.Limits(max_keepalive_connections=0)
        return {"verify": self.tls, "limits": limits, "proxy": environment_proxy(self.base_url)}


class _Base(CallBudget):
    """Base of both channels."""

    def __init__(self, endpoint: Endpoint, limiter: RateLimiter | None = None) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.limiter = limiter or RateLimiter(endpoint.rate)
        self.scrubber = Scrubber((*endpoint.secrets, *password_of(environment_proxy(endpoint.base_url))))
        guard_logs(self.scrubber.secrets)


def _built(build: Callable[[Request], T], request: Request) -> T | WaError:
    """Return the built request, before anything is sent, so that a bug of ours does not look like a network failure.

    Values that cannot be encoded are errors of the caller: a token with an é in a header, half a surrogate pair in a
    text.
    """
    try:
        return build(request)
    except (BadHeader, httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError) as error:
        return not_a_request(error)


class Channel(_Base):
    """Carries out requests one after the other, in a worker. A context manager: closing it closes its connections.

    :param transport: instead of the network, for tests.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        limiter: RateLimiter | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(endpoint, limiter)
        self._carrier = HttpxCarrier(transport or httpx.HTTPTransport(**endpoint.transport_options))

    def __enter__(self) -> Channel:
        self._carrier.__enter__()
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._carrier.__exit__(*exc_info)

    def carry_out(self, step: Step) -> Reply | WaError | None:
        """Return the reply to a request, or the error instead of a reply; None after a sleep."""
        if isinstance(step, Request):
            return self._exchange(step)
        if step.everyone:
            self.limiter.pause(time.monotonic(), step.seconds)
        else:
            time.sleep(step.seconds)
        return None

    def _exchange(self, request: Request) -> Reply | WaError:
        built = _built(self.endpoint.build, request)
        if isinstance(built, WaError):
            return built
        wait = self.limiter.reserve(time.monotonic(), request.method_rate)
        while wait > 0:
            time.sleep(wait)
            wait = self.limiter.rest(time.monotonic(), request.method_rate)
        if refusal := self.spend():
            return refusal
        try:
            return self._carrier.exchange(built, self.endpoint.deadline(request))
        except Exception as error:  # noqa: BLE001 - any error of the client: there is no reply
            return failure(error, request.effect)


class AsyncChannel(_Base):
    """Carries out requests on an event loop, many at once, over connections that are kept for a short time.

    An async context manager. :param transport: instead of the network, for tests.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        limiter: RateLimiter | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        super().__init__(endpoint, limiter)
        self._carrier: Wire | AsyncHttpxCarrier | None = AsyncHttpxCarrier(transport) if transport else None
        self._build: Callable[[Request], Any] = endpoint.build

    async def __aenter__(self) -> AsyncChannel:
        if self._carrier is None:
            # In a thread: loading the certificates would block the triggerer's event loop.
            tls = await anyio.to_thread.run_sync(httpx.create_ssl_context, self.endpoint.tls)
            proxy = environment_proxy(self.endpoint.base_url)
            self._carrier = wire = Wire(tls, proxy, self.endpoint.concurrency, CONNECT_TIMEOUT)
            self._build = partial(self.endpoint.outgoing, proxy=wire.proxy_headers)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._carrier:
            await self._carrier.aclose()

    async def carry_out(
        self, step: Step, before_send: Callable[[], WaError | None] = lambda: None
    ) -> Reply | WaError | None:
        """Return the reply to a request, or the error instead of a reply; None after a sleep.

        :param before_send: as for ``adrive``.
        """
        if isinstance(step, Request):
            return await self._exchange(step, before_send)
        if step.everyone:
            self.limiter.pause(time.monotonic(), step.seconds)
        else:
            await anyio.sleep(step.seconds)
        return None

    async def _exchange(self, request: Request, before_send: Callable[[], WaError | None]) -> Reply | WaError:
        assert self._carrier is not None
        built = _built(self._build, request)
        if isinstance(built, WaError):
            return built
        wait = self.limiter.reserve(time.monotonic(), request.method_rate)
        while wait > 0:
            await anyio.sleep(wait)
            wait = self.limiter.rest(time.monotonic(), request.method_rate)
        if refusal := self.spend():
            return refusal
        if request.effect is Effect.SEND and (refusal := before_send()):
            return refusal
        wait, deadline = self.endpoint.wait(request), self.endpoint.deadline(request)
        try:
            return await self._carrier.exchange(built, request.effect, wait, deadline)
        except Exception as error:  # noqa: BLE001 - any error means that there is no reply
            return failure(error, request.effect)
