# SPDX-License-Identifier: Apache-2.0
"""Connections to a vendor on an event loop: opened, kept for a short time, and used again where that is safe.

Client libraries do not report whether a request was sent, and some repeat requests on kept connections by themselves.
Either could message a person twice, so this module decides instead. A SEND is written once, on a connection that is new
or was used a moment before. If the server closes it at that moment, the request is written again only if the kernel
proves that no byte of it arrived; otherwise its outcome is unknown. After a server has closed a kept connection
unannounced, sends to it use new connections for a while, so that this stays rare.
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode

import anyio
import httpx

from airflow_provider_wa.api.flow import Effect, Reply
from airflow_provider_wa.transport.body import Body
from airflow_provider_wa.transport.connection import Connection, HungUp
from airflow_provider_wa.transport.failures import NeverLeft
from airflow_provider_wa.transport.http1 import BadReply, Origin, Outgoing, ReplyParser, head
from airflow_provider_wa.transport.kept import Kept


class Wire:
    """The connections of one channel. ``aclose`` closes the kept connections.

    :param tls: settings to verify a server's certificate.
    :param most: maximum number of connections in use at once.
    :param connect_timeout: maximum seconds to connect, the TLS handshake included.
    """

    def __init__(self, tls: ssl.SSLContext, proxy: httpx.Proxy | None, most: int, connect_timeout: float) -> None:
        self._tls = tls
        self._proxy = proxy
        self._slots = asyncio.Semaphore(most)
        self._connect_timeout = connect_timeout
        # A SEND does not use the connections of READs: they may have been idle for longer.
        self._kept: dict[tuple[Origin, Effect], Kept] = {}

    @property
    def proxy_headers(self) -> dict[str, str] | None:
        """Headers for the proxy; None if there is no proxy."""
        if self._proxy is None:
            return None
        if self._proxy.auth is None:
            return {}
        credentials = b64encode(":".join(self._proxy.auth).encode()).decode("ascii")
        return {"Proxy-Authorization": f"Basic {credentials}"}

    async def exchange(self, request: Outgoing, effect: Effect, wait: float, deadline: float) -> Reply:
        """Return the reply to a request.

        :param wait: maximum seconds without any progress: no data received, none accepted by the other side.
        :param deadline: maximum seconds in total, without the wait for a free connection.
        :raises NeverLeft: no byte of the request was sent.
        :raises Exception: there is no reply.
        """
        await self._slot()
        try:
            kept = self._kept.get((request.origin, effect)) or self._new_kept(request.origin, effect)
            ends = asyncio.get_running_loop().time() + deadline
            return await self._exchange(request, kept, wait, ends)
        finally:
            self._slots.release()

    def _new_kept(self, origin: Origin, effect: Effect) -> Kept:
        self._kept[origin, effect] = kept = Kept(effect)
        return kept

    async def _slot(self) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            with anyio.fail_after(2 * self._connect_timeout):
                await self._slots.acquire()
        except TimeoutError:
            raise NeverLeft("PoolTimeout: all connections are in use; raise concurrency") from None

    async def aclose(self) -> None:
        """Close all kept connections."""
        for kept in self._kept.values():
            kept.close()
        await asyncio.sleep(0)  # the event loop closes them in its next turn

    async def _exchange(self, request: Outgoing, kept: Kept, wait: float, ends: float) -> Reply:
        reused = kept.take()
        connection = reused or await self._connect(request.origin)
        deadline = ends - asyncio.get_running_loop().time()
        parser = ReplyParser(Body(deadline), has_body=request.has_reply_body)
        try:
            await connection.exchange(request.data, parser, wait, deadline)
        except HungUp as error:
            if reused is None:
                raise
            kept.note_end()
            # Repeat a request only if no server has read it. The caller repeats and counts all others, since vendors
            # charge for some READs too.
            if not error.refused:
                raise
            kept.drop()
            return await self._exchange(request, kept, wait, ends)
        if not connection.closed:
            kept.keep(connection)
        return parser.reply()

    async def _connect(self, origin: Origin) -> Connection:
        try:
            with anyio.fail_after(self._connect_timeout):
                return await self._open(origin)
        except TimeoutError:
            raise NeverLeft(f"ConnectTimeout: no connection in {self._connect_timeout:g} s") from None
        except Exception as error:
            raise NeverLeft(f"ConnectError: {error or type(error).__name__}") from error

    async def _open(self, origin: Origin) -> Connection:
        if self._proxy is None:
            return await self._connected(origin)
        url = self._proxy.url
        proxy = Origin(url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80))
        connection = await self._connected(proxy)
        return connection if origin.scheme == "http" else await self._tunnel(connection, origin)

    async def _connected(self, origin: Origin) -> Connection:
        _, connection = await asyncio.get_running_loop().create_connection(
            Connection,
            origin.host,
            origin.port,
            ssl=self._tls if origin.scheme == "https" else None,
            happy_eyeballs_delay=0.25,
        )
        return connection

    async def _tunnel(self, connection: Connection, origin: Origin) -> Connection:
        """Open a tunnel through a proxy, and continue over TLS with the server."""
        place = f"[{origin.host}]:{origin.port}" if ":" in origin.host else f"{origin.host}:{origin.port}"
        parser = ReplyParser(Body(self._connect_timeout), has_body=False)
        data = head(f"CONNECT {place}", {"Host": place, **(self.proxy_headers or {})})
        await connection.exchange(data, parser, self._connect_timeout, self._connect_timeout)
        if not 200 <= parser.reply().status < 300:
            connection.close()
            raise BadReply(f"the proxy refused the connection: HTTP {parser.reply().status}")
        await connection.encrypt(self._tls, origin.host)
        return connection
