# SPDX-License-Identifier: Apache-2.0
"""One poller for many waits: all triggers of a process that wait for events of the store share one query a tick.

A tick reads the events stored since the last one and hands each to the watches on its subject. New watches read the
events from before they began, all of them in one query. So do watches on a person when a further name, a LID or the
number, becomes known: the store has renamed that person's events. Waits for a batch of checks count its rows when there
is news, and share that query as well.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import replace
from weakref import WeakKeyDictionary

import anyio

from airflow_provider_wa.connections.store import aget_store
from airflow_provider_wa.store.events import StoredEvent, Subject
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.waiting.patience import SHORTEST_PAUSE

EVENTS_AT_ONCE = 2000
"""Maximum events of one query; if there are more, the next query follows at once."""

GATHERING = 0.2
"""Seconds in which new watches gather: after a restart all of them come at once."""

WOKEN_AT_ONCE = 50
"""Watches that are notified in one step of the event loop."""


class Watch:
    """The subjects that one wait is about, and their events so far, the oldest first.

    ``news`` counts the ticks that brought some.

    :param interval: seconds between two queries, at most.
    :param keep: keep the events, those from before the watch included; with False only count the news.
    """

    def __init__(self, subjects: Collection[Subject], interval: float, keep: bool) -> None:
        self.subjects = frozenset(subjects)
        self.interval = interval
        self.keep = keep
        self.events: list[StoredEvent] = []
        self.news = 0
        self._failure: Exception | None = None
        self._served = asyncio.Event()
        self._changed = asyncio.Event()

    async def seen(self) -> list[StoredEvent]:
        """Return the events so far.

        :raises WaError: the last tick failed.
        """
        await self._served.wait()
        self._changed.clear()
        if self._failure is not None:
            # Many waits raise the same exception: it must not gather the frames of all.
            raise self._failure.with_traceback(None)
        return self.events

    async def changed(self, seconds: float) -> None:
        """Wait until there is news, at most for these seconds.

        A failure is not news: other watches may tick more often, and each wait counts only failures at its own ticks.
        """
        with anyio.move_on_after(seconds):
            await self._changed.wait()

    def widen(self, subjects: Iterable[Subject]) -> None:
        """Watch further subjects as well; all events are read again."""
        self.subjects |= frozenset(subjects)
        self.events = []

    def add(self, events: Iterable[StoredEvent]) -> None:
        """Add new events and end the pause; with no events there is news all the same."""
        if self.keep:
            self.events.extend(events)
        self.news += 1
        self._changed.set()

    def ticked(self, failure: Exception | None) -> None:
        """Note the end of a tick, and its failure if it failed."""
        self._failure = failure
        self._served.set()


class StorePoller:
    """Reads one store for all watches of one event loop, as long as there is a watch."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._watches: set[Watch] = set()
        self._by_subject: defaultdict[Subject, set[Watch]] = defaultdict(set)
        self._new: set[Watch] = set()
        self._names: dict[str, Sequence[str]] = {}
        self._cursor: int | None = None
        self._joined = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._counted: set[str] = set()
        self._counting: asyncio.Task[Mapping[str, Counter[str]]] | None = None
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def watch(self, subjects: Collection[Subject], interval: float, *, keep: bool = True) -> AsyncIterator[Watch]:
        """Watch these subjects, with a query every ``interval`` seconds or more often."""
        watch = Watch(subjects, max(interval, SHORTEST_PAUSE), keep)
        self._watches.add(watch)
        self._new.add(watch)
        for subject in watch.subjects:
            self._by_subject[subject].add(watch)
        self._joined.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield watch
        finally:
            self._forget(watch)
            if not self._watches:
                self._stop()

    async def counts(self, batch: str) -> Counter[str]:
        """Return the rows of a batch of checks by status. Calls at the same time share a query."""
        self._counted.add(batch)
        if self._counting is None:
            self._counting = asyncio.create_task(self._count())
        counts = await asyncio.shield(self._counting)
        async with self._turn:
            await asyncio.sleep(0)  # all waits wake at once, which would be one long step of the event loop
        return counts[batch]

    async def _count(self) -> Mapping[str, Counter[str]]:
        await asyncio.sleep(GATHERING)
        batches, self._counted, self._counting = self._counted, set(), None
        return await asyncio.to_thread(self.store.checks.counts_of, batches)

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
        self._names = {}
        # The old ones refer to the event loop, which could never be freed.
        self._joined, self._turn = asyncio.Event(), asyncio.Lock()

    async def _run(self) -> None:
        while True:
            self._joined.clear()
            more = await self._tick()
            if not more and not self._joined.is_set():
                with anyio.move_on_after(min(watch.interval for watch in self._watches)):
                    await self._joined.wait()
            if self._joined.is_set():
                await asyncio.sleep(GATHERING)

    async def _tick(self) -> bool:
        """Query once and notify all watches; return True if there are more events to read."""
        served, new, self._new = set(self._watches), self._new, set()
        past = {subject for watch in new if watch.keep for subject in watch.subjects}
        people = {subject.about for subject in self._by_subject if subject.is_person}
        try:
            cursor, before, after, names = await asyncio.to_thread(self._ask, self._cursor, past, people)
        except Exception as error:  # noqa: BLE001 - any failure is raised in the waits
            failure = error
            self._new |= new & self._watches
            await _each(served, lambda watch: watch.ticked(failure))
            return False
        self._cursor = cursor
        # Watches that came during the query read all of these events in the next tick.
        parts = self._parts(before, new)
        for watch, part in self._parts(after, served).items():
            parts[watch] += part
        await _each(parts, lambda watch: watch.add(parts[watch]))
        await _each(served, lambda watch: watch.ticked(None))
        widened = self._widen(names)
        return widened or len(after) == EVENTS_AT_ONCE

    def _ask(
        self, cursor: int | None, past: Collection[Subject], people: Collection[str]
    ) -> tuple[int, list[StoredEvent], list[StoredEvent], Mapping[str, Sequence[str]]]:
        """Return the last id, the events that new watches missed, the events since the last tick, and people's names.

        Called in a thread.
        """
        events = self.store.events
        names = self.store.identities.names(people) if people else {}
        if cursor is None:
            cursor = events.last_id()
            return cursor, events.about(past, until_id=cursor), [], names
        before = events.about(past, until_id=cursor) if past else []
        after = events.after(cursor, EVENTS_AT_ONCE)
        return (after[-1].id if after else cursor), before, after, names

    def _widen(self, names: Mapping[str, Sequence[str]]) -> bool:
        """Extend the watches on people with new names; return True if there are such people."""
        grown = {about for about, known in names.items() if set(known) - set(self._names.get(about, (about,)))}
        self._names = {**names}
        wider: defaultdict[Watch, set[Subject]] = defaultdict(set)
        for subject in [each for each in self._by_subject if each.is_person and each.about in grown]:
            for watch in self._by_subject[subject]:
                wider[watch] |= {replace(subject, about=name) for name in names[subject.about]}
        for watch, subjects in wider.items():
            watch.widen(subjects)
            for subject in subjects:
                self._by_subject[subject].add(watch)
        self._new |= wider.keys()
        return bool(wider)

    def _parts(self, events: Iterable[StoredEvent], watches: Set[Watch]) -> defaultdict[Watch, list[StoredEvent]]:
        """Return the events for each of these watches."""
        parts: defaultdict[Watch, list[StoredEvent]] = defaultdict(list)
        for event in events:
            interested = {watch for subject in Subject.all_of(event) for watch in self._by_subject.get(subject, ())}
            for watch in interested & watches:
                parts[watch].append(event)
        return parts


async def _each(watches: Collection[Watch], notify: Callable[[Watch], None]) -> None:
    """Notify watches, some at a time: together they would be one long step of the event loop."""
    for number, watch in enumerate(watches, 1):
        notify(watch)
        if number % WOKEN_AT_ONCE == 0:
            await asyncio.sleep(0)


async def store_poller() -> StorePoller:
    """Return the poller of Airflow's store on this event loop."""
    store = await aget_store()
    pollers = _POLLERS.setdefault(asyncio.get_running_loop(), {})
    if store not in pollers:
        pollers[store] = StorePoller(store)
    return pollers[store]


_POLLERS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Store, StorePoller]] = WeakKeyDictionary()
