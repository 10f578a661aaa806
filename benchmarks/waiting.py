# SPDX-License-Identifier: Apache-2.0
"""What many waiting triggers cost the triggerer that they share: queries, CPU, how long they hold up its event loop.

Half of them wait for callbacks, which the store tells of; the others ask a vendor for its session. Airflow warns of a
triggerer's blocked event loop from 0.2 s on.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

from stub import stub

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_wa.store.store import Store

LOGGED_OUT = b'{"code":200,"data":{"connected":true,"loggedIn":false},"success":true}'
BEAT = 0.005


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waits", type=int, default=1000, help="of each of the two kinds")
    parser.add_argument("--seconds", type=float, default=60.0, help="of waiting that are measured")
    parser.add_argument("--store-interval", type=float, default=5.0, help="seconds between two looks into the store")
    parser.add_argument("--vendor-interval", type=float, default=60.0, help="seconds between two calls of a trigger")
    parser.add_argument("--latency", type=float, default=0.05, help="of the vendor, in seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, stub(options.latency, LOGGED_OUT) as url:
        os.environ |= {"AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "WARNING"
        vendor = {"conn_type": "wuzapi", "host": url, "password": "no-secret-here"}
        os.environ["AIRFLOW_CONN_BENCH"] = json.dumps(vendor)
        store = {"conn_type": "sqlite", "host": str(Path(folder) / "store.db")}
        os.environ["AIRFLOW_CONN_WA_STORE_DEFAULT"] = json.dumps(store)
        print(
            f"{options.waits:,} triggers wait for callbacks (a look every {options.store_interval:g} s), "
            f"{options.waits:,} for a session (a call every {options.vendor_interval:g} s, "
            f"{options.latency * 1000:g} ms latency)"
        )
        asyncio.run(measure(options))


async def measure(options: argparse.Namespace) -> None:
    logging.disable(logging.WARNING)
    from airflow_provider_wa.connections.store import aget_store
    from airflow_provider_wa.triggers.callback import WaCallbackTrigger
    from airflow_provider_wa.triggers.session import WaSessionTrigger

    def callback(number: int) -> BaseTrigger:
        # Of a connection of its own for each run: what was told before is not told to the next.
        return WaCallbackTrigger(name, options.store_interval, time.time() + 3600, reference=f"r{number}")

    def session(number: int) -> BaseTrigger:
        return WaSessionTrigger("bench", options.vendor_interval, time.time() + 3600)

    store = await aget_store()
    looks = count_looks()
    selects = count_selects(store)
    name = "warming up"
    for make in (callback, session):  # the modules are loaded then, as in a triggerer that runs
        async with waiting([make], 1):
            await all_looked(looks, 1)
    collection = set_apart()
    print(f"\n{'':10}{'start-up':>12}{'its longest':>14}{'queries':>10}{'CPU a trigger':>16}{'longest':>12}")
    print(f"{'':10}{'':>12}{'block':>14}{'a tick':>10}{'and minute':>16}{'block':>12}")
    kinds: dict[str, list[Callable[[int], BaseTrigger]]] = {
        "callbacks": [callback],
        "sessions": [session],
        "both": [callback, session],
    }
    for name, makers in kinds.items():
        count = len(makers) * options.waits
        looks.clear()
        async with beating() as blocks:
            began = time.perf_counter()
            async with waiting(makers, options.waits) as tasks:
                await all_looked(looks, count)
                start_up, block_at_start = time.perf_counter() - began, longest(blocks)
                selects.clear()
                cpu = time.process_time()
                await asyncio.sleep(options.seconds)
                cpu = time.process_time() - cpu
                block, ticks = longest(blocks), options.seconds / options.store_interval
                queries = f"{len(selects) / ticks:.2f}" if callback in makers else "-"
                each = cpu / count / (options.seconds / 60)
                print(
                    f"{name:10}{start_up:10.2f} s{block_at_start * 1000:11.0f} ms{queries:>10}"
                    f"{each * 1000:13.2f} ms{block * 1000:9.0f} ms"
                )
                if name == "callbacks":
                    answered = await burst(store, name, tasks, options.waits)
                    burst_block = longest(blocks)
    print(
        f"\n{options.waits:,} callbacks at once: all triggers have ended after {answered:.2f} s "
        f"(the longest block: {burst_block * 1000:.0f} ms)"
    )
    print(f"Not in these: the garbage collector's way through what Airflow has loaded, {collection * 1000:.0f} ms")


def set_apart() -> float:
    """Keep the garbage collector from what is loaded by now, and return how many seconds it takes for that.

    It holds up every triggerer now and then, whatever the triggers are: it is not ours that would be measured.
    """
    began = time.perf_counter()
    gc.collect()
    seconds = time.perf_counter() - began
    gc.freeze()
    return seconds


def count_looks() -> list[BaseTrigger]:
    """The triggers that have looked, one entry a look."""
    from airflow_provider_wa.waiting.trigger import WaTrigger

    looks: list[BaseTrigger] = []
    look = WaTrigger._look

    async def counted(trigger: WaTrigger, source: Any) -> Any:
        found = await look(trigger, source)
        looks.append(trigger)
        return found

    WaTrigger._look = counted  # type: ignore[method-assign]
    return looks


def count_selects(store: Store) -> list[str]:
    """The store's queries."""
    from sqlalchemy import event

    selects: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            selects.append(statement)

    event.listen(store.database.engine, "before_cursor_execute", note)
    return selects


@asynccontextmanager
async def waiting(makers: list[Callable[[int], BaseTrigger]], each: int) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Triggers that run at the same time, as after a restart of the triggerer."""

    async def run(trigger: BaseTrigger) -> Any:
        return [event async for event in trigger.run()]

    tasks = []
    for number in range(each):
        for make in makers:
            tasks.append(asyncio.create_task(run(make(number))))
            await asyncio.sleep(0)  # as Airflow does
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                sys.exit(f"the run went wrong: {result!r}")


async def all_looked(looks: list[BaseTrigger], count: int) -> None:
    while len(looks) < count:  # noqa: ASYNC110 - it is the looking that is measured, not the telling
        await asyncio.sleep(0.02)


async def burst(store: Store, conn_id: str, tasks: list[asyncio.Task[Any]], count: int) -> float:
    """Seconds from the storing of as many callbacks as there are triggers until these have ended."""
    from airflow_provider_wa.api.records import CheckResult, CheckStatus
    from airflow_provider_wa.api.webhooks import event
    from airflow_provider_wa.store.events import NewEvent

    told = [CheckResult(number="51999888777", status=CheckStatus.EXISTS, reference=f"r{n}") for n in range(count)]
    await asyncio.to_thread(
        store.events.add, [NewEvent(conn_id=conn_id, vendor="checkwa", event=event(each)) for each in told]
    )
    stored = time.perf_counter()
    await asyncio.gather(*tasks)
    return time.perf_counter() - stored


@asynccontextmanager
async def beating() -> AsyncIterator[list[float]]:
    """How late each beat of a heart came that shares the event loop, in seconds."""
    late: list[float] = []

    async def beat() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(BEAT)
            late.append(time.perf_counter() - before - BEAT)

    gc.collect()
    task = asyncio.create_task(beat())
    try:
        yield late
    finally:
        task.cancel()


def longest(blocks: list[float]) -> float:
    """The longest block since this was asked last."""
    block = max(blocks, default=0.0)
    blocks.clear()
    return block


if __name__ == "__main__":
    main()
