# SPDX-License-Identifier: Apache-2.0
"""Messages that come in over a connection, read once each: pulled into the store if need be, and read from there."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from airflow_provider_wa.api.errors import QueueClosed, WaError
from airflow_provider_wa.api.kinds import MESSAGES, beyond_messages, is_wanted
from airflow_provider_wa.api.webhooks import EventKind
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.store.events import StoredEvent, Subject
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.waiting.inbox_puller import Pull, Pulled, can_pull, pulling
from airflow_provider_wa.waiting.patience import SHORTEST_PAUSE, try_again
from airflow_provider_wa.waiting.read_position import ReadPosition
from airflow_provider_wa.waiting.store_poller import Watch, store_poller

T = TypeVar("T")

MESSAGES_AT_ONCE = 500
"""Maximum messages that are read at once."""

GATHERING = 1.0
"""Minimum seconds between two reads, in which messages gather: one event with many is better than many with one."""


class Log(Protocol):
    """A logger of the standard library or of Airflow."""

    def warning(self, message: str, /, *values: object) -> object:
        """Log a line that should be noticed."""
        ...

    def error(self, message: str, /, *values: object) -> object:
        """Log an error."""
        ...


@dataclass(frozen=True)
class InboxReader:
    """Reader of the messages that come in over a connection.

    :param poll_interval: seconds between two looks, plus or minus a fifth.
    :param source: ``vendor`` pulls messages at the vendor, ``store`` leaves them to the receiver, ``auto`` pulls where
        the vendor has an inbox or a queue.
    :param max_failures: maximum number of consecutive temporary failures that do not end the wait.
    :param kinds: kinds of messages that are read; ``message`` stands for all that are messages.
    :param states: the trigger's ``asset_state_store``; None before Airflow 3.3.
    """

    conn_id: str
    poll_interval: float
    source: str
    max_failures: int
    states: Any
    log: Log
    kinds: Sequence[str] = MESSAGES

    async def event_ids(self, began: int) -> AsyncGenerator[list[int], None]:
        """Yield the ids of new messages, at most 500 at once, for ever.

        A failure is logged and raised after a pause: Airflow starts the trigger again within a second, and the vendor
        must not be asked as often.

        :param began: messages from before this Unix time are history, if nobody has ever read. Vendors give whole
            seconds.
        """
        position: ReadPosition | None = None
        try:
            hook = await WaHook.afor_connection(self.conn_id)
            poller = await store_poller()
            position = ReadPosition(poller.store, self.conn_id, self.states)
            await self._try_again(lambda: position.load(began))
            async with (
                poller.watch(self._subjects, self.poll_interval, keep=False) as watch,
                self._pulled(hook, poller.store, watch, began) as pull,
                aclosing(self._read(poller.store, watch, position, pull)) as read,
            ):
                async for news in read:
                    yield news
        except Exception as error:
            self.log.error("Connection %s: %s: %s", self.conn_id, type(error).__name__, error)
            await asyncio.sleep(max(SHORTEST_PAUSE, self.poll_interval))
            if position:
                await position.save_all()
            raise

    async def _read(
        self, store: Store, watch: Watch, position: ReadPosition, pull: asyncio.Task[None] | None
    ) -> AsyncGenerator[list[int], None]:
        # Changes of messages are among the other events, which are many and mostly none.
        kind = None if beyond_messages(self.kinds) else EventKind.INBOX

        async def look() -> list[StoredEvent]:
            await watch.seen()
            last = position.position.event_id
            return await asyncio.to_thread(store.events.after, last, MESSAGES_AT_ONCE, conn_id=self.conn_id, kind=kind)

        while True:
            found = await self._try_again(look)
            wanted = (event for event in found if is_wanted(event.message_kind, event.standing, self.kinds))
            # If the first start is in the future, the clock was set back since: what comes after it is no history.
            since = position.position.since if position.position.since <= time.time() else 0.0
            news = [event.id for event in wanted if _sent_at(event) >= since]
            if news:
                yield news
            if found:
                position.move(found[-1].id)
            await self._try_again(position.save_due)
            if pull is not None and pull.done():
                pull.result()  # it ends by an error only
            if len(found) < MESSAGES_AT_ONCE:
                await watch.changed(min(self._pause, position.seconds_to_save))
            await asyncio.sleep(GATHERING)

    @asynccontextmanager
    async def _pulled(
        self, hook: WaHook, store: Store, watch: Watch, began: int
    ) -> AsyncIterator[asyncio.Task[None] | None]:
        """Pull in a task of its own, as at a queue it mostly waits; yield None where there is nothing to pull."""
        if self.source == "store" or (self.source == "auto" and not can_pull(hook)):
            yield None
            return
        async with pulling(hook, store, self.poll_interval, began) as pull:
            task = asyncio.create_task(self._pull_on(pull, watch))
            try:
                yield task
            finally:
                task.cancel()
                await asyncio.wait([task])

    async def _pull_on(self, pull: Pull, watch: Watch) -> None:
        pull = self._while_open(pull) if self.source == "auto" else pull
        try:
            while True:
                began = time.monotonic()
                pulled = await self._try_again(pull)
                if pulled.new:
                    watch.add(())
                if not pulled.more:
                    await asyncio.sleep(max(SHORTEST_PAUSE, began + self._pause - time.monotonic()))
        finally:
            watch.add(())

    def _while_open(self, pull: Pull) -> Pull:
        """Return a pull that finds nothing while a queue is closed: the receiver has the messages then."""
        said = False

        async def pull_while_open() -> Pulled:
            nonlocal said
            try:
                return await pull()
            except QueueClosed as closed:
                if not said:
                    self.log.warning("Connection %s: %s; messages are read from the store", self.conn_id, closed)
                said = True
                return Pulled(0)

        return pull_while_open

    @property
    def _subjects(self) -> list[Subject]:
        kinds = [EventKind.INBOX, *([EventKind.OTHER] if beyond_messages(self.kinds) else [])]
        return [Subject(self.conn_id, kind) for kind in kinds]

    @property
    def _pause(self) -> float:
        return max(SHORTEST_PAUSE, self.poll_interval * random.uniform(0.8, 1.2))

    async def _try_again(self, work: Callable[[], Awaitable[T]]) -> T:
        return await try_again(work, self.max_failures, self.poll_interval, self._report)

    def _report(self, failure: WaError) -> None:
        self.log.warning("Connection %s: %s", self.conn_id, failure)


def _sent_at(event: StoredEvent) -> float:
    """Return when a message was sent, a Unix time; if the vendor does not say, when it was stored."""
    return (event.happened_at or event.received_at).timestamp()
