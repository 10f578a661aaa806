# SPDX-License-Identifier: Apache-2.0
"""Pull messages from a vendor into the store: out of its queue, or from its inbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import Any, NamedTuple

from airflow_provider_wa.api.capabilities import HasInbox, KeepsQueue, keeps_inbox
from airflow_provider_wa.api.webhooks import Event, event
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.store.event_rows import NewEvent
from airflow_provider_wa.store.store import Store
from airflow_provider_wa.transport.channel import AsyncChannel
from airflow_provider_wa.transport.drive import adrive
from airflow_provider_wa.waiting.vendor_source import Run, shared_channel

EVENTS_AT_ONCE = 500
"""Maximum events of one transaction: other writers must not wait long for their turn."""


class Pulled(NamedTuple):
    """Result of one pull: the number of new events, and whether the vendor may have more right now."""

    new: int
    more: bool = False


Pull = Callable[[], Awaitable[Pulled]]
"""Asks a vendor once, and returns when its answer is stored. Raises ``WaError``; repeating it does no harm."""


@asynccontextmanager
async def pulling(hook: WaHook, store: Store, interval: float, since: int) -> AsyncIterator[Pull]:
    """Open the way to pull at the vendor of a connection.

    :param interval: seconds to wait at a queue, within the vendor's limits.
    :param since: where an inbox begins that was never read, a Unix time.
    :raises UnsupportedByVendor: the vendor has neither a queue nor an inbox.
    """
    if isinstance(hook.vendor, KeepsQueue):
        vendor = hook.vendor
        seconds = int(min(max(interval, vendor.queue_waits.start), vendor.queue_waits.stop - 1))
        # A channel of its own: waiting at a queue must not take one of the places that others share.
        async with hook.async_channel(concurrency=1) as channel:
            yield lambda: _pull_queue(hook, store, vendor, channel, seconds)
    else:
        inbox = hook.able(HasInbox)
        async with shared_channel(hook.endpoint) as run:
            yield lambda: _pull_inbox(hook, store, inbox, run, since)


def can_pull(hook: WaHook) -> bool:
    """Return True if the vendor of a connection has a queue, or keeps an inbox by default."""
    return isinstance(hook.vendor, KeepsQueue) or keeps_inbox(hook.vendor)


async def _pull_queue(hook: WaHook, store: Store, vendor: KeepsQueue, channel: AsyncChannel, seconds: int) -> Pulled:
    """Take one notification of any kind out of a queue: store it first, then delete it."""
    found = await adrive(vendor.receive_notification(seconds), channel)
    if found is None:
        return Pulled(0)
    received = event(found.content, vendor_kind=found.kind, raw=found.raw)
    new = await asyncio.to_thread(_store_events, hook, store, [received])
    deleted = await adrive(vendor.delete_notification(found.receipt_id), channel)
    return Pulled(new, more=deleted)


async def _pull_inbox(hook: WaHook, store: Store, vendor: HasInbox, run: Run, since: int) -> Pulled:
    """Read an inbox after the last known message, or since the first time that it was read."""
    cursor = f"pull:{hook.wa_conn_id}"
    known = await asyncio.to_thread(_known, store, cursor, since)
    if "after" in known:
        messages = await run(vendor.inbox(after=known["after"]))
    else:
        messages = await run(vendor.inbox(since=datetime.fromtimestamp(known["since"], timezone.utc)))
    if not messages:
        return Pulled(0)
    received = [event(message, vendor_kind="inbox", raw=message.raw) for message in messages]
    new = await asyncio.to_thread(_store_events, hook, store, received)
    await asyncio.to_thread(store.positions.set, cursor, {"after": messages[-1].message_id})
    return Pulled(new)


def _known(store: Store, cursor: str, since: int) -> dict[str, Any]:
    known: dict[str, Any] | None = store.positions.get(cursor)
    now = int(time.time())
    if known and known.get("since", now) > now:
        # The clock was set back: until that moment, the vendor would be asked for messages from the future.
        known, since = None, now
    if not known:
        # Saved before the first request: if that fails, the next one still asks for messages from this moment on.
        known = {"since": since}
        store.positions.set(cursor, known)
    return known


def _store_events(hook: WaHook, store: Store, received: Sequence[Event]) -> int:
    events = [NewEvent(conn_id=hook.wa_conn_id, vendor=hook.conn_type, event=each) for each in received]
    chunks = [events[start : start + EVENTS_AT_ONCE] for start in range(0, len(events), EVENTS_AT_ONCE)]
    return sum(map(store.events.add, chunks))
