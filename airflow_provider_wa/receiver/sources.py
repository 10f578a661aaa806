# SPDX-License-Identifier: Apache-2.0
"""Who may post: connections, looked up in threads and remembered for a while."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from airflow_provider_wa.api.webhooks import PostsEvents

TRUSTED_SECONDS = 60.0
"""For how long a connection is taken as it was found."""

AGAIN_SECONDS = 5.0
"""After how long a connection is looked up again because somebody came with another secret: it may be the new one."""

_MOST = 1024
_THREADS = 4
# Neither a path nor a part of one: secrets backends and folders are asked by this name.
_CONN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,249}")


class PostingVendor(PostsEvents, Protocol):
    """A vendor that posts events; ``name`` is the connection type."""

    @property
    def name(self) -> str:
        """The connection type."""
        ...


@dataclass(frozen=True)
class Source:
    """A connection that posts; with ``hmac_secret`` each body must be signed."""

    conn_id: str
    vendor: PostingVendor
    webhook_secret: str = field(repr=False)
    hmac_secret: str = field(default="", repr=False)


FindSource = Callable[[str], "Source | None"]
"""Finds a connection by its id, and blocks; None if there is none, or none that posts. Raises if it cannot tell."""


def accepts(source: Source | None, secret: str) -> bool:
    """Whether the secret is the connection's, in the same time whatever it is."""
    expected = source.webhook_secret if source else ""
    same = hmac.compare_digest(_digest(expected), _digest(secret))
    return same and expected != ""


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class Sources:
    """Connections by their ids. Its methods belong to one event loop."""

    def __init__(self, find: FindSource, clock: Callable[[], float]) -> None:
        self._find = find
        self._clock = clock
        self._threads = ThreadPoolExecutor(_THREADS, "wa-receiver-look-up")
        self._looking: dict[str, asyncio.Task[Source | None]] = {}
        # Apart, so that a flood of names that nobody knows does not push out those that matter.
        self._known: OrderedDict[str, tuple[Source, float]] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()

    def remembered(self, conn_id: str) -> Source | None:
        """The connection as it was found last, however long ago."""
        return self._known[conn_id][0] if conn_id in self._known else None

    def trusted(self, conn_id: str) -> Source | None:
        """The connection, if it was found not long ago."""
        source, found = self._known.get(conn_id, (None, 0.0))
        return source if self._clock() - found < TRUSTED_SECONDS else None

    async def find(self, conn_id: str) -> Source | None:
        """The connection as it is now, or was a few seconds ago; several requests share one look-up."""
        if not _CONN_ID.fullmatch(conn_id):
            return None
        source, found = self._known.get(conn_id, (None, self._unknown.get(conn_id)))
        if found is not None and self._clock() - found < AGAIN_SECONDS:
            return source
        if conn_id not in self._looking:
            task = asyncio.ensure_future(self._look_up(conn_id))
            self._looking[conn_id] = task
            task.add_done_callback(lambda _: self._looking.pop(conn_id, None))
        # Whoever goes away does not take the answer from the others.
        return await asyncio.shield(self._looking[conn_id])

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)

    async def _look_up(self, conn_id: str) -> Source | None:
        source = await asyncio.get_running_loop().run_in_executor(self._threads, self._find, conn_id)
        self._known.pop(conn_id, None)
        self._unknown.pop(conn_id, None)
        if source:
            self._known[conn_id] = source, self._clock()
        else:
            self._unknown[conn_id] = self._clock()
        for remembered in (self._known, self._unknown):
            if len(remembered) > _MOST:
                remembered.popitem(last=False)
        return source
