# SPDX-License-Identifier: Apache-2.0
"""Looking into the store from a triggerer: what the receiver was told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager

from airflow_provider_wa.store.events import StoredEvent, Subject
from airflow_provider_wa.waiting.store_poller import StorePoller, store_poller
from airflow_provider_wa.waiting.trigger import Found, NotYet, Source


@asynccontextmanager
async def watching(
    subjects: Collection[Subject], interval: float, judge: Callable[[Sequence[StoredEvent]], Found | NotYet]
) -> AsyncIterator[Source]:
    """A source that judges the events about ``subjects``, the oldest first, as they come."""
    poller = await store_poller()
    async with poller.watch(subjects, interval) as watch:

        async def look() -> Found | NotYet:
            return judge(await watch.seen())

        yield Source(look=look, pause=watch.changed)


@asynccontextmanager
async def notified(
    subject: Subject, interval: float, look: Callable[[StorePoller], Awaitable[Found | NotYet]]
) -> AsyncIterator[Source]:
    """A source that looks for itself, once and then when there is news about ``subject``: nothing changes without."""
    poller = await store_poller()
    async with poller.watch([subject], interval, keep=False) as watch:
        found: Found | NotYet | None = None
        told = 0

        async def look_now() -> Found | NotYet:
            nonlocal found, told
            await watch.seen()
            now_told = watch.told
            if found is None or now_told != told:
                found = await look(poller)
                told = now_told
            return found

        yield Source(look=look_now, pause=watch.changed)
