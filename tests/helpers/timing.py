# SPDX-License-Identifier: Apache-2.0
"""Bounds on time that a busy machine cannot break."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

AT_ONCE = 15.0
"""Seconds that no work takes, however busy the machine, and far less than the wait that is not to happen."""


def any_round_within(seconds: float, round_of_calls: Callable[[], object], rounds: int = 40) -> bool:
    """Return whether one of the rounds takes less: what slows down each of them is the code's fault, not the load's."""
    for _ in range(rounds):
        began = time.perf_counter()
        round_of_calls()
        if time.perf_counter() - began < seconds:
            return True
    return False


async def any_round_holds_less(seconds: float, work: Callable[[], Awaitable[object]], rounds: int = 10) -> bool:
    """Return whether the event loop is held up for less in one of the rounds: a busy machine never spoils them all."""
    for _ in range(rounds):
        if await _longest_hold(work) < seconds:
            return True
    return False


async def _longest_hold(work: Callable[[], Awaitable[object]]) -> float:
    longest = 0.0

    async def heartbeat() -> None:
        nonlocal longest
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - before)

    beating = asyncio.create_task(heartbeat())
    try:
        await work()
    finally:
        beating.cancel()
    return longest
