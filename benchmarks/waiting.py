# SPDX-License-Identifier: Apache-2.0
"""Measure the cost of many waiting triggers: queries, CPU time, and blocks of the event loop.

The triggers are spread over several processes, as over several triggerers, with one store on PostgreSQL. Each process
prints its own figures. One kind waits for callbacks in the store, the other asks a vendor for its session. Airflow
warns when a triggerer's event loop is blocked for 0.2 s.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from helpers import postgres
from stub import stub

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_wa.store.store import Store

LOGGED_OUT = b'{"code":200,"data":{"connected":true,"loggedIn":false},"success":true}'
BEAT = 0.005


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waits", type=int, default=10_000, help="number of triggers of each kind, in all processes")
    parser.add_argument("--triggerers", type=int, default=2, help="number of processes")
    parser.add_argument("--one", action="store_true", help="be one of the processes; the benchmark starts them itself")
    parser.add_argument("--seconds", type=float, default=60.0, help="duration of the measurement")
    parser.add_argument("--store-interval", type=float, default=5.0, help="seconds between two queries of the store")
    parser.add_argument("--vendor-interval", type=float, default=60.0, help="seconds between two calls of a trigger")
    parser.add_argument("--latency", type=float, default=0.05, help="latency of the vendor in seconds")
    options = parser.parse_args()
    if options.one:
        asyncio.run(measure(options))
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        stub(options.latency, LOGGED_OUT) as url,
        postgres.serve() as database,
    ):
        os.environ |= {"AIRFLOW_HOME": folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "WARNING"
        vendor = {"conn_type": "wuzapi", "host": url, "password": "no-secret-here"}
        os.environ["AIRFLOW_CONN_BENCH"] = json.dumps(vendor)
        os.environ["AIRFLOW_CONN_WA_STORE_DEFAULT"] = database.new_database()
        each = options.waits // options.triggerers
        print(
            f"{options.triggerers} processes, in each {each:,} triggers that wait for callbacks (a query every "
            f"{options.store_interval:g} s) and {each:,} for a session (a call every {options.vendor_interval:g} s, "
            f"{options.latency * 1000:g} ms latency); PostgreSQL",
            flush=True,
        )
        command = [sys.executable, __file__, "--one", "--waits", str(each), "--seconds", str(options.seconds)]
        command += ["--store-interval", str(options.store_interval), "--vendor-interval", str(options.vendor_interval)]
        processes = [subprocess.Popen(command) for _ in range(options.triggerers)]
        sys.exit(max(abs(process.wait()) for process in processes))


async def measure(options: argparse.Namespace) -> None:
    logging.disable(logging.WARNING)
    from airflow_provider_wa.connections.store import aget_store
    from airflow_provider_wa.triggers.callback import WaCallbackTrigger
    from airflow_provider_wa.triggers.session import WaSessionTrigger

    def callback(number: int) -> BaseTrigger:
        # A connection of its own for each run: events of one run must not reach the next.
        return WaCallbackTrigger(conn_id(name), options.store_interval, time.time() + 3600, reference=f"r{number}")

    def session(number: int) -> BaseTrigger:
        return WaSessionTrigger("bench", options.vendor_interval, time.time() + 3600)

    store = await aget_store()
    looks = count_looks()
    selects = count_selects(store)
    name = "warming up"
    for make in (callback, session):  # loads the modules, as in a running triggerer
        async with waiting([make], 1):
            await all_looked(looks, 1)
    collection = set_apart()
    print(f"\n{'':10}{'start-up':>12}{'its longest':>14}{'queries':>10}{'CPU per trigger':>16}{'longest':>12}")
    print(f"{'':10}{'':>12}{'block':>14}{'per tick':>10}{'and minute':>16}{'block':>12}")
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
                    answered = await burst(store, conn_id(name), tasks, options.waits)
                    burst_block = longest(blocks)
    print(
        f"\n{options.waits:,} callbacks at the same time: all triggers ended within {answered:.2f} s "
        f"(longest block: {burst_block * 1000:.0f} ms)"
    )
    print(f"Left out: a garbage collection of the loaded modules, {collection * 1000:.0f} ms")


def conn_id(run: str) -> str:
    """Return the id of a run's connection: neither other runs nor other processes have it."""
    return f"{run} {os.getpid()}".replace(" ", "_")


def set_apart() -> float:
    """Freeze the loaded objects for the garbage collector, and return the seconds of one collection of them.

    Such collections block every triggerer now and then, whatever its triggers are.
    """
    began = time.perf_counter()
    gc.collect()
    seconds = time.perf_counter() - began
    gc.freeze()
    return seconds


def count_looks() -> set[BaseTrigger]:
    """Return a set that gets each trigger that has looked."""
    from airflow_provider_wa.waiting.trigger import WaTrigger

    looks: set[BaseTrigger] = set()
    look = WaTrigger._look

    async def counted(trigger: WaTrigger, source: Any) -> Any:
        found = await look(trigger, source)
        looks.add(trigger)
        return found

    WaTrigger._look = counted  # type: ignore[method-assign]
    return looks


def count_selects(store: Store) -> list[str]:
    """Return a list that gets each query of the store."""
    from sqlalchemy import event

    selects: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("SELECT"):
            selects.append(statement)

    event.listen(store.database.engine, "before_cursor_execute", note)
    return selects


@asynccontextmanager
async def waiting(makers: list[Callable[[int], BaseTrigger]], each: int) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Run triggers at the same time, as after a restart of the triggerer, and yield their tasks."""

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
                sys.exit(f"the run failed: {result!r}")


async def all_looked(looks: set[BaseTrigger], count: int) -> None:
    while len(looks) < count:  # noqa: ASYNC110 - an event would change what is measured
        await asyncio.sleep(0.02)


async def burst(store: Store, conn_id: str, tasks: list[asyncio.Task[Any]], count: int) -> float:
    """Store a callback for each trigger, and return the seconds until all triggers have ended."""
    from airflow_provider_wa.api.records import CheckResult, CheckStatus
    from airflow_provider_wa.api.webhooks import event
    from airflow_provider_wa.store.events import NewEvent

    results = [CheckResult(number="51999888777", status=CheckStatus.EXISTS, reference=f"r{n}") for n in range(count)]
    await asyncio.to_thread(
        store.events.add, [NewEvent(conn_id=conn_id, vendor="checkwa", event=event(each)) for each in results]
    )
    stored = time.perf_counter()
    await asyncio.gather(*tasks)
    return time.perf_counter() - stored


@asynccontextmanager
async def beating() -> AsyncIterator[list[float]]:
    """Run a heartbeat in the event loop, and yield the list of its delays in seconds."""
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
    """Return the longest block since the last call."""
    block = max(blocks, default=0.0)
    blocks.clear()
    return block


if __name__ == "__main__":
    main()
