# SPDX-License-Identifier: Apache-2.0
"""The pause of a bulk send: a user starts it on a page, and the run waits until a user ends it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from airflow_provider_wa.bulk.progress import Log
from airflow_provider_wa.bulk.workers import refuse_if
from airflow_provider_wa.store.pauses import Pause

SECONDS_BETWEEN_LOOKS = 2.0
"""Time between two reads of the store: maximum delay until a pause begins or ends."""


class PauseWatch:
    """Waits while a batch is paused. Sends in progress are finished; the task keeps its slot.

    :param look: returns the pause from the store, and may block.
    :param interrupted: returns True once the run must end; it is also called during the wait.
    """

    def __init__(self, look: Callable[[], Pause | None], log: Log, interrupted: Callable[[], bool]) -> None:
        self._look, self._log, self._interrupted = look, log, interrupted
        self._looked = float("-inf")
        self._pause: Pause | None = None
        self._lock = asyncio.Lock()
        self.ended = 0
        """Number of pauses that are over."""

    async def over(self) -> None:
        """Wait for the end of a pause; return at once if the batch is not paused.

        :raises Interrupted: the run must end.
        """
        if self._pause is None and time.monotonic() - self._looked < SECONDS_BETWEEN_LOOKS:
            return
        # One worker reads the store, the others wait for its result.
        async with self._lock:
            if self._pause is None and time.monotonic() - self._looked < SECONDS_BETWEEN_LOOKS:
                return
            while pause := await asyncio.to_thread(self._look):
                if self._pause is None:
                    self._log.info("Paused by %s since %s; waiting until it is resumed", pause.by, pause.since)
                self._pause = pause
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
                refuse_if(self._interrupted)
            if self._pause is not None:
                self._log.info("Resumed")
                self.ended += 1
            self._pause, self._looked = None, time.monotonic()
