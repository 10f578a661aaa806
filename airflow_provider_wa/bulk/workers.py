# SPDX-License-Identifier: Apache-2.0
"""A fixed set of workers over one iterator: never one task per item, however long the list is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import TypeVar

from airflow_provider_wa.api.errors import Retry, VendorUnavailable, WaError

T = TypeVar("T")

FAILURES_TO_STOP = 20
"""Failed calls in a row that end a run: the vendor is out of reach."""

ENDED = "the task was ended from outside; work under way is finished and stored, no more is begun"
"""Message of the error that ends a run whose task was marked failed, or cleared."""


class Interrupted(WaError):
    """The run was ended from outside: its task was marked failed, or cleared. What was begun is finished."""

    retry = Retry.LATER
    stops_all = True


def never() -> bool:
    """Return False: a run that nobody ends from outside."""
    return False


def refuse_if(interrupted: Callable[[], bool]) -> None:
    """Raise ``Interrupted`` if the run is to end."""
    if interrupted():
        raise Interrupted(ENDED)


async def for_each(
    items: Iterable[T] | AsyncIterable[T],
    work: Callable[[T], Awaitable[None]],
    workers: int,
    interrupted: Callable[[], bool] = never,
) -> None:
    """Do ``work`` on each of ``items``, ``workers`` at a time.

    A ``WaError`` from the work on one item, or from ``items``, stops all: no further item is begun. What was begun is
    finished, for it was paid for and its result must not be lost.

    :param interrupted: asked before the work on each item; True stops all in the same way.
    :raises WaError: the first one, after all workers have ended.
    :raises Interrupted: it was to stop.
    """
    take = _taken_together(aiter(items)) if isinstance(items, AsyncIterable) else _taken(iter(items))
    stopped: list[WaError] = []

    async def worker() -> None:
        while not stopped:
            try:
                item = await take()
                refuse_if(interrupted)
                await work(item)
            except StopAsyncIteration:
                return
            except WaError as error:
                stopped.append(error)

    tasks = [asyncio.create_task(worker()) for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if stopped:
        raise stopped[0]


async def one_ahead(items: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield items; each is made while the one before it is worked on.

    Close it (``contextlib.aclosing``) if it is not read to its end: an item may be in the making.
    """
    coming = asyncio.ensure_future(_next(items))
    try:
        while item := await coming:
            coming = asyncio.ensure_future(_next(items))
            yield item[0]
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await items.aclose()


async def _next(items: AsyncIterator[T]) -> tuple[T] | None:
    """Return the next item, or None at the end."""
    async for item in items:
        return (item,)
    return None


def _taken(items: Iterator[T]) -> Callable[[], Awaitable[T]]:
    async def take() -> T:
        for item in items:
            return item
        raise StopAsyncIteration

    return take


def _taken_together(items: AsyncIterator[T]) -> Callable[[], Awaitable[T]]:
    # An asynchronous generator may be asked by one at a time only.
    turn = asyncio.Lock()

    async def take() -> T:
        async with turn:
            return await anext(items)

    return take


class CircuitBreaker:
    """Counts failures in a row: many mean that the vendor is out of reach and that the next call would fail too."""

    def __init__(self) -> None:
        self._length = 0

    def answered(self) -> None:
        """Count an answer of any kind."""
        self._length = 0

    def failed(self, error: WaError) -> None:
        """Count a failure.

        :raises WaError: the failure, if it is one too many.
        """
        self._length += isinstance(error, VendorUnavailable)
        if self._length >= FAILURES_TO_STOP:
            raise error
