# SPDX-License-Identifier: Apache-2.0
"""The vendor as a source: all triggers of a connection share one channel to it, and so its rate limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar
from weakref import WeakKeyDictionary

from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.bulk.workers import for_each
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.transport.channel import AsyncChannel, Endpoint
from airflow_provider_wa.transport.drive import adrive
from airflow_provider_wa.waiting.source import Found, NotYet, Source

T = TypeVar("T")


class Run(Protocol):
    """Runs a flow at the vendor."""

    async def __call__(self, flow: Flow[T]) -> T:
        """Return the flow's result."""
        ...


@asynccontextmanager
async def asking(conn_id: str, ask: Callable[[WaHook, Run], Awaitable[Found | NotYet]]) -> AsyncIterator[Source]:
    """Open a source that asks the vendor at each look."""
    hook = await look_up(conn_id)
    async with shared_channel(hook.endpoint) as run:
        yield Source(look=lambda: ask(hook, run), pause=asyncio.sleep)


async def look_up(conn_id: str) -> WaHook:
    """Return the hook for a connection. Calls at the same time share one look-up: after a restart they are many.

    :raises AirflowNotFoundException: the connection does not exist.
    :raises BadInput: the connection is of another type, or a field of it is missing or wrong.
    """
    under_way = _LOOK_UPS.setdefault(asyncio.get_running_loop(), {})
    if conn_id not in under_way:
        under_way[conn_id] = asyncio.create_task(WaHook.afor_connection(conn_id))
        under_way[conn_id].add_done_callback(lambda _: under_way.pop(conn_id))
    # A call that is cancelled must not cancel the look-up of the others.
    return await asyncio.shield(under_way[conn_id])


@asynccontextmanager
async def shared_channel(endpoint: Endpoint) -> AsyncIterator[Run]:
    """Open the channel that all users of a connection share on this event loop."""
    channels = _CHANNELS.setdefault(asyncio.get_running_loop(), {})
    if endpoint not in channels:
        channels[endpoint] = _SharedChannel(endpoint)
    shared = channels[endpoint]
    shared.users += 1
    try:
        yield await shared.open()
    finally:
        shared.users -= 1
        if not shared.users:
            del channels[endpoint]
            await shared.close()


async def ask_each(hook: WaHook, items: Iterable[T], ask: Callable[[T], Awaitable[None]]) -> None:
    """Ask the vendor about each item, with the connection's concurrency. An error that ``ask`` raises stops all.

    :raises WaError: the first one, after the calls under way have ended.
    """
    await for_each(items, ask, hook.endpoint.concurrency)


class _SharedChannel:
    def __init__(self, endpoint: Endpoint) -> None:
        self.users = 0
        self._channel = AsyncChannel(endpoint)
        self._opening = asyncio.Lock()
        self._opened = False
        # A call that waits for a free connection inside the HTTP client would run into its time-out.
        self._slots = asyncio.Semaphore(endpoint.concurrency)

    async def open(self) -> Run:
        async with self._opening:
            if not self._opened:
                await self._channel.__aenter__()
                self._opened = True
            # A thousand that open it at once continue one by one: together they would block the event loop.
            await asyncio.sleep(0)
        return self._run

    async def close(self) -> None:
        if self._opened:
            await self._channel.__aexit__(None, None, None)

    async def _run(self, flow: Flow[T]) -> T:
        async with self._slots:
            return await adrive(flow, self._channel)


_LOOK_UPS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Task[WaHook]]] = WeakKeyDictionary()
_CHANNELS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Endpoint, _SharedChannel]] = WeakKeyDictionary()
