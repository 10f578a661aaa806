# SPDX-License-Identifier: Apache-2.0
"""Idle connections that are kept for the next request to the same server."""

from __future__ import annotations

import asyncio
from collections import deque

from airflow_provider_wa.api.flow import Effect
from airflow_provider_wa.transport.connection import Connection

KEPT_SECONDS = {Effect.READ: 15.0, Effect.SEND: 1.0}
"""Seconds for which an idle connection is kept. No server in wide use closes an idle connection in less than 2 s."""

FRESH_SECONDS = 60.0
"""Seconds for which each send uses a new connection, after the server has closed a kept connection unannounced."""


class Kept:
    """Idle connections to one server, for requests of one effect."""

    def __init__(self, effect: Effect) -> None:
        self._effect = effect
        self._loop = asyncio.get_running_loop()
        self._idle: deque[Connection] = deque()  # the longest idle first
        self._fresh_until = 0.0
        self._sweep: asyncio.TimerHandle | None = None

    def take(self) -> Connection | None:
        """Return the connection that was used last; None if no connection is usable."""
        oldest = self._loop.time() - KEPT_SECONDS[self._effect]
        while self._idle:
            connection = self._idle.pop()
            connection.on_idle_end = None
            if connection.idle_since >= oldest:
                if connection.is_usable:
                    return connection
                self.note_end()
            connection.close()
        return None

    def keep(self, connection: Connection) -> None:
        """Keep a connection after an exchange, or close it."""
        if self._loop.time() < self._fresh_until:
            connection.close()
            return
        connection.on_idle_end = self._ended
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = self._loop.call_later(KEPT_SECONDS[self._effect], self._close_old)

    def note_end(self) -> None:
        """Note that the server has closed a kept connection unannounced.

        A server may close a connection just while a request is written. For a SEND this must stay rare: see
        ``transport.wire``.
        """
        if self._effect is Effect.SEND:
            self._fresh_until = self._loop.time() + FRESH_SECONDS
            self.drop()

    def drop(self) -> None:
        """Close all connections."""
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        """Close all connections, and keep none from now on."""
        self.drop()
        if self._sweep:
            self._sweep.cancel()

    def _ended(self, connection: Connection) -> None:
        self._idle.remove(connection)
        self.note_end()

    def _close_old(self) -> None:
        self._sweep, seconds = None, KEPT_SECONDS[self._effect]
        while self._idle and self._idle[0].idle_since <= self._loop.time() - seconds:
            self._idle.popleft().close()
        if self._idle:
            self._sweep = self._loop.call_at(self._idle[0].idle_since + seconds, self._close_old)
