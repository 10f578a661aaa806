# SPDX-License-Identifier: Apache-2.0
"""Commits what comes at the same time in one transaction: a disk takes few transactions a second."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from airflow_provider_wa.store.database import StoreUnavailable

T = TypeVar("T")
R = TypeVar("R")

PATIENCE = 5.0
"""Seconds for which transactions may fail before all waiting items fail with them."""


@dataclass(eq=False)
class _Waiting(Generic[T, R]):
    """An item, and the future of its result."""

    item: T
    future: asyncio.Future[R]
    outcome: Any = None

    def resolve(self) -> None:
        if self.future.done():  # nobody waits for it: the caller was cancelled
            return
        if isinstance(self.outcome, Exception):
            self.future.set_exception(self.outcome)
        else:
            self.future.set_result(self.outcome)


class GroupCommit(Generic[T, R]):
    """Commits items, one transaction at a time, in the order in which they came, in a thread.

    It needs no start, and works in one event loop at a time.

    :param commit: stores items, all or none, and returns a result for each. It may block.
    :param most: maximum weight of a transaction, unless a single item is heavier.
    :param weigh: the weight of an item.
    :param gather: minimum seconds between the beginnings of two transactions, in which items gather: small transactions
        cost more for each item.
    """

    crowd: float = math.inf
    """Number of waiting items at which a transaction begins at once, even within ``gather``."""

    def __init__(
        self,
        commit: Callable[[Sequence[T]], Sequence[R]],
        most: int = 500,
        weigh: Callable[[T], int] = lambda _: 1,
        gather: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._commit = commit
        self._most = most
        self._weigh = weigh
        self._gather = gather
        self._next_at = -math.inf
        self._clock = clock
        self._queue: list[_Waiting[T, R]] = []
        self._writing: asyncio.Task[None] | None = None
        self._gathered: asyncio.Event

    async def add(self, item: T) -> R:
        """Commit an item, and return the result of ``commit`` for it.

        :raises StoreUnavailable: it could not be stored.
        """
        return await self.put(item)

    def put(self, item: T) -> asyncio.Future[R]:
        """Take an item to commit, and return the future of its result: no item that is put later is committed first."""
        waiting: _Waiting[T, R] = _Waiting(item, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._writing is None:
            self._gathered = asyncio.Event()  # of this event loop
            self._writing = asyncio.ensure_future(self._write())
        if len(self._queue) >= self.crowd:
            self._gathered.set()
        return waiting.future

    async def _write(self) -> None:
        try:
            while self._queue:
                if (early := self._next_at - self._clock()) > 0:
                    timer = asyncio.get_running_loop().call_later(early, self._gathered.set)
                    await self._gathered.wait()
                    timer.cancel()
                self._next_at = self._clock() + self._gather
                self._gathered.clear()
                group = self._next()
                try:
                    await asyncio.to_thread(self._commit_group, group)
                except BaseException as error:
                    # After any error, no caller may wait forever.
                    for waiting in (*group, *self._queue):
                        waiting.outcome = StoreUnavailable(f"nothing more is stored: {type(error).__name__}")
                        waiting.resolve()
                    self._queue.clear()
                    raise
                for waiting in group:
                    waiting.resolve()
        finally:
            self._writing = None

    def _next(self) -> list[_Waiting[T, R]]:
        count = weight = 0
        for waiting in self._queue:
            weight += self._weigh(waiting.item)
            if count and weight > self._most:
                break
            count += 1
        group, self._queue = self._queue[:count], self._queue[count:]
        return group

    def _commit_group(self, group: Sequence[_Waiting[T, R]]) -> None:
        """Store a group; if that fails, each item alone, so that a bad one does not refuse its neighbours."""
        began = self._clock()
        failure = self._try(group)
        if failure is None or len(group) == 1:
            return
        for waiting in group:
            # A store that is away would make each of them wait as long.
            if self._clock() - began < PATIENCE:
                failure = self._try([waiting]) or failure
            else:
                waiting.outcome = failure

    def _try(self, group: Sequence[_Waiting[T, R]]) -> Exception | None:
        try:
            outcomes: Sequence[Any] = self._commit([waiting.item for waiting in group])
        except Exception as error:  # noqa: BLE001 - it is raised in the waiting callers
            for waiting in group:
                waiting.outcome = error
            return error
        for waiting, outcome in zip(group, outcomes, strict=True):
            waiting.outcome = outcome
        return None
