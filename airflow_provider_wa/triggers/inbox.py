# SPDX-License-Identifier: Apache-2.0
"""Starts DAGs when WhatsApp messages come in."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_provider_wa.api.errors import BadInput, WaError
from airflow_provider_wa.waiting.patience import MAX_FAILURES, SHORTEST_PAUSE, try_again
from airflow_provider_wa.waiting.preload import preload
from airflow_provider_wa.waiting.read_position import ReadPosition

if TYPE_CHECKING:
    from airflow_provider_wa.hooks.base import WaHook
    from airflow_provider_wa.store.events import StoredEvent
    from airflow_provider_wa.store.store import Store
    from airflow_provider_wa.waiting.inbox_puller import Pull
    from airflow_provider_wa.waiting.store_poller import Watch

T = TypeVar("T")

BATCH = 500
"""How many messages one event tells of at most."""

GATHERING = 1.0
"""Seconds between two events at least, in which messages gather: one event of many is better than many of one."""

SOURCES = ("auto", "vendor", "store")


class WaInboxTrigger(BaseEventTrigger):
    """Tells an asset of the messages that come in over a connection: ``AssetWatcher(name=..., trigger=...)``.

    Each event is a batch, ``{"conn_id", "event_ids", "count"}``: ``WaReadInboxOperator`` reads the messages in the DAG
    that it starts. Messages go through the store, each once, whether the receiver was posted them or they were pulled:
    a portal is asked every ``poll_interval`` seconds; at the queue of a Green-API instance, which must have no other
    reader, a long poll takes them as they come; WuzAPI posts them to the receiver.

    It begins with what comes after its first start, and goes on after a restart from where it was: each message is told
    once, but for those of the last ten seconds before a triggerer is killed, which may be told again. Airflow 3.3 keeps
    the place with the asset, and so does each asset begin and go on for itself; before, all watchers of a connection
    share one.

    Failures that might pass are waited out with growing pauses. Any other raises and is logged; Airflow then starts the
    trigger anew.

    :param wa_conn_id: the connection.
    :param poll_interval: seconds between two looks, give or take a fifth.
    :param source: ``vendor`` pulls messages at the vendor, ``store`` leaves it to the receiver, ``auto`` pulls where
        the vendor has an inbox or a queue.
    :param max_failures: so many failures in a row that might pass by themselves are waited out.
    :raises BadInput: an argument is wrong.
    """

    def __init__(
        self,
        wa_conn_id: str,
        poll_interval: float = 30.0,
        source: str = "auto",
        max_failures: int = MAX_FAILURES,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        if source not in SOURCES:
            raise BadInput(f"source: {source!r} is none of {', '.join(SOURCES)}")
        self.wa_conn_id = wa_conn_id
        # Triggers are the same if this is: 30 and 30.0 must not be two.
        self.poll_interval = float(poll_interval)
        self.source = source
        self.max_failures = max_failures
        self._bookmark: ReadPosition | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("wa_conn_id", "poll_interval", "source", "max_failures")
        return f"{__name__}.{type(self).__name__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        try:
            async with aclosing(self._events()) as events:
                async for event in events:
                    yield event
        except Exception as error:
            self.log.error("Connection %s: %s: %s", self.wa_conn_id, type(error).__name__, error)
            # Airflow starts it again within a second: without a pause the vendor would be asked as often.
            await asyncio.sleep(max(SHORTEST_PAUSE, self.poll_interval))
            if self._bookmark:
                await self._bookmark.settle_all()
            raise

    async def _events(self) -> AsyncGenerator[TriggerEvent, None]:
        began = int(time.time())  # vendors tell whole seconds
        await preload()
        from airflow_provider_wa.api.webhooks import EventKind
        from airflow_provider_wa.hooks.base import WaHook
        from airflow_provider_wa.store.events import Subject
        from airflow_provider_wa.waiting.store_poller import store_poller

        hook = await WaHook.afor_connection(self.wa_conn_id)
        poller = await store_poller()
        store = poller.store
        bookmark = ReadPosition(store, self.wa_conn_id, getattr(self, "asset_state_store", None))
        self._bookmark = bookmark
        await self._try_again(lambda: bookmark.load(began))
        subject = Subject(self.wa_conn_id, EventKind.INBOX)
        async with (
            poller.watch([subject], self.poll_interval, keep=False) as watch,
            self._pulled(hook, store, watch, began) as pull,
        ):

            async def look() -> list[StoredEvent]:
                await watch.seen()
                last = bookmark.place.event_id
                return await asyncio.to_thread(
                    store.events.after, last, BATCH, conn_id=self.wa_conn_id, kind=EventKind.INBOX
                )

            while True:
                found = await self._try_again(look)
                news = [event.id for event in found if _moment(event) >= bookmark.place.since]
                if news:
                    yield TriggerEvent({"conn_id": self.wa_conn_id, "event_ids": news, "count": len(news)})
                if found:
                    bookmark.move(found[-1].id)
                await self._try_again(bookmark.settle)
                if pull is not None and pull.done():
                    pull.result()  # it never ends but by an error
                if len(found) < BATCH:
                    await watch.changed(min(self._pause, bookmark.seconds_to_settle))
                await asyncio.sleep(GATHERING)

    @asynccontextmanager
    async def _pulled(
        self, hook: WaHook, store: Store, watch: Watch, began: int
    ) -> AsyncIterator[asyncio.Task[None] | None]:
        """Pull beside all else, as at a queue it is mostly waiting; None where there is nothing to pull."""
        from airflow_provider_wa.waiting.inbox_puller import pulling, pulls

        if self.source == "store" or (self.source == "auto" and not pulls(hook)):
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
        try:
            while True:
                began = time.monotonic()
                pulled = await self._try_again(pull)
                if pulled.new:
                    watch.take(())
                if not pulled.more:
                    await asyncio.sleep(max(SHORTEST_PAUSE, began + self._pause - time.monotonic()))
        finally:
            watch.take(())

    @property
    def _pause(self) -> float:
        return max(SHORTEST_PAUSE, self.poll_interval * random.uniform(0.8, 1.2))

    async def _try_again(self, work: Callable[[], Awaitable[T]]) -> T:
        return await try_again(work, self.max_failures, self.poll_interval, self._report)

    def _report(self, failure: WaError) -> None:
        self.log.warning("Connection %s: %s", self.wa_conn_id, failure)


def _moment(event: StoredEvent) -> float:
    """When a message was sent, a Unix time; what does not tell is new."""
    return (event.happened_at or event.received_at).timestamp()
