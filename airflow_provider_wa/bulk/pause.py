# SPDX-License-Identifier: Apache-2.0
"""The pause of a bulk send: someone has asked for it on a page, and the run waits until they end it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from airflow_provider_wa.bulk.progress import Log
from airflow_provider_wa.bulk.workers import refuse_if
from airflow_provider_wa.store.pauses import Pause

SECONDS_BETWEEN_LOOKS = 2.0
"""Time between two looks into the store: a pause begins, and ends, that much later at most."""


class PauseWatch:
    """Waits while a batch is paused. Messages under way are finished; the task keeps its slot.

    :param look: returns the pause from the store, and may block.
    :param interrupted: returns True once the run must end, also while it waits.
    """

    def __init__(self, look: Callable[[], Pause | None], log: Log, interrupted: Callable[[], bool]) -> None:
        self._look, self._log, self._interrupted = look, log, interrupted
        self._looked = float("-inf")
        self._pause: Pause | None = None
        self._lock = asyncio.Lock()
        self.ended = 0
        """Number of pauses that are over."""

    async def over(self) -> None:
        """Return at once if the batch is not paused, else when the pause is over.

        :raises Interrupted: the run must end.
        """
        if self._pause is None and time.monotonic() - self._looked < SECONDS_BETWEEN_LOOKS:
            return
        # One worker looks, the others wait for what it sees.
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
