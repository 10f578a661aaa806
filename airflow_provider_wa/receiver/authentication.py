# SPDX-License-Identifier: Apache-2.0
"""Admit requests with a connection's secret; all others learn nothing, not even from the time it takes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from airflow_provider_wa.receiver.answers import Refused, not_found, too_busy, try_again
from airflow_provider_wa.receiver.seldom import Seldom
from airflow_provider_wa.receiver.sources import (
    FindConnection,
    KnownConnections,
    UnknownConnections,
    WebhookConnection,
    accepts,
)

log = logging.getLogger(__name__)

TURNS = 4
"""Maximum number of requests from strangers that are looked up at once."""

MOST_QUEUED = 200
"""Maximum number of requests from strangers that wait for their turn; further requests are refused at once."""

_LONGEST_PAUSE = 5.0
_FORGET = 0.95
_LOG_SECONDS = 1.0


class Authenticator:
    """Finds the connection that a request is for.

    A request with the secret of a known connection passes at once. Any other request waits for its turn. If it is
    refused, that happens some time after the turn began, the same time for a wrong secret and for an unknown id.

    :param refusal_seconds: seconds from the beginning of a turn to the refusal, or longer if look-ups take longer.
    :param most_refused: number of requests that may wait for their refusal; further ones are refused at once.
    :param on_wrong_secret: called with the id of an existing connection for each wrong secret; must not block.
    """

    def __init__(
        self,
        find_connection: FindConnection,
        refusal_seconds: float,
        most_refused: int,
        clock: Callable[[], float] = time.monotonic,
        on_wrong_secret: Callable[[str], object] = lambda conn_id: None,
    ) -> None:
        self._known = KnownConnections(find_connection, clock)
        self._unknown = UnknownConnections(find_connection, clock)
        self._refusal_seconds = refusal_seconds
        self._most_refused = most_refused
        self._on_wrong_secret = on_wrong_secret
        self._say = Seldom(log, logging.WARNING, _LOG_SECONDS)
        self._slowest = 0.0
        self._waiting = 0
        self._queued = 0
        self._turns = asyncio.Semaphore(TURNS)

    async def admit(self, conn_id: str, secret: str, client: str) -> WebhookConnection:
        """Return the connection.

        :raises Refused: the connection does not exist or the secret is wrong (the answer is the same), or the look-up
            failed.
        """
        connection = self._known.fresh(conn_id)
        if connection is not None and accepts(connection, secret):
            return connection
        # A request with the secret of the last look-up does not wait with strangers.
        if accepts(self._known.remembered(conn_id), secret):
            connection = await self._renewed(conn_id)
            if connection is not None and accepts(connection, secret):
                return connection
        if self._waiting >= self._most_refused or self._queued >= MOST_QUEUED:
            raise too_busy()
        self._waiting += 1
        try:
            return await self._stranger(conn_id, secret, client)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads."""
        self._known.close()
        self._unknown.close()

    async def _renewed(self, conn_id: str) -> WebhookConnection | None:
        try:
            return await self._known.renewed(conn_id)
        except Exception:  # noqa: BLE001 - any error of a secrets backend; it is logged
            raise _unavailable() from None

    async def _stranger(self, conn_id: str, secret: str, client: str) -> WebhookConnection:
        loop = asyncio.get_running_loop()
        refusal: Refused = not_found()
        self._queued += 1
        try:
            await self._turns.acquire()
        finally:
            self._queued -= 1
        began = loop.time()
        try:
            connection = await self._unknown.find(conn_id)
        except Exception as error:  # noqa: BLE001 - any error of a secrets backend
            # Its text may show what it was asked for.
            log.error("Connections cannot be looked up: %s", type(error).__name__)
            connection, refusal = None, _unavailable()
        finally:
            self._turns.release()
            self._slowest = max(loop.time() - began, self._slowest * _FORGET)
        if connection is not None and accepts(connection, secret):
            self._known.add(connection, conn_id)
            self._unknown.forget(conn_id)
            return connection
        if refusal.status == not_found().status:
            # An unknown id is not logged: it may be a secret in the wrong place.
            name = connection.conn_id if connection else "(unknown connection)"
            self._say("%s: refused a request from %s: wrong secret or unknown connection", name, client)
        if connection is not None:
            self._on_wrong_secret(connection.conn_id)
        pause = max(self._refusal_seconds, min(self._slowest, _LONGEST_PAUSE))
        await asyncio.sleep(began + pause - loop.time())
        raise refusal


def _unavailable() -> Refused:
    return try_again("connections cannot be looked up at present")
