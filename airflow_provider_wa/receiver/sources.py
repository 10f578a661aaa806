# SPDX-License-Identifier: Apache-2.0
"""The connections that accept posts, looked up in threads and cached for a while.

Known connections and the ids in requests of strangers have separate threads and caches, so neither waits for the other.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from airflow_provider_wa.api.webhooks import PostsEvents

log = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
"""Seconds after which a connection is looked up again before a post is taken: it may have been removed or changed."""

RENEWED_SECONDS = 2.0
"""Seconds after which a connection is looked up again in the background, so that its posts do not wait."""

TRUSTED_SECONDS = 60.0
"""Seconds for which the last known state of a connection is used while connections cannot be looked up."""

_MOST = 1024
_THREADS = 4
# Neither a path nor a part of one: secrets backends and folders are asked by this name.
_CONN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,249}")


@dataclass(frozen=True)
class WebhookConnection:
    """A connection that takes posts; ``webhook_secret`` is the last part of their path."""

    conn_id: str
    vendor: PostsEvents
    webhook_secret: str = field(repr=False)


FindConnection = Callable[[str], "WebhookConnection | None"]
"""Finds a connection by its id, and blocks; None if it does not exist or takes no posts. Raises if it cannot look."""


def accepts(connection: WebhookConnection | None, secret: str) -> bool:
    """Compare a secret with the connection's, in constant time."""
    expected = connection.webhook_secret if connection else ""
    same = hmac.compare_digest(_digest(expected), _digest(secret))
    return same and expected != ""


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class _LookUps:
    """Look-ups in separate threads. Requests for the same id at the same time share one look-up."""

    def __init__(self, find: FindConnection, name: str) -> None:
        self._find = find
        self._threads = ThreadPoolExecutor(_THREADS, name)
        self._under_way: dict[str, asyncio.Future[WebhookConnection | None]] = {}

    def __call__(self, conn_id: str) -> asyncio.Future[WebhookConnection | None]:
        if conn_id not in self._under_way:
            asked = asyncio.get_running_loop().run_in_executor(self._threads, self._find, conn_id)
            self._under_way[conn_id] = asked
            asked.add_done_callback(lambda _: self._under_way.pop(conn_id, None))
        # If one request is cancelled, the other requests still get the answer.
        return asyncio.shield(self._under_way[conn_id])

    def close(self) -> None:
        self._threads.shutdown(wait=False)


@dataclass(frozen=True)
class _Known:
    """A connection, the moment when it was found, and the moment of its last look-up."""

    connection: WebhookConnection
    found: float
    asked: float


class KnownConnections:
    """The connections that have received posts with the right secret. Call the methods from one event loop only."""

    def __init__(self, find: FindConnection, clock: Callable[[], float]) -> None:
        self._look_up = _LookUps(find, "wa-receiver-look-up")
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._renewing: dict[str, asyncio.Task[WebhookConnection | None]] = {}

    def remembered(self, conn_id: str) -> WebhookConnection | None:
        """Return the connection as it was found last, however long ago."""
        known = self._known.get(conn_id)
        return known.connection if known else None

    def fresh(self, conn_id: str) -> WebhookConnection | None:
        """Return the connection if its last look-up is recent. Before it grows old, it is renewed in the background."""
        known = self._known.get(conn_id)
        if known is None:
            return None
        age = self._clock() - known.asked
        if age >= RENEWED_SECONDS:
            self._renew(conn_id)
        return known.connection if age < FRESH_SECONDS else None

    async def renewed(self, conn_id: str) -> WebhookConnection | None:
        """Return the current connection; if it cannot be looked up, its state of the last ``TRUSTED_SECONDS``."""
        return await asyncio.shield(self._renew(conn_id))

    def add(self, connection: WebhookConnection, conn_id: str) -> None:
        """Store a connection that was found under an id just now."""
        now = self._clock()
        self._known[conn_id] = _Known(connection, now, now)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)

    def close(self) -> None:
        """End the threads."""
        self._look_up.close()

    def _renew(self, conn_id: str) -> asyncio.Task[WebhookConnection | None]:
        if conn_id not in self._renewing:
            task = self._renewing[conn_id] = asyncio.ensure_future(self._ask(conn_id))
            task.add_done_callback(lambda done: self._renewed(conn_id, done))
        return self._renewing[conn_id]

    def _renewed(self, conn_id: str, done: asyncio.Task[WebhookConnection | None]) -> None:
        self._renewing.pop(conn_id, None)
        # Log the error here, since no request may be waiting for the result.
        if not done.cancelled() and (error := done.exception()):
            log.error("%s: the connection cannot be looked up: %s", conn_id, type(error).__name__)

    async def _ask(self, conn_id: str) -> WebhookConnection | None:
        try:
            connection = await self._look_up(conn_id)
        except Exception as error:
            known, now = self._known.get(conn_id), self._clock()
            if known is None or now - known.found >= TRUSTED_SECONDS:
                raise
            log.warning("%s: the last known connection is used: the look-up failed: %s", conn_id, type(error).__name__)
            self._known[conn_id] = replace(known, asked=now)
            return known.connection
        if connection:
            self.add(connection, conn_id)
        else:
            self._known.pop(conn_id, None)
        return connection


class UnknownConnections:
    """Cache for the ids in requests of strangers. Existing and missing connections are cached in the same way."""

    def __init__(self, find: FindConnection, clock: Callable[[], float]) -> None:
        self._look_up = _LookUps(find, "wa-receiver-strangers")
        self._clock = clock
        self._asked: OrderedDict[str, tuple[WebhookConnection | None, float]] = OrderedDict()

    async def find(self, conn_id: str) -> WebhookConnection | None:
        """Return the connection, looked up now or for another request a few seconds ago; None if it does not exist."""
        if not _CONN_ID.fullmatch(conn_id):
            return None
        connection, asked = self._asked.pop(conn_id, (None, float("-inf")))
        if self._clock() - asked >= FRESH_SECONDS:
            connection, asked = await self._look_up(conn_id), self._clock()
        self._asked[conn_id] = connection, asked
        if len(self._asked) > _MOST:
            self._asked.popitem(last=False)
        return connection

    def forget(self, conn_id: str) -> None:
        """Forget a connection that is now a known one, so that it is not found here after it was removed."""
        self._asked.pop(conn_id, None)

    def close(self) -> None:
        """End the threads."""
        self._look_up.close()
