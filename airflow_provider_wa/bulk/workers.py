# SPDX-License-Identifier: Apache-2.0
"""Runs a fixed set of workers over one iterator: never one task per item, however long the list is."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TypeAlias, TypeVar

from airflow_provider_wa.api.errors import VendorUnavailable, WaError

T = TypeVar("T")

FAILURES_TO_STOP = 20
"""So many calls in a row that could not reach the vendor, with no answer among them, end a run."""


class Log(Protocol):
    """What progress is written to: a logger of the standard library or of Airflow."""

    def info(self, message: str, /, *values: object) -> object:
        """Write a line."""
        ...

    def warning(self, message: str, /, *values: object) -> object:
        """Write a line that is to be noticed."""
        ...


async def for_each(items: Iterable[T] | AsyncIterable[T], work: Callable[[T], Awaitable[None]], workers: int) -> None:
    """Do ``work`` on each of ``items``, ``workers`` at a time.

    A ``WaError`` from the work on one item, or from ``items``, stops all: no further item is begun. What was begun is
    finished, for it was paid for and its result must not be lost.

    :raises WaError: the first one, after all workers have ended.
    """
    take = _taken_together(aiter(items)) if isinstance(items, AsyncIterable) else _taken(iter(items))
    stopped: list[WaError] = []

    async def worker() -> None:
        while not stopped:
            try:
                await work(await take())
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


@contextmanager
def heap_spared() -> Iterator[None]:
    """Keep the garbage collector off what was there before.

    With Airflow loaded, to look through all of it takes a tenth of a second, in which no reply is read.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


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
    """Failures in a row: many tell that the vendor is away, and that the next call would fare no better."""

    def __init__(self) -> None:
        self._length = 0

    def answered(self) -> None:
        """There was an answer, of whatever kind."""
        self._length = 0

    def failed(self, error: WaError) -> None:
        """Count a failure.

        :raises WaError: the failure, if it is one too many.
        """
        self._length += isinstance(error, VendorUnavailable)
        if self._length >= FAILURES_TO_STOP:
            raise error


Length: TypeAlias = "int | Callable[[], int] | None"
"""How many items there are, or what counts them; None if nobody can tell."""


class Counts(Protocol):
    """How far a run is, for its progress."""

    @property
    def done(self) -> int:
        """How many items need nothing any more."""
        ...

    @property
    def remark(self) -> str:
        """What else there is to tell."""
        ...


class Progress:
    """Logs how far a run is, at most once in ``every`` seconds.

    :param unit: what is counted, for the log line.
    :param counts: asked only when there is a line to log.
    :param length: how many there are; or what counts them, in a thread, once the run has lasted for ``every`` seconds.
    """

    def __init__(self, log: Log, unit: str, counts: Counts, length: Length = None, every: float = 10.0) -> None:
        self._log, self._unit, self._counts, self._every = log, unit, counts, every
        self._total = None if callable(length) else length
        self._count = length if callable(length) else None
        self._start = self._last = time.monotonic()
        self._before = 0
        self._counting: asyncio.Task[None] | None = None

    def begin_anew(self) -> None:
        """What is done at this moment was done before, which tells nothing of how fast it goes from now on."""
        self._before = self._counts.done
        self._start = time.monotonic()

    def report(self) -> None:
        """Log a line if it is time for one."""
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            if self._count and self._counting is None:
                self._counting = asyncio.create_task(self._find_total(self._count))
            self._line(now)

    def finish(self) -> None:
        """Log the last line; of a single item there is nothing to tell."""
        if self._total != 1:
            self._line(time.monotonic())

    def _line(self, now: float) -> None:
        done, remark = self._counts.done, self._counts.remark
        of_all = f" of {self._total:,}" if self._total is not None else ""
        rate = max(done - self._before, 0) / max(now - self._start, 1e-3)
        left = "" if self._total is None or done >= self._total else f", {_duration(self._total - done, rate)} left"
        self._log.info("%s%s %s done, %.0f/s, %s%s", f"{done:,}", of_all, self._unit, rate, remark, left)

    async def _find_total(self, count: Callable[[], int]) -> None:
        with suppress(Exception):  # whoever reads the list tells what is wrong with it
            self._total = await asyncio.to_thread(count)


def _duration(count: int, rate: float) -> str:
    """How long so many take at this rate, for the eye."""
    if not rate:
        return "unknown time"
    seconds = count / rate
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
