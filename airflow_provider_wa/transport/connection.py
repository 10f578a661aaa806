# SPDX-License-Identifier: Apache-2.0
"""One connection on an event loop. It carries one exchange after the other, each with a time limit."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from airflow_provider_wa.transport import tcp
from airflow_provider_wa.transport.body import DeadlineExceeded
from airflow_provider_wa.transport.failures import NeverLeft
from airflow_provider_wa.transport.http1 import BadReply, ReplyParser

AT_ONCE = 256 * 1024
"""Bytes that are written at once. Before more are written, the other side must accept some of them."""


class ReadTimeout(Exception):
    """No data was received, and none was accepted by the other side, for too long."""


class HungUp(Exception):
    """The connection ended before the first byte of a reply.

    ``refused`` is True if it is proven that no server read the request.
    """

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


class Connection(asyncio.Protocol):
    """A connection that is open until ``closed``.

    ``idle_since`` is the end of the last exchange, by the event loop's clock. ``on_idle_end`` is called if the other
    side closes the connection while it is idle.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._parser: ReplyParser | None = None
        self._outcome: asyncio.Future[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._witness: socket.socket | None = None
        self.closed = False
        self.idle_since = 0.0
        self.on_idle_end: Callable[[Connection], None] | None = None

    @property
    def is_usable(self) -> bool:
        """True if the connection is open, and neither data nor its end was received since the last exchange."""
        return not self.closed and tcp.is_quiet(self._socket)

    async def exchange(self, data: bytes, parser: ReplyParser, wait: float, deadline: float) -> None:
        """Write a request, and read its reply to the end. If that fails, the connection is closed.

        :param wait: maximum seconds without any progress: no data received, none accepted by the other side.
        :param deadline: maximum seconds in total.
        :raises NeverLeft: the connection had ended before the request was written.
        :raises HungUp: the connection ended before the first byte of a reply.
        :raises Exception: there is no reply for another reason.
        """
        if self.closed:
            raise NeverLeft("ConnectError: the server closed the connection before the request was written")
        acknowledged = tcp.acknowledged(self._socket)
        self._parser, self._outcome = parser, self._loop.create_future()
        clock = _Clock(self._loop, wait, deadline, self._fail)
        self._moved = clock.moved
        try:
            await self._write(data)
            await self._outcome
        except HungUp as error:
            raise HungUp(str(error), refused=await self._was_refused(acknowledged)) from None
        finally:
            clock.stop()
            self._parser = self._outcome = None
            if not (parser.done and parser.keeps) or self._transport.get_write_buffer_size():
                self.close()
            self.idle_since = self._loop.time()

    async def encrypt(self, tls: ssl.SSLContext, host: str) -> None:
        """Continue over TLS, with a server that is reached through this connection."""
        transport = await self._loop.start_tls(self._transport, self, tls, server_hostname=host)
        self._transport = cast(asyncio.Transport, transport)

    def close(self) -> None:
        """Close the connection at once."""
        self.closed, self.on_idle_end = True, None
        self._transport.abort()
        if self._witness:
            self._witness.close()
            self._witness = None

    @property
    def _socket(self) -> socket.socket:
        return cast(socket.socket, self._transport.get_extra_info("socket"))

    async def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and self._outcome and not self._outcome.done():
            self._transport.write(rest[:AT_ONCE])
            rest = rest[AT_ONCE:]
            if rest:
                await self._may_write.wait()
                self._moved()
        if rest and self._parser:  # the server answered before it had read the whole request
            self._parser.keeps = False

    async def _was_refused(self, acknowledged: int | None) -> bool:
        if self._witness is None or acknowledged is None:
            return False
        return await tcp.was_refused(self._witness, acknowledged)

    def _fail(self, error: Exception) -> None:
        if self._outcome and not self._outcome.done():
            self._outcome.set_exception(error)
        self._may_write.set()
        self._transport.abort()

    # Methods that the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        parser, outcome = self._parser, self._outcome
        if parser is None or outcome is None or outcome.done():
            self._end_of_idle()
            return
        self._moved()
        try:
            parser.feed(data)
        except Exception as error:  # noqa: BLE001 - ``exchange`` raises it
            self._fail(error)
            return
        if parser.done:
            outcome.set_result(None)
            self._may_write.set()

    def eof_received(self) -> None:
        if self._parser and not self._parser.begun:
            # A duplicate of the socket: the event loop closes its own before the kernel is asked about the request.
            with suppress(OSError, AttributeError, TypeError):
                self._witness = self._socket.dup()

    def connection_lost(self, exc: BaseException | None) -> None:
        self.closed = True
        self._may_write.set()
        if self._parser is None or self._outcome is None:
            self._end_of_idle()
        elif not self._outcome.done():
            self._end_of_exchange(self._parser, self._outcome, exc)

    def _end_of_exchange(self, parser: ReplyParser, outcome: asyncio.Future[Any], error: BaseException | None) -> None:
        if not parser.begun:
            outcome.set_exception(HungUp(f"the server closed the connection without a reply{_reason(error)}"))
            return
        try:
            if error is not None:
                raise BadReply(f"the connection broke before the end of the reply{_reason(error)}")
            parser.feed_eof()
            outcome.set_result(None)
        except BadReply as bad:
            outcome.set_exception(bad)

    def _end_of_idle(self) -> None:
        told = self.on_idle_end
        self.close()
        if told:
            told(self)

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()


def _reason(error: BaseException | None) -> str:
    return f" ({type(error).__name__})" if error else ""


class _Clock:
    """Ends an exchange that makes no progress, or that takes too long in total."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, wait: float, deadline: float, end: Callable[[Exception], None]
    ) -> None:
        self._loop, self._wait, self._deadline, self._end = loop, wait, deadline, end
        self._last = loop.time()
        self._ends = self._last + deadline
        self._timer = loop.call_later(min(wait, deadline), self._look)

    def moved(self) -> None:
        """Note progress: data were received, or accepted by the other side."""
        self._last = self._loop.time()

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        if now >= self._ends:
            self._end(DeadlineExceeded(f"no complete reply in {self._deadline:g} s"))
        elif now >= self._last + self._wait:
            self._end(ReadTimeout(f"no data for {self._wait:g} s"))
        else:
            self._timer = self._loop.call_at(min(self._last + self._wait, self._ends), self._look)
