# SPDX-License-Identifier: Apache-2.0
"""The store as a source: events that the receiver has stored."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager

from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.store.events import StoredEvent, Subject
from airflow_provider_wa.waiting.source import Found, NotYet, Source
from airflow_provider_wa.waiting.store_poller import StorePoller, store_poller


@asynccontextmanager
async def watching(
    conn_id: str,
    kind: EventKind,
    about: Iterable[str],
    interval: float,
    judge: Callable[[Sequence[StoredEvent]], Found | NotYet],
    *,
    also: Collection[EventKind] = (),
) -> AsyncIterator[Source]:
    """Open a source that judges the events of a connection as they come.

    :param about: senders for incoming messages and their changes, references for other kinds of events.
    :param interval: seconds between two queries.
    :param judge: called with all events so far, the oldest first.
    :param also: further kinds of events.
    """
    poller = await store_poller()
    subjects = [Subject(conn_id, each_kind, each) for each in about for each_kind in (kind, *also)]
    async with poller.watch(subjects, interval) as watch:

        async def look() -> Found | NotYet:
            return judge(await watch.seen())

        yield Source(look=look, pause=watch.changed)


@asynccontextmanager
async def notified(
    conn_id: str, kind: EventKind, interval: float, look: Callable[[StorePoller], Awaitable[Found | NotYet]]
) -> AsyncIterator[Source]:
    """Open a source that looks once, and then again only after a new event of this kind."""
    poller = await store_poller()
    async with poller.watch([Subject(conn_id, kind)], interval, keep=False) as watch:
        found: Found | NotYet | None = None
        known = 0

        async def look_if_news() -> Found | NotYet:
            nonlocal found, known
            await watch.seen()
            news = watch.news
            if found is None or news != known:
                found = await look(poller)
                known = news
            return found

        yield Source(look=look_if_news, pause=watch.changed)
