# SPDX-License-Identifier: Apache-2.0
"""The store and the vendor as one source: the first of them to find the result ends the wait."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from airflow_provider_wa.api.errors import WaError
from airflow_provider_wa.waiting.source import Found, NotYet, Source

log = logging.getLogger(__name__)

EARLY = 0.7
"""Part of the interval after which the vendor may be asked again: pauses vary by a fifth."""


LISTENING = 2.0
"""Maximum seconds between two looks into the store beside a vendor: all waits share them, and they cost the vendor
nothing."""


@asynccontextmanager
async def both(
    stored: AbstractAsyncContextManager[Source], asked: AbstractAsyncContextManager[Source], interval: float
) -> AsyncIterator[Source]:
    """Open a source that looks into the store whenever there is news, and asks the vendor once in an interval.

    If the store cannot be reached, only the vendor is asked. An error of the vendor is raised, unless the store has
    found the result.

    :param interval: seconds between two questions to the vendor.
    """
    async with AsyncExitStack() as stack:
        vendor = await stack.enter_async_context(asked)
        try:
            store = await stack.enter_async_context(stored)
        except WaError as error:
            log.warning("The store cannot be opened, only the vendor is asked: %s", error)
            yield vendor
            return
        both_of = _Both(store, vendor, interval)
        yield Source(look=both_of.look, pause=store.pause)


class _Both:
    def __init__(self, store: Source, vendor: Source, interval: float) -> None:
        self._store = store
        self._vendor = vendor
        self._interval = interval
        self._asked_at = float("-inf")
        self._last = NotYet("the vendor was not asked yet")

    async def look(self) -> Found | NotYet:
        try:
            found = await self._store.look()
        except WaError as error:
            found = NotYet(f"the store does not answer: {error}")
        if not isinstance(found, NotYet):
            return found
        if time.monotonic() - self._asked_at < self._interval * EARLY:
            return NotYet(self._last.detail, otherwise=found.otherwise or self._last.otherwise)
        self._asked_at = time.monotonic()
        answer = await self._vendor.look()
        if isinstance(answer, NotYet):
            self._last = answer
            return NotYet(answer.detail, otherwise=answer.otherwise or found.otherwise)
        return answer
