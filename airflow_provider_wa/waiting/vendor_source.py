# SPDX-License-Identifier: Apache-2.0
"""Asking a vendor from a triggerer: all triggers of a connection share one way to it, and so its rate limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar
from weakref import WeakKeyDictionary

from airflow_provider_wa.api.flow import Flow
from airflow_provider_wa.hooks.base import WaHook
from airflow_provider_wa.transport.channel import AsyncChannel, Endpoint
from airflow_provider_wa.transport.drive import adrive
from airflow_provider_wa.waiting.trigger import Found, NotYet, Source

T = TypeVar("T")


class Run(Protocol):
    """Carries a flow out."""

    async def __call__(self, flow: Flow[T]) -> T:
        """What the flow returns."""
        ...


@asynccontextmanager
async def asking(conn_id: str, ask: Callable[[WaHook, Run], Awaitable[Found | NotYet]]) -> AsyncIterator[Source]:
    """A source that asks the vendor at each look."""
    hook = await look_up(conn_id)
    async with shared_way(hook.endpoint) as run:
        yield Source(look=lambda: ask(hook, run), pause=asyncio.sleep)


async def look_up(conn_id: str) -> WaHook:
    """The hook for a connection. Those who ask at the same time share one look-up: after a restart they are many.

    :raises AirflowNotFoundException: there is no such connection.
    :raises BadInput: the connection is of another type, or a field of it is missing or wrong.
    """
    under_way = _LOOK_UPS.setdefault(asyncio.get_running_loop(), {})
    if conn_id not in under_way:
        under_way[conn_id] = asyncio.create_task(WaHook.afor_connection(conn_id))
        under_way[conn_id].add_done_callback(lambda _: under_way.pop(conn_id))
    # Who is cancelled must not take the answer from the others.
    return await asyncio.shield(under_way[conn_id])


@asynccontextmanager
async def shared_way(endpoint: Endpoint) -> AsyncIterator[Run]:
    """The way to a vendor that all on this event loop share who use the same connection."""
    ways = _WAYS.setdefault(asyncio.get_running_loop(), {})
    if endpoint not in ways:
        ways[endpoint] = _Way(endpoint)
    way = ways[endpoint]
    way.users += 1
    try:
        yield await way.open()
    finally:
        way.users -= 1
        if not way.users:
            del ways[endpoint]
            await way.close()


class _Way:
    def __init__(self, endpoint: Endpoint) -> None:
        self.users = 0
        self._channel = AsyncChannel(endpoint)
        self._opening = asyncio.Lock()
        self._opened = False
        # Whoever waits for a connection inside the HTTP client would run into its time-out.
        self._slots = asyncio.Semaphore(endpoint.concurrency)

    async def open(self) -> Run:
        async with self._opening:
            if not self._opened:
                await self._channel.__aenter__()
                self._opened = True
            # A thousand that come at once go on one by one: together they would block the event loop.
            await asyncio.sleep(0)
        return self._run

    async def close(self) -> None:
        if self._opened:
            await self._channel.__aexit__(None, None, None)

    async def _run(self, flow: Flow[T]) -> T:
        async with self._slots:
            return await adrive(flow, self._channel)


_LOOK_UPS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Task[WaHook]]] = WeakKeyDictionary()
_WAYS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Endpoint, _Way]] = WeakKeyDictionary()
