# SPDX-License-Identifier: Apache-2.0
"""Notes of refused posts in the store, for the pages: written at most every few seconds, in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timezone

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.store.refusals import KEPT, Refusal
from airflow_provider_wa.store.store import Store

SECONDS_BETWEEN_NOTES = 2.0
"""Minimum seconds between two transactions, so that a flood of bad posts does not flood the store."""

log = logging.getLogger(__name__)


class RefusalNotes:
    """Notes refusals. It belongs to one event loop and needs no start.

    :param get_store: returns the store, and may block.
    """

    def __init__(self, get_store: Callable[[], Store]) -> None:
        self._get_store = get_store
        self._waiting: dict[str, list[Refusal]] = {}
        self._writing: asyncio.Task[None] | None = None

    def add(self, conn_id: str, status: int, reason: str) -> None:
        """Note a refusal of a post to a connection that exists."""
        refusals = self._waiting.setdefault(conn_id, [])
        refusals.append(Refusal(datetime.now(timezone.utc), status, reason))
        del refusals[:-KEPT]
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write())

    async def close(self) -> None:
        """Write the notes that are not yet stored."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
            await self._flush()

    async def _write(self) -> None:
        await asyncio.sleep(SECONDS_BETWEEN_NOTES)
        self._writing = None
        await self._flush()

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for conn_id, refusals in waiting.items():
            try:
                await asyncio.to_thread(self._put, conn_id, refusals)
            except WaError as error:
                # Only the pages use the notes, and the log has each refusal.
                log.warning("Refusals cannot be noted: %s", type(error).__name__)

    def _put(self, conn_id: str, refusals: list[Refusal]) -> None:
        self._get_store().refusals.add(conn_id, refusals)
