# SPDX-License-Identifier: Apache-2.0
"""Limits for the connections of ``wa-receiver``: silent ones are closed, and no client can use all of them.

uvicorn has no time limit before the first request of a connection, nor for the head of a request.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import resource
from collections import Counter
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from airflow_provider_wa.receiver.answers import RETRY_SECONDS
from airflow_provider_wa.receiver.seldom import Seldom

# No DAG file imports this module.
try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as HttpProtocol
except ImportError:
    from uvicorn.protocols.http.h11_impl import H11Protocol as HttpProtocol  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

HEAD_SECONDS = 10.0
"""Seconds in which a connection must send the head of a request, from its opening or from the last answer."""

ACCEPTED_AT_ONCE = 64
"""Maximum connections that asyncio accepts at once, before it handles them."""

RESERVED = 256
"""File handles to keep free for newly accepted connections, the store, files and logs."""

MOST = 10_000
"""Maximum connections, even if the limit of file handles is higher."""

SHARE = 4
"""Divisor of the maximum connections for one client: it may have a quarter of them."""

_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: %d\r\n\r\n"
    % RETRY_SECONDS
)

log = logging.getLogger(__name__)


class Crowd:
    """The open connections of a server, and the silent ones among them.

    :param most: maximum connections.
    :param trusted: addresses of proxies, in uvicorn's form; a proxy may have all connections.
    """

    def __init__(self, most: int, trusted: str = "") -> None:
        self.most = most
        self.each = max(1, most // SHARE)
        self._trusted = [part.strip() for part in trusted.split(",") if part.strip()]
        self._of: Counter[str] = Counter()
        self._silent: dict[GuardedProtocol, None] = {}
        self._say = Seldom(log, logging.WARNING)

    def enter(self, one: GuardedProtocol) -> None:
        """Add a connection. If there are too many, close the longest silent one, or this one if no other is silent."""
        self._of[one.host] += 1
        host = one.host if self._of[one.host] > self.each and not self._is_trusted(one.host) else None
        if host is None and self._of.total() <= self.most:
            return
        self._say("Too many connections%s: the longest silent one is closed", f" from {host}" if host else "")
        silent = (other for other in self._silent if other is not one and host in (None, other.host))
        if oldest := next(silent, None):
            oldest.transport.abort()
        else:
            one.transport.write(_FULL)
            one.transport.close()

    def leave(self, one: GuardedProtocol) -> None:
        """Forget a connection."""
        self._silent.pop(one, None)
        self._of[one.host] -= 1
        if not self._of[one.host]:
            del self._of[one.host]

    def falls_silent(self, one: GuardedProtocol) -> None:
        """Note that a connection waits for a request."""
        self._silent[one] = None

    def speaks(self, one: GuardedProtocol) -> None:
        """Note that a connection has a request."""
        self._silent.pop(one, None)

    def _is_trusted(self, host: str) -> bool:
        return any(part in ("*", host) or _is_in(host, part) for part in self._trusted)


def _is_in(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network)
    except ValueError:
        return False


def most_connections() -> int:
    """Return the maximum connections, from this process's limit of file handles."""
    handles, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if handles == resource.RLIM_INFINITY:
        return MOST
    return min(MOST, max(handles - RESERVED, handles // 4, 1))


class GuardedProtocol(HttpProtocol):
    """uvicorn's HTTP connection with a time limit for each head, counted in a ``Crowd``."""

    host = ""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit of the first head."""
        super().connection_made(transport)
        self.host = self.client[0] if self.client else ""
        self._answer = self.app
        self.app = self._answered
        self._crowd = _crowd_of(self)
        self._wait()
        self._crowd.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time limit, and remove the connection from the crowd."""
        self._stop_waiting()
        self._crowd.leave(self)
        super().connection_lost(exc)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._stop_waiting()
        self._crowd.speaks(self)
        try:
            await self._answer(scope, receive, send)
        finally:
            if not self.transport.is_closing():
                self._wait()

    def _wait(self) -> None:
        self._crowd.falls_silent(self)
        self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_CROWDS: WeakKeyDictionary[Any, Crowd] = WeakKeyDictionary()


def _crowd_of(one: GuardedProtocol) -> Crowd:
    crowd = _CROWDS.get(one.server_state)
    if crowd is None:
        trusted = one.config.forwarded_allow_ips if one.config.proxy_headers else ""
        listed = trusted if isinstance(trusted, str) else ",".join(trusted or ())
        crowd = _CROWDS[one.server_state] = Crowd(most_connections(), listed)
    return crowd


class AcceptErrors:
    """Error handler of an event loop. Without it asyncio logs a lack of file handles for each waiting connection."""

    def __init__(self) -> None:
        self._say = Seldom(log, logging.ERROR)

    def __call__(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        """Log an error; failed accepts at most once a minute."""
        if "accept" in context.get("message", "") and isinstance(context.get("exception"), OSError):
            self._say("No connection can be accepted: %s", context["exception"])
        else:
            loop.default_exception_handler(dict(context))
