# SPDX-License-Identifier: Apache-2.0
"""An event loop whose clock jumps to the next thing that is due: a test of waits that takes no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


PATIENCE = 60.0
"""Real seconds for the work of a thread: far more than any needs."""


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Waits for threads alone, whose work takes no virtual time; lets its time pass instead."""

    now = 1000.0
    virtual = True
    threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self.virtual:
            return super().select(timeout)  # type: ignore[no-any-return]
        found: list[tuple[selectors.SelectorKey, int]]
        if self.threads and timeout != 0 and (found := super().select(PATIENCE)):
            return found
        if timeout is None:
            raise RuntimeError("all tasks wait for something that will never happen")
        self.now += max(0.0, timeout)
        return super().select(0)  # type: ignore[no-any-return]


class VirtualLoop(asyncio.SelectorEventLoop):
    """``time`` returns its moments; nothing that runs on it may wait for sockets."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:
        future = super().run_in_executor(executor, func, *args)
        self._virtual.threads += 1
        future.add_done_callback(self._thread_is_done)
        return future

    def _thread_is_done(self, _: asyncio.Future[Any]) -> None:
        self._virtual.threads -= 1

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        task = self.create_task(main)
        try:
            return self.run_until_complete(task)
        finally:
            if not task.done():  # a thread of it would keep Python from exiting
                self._virtual.virtual = False
                task.cancel()
                self.run_until_complete(asyncio.wait([task]))
            self.close()
