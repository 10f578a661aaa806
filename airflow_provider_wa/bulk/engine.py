# SPDX-License-Identifier: Apache-2.0
"""Runs a fixed set of workers over one iterator: never one task per item, however long the list is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, TypeVar

from airflow_provider_wa.api.errors import WaError

T = TypeVar("T")


class Log(Protocol):
    """What progress is written to: a logger of the standard library or of Airflow."""

    def info(self, message: str, /, *values: object) -> object:
        """Write a line."""
        ...


async def for_each(items: Iterable[T], work: Callable[[T], Awaitable[None]], workers: int) -> None:
    """Do ``work`` on each of ``items``, ``workers`` at a time.

    A ``WaError`` from the work on one item, or from ``items``, stops all: no further item is begun. What was begun is
    finished, for it was paid for and its result must not be lost.

    :raises WaError: the first one, after all workers have ended.
    """
    iterator = iter(items)
    stopped: list[WaError] = []

    async def worker() -> None:
        while not stopped:
            try:
                await work(next(iterator))
            except StopIteration:
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


class Progress:
    """Logs how far a run is, at most once in ``every`` seconds.

    :param unit: what is counted, for the log line.
    :param total: how many there are, where that is known.
    """

    def __init__(self, log: Log, unit: str, total: int | None = None, every: float = 10.0) -> None:
        self._log, self._unit, self._total, self._every = log, unit, total, every
        self._start = self._last = time.monotonic()

    def report(self, done: int, remark: str) -> None:
        """Log a line if it is time for one."""
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            self._line(done, remark, now)

    def finish(self, done: int, remark: str) -> None:
        """Log the last line."""
        self._line(done, remark, time.monotonic())

    def _line(self, done: int, remark: str, now: float) -> None:
        of_all = f" of {self._total:,}" if self._total is not None else ""
        rate = done / max(now - self._start, 1e-3)
        self._log.info("%s%s %s done, %.0f/s, %s", f"{done:,}", of_all, self._unit, rate, remark)
