# SPDX-License-Identifier: Apache-2.0
"""Admit requests with a connection's secret; all others learn nothing, not even from the time it takes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from airflow_provider_wa.receiver.answers import Refused, not_found, too_busy, try_again
from airflow_provider_wa.receiver.sources import Connections, FindConnection, WebhookConnection, accepts

log = logging.getLogger(__name__)


class Authenticator:
    """Finds the connection that a request is for.

    :param refusal_seconds: seconds from the arrival of a request to its refusal: longer than a look-up takes, so that
        a connection that is remembered looks like one that does not exist.
    :param most_refused: number of requests that may wait for their refusal; further ones are refused at once.
    """

    def __init__(
        self,
        find_connection: FindConnection,
        refusal_seconds: float,
        most_refused: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = Connections(find_connection, clock)
        self._refusal_seconds = refusal_seconds
        self._most_refused = most_refused
        self._waiting = 0

    async def admit(self, conn_id: str, secret: str, client: str) -> WebhookConnection:
        """Return the connection.

        :raises Refused: the connection does not exist or the secret is wrong (the answer is the same), or the look-up
            failed.
        """
        connection = self._connections.trusted(conn_id)
        if accepts(connection, secret):
            assert connection is not None
            return connection
        # A secret that was right at the last look-up gets a new one, even if too many other requests wait.
        if self._waiting >= self._most_refused and not accepts(self._connections.remembered(conn_id), secret):
            raise too_busy()
        self._waiting += 1
        try:
            return await self._look_up(conn_id, secret, client)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads."""
        self._connections.close()

    async def _look_up(self, conn_id: str, secret: str, client: str) -> WebhookConnection:
        loop = asyncio.get_running_loop()
        refused_at = loop.time() + self._refusal_seconds
        try:
            connection = await self._connections.find(conn_id)
        except Exception as error:  # noqa: BLE001 - whatever a secrets backend raises
            # Its text may show what it was asked for.
            log.error("Connections cannot be looked up: %s", type(error).__name__)
            refusal: Refused = try_again("connections cannot be looked up at present")
        else:
            if connection is not None and accepts(connection, secret):
                return connection
            # An unknown id is not logged: it may be a secret in the wrong place.
            name = connection.conn_id if connection else "(unknown connection)"
            log.warning("%s: refused a request from %s: wrong secret or unknown connection", name, client)
            refusal = not_found()
        await asyncio.sleep(refused_at - loop.time())
        raise refusal
