# SPDX-License-Identifier: Apache-2.0
"""An event loop whose clock jumps to the next thing that is due: a test of waits that takes no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Waits for nothing: lets its time pass instead."""

    now = 1000.0
    virtual = True

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self.virtual:
            return super().select(timeout)  # type: ignore[no-any-return]
        if timeout is None:
            raise RuntimeError("all tasks wait for something that will never happen")
        self.now += max(0.0, timeout)
        return super().select(0)  # type: ignore[no-any-return]


class VirtualLoop(asyncio.SelectorEventLoop):
    """``time`` tells its moments; nothing that runs on it may wait for sockets or threads."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        task = self.create_task(main)
        try:
            return self.run_until_complete(task)
        finally:
            if not task.done():  # it waits for a thread after all, which would outlive it and keep Python from exiting
                self._virtual.virtual = False
                task.cancel()
                self.run_until_complete(asyncio.wait([task]))
            self.close()
