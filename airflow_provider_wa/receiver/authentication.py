# SPDX-License-Identifier: Apache-2.0
"""Lets those in who know a connection's secret; all others learn nothing, not even by the clock."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from airflow_provider_wa.receiver.answers import Refused, not_found, too_busy, try_again
from airflow_provider_wa.receiver.sources import FindSource, Source, Sources, accepts

log = logging.getLogger(__name__)


class Authenticator:
    """Finds the connection that a request is for.

    :param refusal_seconds: how long after its arrival each refusal is answered: longer than a look-up takes, so that
        nobody can tell a connection that is remembered from one that does not exist.
    :param most_refused: how many may wait for their refusal at once; more are turned away at the door.
    """

    def __init__(
        self,
        find_source: FindSource,
        refusal_seconds: float,
        most_refused: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = Sources(find_source, clock)
        self._refusal_seconds = refusal_seconds
        self._most_refused = most_refused
        self._waiting = 0

    async def admit(self, conn_id: str, secret: str, client: str) -> Source:
        """The connection.

        :raises Refused: there is none, or the secret is another's, all alike; or it cannot be looked up.
        """
        source = self._sources.trusted(conn_id)
        if accepts(source, secret):
            assert source is not None
            return source
        # Those who knew the secret a while ago are let through to the look-up, however many are outside.
        if self._waiting >= self._most_refused and not accepts(self._sources.remembered(conn_id), secret):
            raise too_busy()
        self._waiting += 1
        try:
            return await self._look_up(conn_id, secret, client)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the threads."""
        self._sources.close()

    async def _look_up(self, conn_id: str, secret: str, client: str) -> Source:
        loop = asyncio.get_running_loop()
        refused_at = loop.time() + self._refusal_seconds
        try:
            source = await self._sources.find(conn_id)
        except Exception as error:  # noqa: BLE001 - whatever a secrets backend raises
            # Its text may show what it was asked for.
            log.error("Connections cannot be looked up: %s", type(error).__name__)
            refusal: Refused = try_again("the receiver cannot look connections up at present")
        else:
            if source is not None and accepts(source, secret):
                return source
            # The id of no connection may be a secret that came in the wrong place.
            log.warning("%s: refused a post from %s: wrong secret or no such connection", _name(source), client)
            refusal = not_found()
        await asyncio.sleep(refused_at - loop.time())
        raise refusal


def _name(source: Source | None) -> str:
    return source.conn_id if source else "(unknown connection)"
