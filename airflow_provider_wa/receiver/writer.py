# SPDX-License-Identifier: Apache-2.0
"""Stores events, those that come at the same time in one transaction: a disk takes few transactions a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from airflow_provider_wa.store.events import NewEvent
from airflow_provider_wa.store.store import Store

MOST_EVENTS = 500
"""How many events one transaction takes, unless a single post has more."""

PATIENCE = 5.0
"""For how many seconds transactions may fail before those who wait behind them are told to come again."""


@dataclass(frozen=True)
class Committed:
    """What became of the transaction that a post was stored with; ``new`` were not known before."""

    events: int
    new: int


@dataclass
class _Waiting:
    """A post's events, and who waits for them to be stored."""

    events: Sequence[NewEvent]
    future: asyncio.Future[Committed]
    outcome: Committed | Exception = field(default_factory=lambda: Committed(0, 0))

    def tell(self) -> None:
        if self.future.done():  # whoever waited has gone
            return
        if isinstance(self.outcome, Exception):
            self.future.set_exception(self.outcome)
        else:
            self.future.set_result(self.outcome)


class Writer:
    """Writes to the store, one transaction at a time. It belongs to one event loop and needs no start.

    :param get_store: gives the store, and may block.
    """

    def __init__(self, get_store: Callable[[], Store], clock: Callable[[], float] = time.monotonic) -> None:
        self._get_store = get_store
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "wa-receiver-writer")
        self._queue: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, events: Sequence[NewEvent]) -> Committed:
        """Return when the events are committed, all of them.

        :raises StoreUnavailable: they are not; none of them.
        """
        waiting = _Waiting(events, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write())
        return await waiting.future

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while batch := self._next():
                await loop.run_in_executor(self._thread, self._commit, batch)
                for waiting in batch:
                    waiting.tell()
        finally:
            self._writing = None

    def _next(self) -> list[_Waiting]:
        count = events = 0
        for waiting in self._queue:
            events += len(waiting.events)
            if count and events > MOST_EVENTS:
                break
            count += 1
        batch, self._queue = self._queue[:count], self._queue[count:]
        return batch

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        """Store a batch; if that fails, each post alone, so that one bad row does not refuse its neighbours."""
        began = self._clock()
        failure = self._try(batch)
        if failure is None or len(batch) == 1:
            return
        for waiting in batch:
            # A store that is away would make each of them wait as long.
            if self._clock() - began < PATIENCE:
                failure = self._try([waiting]) or failure
            else:
                waiting.outcome = failure

    def _try(self, batch: Sequence[_Waiting]) -> Exception | None:
        events = [event for waiting in batch for event in waiting.events]
        outcome: Committed | Exception
        try:
            outcome = Committed(len(events), self._get_store().events.add(events))
        except Exception as error:  # noqa: BLE001 - it is raised to those who wait
            outcome = error
        for waiting in batch:
            waiting.outcome = outcome
        return outcome if isinstance(outcome, Exception) else None
