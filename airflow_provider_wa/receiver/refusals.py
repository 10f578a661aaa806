# SPDX-License-Identifier: Apache-2.0
"""Notes of refused requests in the store, for the pages: written at most every few seconds, in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from functools import partial

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.store.refusals import KEPT, Refusal, WrongSecrets
from airflow_provider_wa.store.store import Store

SECONDS_BETWEEN_NOTES = 2.0
"""Minimum seconds between two transactions, so that a flood of bad posts does not flood the store."""

SECONDS_BETWEEN_COUNTS = 30.0
"""Minimum seconds between two transactions for wrong secrets, which anybody can send."""

log = logging.getLogger(__name__)


class RefusalNotes:
    """Notes refusals. It belongs to one event loop and needs no start.

    Refused posts of senders with the secret are noted one by one, wrong secrets are only counted.

    :param get_store: returns the store, and may block.
    """

    def __init__(self, get_store: Callable[[], Store]) -> None:
        self._get_store = get_store
        self._waiting: dict[str, list[Refusal]] = {}
        self._wrong: dict[str, WrongSecrets] = {}
        self._notes = _Later(SECONDS_BETWEEN_NOTES, self._write_notes)
        self._counts = _Later(SECONDS_BETWEEN_COUNTS, self._write_counts)

    def add(self, conn_id: str, status: int, reason: str) -> None:
        """Note a refusal of a post to a connection that exists."""
        refusals = self._waiting.setdefault(conn_id, [])
        refusals.append(Refusal(datetime.now(timezone.utc), status, reason))
        del refusals[:-KEPT]
        self._notes.ask()

    def count_wrong_secret(self, conn_id: str) -> None:
        """Count a request with a wrong secret to a connection that exists."""
        now = datetime.now(timezone.utc)
        new, known = WrongSecrets(1, now, now), self._wrong.get(conn_id)
        self._wrong[conn_id] = known.and_later(new) if known else new
        self._counts.ask()

    async def close(self) -> None:
        """Write the notes and counts that are not yet stored."""
        await self._notes.close()
        await self._counts.close()

    async def _write_notes(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for conn_id, refusals in waiting.items():
            await _stored(partial(self._put, conn_id, refusals))

    async def _write_counts(self) -> None:
        wrong, self._wrong = self._wrong, {}
        await _stored(lambda: self._get_store().refusals.add_wrong_secrets(wrong))

    def _put(self, conn_id: str, refusals: list[Refusal]) -> None:
        self._get_store().refusals.add(conn_id, refusals)


class _Later:
    """Runs something once, some seconds after it was first asked for."""

    def __init__(self, seconds: float, run: Callable[[], Awaitable[None]]) -> None:
        self._seconds = seconds
        self._run = run
        self._task: asyncio.Task[None] | None = None

    def ask(self) -> None:
        if self._task is None:
            self._task = asyncio.ensure_future(self._wait_and_run())

    async def close(self) -> None:
        """Run it at once if it was asked for."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self._run()

    async def _wait_and_run(self) -> None:
        await asyncio.sleep(self._seconds)
        self._task = None
        await self._run()


async def _stored(write: Callable[[], None]) -> None:
    try:
        await asyncio.to_thread(write)
    except WaError as error:
        # Only the pages use the notes, and the log has the refusals.
        log.warning("Refusals cannot be noted: %s", type(error).__name__)
