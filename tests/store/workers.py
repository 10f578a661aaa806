# SPDX-License-Identifier: Apache-2.0
"""Other processes that use a store, all beginning at the same moment."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from store.samples import delivered

from airflow_provider_wa.store.store import Store

SECONDS = 60
_barrier: Any = None


def run_at_once(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], meanwhile: Any = None) -> list[Any]:
    """What ``function`` returns for each of these arguments, each in a process of its own.

    ``meanwhile`` is called over and over, here, until all have ended.
    """
    context = get_context("spawn")
    barrier = context.Barrier(len(arguments))
    with ProcessPoolExecutor(len(arguments), mp_context=context, initializer=_keep, initargs=(barrier,)) as pool:
        tasks = [pool.submit(function, *values) for values in arguments]
        while meanwhile and not all(task.done() for task in tasks):
            meanwhile()
        return [task.result(SECONDS) for task in tasks]


def use_first(url: str, name: str) -> int:
    """Store an event in a database that may have no tables yet."""
    store = Store(url)
    _barrier.wait(SECONDS)
    return store.events.add([delivered(name)])


def write(url: str, name: str, transactions: int) -> int:
    """Store events a few at a time, some of them twice, and return how many are new."""
    store, chance = Store(url), random.Random(name)
    _barrier.wait(SECONDS)
    added = 0
    for number in range(transactions):
        batch = [delivered(f"{name}-{number}-{part}") for part in range(chance.randint(1, 4))]
        added += store.events.add([*batch, batch[0]])
    return added


def _keep(barrier: Any) -> None:
    global _barrier
    _barrier = barrier
