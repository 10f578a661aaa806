# SPDX-License-Identifier: Apache-2.0
"""The connections that take posts, looked up in threads and remembered for a while."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from airflow_provider_wa.api.webhooks import PostsEvents

TRUSTED_SECONDS = 60.0
"""Seconds for which a connection is used as it was found."""

AGAIN_SECONDS = 5.0
"""Seconds after which a connection is looked up again when another secret comes: it may be the new one."""

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


class Connections:
    """Connections by their ids. Its methods belong to one event loop."""

    def __init__(self, find: FindConnection, clock: Callable[[], float]) -> None:
        self._find = find
        self._clock = clock
        self._threads = ThreadPoolExecutor(_THREADS, "wa-receiver-look-up")
        self._looking: dict[str, asyncio.Task[WebhookConnection | None]] = {}
        # Apart, so that a flood of unknown names does not push out the known ones.
        self._known: OrderedDict[str, tuple[WebhookConnection, float]] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()

    def remembered(self, conn_id: str) -> WebhookConnection | None:
        """Return the connection as it was found last, however long ago."""
        return self._known[conn_id][0] if conn_id in self._known else None

    def trusted(self, conn_id: str) -> WebhookConnection | None:
        """Return the connection if it was found not long ago."""
        connection, found = self._known.get(conn_id, (None, 0.0))
        return connection if self._clock() - found < TRUSTED_SECONDS else None

    async def find(self, conn_id: str) -> WebhookConnection | None:
        """Return the connection as it is now, or was a few seconds ago; several requests share one look-up."""
        if not _CONN_ID.fullmatch(conn_id):
            return None
        connection, found = self._known.get(conn_id, (None, self._unknown.get(conn_id)))
        if found is not None and self._clock() - found < AGAIN_SECONDS:
            return connection
        if conn_id not in self._looking:
            task = asyncio.ensure_future(self._look_up(conn_id))
            self._looking[conn_id] = task
            task.add_done_callback(lambda _: self._looking.pop(conn_id, None))
        # A request that is cancelled does not take the answer from the others.
        return await asyncio.shield(self._looking[conn_id])

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)

    async def _look_up(self, conn_id: str) -> WebhookConnection | None:
        connection = await asyncio.get_running_loop().run_in_executor(self._threads, self._find, conn_id)
        self._known.pop(conn_id, None)
        self._unknown.pop(conn_id, None)
        if connection:
            self._known[conn_id] = connection, self._clock()
        else:
            self._unknown[conn_id] = self._clock()
        for remembered in (self._known, self._unknown):
            if len(remembered) > _MOST:
                remembered.popitem(last=False)
        return connection
