# SPDX-License-Identifier: Apache-2.0
"""One poller for many: all triggers of a process that wait for events of the store share one query a tick.

A tick asks for what was stored since the last one and hands each event to those who wait for it. Who is new asks for
what was stored before, together with all others who are new. Who waits for a batch of checks counts its rows when there
is news, and shares that query as well.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Set
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

import anyio

from airflow_provider_wa.bulk.check_results import count_rows
from airflow_provider_wa.connections.store import aget_store
from airflow_provider_wa.store.events import StoredEvent, Subject
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.waiting.patience import SHORTEST_PAUSE

EVENTS_AT_ONCE = 2000
"""How many events one query asks for; if there are more, the next one follows at once."""

GATHERING = 0.2
"""Seconds in which those who are new gather: after a restart all of them come at once."""

WOKEN_AT_ONCE = 50
"""How many are told of news in one step of the event loop."""


class Watch:
    """What somebody waits for, and what has come of it. ``events`` are the oldest first.

    ``told`` counts how often there was news.

    :param keep: whether it wants the events themselves, those from before it came included, or only to be told of news.
    """

    def __init__(self, subjects: Collection[Subject], interval: float, keep: bool) -> None:
        self.subjects = frozenset(subjects)
        self.interval = interval
        self.keep = keep
        self.events: list[StoredEvent] = []
        self.told = 0
        self._failure: Exception | None = None
        self._served = asyncio.Event()
        self._news = asyncio.Event()

    async def seen(self) -> list[StoredEvent]:
        """The events so far.

        :raises WaError: the last tick failed.
        """
        await self._served.wait()
        self._news.clear()
        if self._failure is not None:
            # Many raise the same one: it must not gather the frames of all.
            raise self._failure.with_traceback(None)
        return self.events

    async def changed(self, seconds: float) -> None:
        """Wait until there is news, but so many seconds at most.

        A failure is no news: others may tick more often, and each counts the failures that it sees itself.
        """
        with anyio.move_on_after(seconds):
            await self._news.wait()

    def take(self, events: Iterable[StoredEvent]) -> None:
        """Be handed new events."""
        if self.keep:
            self.events.extend(events)
        self.told += 1
        self._news.set()

    def tick(self, failure: Exception | None) -> None:
        """Be told how a tick went."""
        self._failure = failure
        self._served.set()


class StorePoller:
    """Asks one store on behalf of all watches of one event loop, for as long as there is one."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._watches: set[Watch] = set()
        self._by_subject: defaultdict[Subject, set[Watch]] = defaultdict(set)
        self._new: set[Watch] = set()
        self._cursor: int | None = None
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._counted: set[str] = set()
        self._counting: asyncio.Task[Mapping[str, Counter[str]]] | None = None
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def watch(self, subjects: Collection[Subject], interval: float, *, keep: bool = True) -> AsyncIterator[Watch]:
        """Wait for events on these subjects, asked for every ``interval`` seconds or more often."""
        watch = Watch(subjects, max(interval, SHORTEST_PAUSE), keep)
        self._watches.add(watch)
        self._new.add(watch)
        for subject in watch.subjects:
            self._by_subject[subject].add(watch)
        self._came.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield watch
        finally:
            self._forget(watch)
            if not self._watches:
                self._stop()

    async def counts(self, batch: str) -> Counter[str]:
        """How many rows of a batch of checks there are of each status. Those who ask at the same time share a query."""
        self._counted.add(batch)
        if self._counting is None:
            self._counting = asyncio.create_task(self._count())
        counts = await asyncio.shield(self._counting)
        async with self._turn:
            await asyncio.sleep(0)  # all are woken at once, which would be one long step of the event loop
        return counts[batch]

    async def _count(self) -> Mapping[str, Counter[str]]:
        await asyncio.sleep(GATHERING)
        batches, self._counted, self._counting = self._counted, set(), None
        return await asyncio.to_thread(count_rows, self.store, batches)

    def _forget(self, watch: Watch) -> None:
        self._watches.discard(watch)
        self._new.discard(watch)
        for subject in watch.subjects:
            self._by_subject[subject].discard(watch)
            if not self._by_subject[subject]:
                del self._by_subject[subject]

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task, self._cursor = None, None
        # The old ones know the event loop, which would never be forgotten.
        self._came, self._turn = asyncio.Event(), asyncio.Lock()

    async def _run(self) -> None:
        while True:
            self._came.clear()
            more = await self._tick()
            if not more and not self._came.is_set():
                with anyio.move_on_after(min(watch.interval for watch in self._watches)):
                    await self._came.wait()
            if self._came.is_set():
                await asyncio.sleep(GATHERING)

    async def _tick(self) -> bool:
        """Ask once and tell all; True if there is more to ask for."""
        served, new, self._new = set(self._watches), self._new, set()
        past = {subject for watch in new if watch.keep for subject in watch.subjects}
        try:
            cursor, before, after = await asyncio.to_thread(self._ask, self._cursor, past)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are to know it
            failure = error
            self._new |= new & self._watches
            await _each(served, lambda watch: watch.tick(failure))
            return False
        self._cursor = cursor
        # Who came in the meantime asks for all of these in the next tick.
        parts = self._parts(before, new)
        for watch, part in self._parts(after, served).items():
            parts[watch] += part
        await _each(parts, lambda watch: watch.take(parts[watch]))
        await _each(served, lambda watch: watch.tick(None))
        return len(after) == EVENTS_AT_ONCE

    def _ask(self, cursor: int | None, past: Collection[Subject]) -> tuple[int, list[StoredEvent], list[StoredEvent]]:
        """In a thread: where the next tick goes on, what new watches missed, and what has come since the last tick."""
        events = self.store.events
        if cursor is None:
            cursor = events.last_id()
            return cursor, events.about(past, until_id=cursor), []
        before = events.about(past, until_id=cursor) if past else []
        after = events.after(cursor, EVENTS_AT_ONCE)
        return (after[-1].id if after else cursor), before, after

    def _parts(self, events: Iterable[StoredEvent], watches: Set[Watch]) -> defaultdict[Watch, list[StoredEvent]]:
        """The events that each of these watches waits for."""
        parts: defaultdict[Watch, list[StoredEvent]] = defaultdict(list)
        for event in events:
            interested = {watch for subject in Subject.all_of(event) for watch in self._by_subject.get(subject, ())}
            for watch in interested & watches:
                parts[watch].append(event)
        return parts


async def _each(watches: Collection[Watch], tell: Callable[[Watch], None]) -> None:
    """Tell watches something, some at a time: what they do then must not be one long step of the event loop."""
    for number, watch in enumerate(watches, 1):
        tell(watch)
        if number % WOKEN_AT_ONCE == 0:
            await asyncio.sleep(0)


async def store_poller() -> StorePoller:
    """The poller of Airflow's store on this event loop."""
    store = await aget_store()
    pollers = _POLLERS.setdefault(asyncio.get_running_loop(), {})
    if store not in pollers:
        pollers[store] = StorePoller(store)
    return pollers[store]


_POLLERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Store, StorePoller]] = WeakKeyDictionary()
