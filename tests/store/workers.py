# SPDX-License-Identifier: Apache-2.0
"""Other processes that use a store, all beginning at the same moment."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta, timezone
from multiprocessing import get_context
from typing import Any

from store.samples import came_in, delivered

from airflow_provider_wa.store.send_intents import Intend, RecipientLimit
from airflow_provider_wa.store.send_states import SendState
from airflow_provider_wa.store.sends import SendRow
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


def intend_all(url: str, keys: Sequence[str], backwards: bool) -> list[str]:
    """Intend to send messages, each in a transaction of its own, and return the keys of those that may be sent."""
    store = Store(url)
    _barrier.wait(SECONDS)
    may_send = []
    for key in reversed(keys) if backwards else keys:
        row = SendRow(key=key, row=1, given="1", recipient="1", state=SendState.INTENDED)
        if store.sends.change([Intend(batch="b", conn_id="my_wa", row=row)]) == [None]:
            may_send.append(key)
    return may_send


def intend_within_cap(url: str, number: int) -> int:
    """Intend to send ten messages to one person, who gets two at most, and return the number that may be sent."""
    store = Store(url)
    cap = RecipientLimit(limit=2, since=datetime.now(timezone.utc) - timedelta(hours=1))
    _barrier.wait(SECONDS)
    may_send = 0
    for place in range(10):
        key = f"k{number}-{place}"
        row = SendRow(key=key, row=1, given="1", recipient="1", state=SendState.INTENDED)
        change = Intend(batch="b", conn_id=f"c{number}", row=row, cap=cap)
        may_send += store.sends.change([change]) == [None]
    return may_send


def post_and_suppress(url: str, name: int) -> int:
    """Store messages by which people opt out, suppress others, and return how many of those were not yet."""
    store = Store(url, ["STOP"])
    _barrier.wait(SECONDS)
    added = 0
    for number in range(30):
        store.events.add([came_in(f"51{number:03d}", f"stop{'.' * name}")])
        added += store.suppressions.add([f"52{number:03d}"])
    return added


def _keep(barrier: Any) -> None:
    global _barrier
    _barrier = barrier
